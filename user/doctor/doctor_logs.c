// SPDX-License-Identifier: GPL-2.0-or-later
/* What the end of a log shows, file or journal: its last lines are parsed and counted. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "doctor/doctor.h"
#include "log/follow.h"
#include "log/journal.h"
#include "log/parse.h"

#define ADDRESSES 256 /* local addresses that are told apart; with more it is no tunnel */

struct doctor_logs_counting {
	struct doctor_log *log;
	struct log_parser *parser;
	struct address addresses[ADDRESSES];
	uint64_t counts[ADDRESSES];
	size_t used;
};

/* Whether no stranger on the Internet can have this address. */
static bool is_local(const struct address *address)
{
	const struct prefix prefix = { .address = *address, .length = 128 };

	return prefix_special(&prefix) != NULL;
}

static void count_source(struct doctor_logs_counting *counting, const struct event *event)
{
	size_t i = 0;

	counting->log->with_source += event->count;
	if (!is_local(&event->source))
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

static void count_event(struct doctor_logs_counting *counting, const struct event *event)
{
	struct doctor_log *log = counting->log;

	log->events[event->kind] += event->count;
	if (event->kind == EVENT_FAILURE && event->has_account)
		log->failures_with_account += event->count;
	if (event->kind == EVENT_SUCCESS || (event->kind == EVENT_MESSAGE && event->has_account))
		log->logins += event->count;
	if (event->has_source)
		count_source(counting, event);
}

static void on_line(const char *line, size_t size, void *context)
{
	struct doctor_logs_counting *counting = context;
	struct event event;

	counting->log->lines++;
	if (log_parser_line(counting->parser, line, size, &event))
		count_event(counting, &event);
}

static void read_lines(struct doctor_logs_counting *counting, const char *text, size_t size)
{
	while (size) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;

		on_line(text, length < LOG_LINE_MAX ? length : LOG_LINE_MAX, counting);
		text += length + (end != NULL);
		size -= length + (end != NULL);
	}
}

/* Reads the last bytes of the file, from the beginning of a line on. */
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

static int read_file(struct doctor_logs_counting *counting, struct doctor_log *log)
{
	_cleanup_free_ char *text = malloc(DOCTOR_LOG_BYTES);
	_cleanup_close_ int fd = open(log->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat stat;
	size_t size;

	if (!text)
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
	if (!log->error)
		read_lines(counting, text, size);
	return 0;
}

static void cleanup_journal(struct journal **journal)
{
	journal_close(*journal);
}

static int read_journal(struct doctor_logs_counting *counting, struct doctor_log *log,
			const char *folder)
{
	_cleanup_(cleanup_journal) struct journal *journal = NULL;
	const char *units = log->path + strlen(FOLLOW_JOURNAL);
	struct follow_position position;
	struct fault fault = { 0 };

	log->error = journal_open(folder, units, NULL, false, &journal, &fault);
	if (!log->error)
		log->error = journal_seek_last(journal, DOCTOR_LOG_ENTRIES);
	if (!log->error) {
		int more = journal_read(journal, DOCTOR_LOG_ENTRIES, on_line, counting, &fault);

		log->error = more < 0 ? more : 0;
	}
	if (log->error) {
		snprintf(log->fault, sizeof(log->fault), "%.255s",
			 *fault.text ? fault.text : strerror(-log->error));
		return log->error == -ENOMEM ? -ENOMEM : 0;
	}
	journal_get_position(journal, &position); /* its offset is a time (journal.h) */
	log->modified_wall_ns = log->lines ? (int64_t)position.offset * 1000 : 0;
	return 0;
}

int doctor_read_log(struct doctor_log *log, struct patterns *patterns, const char *folder,
		    int64_t now_wall_ns)
{
	_cleanup_free_ struct doctor_logs_counting *counting = calloc(1, sizeof(*counting));
	int error;

	if (!counting)
		return -ENOMEM;
	counting->log = log;
	counting->parser = log_parser_new();
	if (!counting->parser)
		return -ENOMEM;
	log_parser_set_live(counting->parser, now_wall_ns);
	log_parser_set_patterns(counting->parser, patterns);
	log->journal = !strncmp(log->path, FOLLOW_JOURNAL, strlen(FOLLOW_JOURNAL));
	error = log->journal ? read_journal(counting, log, folder) : read_file(counting, log);
	log_parser_free(counting->parser);
	return error;
}
