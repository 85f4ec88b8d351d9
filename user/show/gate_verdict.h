/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate's verdict on a new connection (a SYN), in the gate's own order. Pure: the policy, the
 * lookup and the ban are given. Not here: limits, which depend on the connections open just then.
 */
#ifndef SEKISHO_GATE_VERDICT_H
#define SEKISHO_GATE_VERDICT_H

#include <linux/types.h>
#include <stdbool.h>
#include "contract.h"
#include "table.h"

struct verdict {
	bool drop;
	enum reason reason; /* REASON_NONE for a pass */
	__u8 list;	    /* the list that decided, pass or drop; 0: none did */
};

/* The group of services of a service of the policy, by its ports; 0: it has none. */
enum ban_services verdict_group(const struct policy *policy, unsigned service);

/* First match wins: allow list, ban, deny list, country policy, pass. `service` is an id of the
 * policy; an id that it does not have (0 included) is no protected port and passes. The mode has no
 * influence: this is what the policy says. */
struct verdict verdict_decide(const struct policy *policy, unsigned service,
			      const struct lookup *lookup, bool banned);

#endif
