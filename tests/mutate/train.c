// SPDX-License-Identifier: GPL-2.0-or-later
/* Payload -> fragments -> frames, and the two sources that every train can come from. */
#include <string.h>

#include "render.h"

#define PIECES_MAX  (FRAMES_MAX - 2)
#define HEADER_ROOM 16384

/* A part of the payload that travels in a frame of its own. */
struct piece {
	uint32_t begin, end;
	bool whole; /* not a fragment */
	bool more;
	bool decoy; /* of the bytes that are not the SYN's */
	int next;   /* said instead of the true one, or -1 */
};

struct pieces {
	unsigned count;
	struct piece piece[PIECES_MAX];
};

struct source_pair source_pair(uint8_t host)
{
	return (struct source_pair){
		.banned4 = { 10, 66, 11, host },
		.clean4 = { 11, host, 10, 66 },
		.banned6 = { 0x20, 1, 0xd, 0xb8, 0, 0x66, 0, 0, [15] = host },
		.clean6 = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0x66, [15] = host },
	};
}

static void replace(uint8_t *bytes, size_t size, const uint8_t *from, const uint8_t *to,
		    size_t length)
{
	uint8_t *at = bytes;

	while ((at = memmem(at, size - (size_t)(at - bytes), from, length))) {
		memcpy(at, to, length);
		at += length;
	}
}

void train_make_clean(struct train *train, uint8_t host)
{
	struct source_pair pair = source_pair(host);

	for (unsigned i = 0; i < train->count; i++) {
		uint8_t *bytes = train->bytes + train->at[i];

		replace(bytes, train->size[i], pair.banned4, pair.clean4, 4);
		replace(bytes, train->size[i], pair.banned6, pair.clean6, 16);
	}
}

/* The payload with another port or other flags: what would be none of the gate's. */
static void make_decoy(const struct payload *payload, struct rng *rng, uint8_t *decoy)
{
	memcpy(decoy, payload->bytes, payload->size);
	if (rng_chance(rng, 15)) {
		rng_fill(rng, decoy, payload->size);
		return;
	}
	if (payload->tcp_at + 20 > payload->size)
		return;
	if (rng_chance(rng, 70))
		put16(decoy + payload->tcp_at + 2,
		      rng_chance(rng, 80) ? PORT_OTHER : rng_below(rng, 65536));
	else
		decoy[payload->tcp_at + 13] = (uint8_t)(rng_chance(rng, 70) ? FLAG_ACK : 0);
}

static void split(const struct draft *draft, uint32_t size, struct pieces *pieces)
{
	struct rng rng = { draft->split_seed };
	unsigned wanted = rng_between(&rng, 2, 4);
	uint32_t at = 0;

	while (pieces->count + 1 < wanted && size > at + 8) {
		uint32_t most = (size - at - 1) / 8, units = rng_below(&rng, most) + 1;

		if (draft->tiny ? !at : rng_chance(&rng, 40))
			units = rng_between(&rng, 1, most < 3 ? most : 3);
		pieces->piece[pieces->count++] = (struct piece){
			.begin = at, .end = at + units * 8, .more = true, .next = -1
		};
		at += units * 8;
	}
	pieces->piece[pieces->count++] = (struct piece){ .begin = at, .end = size, .next = -1 };
}

/* Inside one that is there, across two, or beyond. */
static void overlap(const struct draft *draft, uint32_t size, struct pieces *pieces)
{
	struct rng rng = { draft->overlap_seed };

	for (unsigned count = rng_between(&rng, 1, 2); count; count--) {
		struct piece over = pieces->piece[rng_below(&rng, pieces->count)];
		uint32_t units = (over.end - over.begin + 7) / 8;

		over.decoy = true;
		if (rng_chance(&rng, 60)) {
			over.begin += 8 * rng_below(&rng, units);
			if (over.more && over.end - over.begin > 8)
				over.end -= 8 * rng_below(&rng, (over.end - over.begin) / 8);
		} else {
			over.begin = 8 * rng_below(&rng, (size + 7) / 8);
			over.end = over.begin + 8 * rng_between(&rng, 1, 4);
			over.more = over.end < size;
			if (!over.more)
				over.end = size;
		}
		if (rng_chance(&rng, 10))
			over.more = !over.more;
		pieces->piece[pieces->count++] = over;
	}
}

static void reorder(const struct draft *draft, struct pieces *pieces)
{
	struct rng rng = { draft->order_seed };

	for (unsigned i = pieces->count; i > 1; i--) {
		unsigned with = rng_below(&rng, i);
		struct piece kept = pieces->piece[i - 1];

		pieces->piece[i - 1] = pieces->piece[with];
		pieces->piece[with] = kept;
	}
}

static void cut_up(const struct draft *draft, uint32_t size, struct pieces *pieces)
{
	static const uint8_t nexts[] = { HEADER_TCP,  HEADER_DEST, HEADER_ROUTING,
					 HEADER_NONE, 17,	   58 };
	struct rng later = { draft->later_next_seed }, duplicate = { draft->duplicate_seed };

	pieces->count = 0;
	if (draft->split_seed)
		split(draft, size, pieces);
	else
		pieces->piece[pieces->count++] =
			(struct piece){ .end = size, .whole = true, .next = -1 };
	if (draft->overlap_seed && draft->split_seed)
		overlap(draft, size, pieces);
	if (draft->duplicate_seed) {
		pieces->piece[pieces->count] = pieces->piece[rng_below(&duplicate, pieces->count)];
		pieces->count++;
	}
	for (unsigned i = 0; i < pieces->count && draft->later_next_seed; i++)
		if (pieces->piece[i].begin)
			pieces->piece[i].next = nexts[rng_below(&later, sizeof(nexts))];
	if (draft->order_seed)
		reorder(draft, pieces);
}

static uint32_t put_link(const struct draft *draft, uint8_t *at)
{
	uint32_t size = 12;

	memcpy(at, draft->mac_to, 6);
	memcpy(at + 6, draft->mac_from, 6);
	for (unsigned i = 0; i < draft->tag_count; i++, size += 4) {
		put16(at + size, draft->tags[i].type);
		put16(at + size + 2, draft->tags[i].tci);
	}
	put16(at + size, draft->ethertype);
	return size + 2;
}

static uint32_t put_trail(const struct draft *draft, const struct payload *payload,
			  const struct piece *piece, uint8_t *at)
{
	struct rng rng = { draft->trail_seed };
	uint32_t size = rng_between(&rng, 1, 64);
	uint8_t decoy[PAYLOAD_ROOM];

	if (draft->trail == TRAIL_RANDOM) {
		rng_fill(&rng, at, size);
		return size;
	}
	/* Behind the last piece there is nothing to go on with. */
	if (draft->trail != TRAIL_DECOY || piece->end >= payload->size)
		return 0;
	make_decoy(payload, &rng, decoy);
	size = payload->size - piece->end;
	memcpy(at, decoy + piece->end, size);
	return size;
}

/* Damage: the end gone, or some bytes other ones; the source stays, so that it is known. */
static uint32_t damage(const struct draft *draft, const struct endpoints *ends, uint8_t *frame,
		       uint32_t size)
{
	struct rng flip = { draft->flip_seed }, cut = { draft->cut_seed };
	const uint8_t *source;

	if (draft->flip_seed) {
		source = draft->is4 ? memmem(frame, size, ends->from4, 4)
				    : memmem(frame, size, ends->from6, 16);
		for (unsigned count = rng_between(&flip, 1, 3); count; count--) {
			uint32_t at = rng_below(&flip, size);

			if (source && frame + at >= source && frame + at < source + 16)
				continue;
			frame[at] ^= (uint8_t)(1U << rng_below(&flip, 8));
		}
	}
	if (draft->cut_seed && size > 20)
		size -= rng_between(&cut, 1, rng_chance(&cut, 70) ? 8 : size - 15);
	return size;
}

static uint32_t put_fragment(const struct endpoints *ends, const struct payload *payload,
			     const struct piece *piece, uint8_t *at)
{
	uint8_t next = piece->next >= 0 ? (uint8_t)piece->next : payload->next;

	at[0] = next;
	at[1] = 0;
	put16(at + 2, (piece->begin & ~7U) | piece->more);
	put32(at + 4, (uint32_t)ends->host << 16 | ends->port);
	return 8;
}

static uint32_t put_headers(const struct draft *draft, const struct endpoints *ends,
			    const struct payload *payload, unsigned kept, const struct piece *piece,
			    uint8_t *at)
{
	uint32_t size = piece->end - piece->begin, chain, whole;
	bool fragment = !piece->whole || draft->atomic;

	if (draft->is4)
		return render_ip4(draft, ends, size,
				  piece->whole ? draft->fragment_bits
					       : piece->begin / 8 | (piece->more ? 0x2000U : 0U),
				  at);
	chain = render_chain(draft, 0, kept, fragment ? HEADER_FRAG : payload->next, at + 40);
	if (fragment)
		chain += put_fragment(ends, payload, piece, at + 40 + chain);
	whole = chain + size;
	render_ip6(draft, ends, whole,
		   kept	      ? draft->chain[0].kind
		   : fragment ? HEADER_FRAG
			      : payload->next,
		   at);
	return 40 + chain;
}

static void put_frame(const struct draft *draft, const struct endpoints *ends,
		      const struct payload *payload, unsigned kept, const struct piece *piece,
		      struct train *train)
{
	uint8_t frame[HEADER_ROOM + PAYLOAD_ROOM * 2], decoy[PAYLOAD_ROOM];
	uint32_t size = put_link(draft, frame), length = piece->end - piece->begin;
	struct rng rng = { draft->overlap_seed };

	size += put_headers(draft, ends, payload, kept, piece, frame + size);
	if (piece->decoy)
		make_decoy(payload, &rng, decoy);
	memcpy(frame + size, (piece->decoy ? decoy : payload->bytes) + piece->begin, length);
	size += length;
	size += put_trail(draft, payload, piece, frame + size);
	size = damage(draft, ends, frame, size);
	/* What no device takes, nobody can send: the longest is cut. */
	if (size > 8900)
		size = 8900;
	if (train->count == FRAMES_MAX || train->used + size > TRAIN_BYTES)
		return;
	memcpy(train->bytes + train->used, frame, size);
	train->at[train->count] = train->used;
	train->size[train->count++] = size;
	train->used += size;
}

void render_train(const struct draft *draft, const struct endpoints *ends, struct train *train)
{
	bool fragment = draft->split_seed || draft->atomic;
	unsigned kept = draft->fragment_at < draft->chain_count ? draft->fragment_at
								: draft->chain_count;
	struct payload payload;
	struct pieces pieces;

	/* A hop-by-hop header is in every fragment, or it is none that Linux takes. */
	if (!kept && draft->chain_count && draft->chain[0].kind == HEADER_HOP)
		kept = 1;
	render_payload(draft, ends, fragment ? kept : 0, &payload);
	train->count = 0;
	train->used = 0;
	cut_up(draft, payload.size, &pieces);
	for (unsigned i = 0; i < pieces.count; i++)
		put_frame(draft, ends, &payload, fragment ? kept : 0, &pieces.piece[i], train);
}

void mutation_render(const struct mutation *mutation, uint16_t port, uint8_t host,
		     struct train *train)
{
	static const uint8_t first4[] = { 192, 0, 2, 25 }, second4[] = { 192, 0, 2, 26 };
	static const uint8_t first6[16] = { 0x20, 1, 0xd, 0xb8, 0, 0x25, [15] = 0x25 };
	static const uint8_t second6[16] = { 0x20, 1, 0xd, 0xb8, 0, 0x25, [15] = 0x26 };
	struct source_pair pair = source_pair(host);
	struct endpoints ends = { .from4 = pair.banned4, .from6 = pair.banned6, .port = port };
	struct rng rng = { mutation->seed };
	struct draft draft;

	draft_init(&draft, mutation->is4, &rng);
	for (unsigned i = 0; i < mutation->count; i++) {
		struct rng own = { mutation->steps[i].seed };

		kinds[mutation->steps[i].kind].apply(&draft, &own);
	}
	ends.host = host;
	ends.to4 = draft.to_second ? second4 : first4;
	ends.to6 = draft.to_second ? second6 : first6;
	ends.last4 = draft.through_second ? second4 : ends.to4;
	ends.last6 = draft.through_second ? second6 : ends.to6;
	render_train(&draft, &ends, train);
}
