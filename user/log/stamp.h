/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time stamps of log lines. They are recognised by their shape (stamp_read.c), and converted to
 * wall_ns only when the time is needed (stamp.c), since most lines are no event. Not here: the text
 * behind them.
 */
#ifndef SEKISHO_STAMP_H
#define SEKISHO_STAMP_H

#include "log/scan.h"
#include "log/zone.h"

enum stamp_kind {
	STAMP_NONE = 0, /* a bare line */
	STAMP_YEARLESS, /* "Nov 21 10:00:00", "Nov 1 10:00:00.123", "11月 21 10:00:00" */
	STAMP_DATE,   /* "2026-11-21T10:00:00.1+01:00", "2026/11/21 10:00:00", a blank for the T */
	STAMP_TAI64N, /* "@40000000..." */
	STAMP_CLF,    /* "30/Nov/2017:08:20:44", "28-Nov-2026 13:00:07", mostly in brackets */
	STAMP_UNIX,   /* "1795255200.123456", "1795255200" */
};

struct stamp {
	enum stamp_kind kind;
	bool zoned; /* it has an offset, or needs none */
	struct span text;
	bool yeared; /* of STAMP_YEARLESS: it has a year after all */
};

/* Reads a stamp at the beginning of *line, and moves behind it and one blank. False: there is none,
 * and nothing moved. */
bool stamp_read(struct span *line, struct stamp *stamp);

/* The size of "11月", " 1月" or "1월", as journalctl names months in Japanese, Chinese and Korean;
 * 0: it is none. At least 6 bytes are read. */
static inline size_t stamp_month_size(const char *at)
{
	size_t size = at[0] == ' ';

	if (at[size] < '0' || at[size] > '9')
		return 0;
	size += 1U + (at[size + 1] >= '0' && at[size + 1] <= '9');
	return !memcmp(at + size, "\xe6\x9c\x88", 3) || !memcmp(at + size, "\xec\x9b\x94", 3)
		       ? size + 3
		       : 0;
}

/* Whether a stamp may begin here, by the first bytes: else stamp_read() need not be called. */
static inline bool stamp_may_begin(struct span line)
{
	const char *at = line.at;

	if (line.size < 15)
		return false;
	if (at[0] >= 'A' && at[0] <= 'W')
		return at[3] == ' ' || at[3] == ',';
	if (at[0] >= '0' && at[0] <= '9')
		return at[4] == '-' || at[4] == '/' || at[2] == '/' || at[2] == '-' ||
		       at[10] == '.' || at[10] == ' ' || stamp_month_size(at);
	return at[0] == '@' || at[0] == '[' || (at[0] == ' ' && stamp_month_size(at));
}

/* Converts the stamps of one log. Remembers the last hour, so that the zone is asked once an
 * hour. */
struct stamps {
	int64_t reference_wall_ns; /* moves on with the log: a live log passes New Year */
	bool live;		 /* the reference is now: of an hour that came twice, the nearer one
				    counts */
	const struct zone *zone; /* of stamps that name none; NULL: the process's local time. Not
				    owned. */
	int64_t last_wall_ns;	 /* of the line before; 0: none */
	int64_t hour;		 /* the hour of `first_s`; 0: none */
	int64_t first_s, second_s; /* the hour's beginning; both if the hour comes twice */
};

/* The line's time in wall_ns; 0: none, or not a time. */
int64_t stamps_convert(struct stamps *stamps, const struct stamp *stamp);

#endif
