/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log files of the past as one stream of events in the order of their time. Files may be packed
 * (packed.h); "-" is standard input. Not here: files that still grow (follow.h), what events mean.
 */
#ifndef SEKISHO_PAST_LOGS_H
#define SEKISHO_PAST_LOGS_H

#include "base/fault.h"
#include "log/parse.h"

#define PAST_LOGS_FILES_MAX 1024

struct past_logs;

struct past_logs_counts {
	uint64_t lines, events, cut;
	int64_t first_ns, last_ns; /* of the events; 0: none had a time */
};

/* `patterns` (may be NULL) as for log_parser_set_patterns(). NULL: out of memory. */
struct past_logs *past_logs_new(struct patterns *patterns);
void past_logs_free(struct past_logs *past_logs);

/* Opens one more file. -errno (-EISDIR: a folder), -EMFILE, -ENOMEM. */
int past_logs_add(struct past_logs *past_logs, const char *path, struct fault *fault);

/* Adds the newest `most` entries of `units` in this machine's journal, as one more file. Errors of
 * journal_open(); -EMFILE. */
int past_logs_add_journal(struct past_logs *past_logs, const char *units, size_t most,
			  struct fault *fault);

/* Sets how the files that are added from now on are read: log_parser_set_zone(),
 * log_parser_set_bare(). */
void past_logs_set_reading(struct past_logs *past_logs, const struct zone *zone, bool bare);

/* `tell` is called every PAST_LOGS_TOLD lines while past_logs_run() reads, with their number so
 * far. */
#define PAST_LOGS_TOLD 4096
typedef void past_logs_progress(uint64_t lines, void *context);
void past_logs_set_progress(struct past_logs *past_logs, past_logs_progress *tell, void *context);

/* Called with every event. `tag` names the line: past_logs_where(). */
typedef void past_logs_take(const struct event *event, uint64_t tag, void *context);

/* Hands on every event, the earliest of all files first; with equal times, that of the file that
 * was added first. Within a file the order is the file's own. A file that cannot be read to its end
 * ends there. Returns 0, or at the end the first such fault, or that a file is no text. */
int past_logs_run(struct past_logs *past_logs, past_logs_take *take, void *context,
		  struct fault *fault);

/* The file and line of a tag. *path is NULL when there is only one file. */
uint64_t past_logs_where(const struct past_logs *past_logs, uint64_t tag, const char **path);
void past_logs_get_counts(const struct past_logs *past_logs, struct past_logs_counts *counts);

#endif
