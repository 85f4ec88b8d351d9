// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps that make a train of fragments. What they draw, render.c draws: it knows the sizes. */
#include "mutation.h"

void step_split(struct draft *draft, struct rng *rng)
{
	draft->split_seed = rng_next(rng) | 1;
	draft->fragment_at = (uint8_t)rng_below(rng, 4);
	draft->data_size += rng_below(rng, 48);
}

/* The first fragment is of 8, 16 or 24 bytes. */
void step_tiny(struct draft *draft, struct rng *rng)
{
	step_split(draft, rng);
	draft->tiny = true;
}

void step_order(struct draft *draft, struct rng *rng)
{
	draft->order_seed = rng_next(rng) | 1;
}

void step_duplicate(struct draft *draft, struct rng *rng)
{
	draft->duplicate_seed = rng_next(rng) | 1;
}

/* One more fragment, of other bytes, over the place of those that are there. */
void step_overlap(struct draft *draft, struct rng *rng)
{
	if (!draft->split_seed)
		step_split(draft, rng);
	draft->overlap_seed = rng_next(rng) | 1;
}

/* A later fragment may say that it belongs to any header: only the first one's word counts. */
void step_later_next(struct draft *draft, struct rng *rng)
{
	if (!draft->split_seed)
		step_split(draft, rng);
	draft->later_next_seed = rng_next(rng) | 1;
}
