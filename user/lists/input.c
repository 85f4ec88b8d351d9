// SPDX-License-Identifier: GPL-2.0-or-later
/* See input.h. */
#include "lists/input.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "lists/input_archive.h"

struct buffer {
	char *data;
	size_t used, room;
};

/* Makes room for at least one more byte, but for no more than `most` in all. */
static int buffer_grow(struct buffer *buffer, size_t most)
{
	size_t room = buffer->room ? buffer->room * 2 : 1 << 16;
	char *data;

	if (buffer->used < buffer->room)
		return 0;
	if (buffer->room >= most)
		return -EFBIG;
	data = realloc(buffer->data, room < most ? room : most);
	if (!data)
		return -ENOMEM;
	buffer->data = data;
	buffer->room = room < most ? room : most;
	return 0;
}

/* Unpacks one gzip member after the other, as gzip(1) does; zeros behind the last one are
 * padding. */
static int unpack_members(z_stream *stream, const char *text, size_t size, size_t most,
			  struct buffer *buffer)
{
	size_t taken = 0;

	for (;;) {
		int error = buffer_grow(buffer, most), result;
		size_t room = buffer->room - buffer->used, rest = size - taken;

		if (error)
			return error;
		stream->next_in = (Bytef *)(uintptr_t)(text + taken);
		stream->avail_in = rest > UINT_MAX ? UINT_MAX : (uInt)rest;
		stream->next_out = (Bytef *)buffer->data + buffer->used;
		stream->avail_out = room > UINT_MAX ? UINT_MAX : (uInt)room;
		result = inflate(stream, Z_NO_FLUSH);
		taken = (size_t)((const char *)stream->next_in - text);
		buffer->used = (size_t)((char *)stream->next_out - buffer->data);
		if (result == Z_STREAM_END) {
			while (taken < size && !text[taken])
				taken++;
			if (taken == size)
				return 0;
			if (inflateReset(stream) != Z_OK)
				return -EBADMSG;
		} else if (result == Z_MEM_ERROR) {
			return -ENOMEM;
		} else if (result != Z_OK || (taken == size && stream->avail_out)) {
			return -EBADMSG; /* damaged, or cut short */
		}
	}
}

int input_unpack(const char *text, size_t size, size_t most, char **unpacked, size_t *unpacked_size)
{
	z_stream stream = { 0 };
	struct buffer buffer = { 0 };
	int error;

	*unpacked = NULL;
	if (size < 2 || (unsigned char)text[0] != 0x1f || (unsigned char)text[1] != 0x8b)
		return 0;
	if (inflateInit2(&stream, 15 + 16) != Z_OK)
		return -ENOMEM;
	error = unpack_members(&stream, text, size, most, &buffer);
	inflateEnd(&stream);
	if (error) {
		free(buffer.data);
		return error;
	}
	*unpacked = buffer.data;
	*unpacked_size = buffer.used;
	return 0;
}

static int read_all(int fd, struct buffer *buffer)
{
	for (;;) {
		int error = buffer_grow(buffer, INPUT_MAX + 1);
		ssize_t got;

		if (error)
			return error;
		got = read(fd, buffer->data + buffer->used, buffer->room - buffer->used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : 0;
		buffer->used += (size_t)got;
	}
}

/* Reads all of `fd`; the size that stat() reports saves reallocations. */
static int read_file(int fd, struct input *input)
{
	struct buffer buffer = { 0 };
	struct stat stat;
	int error;

	if (fstat(fd, &stat))
		return -errno;
	if (S_ISREG(stat.st_mode)) {
		if ((uint64_t)stat.st_size > INPUT_MAX)
			return -EFBIG;
		input->file_size = (uint64_t)stat.st_size;
		input->mtime_ns =
			(uint64_t)stat.st_mtim.tv_sec * 1000000000 + (uint64_t)stat.st_mtim.tv_nsec;
		buffer.room = (size_t)stat.st_size + 1;
		buffer.data = malloc(buffer.room);
		if (!buffer.data)
			return -ENOMEM;
	}
	error = read_all(fd, &buffer);
	if (error) {
		free(buffer.data);
		return error;
	}
	input->text = buffer.data;
	input->size = buffer.used;
	return 0;
}

static int read_fault(const char *path, int error, struct fault *fault)
{
	const char *name = strcmp(path, "-") ? path : "standard input";

	if (error == -EFBIG)
		return fault_set(fault, error, "%s: more than %llu MiB; split it", name,
				 INPUT_MAX >> 20);
	if (error == -EBADMSG)
		return fault_set(fault, error,
				 "%s: damaged or cut short gzip, xz, bzip2, zstd, zip or tar; "
				 "fetch it again",
				 name);
	if (error == -E2BIG)
		return fault_set(fault, error,
				 "%s: an archive of several files; unpack it and name one", name);
	if (error == -EINVAL)
		return fault_set(fault, error, "%s is not a file", name);
	return fault_set(fault, error, "cannot read %s: %s", name, strerror(-error));
}

/* The only file of an archive, or the only database in it (MaxMind's archives also have a
 * licence). */
struct archive_member {
	char *text;
	size_t size, count, databases;
};

static bool is_database(const char *name)
{
	size_t size = strlen(name);

	return size > 5 && !strcmp(name + size - 5, ".mmdb");
}

static int take_member(const char *name, char *text, size_t size, void *context)
{
	struct archive_member *member = context;

	member->count++;
	member->databases += is_database(name);
	if (member->databases ? !is_database(name) : member->count > 1) {
		free(text);
		return 0;
	}
	free(member->text);
	member->text = text;
	member->size = size;
	return 0;
}

static int unpack_archive(const char *text, size_t size, char **unpacked, size_t *unpacked_size)
{
	struct archive_member member = { 0 };
	int error = input_archive(text, size, INPUT_MAX, take_member, &member);

	if (!error && !member.count)
		error = -EBADMSG;
	if (!error && member.count > 1 && member.databases != 1)
		error = -E2BIG;
	if (error) {
		free(member.text);
		return error;
	}
	*unpacked = member.text;
	*unpacked_size = member.size;
	return 0;
}

static int open_input(const char *path, bool regular)
{
	int fd;

	if (regular)
		return file_open_regular(path, true);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* Unpacks the input, and what is in it if that is a tar. */
static int unpack_input(struct input *input, bool zip_too)
{
	do {
		size_t size = 0;
		char *text = NULL;
		int error;

		if (input_is_archive(input->text, input->size) &&
		    (zip_too || !input_is_zip(input->text, input->size)))
			error = unpack_archive(input->text, input->size, &text, &size);
		else
			error = input_unpack(input->text, input->size, INPUT_MAX, &text, &size);
		if (error || !text)
			return error;
		free(input->text);
		input->text = text;
		input->size = size;
	} while (input_is_tar(input->text, input->size));
	return 0;
}

static int read_input(const char *path, bool regular, bool zip_too, struct input *input,
		      struct fault *fault)
{
	bool standard = !regular && !strcmp(path, "-");
	_cleanup_close_ int opened = -1;
	int error;

	*input = (struct input){ 0 };
	if (!standard) {
		opened = open_input(path, regular);
		if (opened < 0)
			return read_fault(path, opened, fault);
	}
	error = read_file(standard ? STDIN_FILENO : opened, input);
	if (!error)
		error = unpack_input(input, zip_too);
	if (error) {
		input_free(input);
		return read_fault(path, error, fault);
	}
	return 0;
}

int input_read(const char *path, struct input *input, struct fault *fault)
{
	return read_input(path, false, true, input, fault);
}

int input_read_file(const char *path, struct input *input, struct fault *fault)
{
	return read_input(path, true, true, input, fault);
}

int input_read_packed(const char *path, struct input *input, struct fault *fault)
{
	return read_input(path, true, false, input, fault);
}

void input_free(struct input *input)
{
	free(input->text);
	*input = (struct input){ 0 };
}
