/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands around a message: time stamp, host, program, process. Read without converting the
 * time, since most lines are no event. Not here: what the message means.
 */
#ifndef SEKISHO_ENVELOPE_H
#define SEKISHO_ENVELOPE_H

#include "log/scan.h"

enum stamp_kind {
	STAMP_NONE = 0, /* a bare line */
	STAMP_YEARLESS, /* "Nov 21 10:00:00", local time */
	STAMP_DATE,	/* RFC 3339; local time where the offset is missing */
	STAMP_TAI64N,	/* "@40000000..." */
	STAMP_CLF,	/* "[30/Nov/2017:08:20:44]", local time where the offset is missing */
};

struct envelope {
	enum stamp_kind stamp_kind;
	struct span stamp;
	struct span program; /* empty where the line names none */
	uint32_t pid;	     /* 0: not said */
	unsigned repeat;     /* "message repeated N times": N, else 1 */
	struct span text;    /* the message */
	struct span bare;    /* of a line that need not name a program: all behind the stamp */
	struct span whole;   /* of any line: all behind the stamp, host and program included */
};

/* Any bytes. Always fills *envelope. */
void envelope_read(const char *line, size_t size, struct envelope *envelope);

/* Converts stamps; remembers the last hour, so that a log is converted once per hour. */
struct stamps {
	int64_t reference_wall_ns; /* moves on with the log: a live log passes New Year */
	char hour[10];		   /* "Nov 21 10": what `base_s` was computed for */
	int64_t base_s;
};

/* Time of the line in wall_ns; 0: none, or not a time. */
int64_t stamps_convert(struct stamps *stamps, const struct envelope *envelope);

#endif
