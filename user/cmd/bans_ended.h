/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `sekisho bans --ended`: its part of cmd_bans.c. */
#ifndef SEKISHO_BANS_ENDED_H
#define SEKISHO_BANS_ENDED_H

#include "cmd/cmd.h"

/* Prints the bans that ended from `from_wall_ns` to now, the last first. Returns the exit status;
 * faults are printed. */
int bans_ended(const struct command *command, const struct instance *instance, int64_t from_wall_ns,
	       bool json);

#endif
