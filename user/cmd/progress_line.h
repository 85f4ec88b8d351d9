/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line that says how far long work is, on standard error if that is a terminal, and never
 * elsewhere. */
#ifndef SEKISHO_PROGRESS_LINE_H
#define SEKISHO_PROGRESS_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct progress_line {
	int64_t began_ns, shown_ns; /* began_ns 0: with the first call */
	bool shown;
};

/* Shows a text in the place of the one before: from the second second on, ten times a second. */
void progress_line_tell(struct progress_line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, at once. */
void progress_line_say(struct progress_line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* For past_logs_set_progress(): `context` is the struct progress_line. */
void progress_line_logs(uint64_t lines, void *context);
/* Takes the text away, before something else is printed. */
void progress_line_clear(struct progress_line *line);

#endif
