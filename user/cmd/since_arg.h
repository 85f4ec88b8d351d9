/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --since of commands that show what was. */
#ifndef SEKISHO_SINCE_ARG_H
#define SEKISHO_SINCE_ARG_H

#include "cmd/cmd.h"

#define SINCE_HELP "a time like 2026-11-28T10:00:00Z, or how long ago, like 12h or 7d"

/* *from_wall_ns is the time that `text` says: RFC 3339, a local time (time_read()), or a duration
 * before `now_wall_ns`. EXIT_USAGE (said): it is neither. */
int since_arg(const struct command *command, const char *text, int64_t now_wall_ns,
	      int64_t *from_wall_ns);
/* The same of another option, "--at". */
int time_arg(const struct command *command, const char *option, const char *text,
	     int64_t now_wall_ns, int64_t *wall_ns);

#endif
