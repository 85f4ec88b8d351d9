/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the draft to bytes: what render.c (headers) and train.c (fragments, frames) share. */
#ifndef SEKISHO_MUTATE_RENDER_H
#define SEKISHO_MUTATE_RENDER_H

#include "mutation.h"

#define SEGMENT_ROOM 2048
#define PAYLOAD_ROOM 12288

/* Who sends to whom. */
struct endpoints {
	const uint8_t *from4, *from6; /* 4 and 16 bytes */
	const uint8_t *to4, *to6;     /* as the IP header says */
	const uint8_t *last4, *last6; /* where a source route ends: what the checksum covers */
	uint16_t port;
	uint8_t host;
};

/* What IP carries: the extension headers that may be fragmented, then TCP. */
struct payload {
	uint8_t next; /* the number of its first header */
	uint32_t size;
	uint32_t tcp_at; /* where TCP begins in it */
	uint8_t bytes[PAYLOAD_ROOM];
};

static inline void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* The TCP segment at `at` (SEGMENT_ROOM), its checksum right for the family `is4` unless the draft
 * says otherwise; its size. */
uint32_t render_tcp(const struct draft *draft, const struct endpoints *ends, bool is4, uint8_t *at);

/* The IPv4 header for `size` bytes of payload; its own size (20 .. 60). */
uint32_t render_ip4(const struct draft *draft, const struct endpoints *ends, uint32_t size,
		    uint32_t fragment, uint8_t *at);

/* Headers [from, to) of the chain, the last of which says `next`; their size. */
uint32_t render_chain(const struct draft *draft, unsigned from, unsigned to, uint8_t next,
		      uint8_t *at);

/* The IPv6 header for `size` bytes behind it: always 40. */
uint32_t render_ip6(const struct draft *draft, const struct endpoints *ends, uint32_t size,
		    uint8_t next, uint8_t *at);

/* All of the draft's payload from header `from` of the chain on. */
void render_payload(const struct draft *draft, const struct endpoints *ends, unsigned from,
		    struct payload *payload);

/* The frames. */
void render_train(const struct draft *draft, const struct endpoints *ends, struct train *train);

#endif
