/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prefixes as arguments of commands, or as words on standard input. */
#ifndef SEKISHO_PREFIX_ARGS_H
#define SEKISHO_PREFIX_ARGS_H

#include "cmd/cmd.h"
#include "net/address.h"

struct prefix_args {
	struct prefix *items; /* malloc()ed */
	bool *alone; /* the same number: an IPv6 address without a length, which is one of many that
			its owner has */
	size_t count;
	bool refused; /* some words were no prefixes; this was printed, and the command must fail */
};

/* Reads `count` arguments; "-" stands for standard input, whose words are prefixes too ('#' begins
 * a comment). A word that is no prefix does not keep the others from being used. EXIT_DONE with at
 * least one prefix, or the command's exit status (the fault is on standard error, with the
 * corrected prefix if bits are set beyond the length). */
int prefix_args(const struct command *command, char **arguments, int count,
		struct prefix_args *prefixes);
/* The prefix of an IPv6 address whose `length6` bits are one source; any other as it is. */
struct prefix prefix_args_source(const struct prefix_args *prefixes, size_t index,
				 unsigned length6);
void prefix_args_free(struct prefix_args *prefixes);

#endif
