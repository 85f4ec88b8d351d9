// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps on the IPv4 header, and on what both IP headers have. */
#include <string.h>

#include "mutation.h"

#define OPTION_END	0
#define OPTION_NOTHING	1
#define OPTION_RECORD	7
#define OPTION_TIME	68
#define OPTION_SECURITY 130
#define OPTION_LOOSE	131
#define OPTION_STREAM	136
#define OPTION_STRICT	137
#define OPTION_ALERT	148

void step_class(struct draft *draft, struct rng *rng)
{
	draft->traffic_class = (uint8_t)rng_below(rng, 256);
}

void step_hops(struct draft *draft, struct rng *rng)
{
	draft->hops = (uint8_t)(rng_chance(rng, 50) ? rng_below(rng, 3) : rng_below(rng, 256));
}

void step_version(struct draft *draft, struct rng *rng)
{
	do
		draft->version = (uint8_t)rng_below(rng, 16);
	while (draft->version == (draft->is4 ? 4 : 6));
}

void step_next(struct draft *draft, struct rng *rng)
{
	static const uint8_t common[] = { 0,  1,  4,  6,  17, 41, 43,  44,
					  47, 50, 51, 58, 59, 60, 132, 135 };

	draft->next_override = rng_chance(rng, 70) ? common[rng_below(rng, sizeof(common))]
						   : (int)rng_below(rng, 256);
}

/* Shorter, so that the last bytes are not the packet's; at times longer than what is there. */
void step_length(struct draft *draft, struct rng *rng)
{
	draft->length_change = -(int)rng_between(rng, 1, 12);
	if (rng_chance(rng, 15))
		draft->length_change = (int)rng_between(rng, 1, 1400);
	else
		draft->data_size += rng_below(rng, 16);
	if (rng_chance(rng, 10))
		draft->length_override = (int)rng_below(rng, 65536);
}

void step_second(struct draft *draft, struct rng *rng)
{
	(void)rng;
	draft->to_second = true;
}

void step_ihl(struct draft *draft, struct rng *rng)
{
	draft->ihl_override = (int)rng_below(rng, 16);
}

void step_fragment_bits(struct draft *draft, struct rng *rng)
{
	draft->fragment_bits = (uint16_t)rng_below(rng, 65536);
	if (rng_chance(rng, 50))
		draft->fragment_bits &= 0xe003;
}

/* The three bits above the offset but "more": don't fragment, and the reserved one. */
void step_dont_fragment(struct draft *draft, struct rng *rng)
{
	draft->fragment_bits = (uint16_t)(rng_below(rng, 2) << 15 | rng_below(rng, 2) << 14);
}

void step_header_checksum(struct draft *draft, struct rng *rng)
{
	(void)rng;
	draft->header_checksum_wrong = true;
}

/* One option that a Linux end host takes, into at most `room` bytes; how many it has. */
static unsigned put_option(struct rng *rng, uint8_t *at, unsigned room)
{
	unsigned slots;

	switch (rng_below(rng, 6)) {
	case 0: /* record route, with room left or full */
		slots = rng_between(rng, 1, 3);
		if (room < 3 + 4 * slots)
			break;
		at[0] = OPTION_RECORD;
		at[1] = (uint8_t)(3 + 4 * slots);
		at[2] = (uint8_t)(4 + 4 * rng_below(rng, slots + 1));
		return at[1];
	case 1: /* time stamps alone */
		slots = rng_between(rng, 1, 3);
		if (room < 4 + 4 * slots)
			break;
		at[0] = OPTION_TIME;
		at[1] = (uint8_t)(4 + 4 * slots);
		at[2] = 5;
		return at[1];
	case 2:
		if (room < 4)
			break;
		memcpy(at, (uint8_t[]){ OPTION_ALERT, 4, 0, 0 }, 4);
		return 4;
	case 3:
		if (room < 4)
			break;
		memcpy(at, (uint8_t[]){ OPTION_STREAM, 4, 1, 2 }, 4);
		return 4;
	case 4: /* one that nobody knows */
		slots = rng_between(rng, 2, 6);
		if (room < slots)
			break;
		at[0] = (uint8_t)(0x80 | rng_between(rng, 21, 30));
		at[1] = (uint8_t)slots;
		return slots;
	default:
		break;
	}
	at[0] = OPTION_NOTHING;
	return 1;
}

void step_options4(struct draft *draft, struct rng *rng)
{
	unsigned size = 4 * rng_between(rng, 1, OPTIONS_ROOM / 4), at = 0;

	memset(draft->options4, OPTION_NOTHING, size);
	while (at < size) {
		if (rng_chance(rng, 10)) {
			memset(draft->options4 + at, OPTION_END, size - at);
			break;
		}
		at += put_option(rng, draft->options4 + at, size - at);
	}
	draft->options4_size = size;
}

/* A source route, done or with a hop to go that is an address of the server, too. */
void step_route4(struct draft *draft, struct rng *rng)
{
	unsigned hops = rng_between(rng, 1, 8);
	uint8_t *option = draft->options4 + 1;
	bool done = rng_chance(rng, 60);

	memset(draft->options4, OPTION_NOTHING, OPTIONS_ROOM);
	option[0] = rng_chance(rng, 50) ? OPTION_LOOSE : OPTION_STRICT;
	option[1] = (uint8_t)(3 + 4 * hops);
	option[2] = (uint8_t)(done ? 4 + 4 * hops : 4 * hops);
	for (unsigned i = 0; i < hops; i++) {
		rng_fill(rng, option + 3 + 4 * i, 4);
		option[3 + 4 * i] = 10;
	}
	if (!done)
		memcpy(option + 4 * hops - 1, (uint8_t[]){ 192, 0, 2, 26 }, 4);
	draft->through_second |= !done;
	draft->options4_size = 4 + 4 * hops;
}

void step_options4_bad(struct draft *draft, struct rng *rng)
{
	draft->options4_size = 4 * rng_between(rng, 1, OPTIONS_ROOM / 4);
	rng_fill(rng, draft->options4, draft->options4_size);
	if (rng_chance(rng, 50))
		draft->options4[0] = (uint8_t)(rng_chance(rng, 50) ? OPTION_RECORD : OPTION_LOOSE);
}
