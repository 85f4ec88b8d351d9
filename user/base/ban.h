/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One ban: what rules, commands and the fleet ask for, and what the kernel, the store, the log and
 * the pages are given and give back. It is turned into another form in two places: the kernel's
 * entry (kernel/ban_entry.h) and the store's row (store/store_bans.c).
 */
#ifndef SEKISHO_BAN_H
#define SEKISHO_BAN_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include "contract.h"

#define BAN_REASON_SIZE 512 /* a longer one is cut where it is copied */

struct ban_record {
	struct prefix prefix;
	enum ban_services services;	      /* what it closes: one group or both */
	int64_t since_wall_ns, until_wall_ns; /* until: of one that is over, when it ended */
	uint32_t rule;			      /* enum ban_rule */
	bool lifted;	/* of one that is over: before its time, by hand or to make room */
	bool in_kernel; /* else the next three are 0 */
	/* Of all bans of the prefix together. */
	uint64_t packets, attempts;
	int64_t last_wall_ns;	      /* of the last packet; 0: none met it yet */
	char reason[BAN_REASON_SIZE]; /* for people; "": none, or not known */
};

/* Takes over what the store knows of a ban that the kernel has: since when, why and, where the two
 * ends are one on two clocks that drift (2 s), the end that was announced. Whether they are. */
bool ban_take_known(struct ban_record *ban, const struct ban_record *known);

/* Whether two ends of a ban are the same but for that drift. */
bool ban_is_same_end(int64_t a_wall_ns, int64_t b_wall_ns);

#endif
