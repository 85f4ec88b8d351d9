/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of some lines of a log that was read before. */
#ifndef SEKISHO_REPORT_LINES_H
#define SEKISHO_REPORT_LINES_H

#include <stddef.h>
#include <stdint.h>

#define LINE_SHOWN 400 /* bytes; longer ones are cut */

struct wanted_line {
	const char *path; /* "-": cannot be read again */
	uint64_t number;  /* from 1 */
	char *text; /* result, malloc()ed, without passwords; NULL: not available (any more) */
};

/* Reads each file once, up to its last wanted line. gzip too. */
void report_lines_read(struct wanted_line *lines, size_t count);

#endif
