// SPDX-License-Identifier: GPL-2.0-or-later
/* Puts a policy in force: it is built in a new inner map, and swapped in as a whole. */
#include "kernel/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "kernel/bloom_fill.h"

/* Fills in the strictest limits on networks of all classes. */
static void set_strictest(struct policy *policy)
{
	struct strictest *strictest = &policy->strictest;

	strictest->network_open = UINT32_MAX;
	strictest->network_ahead_ns = UINT64_MAX;
	for (size_t i = 0; i < CLASS_MAX; i++) {
		const struct limits *limits = &policy->classes[i];
		uint64_t ahead = limits->network_interval_ns *
				 (limits->network_burst ? limits->network_burst - 1 : 0);

		if (limits->network_connections &&
		    limits->network_connections < strictest->network_open)
			strictest->network_open = limits->network_connections;
		if (limits->network_interval_ns && ahead < strictest->network_ahead_ns)
			strictest->network_ahead_ns = ahead;
	}
}

int gate_policy_publish(struct gate *gate, const struct policy *policy, struct fault *fault)
{
	_cleanup_free_ struct policy *fresh = malloc(sizeof(*fresh));
	int err;

	if (!fresh)
		return fault_set(fault, -ENOMEM, "out of memory");
	*fresh = *policy;
	set_strictest(fresh);
	fresh->strictest.stamp = clock_boot_ns();
	err = gate_slot_put(gate, MAP_POLICY, fresh, sizeof(*fresh), fault);
	/* The update has waited until no packet and no handshake uses the older policy. */
	if (!err)
		networks_mark(gate, fresh);
	return err;
}
