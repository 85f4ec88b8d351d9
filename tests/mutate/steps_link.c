// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps on the frame around the packet: addresses, tags, what is behind it, damage. */
#include "mutation.h"

static void add_tag(struct draft *draft, struct rng *rng, uint16_t vid)
{
	if (draft->tag_count == TAG_ROOM)
		return;
	draft->tags[draft->tag_count].type = rng_chance(rng, 70) ? 0x8100 : 0x88a8;
	/* Priority and drop eligibility, too. */
	draft->tags[draft->tag_count++].tci = (uint16_t)(rng_below(rng, 16) << 12 | vid);
}

/* VID 0: Linux takes the tag off and goes on. */
void step_tag_priority(struct draft *draft, struct rng *rng)
{
	for (unsigned count = rng_between(rng, 1, 2); count; count--)
		add_tag(draft, rng, 0);
}

void step_tag_vlan(struct draft *draft, struct rng *rng)
{
	add_tag(draft, rng, (uint16_t)rng_between(rng, 1, 4095));
}

void step_tag_many(struct draft *draft, struct rng *rng)
{
	for (unsigned count = rng_between(rng, 3, 7); count; count--)
		add_tag(draft, rng, 0);
}

void step_ethertype(struct draft *draft, struct rng *rng)
{
	static const uint16_t types[] = { 0x0800, 0x86dd, 0x8100, 0x88a8, 0x9100, 0x8847,
					  0x8864, 0x0806, 0x0004, 0x0040, 0x88e5 };

	draft->ethertype = rng_chance(rng, 80)
				   ? types[rng_below(rng, sizeof(types) / sizeof(*types))]
				   : (uint16_t)rng_below(rng, 65536);
}

void step_mac_from(struct draft *draft, struct rng *rng)
{
	rng_fill(rng, draft->mac_from, 6);
}

void step_mac_to(struct draft *draft, struct rng *rng)
{
	if (rng_chance(rng, 50))
		for (unsigned i = 0; i < 6; i++)
			draft->mac_to[i] = 0xff;
	else
		draft->mac_to[rng_below(rng, 6)] ^= (uint8_t)rng_between(rng, 1, 255);
}

void step_trail_random(struct draft *draft, struct rng *rng)
{
	draft->trail = TRAIL_RANDOM;
	draft->trail_seed = rng_next(rng) | 1;
}

/* Behind the packet's end the frame goes on as if the packet did, to another port. */
void step_trail_decoy(struct draft *draft, struct rng *rng)
{
	draft->trail = TRAIL_DECOY;
	draft->trail_seed = rng_next(rng) | 1;
}

void step_cut(struct draft *draft, struct rng *rng)
{
	draft->cut_seed = rng_next(rng) | 1;
}

void step_flip(struct draft *draft, struct rng *rng)
{
	draft->flip_seed = rng_next(rng) | 1;
}
