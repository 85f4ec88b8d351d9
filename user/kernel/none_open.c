// SPDX-License-Identifier: GPL-2.0-or-later
/* What the meters know about a prefix's open connections. See gate_none_open() in gate.h. */
#include <limits.h>
#include <unistd.h>

#include "kernel/gate_internal.h"

enum known { KNOWN_NONE, KNOWN_OPEN, UNKNOWN };

/* Asks the meters of one table. A prefix without an entry has no open connection, unless the table
 * once refused an entry. */
static enum known ask(int map, const struct prefix *prefix, bool refused_some)
{
	struct meter_key key = { .prefix = *prefix };
	enum known known = KNOWN_NONE;
	struct meter meter;

	for (key.service = 1; key.service < SERVICE_MAX; key.service++) {
		if (bpf_map_lookup_elem(map, &key, &meter))
			known = refused_some ? UNKNOWN : known;
		else if (meter.open)
			return KNOWN_OPEN;
	}
	return known;
}

static bool is_counted(const struct gate *gate)
{
	char path[PATH_MAX];

	return !gate_pin_path(gate->pins, "links/counter", path, NULL) && !access(path, F_OK);
}

bool gate_none_open(struct gate *gate, const struct policy *policy, const struct prefix *prefix)
{
	bool is4 = prefix_is4(prefix);
	unsigned source_length = is4 ? 128 : policy->source_length6;
	unsigned network_length = is4 ? policy->network_length4 : policy->network_length6;
	struct prefix network = { .address = address_mask(&prefix->address, network_length),
				  .length = network_length };
	const struct usage *usage = gate->usage;
	enum known known = UNKNOWN;

	/* An MPTCP session may belong to a peer although none of its paths comes from that peer
	 * (sockets.c). */
	/* After the policy's lengths change, older connections are counted by other prefixes until
	 * a sweep. */
	if (!is_counted(gate) || usage->connection_overflows ||
	    __atomic_load_n(&usage->multipath, __ATOMIC_RELAXED) ||
	    __atomic_load_n(&usage->keyed_lengths, __ATOMIC_ACQUIRE) != policy_lengths(policy))
		return false;
	if (prefix->length >= source_length) {
		struct prefix source = { .address = address_mask(&prefix->address, source_length),
					 .length = source_length };

		known = ask(gate->maps[MAP_SOURCES], &source, usage->source_overflows != 0);
	}
	if (known == UNKNOWN && prefix->length >= network_length)
		known = ask(gate->maps[MAP_NETWORKS], &network, usage->network_overflows != 0);
	return known == KNOWN_NONE;
}
