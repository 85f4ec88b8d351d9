// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps on the IPv6 header and its chain of extension headers. */
#include <string.h>

#include "mutation.h"

#define OPTION_PAD1  0
#define OPTION_PADN  1
#define OPTION_ALERT 5
#define OPTION_JUMBO 0xc2
#define OPTION_HOME  0xc9

static const uint8_t second6[16] = { 0x20, 1, 0xd, 0xb8, 0, 0x25, [15] = 0x26 };

void step_flow(struct draft *draft, struct rng *rng)
{
	draft->flow = rng_below(rng, 1 << 20);
}

/* Padding of `size` bytes; Linux takes at most 7 in a row, all zero. */
static unsigned put_padding(struct rng *rng, uint8_t *at, unsigned room)
{
	unsigned size = rng_between(rng, 1, room < 7 ? room : 7);

	memset(at, 0, size);
	if (size == 1)
		return 1;
	at[0] = OPTION_PADN;
	at[1] = (uint8_t)(size - 2);
	return size;
}

/* An option that is unknown. Its two top bits say what becomes of the packet: 0 is to go on. */
static unsigned put_unknown(struct rng *rng, uint8_t *at, unsigned room)
{
	unsigned size = rng_between(rng, 2, room < 40 ? room : 40);

	rng_fill(rng, at, size);
	at[0] = (uint8_t)(0x1e | (rng_chance(rng, 92) ? 0 : rng_below(rng, 4) << 6));
	at[1] = (uint8_t)(size - 2);
	return size;
}

static void fill_options(struct rng *rng, uint8_t *header, unsigned size, bool hop)
{
	unsigned unknown = 0;
	bool padded = false;

	for (unsigned at = 2; at < size;) {
		unsigned room = size - at;

		if (hop && room >= 4 && rng_chance(rng, 15)) {
			memcpy(header + at, (uint8_t[]){ OPTION_ALERT, 2, 0, 0 }, 4);
			at += 4;
			padded = false;
		} else if (!hop && room >= 18 && rng_chance(rng, 3)) {
			header[at] = OPTION_HOME;
			header[at + 1] = 16;
			at += 18;
			padded = false;
		} else if (room >= 2 && unknown < 8 && (padded || rng_chance(rng, 40))) {
			at += put_unknown(rng, header + at, room);
			unknown++;
			padded = false;
		} else {
			at += put_padding(rng, header + at, room);
			padded = true;
		}
	}
}

static unsigned options_size(struct rng *rng)
{
	return 8 * (rng_chance(rng, 80) ? rng_between(rng, 1, 3) : rng_between(rng, 1, 32));
}

void step_hop_by_hop(struct draft *draft, struct rng *rng)
{
	unsigned size = options_size(rng);
	bool first = rng_chance(rng, 90);
	uint8_t *header = draft_add(draft, first ? 0 : -1, HEADER_HOP, size);

	if (header)
		fill_options(rng, header, size, true);
}

void step_destination(struct draft *draft, struct rng *rng)
{
	unsigned size = options_size(rng);
	uint8_t *header = draft_add(draft, -1, HEADER_DEST, size);

	if (header)
		fill_options(rng, header, size, false);
}

/* With no segments left a routing header of a type that is not known, too, is stepped over. */
void step_routing(struct draft *draft, struct rng *rng)
{
	static const uint8_t types[] = { 0, 1, 2, 3, 3, 5, 253 };
	uint8_t *header = draft_add(draft, -1, HEADER_ROUTING, 8 + 16 * rng_below(rng, 4));

	if (header)
		header[2] = types[rng_below(rng, sizeof(types))];
}

void step_routing_bad(struct draft *draft, struct rng *rng)
{
	unsigned size = 8 + 8 * rng_below(rng, 6);
	uint8_t *header = draft_add(draft, -1, HEADER_ROUTING, size);

	if (!header)
		return;
	rng_fill(rng, header + 2, size - 2);
	header[2] = (uint8_t)rng_below(rng, 6);
	header[3] = (uint8_t)rng_below(rng, 4);
}

static uint8_t *add_segments(struct draft *draft, unsigned left, unsigned count)
{
	uint8_t *header = draft_add(draft, -1, HEADER_ROUTING, 8 + 16 * count);

	if (!header)
		return NULL;
	header[2] = 4;
	header[3] = (uint8_t)left;
	header[4] = (uint8_t)(count - 1);
	for (unsigned i = 0; i < count; i++)
		memcpy(header + 8 + 16 * i, second6, 16);
	return header;
}

/* Segment routing (RFC 8754): done, or with one segment to go that is the server itself. */
void step_segments(struct draft *draft, struct rng *rng)
{
	unsigned count = rng_between(rng, 1, 3);
	bool left = count > 1 && rng_chance(rng, 50);

	if (add_segments(draft, left, count))
		draft->through_second |= left;
}

/* The end of a segment route may be the end of a tunnel: the inner packet is the SYN. */
void step_segments_inner(struct draft *draft, struct rng *rng)
{
	if (draft->inner || !add_segments(draft, 0, 1))
		return;
	draft->inner = rng_chance(rng, 60) ? HEADER_IP6 : HEADER_IP4;
	draft->carrier = rng_chance(rng, 50);
	if (rng_chance(rng, 20))
		draft->chain[draft->chain_count - 1].kind = HEADER_DEST;
}

void step_auth(struct draft *draft, struct rng *rng)
{
	uint8_t *header = draft_add(draft, -1, HEADER_AUTH, 8 * rng_between(rng, 2, 5));

	if (header)
		rng_fill(rng, header + 4, 8);
}

/* Mobility, HIP, shim6: headers by their numbers, of which Linux makes nothing. */
void step_odd_header(struct draft *draft, struct rng *rng)
{
	static const uint8_t odd[] = { 135, 139, 140, HEADER_NONE, 50, 253 };

	draft_add(draft, -1, odd[rng_below(rng, sizeof(odd))], 8 * rng_between(rng, 1, 3));
}

/* Around the number of headers that the gate follows. */
void step_long_chain(struct draft *draft, struct rng *rng)
{
	unsigned count = rng_between(rng, 5, 13);

	while (count--) {
		bool routing = rng_chance(rng, 20);
		uint8_t *header = draft_add(draft, -1, routing ? HEADER_ROUTING : HEADER_DEST, 8);

		if (header && !routing)
			memcpy(header + 2, (uint8_t[]){ OPTION_PADN, 4, 0, 0, 0, 0 }, 6);
	}
}

/* Longer than what of a packet lies in one piece for XDP. */
void step_large_chain(struct draft *draft, struct rng *rng)
{
	unsigned count = rng_between(rng, 1, 3);

	while (count--) {
		unsigned size = 8 * rng_between(rng, 100, 256);
		uint8_t *header = draft_add(draft, -1, HEADER_DEST, size);

		if (!header)
			return;
		for (unsigned at = 2; at < size;) {
			unsigned room = size - at < 257 ? size - at : 257;

			if (size - at - room == 1)
				room--;
			header[at] = 0x1e;
			header[at + 1] = (uint8_t)(room - 2);
			at += room;
		}
	}
}

/* The length 0 is that of a jumbogram (RFC 2675); Linux takes it with any hop-by-hop header. */
void step_length_zero(struct draft *draft, struct rng *rng)
{
	if (!draft->chain_count || draft->chain[0].kind != HEADER_HOP) {
		uint8_t *header = draft_add(draft, 0, HEADER_HOP, 8);

		if (header)
			fill_options(rng, header, 8, true);
	}
	draft->length_override = 0;
}

void step_jumbo(struct draft *draft, struct rng *rng)
{
	uint8_t *header = draft_add(draft, 0, HEADER_HOP, 8);

	if (!header)
		return;
	header[2] = OPTION_JUMBO;
	header[3] = 4;
	header[5] = (uint8_t)rng_below(rng, 3);
	header[7] = (uint8_t)rng_below(rng, 256);
	if (rng_chance(rng, 80))
		draft->length_override = 0;
}

/* Offset 0 and none to follow: a whole packet (RFC 6946). */
void step_atomic(struct draft *draft, struct rng *rng)
{
	draft->atomic = true;
	draft->fragment_at = (uint8_t)rng_below(rng, CHAIN_ROOM);
}

void step_fragment_header(struct draft *draft, struct rng *rng)
{
	uint8_t *header = draft_add(draft, -1, HEADER_FRAG, 8);

	if (!header)
		return;
	rng_fill(rng, header, 8);
	if (rng_chance(rng, 60)) {
		header[2] = 0;
		header[3] &= rng_chance(rng, 50) ? 0x06 : 0x1f;
	}
}

/* Any order. */
void step_shuffle(struct draft *draft, struct rng *rng)
{
	for (unsigned i = draft->chain_count; i > 1; i--) {
		unsigned with = rng_below(rng, i);
		struct extension kept = draft->chain[i - 1];

		draft->chain[i - 1] = draft->chain[with];
		draft->chain[with] = kept;
	}
}
