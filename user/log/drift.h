/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a log's stamps are those of another zone than they are taken for: lines that were written
 * just now, and say that it is some quarters of an hour earlier or later. Such a line counts as of
 * now at once; when it goes on so, the offset is taken for all lines, and said. Pure.
 */
#ifndef SEKISHO_DRIFT_H
#define SEKISHO_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

#define DRIFT_LINES   3 /* in a row, until an offset is taken */
#define DRIFT_SPAN_S  5 /* that they must span at least, of real time */
#define DRIFT_FRESH_S 5 /* a line written just now is at most so much away from a quarter */

struct drift {		      /* all zero at first */
	int64_t offset_ns;    /* taken: to be added to each line's time; 0: none */
	int64_t candidate_ns; /* what the last lines say instead */
	int64_t since_ns;     /* the first of them was read */
	unsigned lines;
};

/* A line that was read as soon as it was written, `wall_ns` its own time without an offset. Returns
 * its time as it is now believed to be; *changed: drift->offset_ns is another one than before. */
int64_t drift_line(struct drift *drift, int64_t wall_ns, int64_t now_wall_ns, bool *changed);

#endif
