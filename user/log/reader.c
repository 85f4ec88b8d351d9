// SPDX-License-Identifier: GPL-2.0-or-later
/* See reader.h. */
#include "log/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "log/parse.h"
#include "log/scan.h"

#define HEAD_SIZE 256 /* bytes that the digest covers at most */

static uint64_t digest(const void *head, size_t size)
{
	return span_hash((struct span){ head, size });
}

int reader_is(int fd, const struct follow_position *position)
{
	char head[HEAD_SIZE];
	struct stat status;
	ssize_t got;

	if (position->head_size > sizeof(head))
		return -EINVAL;
	if (fstat(fd, &status))
		return -errno;
	if ((uint64_t)status.st_size < position->offset)
		return 0;
	if (!position->head_size)
		return 1;
	got = pread(fd, head, position->head_size, 0);
	if (got < 0)
		return -errno;
	return (size_t)got == position->head_size &&
	       digest(head, position->head_size) == position->head_digest;
}

/* Bytes are only ever added to a log, so its first ones identify it. */
void reader_learn_head(struct reader *reader)
{
	char head[HEAD_SIZE];
	ssize_t got;

	if (reader->at.head_size == HEAD_SIZE)
		return;
	got = pread(reader->fd, head, HEAD_SIZE, 0);
	/* It was cut or replaced since the last look: reader_is() will report that. */
	if (got <= (ssize_t)reader->at.head_size ||
	    (reader->at.head_size && digest(head, reader->at.head_size) != reader->at.head_digest))
		return;
	reader->at.head_size = (uint32_t)got;
	reader->at.head_digest = digest(head, (size_t)got);
}

bool reader_is_copy(const struct reader *copy, const struct reader *original)
{
	char one[HEAD_SIZE], other[HEAD_SIZE];
	ssize_t got = pread(copy->fd, one, HEAD_SIZE, 0);

	return got >= 0 && pread(original->fd, other, (size_t)got, 0) == got &&
	       !memcmp(one, other, (size_t)got);
}

int reader_open(const char *folder, const char *name, struct reader *reader)
{
	char path[PATH_MAX];
	struct stat status;
	int fd, error = 0;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status))
		error = -errno;
	else if (!S_ISREG(status.st_mode))
		error = -EINVAL;
	if (error) {
		close(fd);
		return error;
	}
	*reader = (struct reader){ .fd = fd,
				   .watch = -1,
				   .at = { .device = status.st_dev, .inode = status.st_ino } };
	reader_learn_head(reader);
	return 0;
}

void reader_seek_end(struct reader *reader, char *buffer)
{
	struct stat status;
	uint64_t from;
	ssize_t got;

	if (fstat(reader->fd, &status))
		return;
	from = status.st_size > READER_BUFFER ? (uint64_t)status.st_size - READER_BUFFER : 0;
	got = pread(reader->fd, buffer, READER_BUFFER, (off_t)from);
	while (got > 0 && buffer[got - 1] != '\n')
		got--;
	reader->at.offset = got > 0 ? from + (uint64_t)got : from;
	reader_learn_head(reader);
}

static void give(struct reader *reader, struct output *output, struct follow_state *state,
		 const char *line, size_t size)
{
	if (!reader->skipping) {
		bool cut = size > LOG_LINE_MAX;

		state->lines++;
		state->cut += cut;
		output->left--;
		output->line(line, cut ? LOG_LINE_MAX : size, output->context);
	}
}

/* Hands out the complete lines of the buffer, at most output->left; returns the bytes consumed. */
static size_t give_lines(struct reader *reader, const char *buffer, size_t size,
			 struct output *output, struct follow_state *state)
{
	const char *at = buffer, *end = at + size, *newline;

	while (output->left && (newline = memchr(at, '\n', (size_t)(end - at)))) {
		give(reader, output, state, at, (size_t)(newline - at));
		reader->skipping = false;
		at = newline + 1;
	}
	/* A whole buffer without a newline: cut the line here, and skip its rest later. */
	if (output->left && at == buffer && size == READER_BUFFER) {
		give(reader, output, state, at, size);
		reader->skipping = true;
		at = end;
	}
	return (size_t)(at - buffer);
}

enum pumped reader_pump(struct reader *reader, char *buffer, struct output *output,
			struct follow_state *state)
{
	for (;;) {
		ssize_t got = pread(reader->fd, buffer, READER_BUFFER, (off_t)reader->at.offset);
		size_t done;
		int same;

		if (got < 0)
			return PUMP_FAULT;
		/* Checked after reading: what was read is then known to be of this file. */
		same = reader_is(reader->fd, &reader->at);
		if (same < 0) {
			errno = -same;
			return PUMP_FAULT;
		}
		if (!same)
			return PUMP_REPLACED;
		if (got && reader->live && !reader->at.head_size && !reader->checked)
			return PUMP_NEW;
		done = give_lines(reader, buffer, (size_t)got, output, state);
		reader->at.offset += done;
		state->bytes += done;
		reader_learn_head(reader);
		if (!output->left)
			return PUMP_MORE;
		if (!done)
			return PUMP_END;
	}
}

void reader_read_before(const struct reader *reader, uint64_t most_bytes, char *buffer,
			struct output *output)
{
	struct reader before = *reader;
	struct follow_state state = { 0 };
	uint64_t end = reader->at.offset;

	/* Begin at the byte before: if a line begins at the wanted position, it is then not skipped
	 * as the rest of one. */
	before.skipping = end > most_bytes;
	before.at.offset = before.skipping ? end - most_bytes - 1 : 0;
	while (before.at.offset < end) {
		uint64_t left = end - before.at.offset;
		size_t size = left < READER_BUFFER ? (size_t)left : READER_BUFFER;
		ssize_t got = pread(before.fd, buffer, size, (off_t)before.at.offset);
		size_t done = got > 0 ? give_lines(&before, buffer, (size_t)got, output, &state)
				      : 0;

		if (!done)
			return;
		before.at.offset += done;
	}
}
