/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notices that a log's stamps are of another zone than they are taken for: lines that were written
 * just now have stamps some quarters of an hour earlier or later. Such a line gets the present time
 * at once; if more lines follow with the same offset, it is used for all lines, and logged. Pure.
 */
#ifndef SEKISHO_DRIFT_H
#define SEKISHO_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

#define DRIFT_LINES   3 /* lines in a row until an offset is used */
#define DRIFT_SPAN_S  5 /* the least real time between the first and the last of them */
#define DRIFT_FRESH_S 5 /* how far a line written just now may be from a quarter of an hour */

struct drift {		      /* all zero at first */
	int64_t offset_ns;    /* in use: added to each line's time; 0: none */
	int64_t candidate_ns; /* the offset of the last lines */
	int64_t since_ns;     /* when the first of them was read */
	unsigned lines;
};

/* Takes a line that was read as soon as it was written; `wall_ns` is its own time without an
 * offset. Returns its time as it is now taken to be; *changed: drift->offset_ns has changed. */
int64_t drift_line(struct drift *drift, int64_t wall_ns, int64_t now_wall_ns, bool *changed);

#endif
