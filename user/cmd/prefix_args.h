/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prefixes as arguments of commands. */
#ifndef SEKISHO_PREFIX_ARGS_H
#define SEKISHO_PREFIX_ARGS_H

#include "cmd/cmd.h"
#include "net/address.h"

/* `count` arguments as prefixes; *prefixes is malloc()ed. EXIT_DONE, or what the command returns
 * after the first that is none (said on standard error, with the corrected one if bits are set
 * beyond the length). */
int prefix_args(const struct command *command, char **arguments, int count,
		struct prefix **prefixes);

#endif
