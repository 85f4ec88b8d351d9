// SPDX-License-Identifier: GPL-2.0-or-later
/* The kinds of steps and how mutations are drawn from them. Not here: what the steps do. */
#include "mutation.h"

#include <stdio.h>
#include <string.h>

#define BOTH (FAMILY4 | FAMILY6)

const struct kind kinds[] = {
	/* name, families, weight, answered by Linux at times, step */
	{ "tag-priority", BOTH, 6, true, step_tag_priority },
	{ "tag-vlan", BOTH, 2, false, step_tag_vlan },
	{ "tag-many", BOTH, 1, true, step_tag_many },
	{ "ethertype", BOTH, 1, false, step_ethertype },
	{ "mac-from", BOTH, 1, true, step_mac_from },
	{ "mac-to", BOTH, 1, false, step_mac_to },
	{ "trail-random", BOTH, 3, true, step_trail_random },
	{ "trail-decoy", BOTH, 6, true, step_trail_decoy },
	{ "cut", BOTH, 1, true, step_cut },
	{ "flip", BOTH, 3, true, step_flip },

	{ "class", BOTH, 2, true, step_class },
	{ "hops", BOTH, 2, true, step_hops },
	{ "version", BOTH, 1, false, step_version },
	{ "next", BOTH, 1, true, step_next },
	{ "length", BOTH, 3, true, step_length },
	{ "second-address", BOTH, 2, true, step_second },
	{ "ihl", FAMILY4, 1, true, step_ihl },
	{ "fragment-bits", FAMILY4, 2, false, step_fragment_bits },
	{ "dont-fragment", FAMILY4, 2, true, step_dont_fragment },
	{ "header-checksum", FAMILY4, 1, false, step_header_checksum },
	{ "options4", FAMILY4, 10, true, step_options4 },
	{ "route4", FAMILY4, 5, true, step_route4 },
	{ "options4-bad", FAMILY4, 3, true, step_options4_bad },

	{ "flow", FAMILY6, 2, true, step_flow },
	{ "hop-by-hop", FAMILY6, 7, true, step_hop_by_hop },
	{ "destination", FAMILY6, 12, true, step_destination },
	{ "routing", FAMILY6, 7, true, step_routing },
	{ "routing-bad", FAMILY6, 2, true, step_routing_bad },
	{ "segments", FAMILY6, 4, true, step_segments },
	/* Never drawn, only by --only: with net.ipv6.conf.*.seg6_enabled (off unless set) Linux
	 * takes the inner packet out behind XDP's back, and the gate does not look into tunnels. */
	{ "segments-inner", FAMILY6, 0, true, step_segments_inner },
	{ "auth", FAMILY6, 1, false, step_auth },
	{ "odd-header", FAMILY6, 1, false, step_odd_header },
	{ "long-chain", FAMILY6, 4, true, step_long_chain },
	{ "large-chain", FAMILY6, 1, true, step_large_chain },
	{ "length-zero", FAMILY6, 2, true, step_length_zero },
	{ "jumbo", FAMILY6, 1, false, step_jumbo },
	{ "atomic", FAMILY6, 6, true, step_atomic },
	{ "fragment-header", FAMILY6, 2, true, step_fragment_header },
	{ "shuffle", FAMILY6, 2, true, step_shuffle },

	{ "split", BOTH, 10, true, step_split },
	{ "tiny", BOTH, 8, true, step_tiny },
	{ "order", BOTH, 5, true, step_order },
	{ "duplicate", BOTH, 3, true, step_duplicate },
	{ "overlap", BOTH, 6, true, step_overlap },
	{ "later-next", FAMILY6, 4, true, step_later_next },

	{ "port", BOTH, 8, true, step_port },
	{ "sequence", BOTH, 2, true, step_sequence },
	{ "data-offset", BOTH, 1, true, step_data_offset },
	{ "flags", BOTH, 3, true, step_flags },
	{ "flags-more", BOTH, 5, true, step_flags_more },
	{ "reserved", BOTH, 2, true, step_reserved },
	{ "window", BOTH, 2, true, step_window },
	{ "urgent", BOTH, 2, true, step_urgent },
	{ "options", BOTH, 5, true, step_options },
	{ "options-random", BOTH, 3, true, step_options_random },
	{ "data", BOTH, 6, true, step_data },
	{ "checksum", BOTH, 1, false, step_checksum },
};

const unsigned kind_count = sizeof(kinds) / sizeof(*kinds);

static unsigned draw_kind(struct rng *rng, uint8_t family)
{
	uint32_t total = 0, drawn;
	unsigned kind = 0;

	for (unsigned i = 0; i < kind_count; i++)
		total += kinds[i].families & family ? kinds[i].weight : 0;
	drawn = rng_below(rng, total);
	for (;; kind++) {
		uint32_t weight = kinds[kind].families & family ? kinds[kind].weight : 0;

		if (drawn < weight)
			return kind;
		drawn -= weight;
	}
}

struct mutation mutation_make(uint64_t seed, uint64_t number, int only)
{
	struct rng rng = { .state = seed ^ number * 0xd1342543de82ef95U };
	struct mutation mutation = { .seed = rng_next(&rng) };
	uint8_t family;

	mutation.is4 = rng_chance(&rng, 40);
	if (only >= 0 && kinds[only].families != BOTH)
		mutation.is4 = kinds[only].families == FAMILY4;
	family = mutation.is4 ? FAMILY4 : FAMILY6;
	/* Mostly few: of many, one that Linux does not take is enough to waste the others. */
	mutation.count = 1 + rng_below(&rng, 4);
	if (rng_chance(&rng, 15))
		mutation.count += rng_below(&rng, STEPS_MAX - mutation.count);
	for (unsigned i = 0; i < mutation.count; i++)
		mutation.steps[i] = (struct step){ draw_kind(&rng, family), rng_next(&rng) | 1 };
	if (only >= 0)
		mutation.steps[rng_below(&rng, mutation.count)].kind = (unsigned)only;
	return mutation;
}

void mutation_format(const struct mutation *mutation, char *text, size_t size)
{
	size_t used;

	snprintf(text, size, "ip%c:", mutation->is4 ? '4' : '6');
	for (unsigned i = 0; i < mutation->count; i++) {
		used = strlen(text);
		snprintf(text + used, size - used, " %s", kinds[mutation->steps[i].kind].name);
	}
}
