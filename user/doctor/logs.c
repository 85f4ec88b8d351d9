// SPDX-License-Identifier: GPL-2.0-or-later
/* What the end of a log says: its last megabytes through the parser, counted. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "doctor/doctor.h"
#include "log/parse.h"

#define ADDRESSES 256 /* local ones told apart; more than that is no tunnel */

struct counting {
	struct doctor_log *log;
	struct address addresses[ADDRESSES];
	uint64_t counts[ADDRESSES];
	size_t used;
};

static void count_source(struct counting *counting, const struct event *event)
{
	size_t i = 0;

	counting->log->with_source += event->count;
	if (!doctor_is_local(&event->source))
		return;
	while (i < counting->used && address_compare(&counting->addresses[i], &event->source))
		i++;
	if (i == ADDRESSES)
		return;
	if (i == counting->used)
		counting->addresses[counting->used++] = event->source;
	counting->counts[i] += event->count;
	if (counting->counts[i] > counting->log->top_count) {
		counting->log->top_count = counting->counts[i];
		counting->log->top = event->source;
	}
}

static void count_event(struct counting *counting, const struct event *event)
{
	struct doctor_log *log = counting->log;

	log->events[event->kind] += event->count;
	if (event->kind == EVENT_FAILURE && event->has_account)
		log->failures_with_account += event->count;
	if (event->has_source)
		count_source(counting, event);
}

static void read_lines(struct counting *counting, struct log_parser *parser, const char *text,
		       size_t size)
{
	while (size) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;
		struct event event;

		counting->log->lines++;
		if (log_parser_line(parser, text, length < LOG_LINE_MAX ? length : LOG_LINE_MAX,
				    &event))
			count_event(counting, &event);
		text += length + (end != NULL);
		size -= length + (end != NULL);
	}
}

/* The last bytes of the file, from the begin of a line on. */
static int read_tail(int fd, off_t file_size, char *text, size_t *size)
{
	off_t from = file_size > (off_t)DOCTOR_LOG_BYTES ? file_size - (off_t)DOCTOR_LOG_BYTES : 0;
	const char *newline;

	*size = 0;
	while (*size < DOCTOR_LOG_BYTES) {
		ssize_t got =
			pread(fd, text + *size, DOCTOR_LOG_BYTES - *size, from + (off_t)*size);

		if (got < 0)
			return -errno;
		if (!got)
			break;
		*size += (size_t)got;
	}
	newline = from ? memchr(text, '\n', *size) : NULL;
	if (newline) {
		*size -= (size_t)(newline + 1 - text);
		memmove(text, newline + 1, *size);
	}
	return 0;
}

int doctor_read_log(struct doctor_log *log, int64_t now_wall_ns)
{
	_cleanup_free_ struct counting *counting = calloc(1, sizeof(*counting));
	_cleanup_free_ char *text = malloc(DOCTOR_LOG_BYTES);
	_cleanup_close_ int fd = open(log->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct log_parser *parser;
	struct stat stat;
	size_t size;

	if (!counting || !text)
		return -ENOMEM;
	if (fd < 0 || fstat(fd, &stat)) {
		log->error = -errno;
		return 0;
	}
	if (!S_ISREG(stat.st_mode)) {
		log->error = -EINVAL;
		return 0;
	}
	log->modified_wall_ns = stat.st_mtim.tv_sec * (int64_t)1000000000 + stat.st_mtim.tv_nsec;
	log->error = read_tail(fd, stat.st_size, text, &size);
	if (log->error)
		return 0;
	parser = log_parser_new();
	if (!parser)
		return -ENOMEM;
	log_parser_set_reference(parser, now_wall_ns);
	counting->log = log;
	read_lines(counting, parser, text, size);
	log_parser_free(parser);
	return 0;
}
