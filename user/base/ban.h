/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One ban, as rules, commands and the fleet ask for it, and as the kernel, the store, the log and
 * the pages take and return it. It has another form in two places: the kernel's entry
 * (kernel/ban_entry.h) and the store's row (store/store_bans.c).
 */
#ifndef SEKISHO_BAN_H
#define SEKISHO_BAN_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include "contract.h"

#define BAN_REASON_SIZE 512		      /* a longer one is cut where it is copied */
#define BAN_EVER_S	(50ULL * 365 * 86400) /* a longer ban is shown as one for ever */

struct ban_record {
	struct prefix prefix;
	enum ban_services services;	      /* what it closes: one group or both */
	int64_t since_wall_ns, until_wall_ns; /* until: if it is over, when it ended */
	uint32_t rule;			      /* enum ban_rule */
	bool lifted;	/* it ended before its time, by hand or to make room */
	bool in_kernel; /* else the next three are 0 */
	/* For all bans of the prefix together. */
	uint64_t packets, attempts;
	int64_t last_wall_ns;	      /* of the last packet; 0: none met it yet */
	char reason[BAN_REASON_SIZE]; /* for people; "": none, or not known */
};

/* Fills in what the store knows of a ban that the kernel has: beginning and reason, and the end
 * that was announced if both ends are the same (ban_is_same_end()). Returns whether they are. */
bool ban_take_known(struct ban_record *ban, const struct ban_record *known);

/* Whether two ends of a ban are the same, on two clocks that drift (2 s). */
bool ban_is_same_end(int64_t a_wall_ns, int64_t b_wall_ns);

#endif
