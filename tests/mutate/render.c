// SPDX-License-Identifier: GPL-2.0-or-later
/* The draft's headers as bytes, with lengths and checksums as they must be, or as wrong as told. */
#include "render.h"

#include <string.h>

static const uint8_t carrier6[16] = { 0x20, 1, 0xd, 0xb8, 0, 0x99, [15] = 1 };

void draft_init(struct draft *draft, bool is4, struct rng *rng)
{
	memset(draft, 0, offsetof(struct draft, arena));
	memset((uint8_t *)draft + offsetof(struct draft, arena_used), 0,
	       sizeof(*draft) - offsetof(struct draft, arena_used));
	draft->is4 = is4;
	memcpy(draft->mac_to, (uint8_t[]){ 2, 0, 0, 0, 0, 1 }, 6);
	memcpy(draft->mac_from, (uint8_t[]){ 2, 0, 0, 0, 0, 2 }, 6);
	draft->ethertype = is4 ? 0x0800 : 0x86dd;
	draft->version = is4 ? 4 : 6;
	draft->hops = 64;
	draft->next_override = draft->ihl_override = draft->length_override = -1;
	draft->data_offset_override = -1;
	draft->port = PORT_SMTP;
	draft->window = 65535;
	draft->seq = (uint32_t)rng_next(rng);
	draft->flags = FLAG_SYN;
}

uint8_t *draft_add(struct draft *draft, int index, uint8_t kind, unsigned size)
{
	unsigned at = index < 0 ? draft->chain_count : (unsigned)index;
	uint8_t *header = draft->arena + draft->arena_used;

	if (draft->chain_count == CHAIN_ROOM || draft->arena_used + size > ARENA_ROOM)
		return NULL;
	memmove(draft->chain + at + 1, draft->chain + at,
		(draft->chain_count - at) * sizeof(*draft->chain));
	draft->chain[at] = (struct extension){ kind, (uint16_t)draft->arena_used, (uint16_t)size };
	draft->chain_count++;
	draft->arena_used += size;
	memset(header, 0, size);
	header[1] = (uint8_t)(kind == HEADER_AUTH ? size / 4 - 2 : size / 8 - 1);
	return header;
}

static uint32_t sum_bytes(const uint8_t *at, size_t size, uint32_t sum)
{
	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)(at[i] << 8 | at[i + 1]);
	return size % 2 ? sum + (uint32_t)(at[size - 1] << 8) : sum;
}

static uint32_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

uint32_t render_tcp(const struct draft *draft, const struct endpoints *ends, bool is4, uint8_t *at)
{
	uint32_t header = 20 + draft->options_size, size = header + draft->data_size, seen = size;
	int offset = draft->data_offset_override >= 0 ? draft->data_offset_override
						      : (int)header / 4;
	uint32_t sum;

	put16(at, ends->port);
	put16(at + 2, draft->port);
	put32(at + 4, draft->seq);
	put32(at + 8, draft->ack);
	at[12] = (uint8_t)(offset << 4 | draft->reserved);
	at[13] = draft->flags;
	put16(at + 14, draft->window);
	put16(at + 16, 0);
	put16(at + 18, draft->urgent);
	memcpy(at + 20, draft->options, draft->options_size);
	memset(at + header, 'x', draft->data_size);
	/* What a shorter IP length takes away, the checksum does not cover. */
	if (draft->length_change < 0 && !draft->split_seed)
		seen = (uint32_t)((int)size + draft->length_change);
	sum = is4 ? sum_bytes(ends->from4, 4, sum_bytes(ends->last4, 4, 0))
		  : sum_bytes(ends->from6, 16, sum_bytes(ends->last6, 16, 0));
	sum = fold(sum_bytes(at, seen, sum + HEADER_TCP + seen));
	put16(at + 16, draft->checksum_wrong ? sum ^ 0x1234 : sum);
	return size;
}

static uint32_t length_said(const struct draft *draft, uint32_t size)
{
	int said = (int)size + (draft->split_seed ? 0 : draft->length_change);

	return (uint32_t)(draft->length_override >= 0 ? draft->length_override : said);
}

uint32_t render_ip4(const struct draft *draft, const struct endpoints *ends, uint32_t size,
		    uint32_t fragment, uint8_t *at)
{
	uint32_t header = 20 + draft->options4_size;
	uint32_t words = draft->ihl_override >= 0 ? (uint32_t)draft->ihl_override : header / 4;

	at[0] = (uint8_t)((uint32_t)draft->version << 4 | words);
	at[1] = draft->traffic_class;
	put16(at + 2, length_said(draft, header + size));
	put16(at + 4, ends->port);
	put16(at + 6, fragment);
	at[8] = draft->hops;
	at[9] = draft->next_override >= 0 ? (uint8_t)draft->next_override : HEADER_TCP;
	put16(at + 10, 0);
	memcpy(at + 12, ends->from4, 4);
	memcpy(at + 16, ends->to4, 4);
	memcpy(at + 20, draft->options4, draft->options4_size);
	put16(at + 10, fold(sum_bytes(at, words * 4 <= 60 ? words * 4 : header, 0)) ^
			       (draft->header_checksum_wrong ? 0x4321 : 0));
	return header;
}

uint32_t render_chain(const struct draft *draft, unsigned from, unsigned to, uint8_t next,
		      uint8_t *at)
{
	uint32_t size = 0;

	for (unsigned i = from; i < to; i++) {
		const struct extension *extension = &draft->chain[i];

		memcpy(at + size, draft->arena + extension->at, extension->size);
		at[size] = i + 1 < to ? draft->chain[i + 1].kind : next;
		size += extension->size;
	}
	return size;
}

uint32_t render_ip6(const struct draft *draft, const struct endpoints *ends, uint32_t size,
		    uint8_t next, uint8_t *at)
{
	put32(at,
	      (uint32_t)draft->version << 28 | (uint32_t)draft->traffic_class << 20 | draft->flow);
	put16(at + 4, length_said(draft, size));
	at[6] = draft->next_override >= 0 ? (uint8_t)draft->next_override : next;
	at[7] = draft->hops;
	memcpy(at + 8, draft->carrier ? carrier6 : ends->from6, 16);
	memcpy(at + 24, ends->to6, 16);
	return 40;
}

/* The SYN in a packet of its own, as the end of a tunnel finds it. */
static uint32_t render_inner(const struct draft *draft, const struct endpoints *ends, uint8_t *at)
{
	struct endpoints inner = *ends;
	struct draft plain;
	struct rng rng = { 0 };
	uint32_t header, size;
	bool is4 = draft->inner == HEADER_IP4;

	draft_init(&plain, is4, &rng);
	header = is4 ? 20 : 40;
	size = render_tcp(draft, &inner, is4, at + header);
	if (is4)
		render_ip4(&plain, &inner, size, 0, at);
	else
		render_ip6(&plain, &inner, size, HEADER_TCP, at);
	return header + size;
}

void render_payload(const struct draft *draft, const struct endpoints *ends, unsigned from,
		    struct payload *payload)
{
	uint8_t upper = draft->inner ? draft->inner : HEADER_TCP;

	payload->size = 0;
	payload->next = from < draft->chain_count ? draft->chain[from].kind : upper;
	payload->size = render_chain(draft, from, draft->chain_count, upper, payload->bytes);
	payload->tcp_at = payload->size;
	if (!draft->inner) {
		payload->size +=
			render_tcp(draft, ends, draft->is4, payload->bytes + payload->size);
		return;
	}
	payload->tcp_at += draft->inner == HEADER_IP4 ? 20 : 40;
	payload->size += render_inner(draft, ends, payload->bytes + payload->size);
}
