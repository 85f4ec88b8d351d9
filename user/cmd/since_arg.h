/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --since, --at and days as arguments of commands that show the past. */
#ifndef SEKISHO_SINCE_ARG_H
#define SEKISHO_SINCE_ARG_H

#include "cmd/cmd.h"

#define SINCE_HELP                                                                \
	"a time like 2026-11-28T10:00:00Z, '2026-11-28 10:00', 10:00, yesterday " \
	"or 'yesterday 10:00' here, or how long ago, like 12h or 7d"

/* *from_wall_ns is the time that `text` says: RFC 3339, a local time (time_read()), a day, a time
 * of day or both, in words too, or a duration before `now_wall_ns`. A time of day alone means its
 * last occurrence. EXIT_USAGE (the fault was printed): it is none of these. */
int since_arg(const struct command *command, const char *text, int64_t now_wall_ns,
	      int64_t *from_wall_ns);
/* The same for another option, "--at". */
int time_arg(const struct command *command, const char *option, const char *text,
	     int64_t now_wall_ns, int64_t *wall_ns);

/* Returns the date of "today" or "yesterday", in `date`; any other text, or NULL, as it is. */
#define DAY_ARG_SIZE 11
const char *day_arg(const char *text, int64_t now_wall_ns, char date[DAY_ARG_SIZE]);

#endif
