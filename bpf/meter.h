/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Meters: how many connections a source, a network and a country have open, and how fast new ones
 * come. The connection counter charges them at handshakes (the gate at SYNs if count = syn); the
 * gate reads them at SYNs.
 */
#ifndef SEKISHO_METER_H
#define SEKISHO_METER_H

#include "bloom.h"
#include "bucket.h"
#include "protocol.h"
#include "maps.h"

/* The first `length` of 128 bits: an IPv4 address is mapped, and its /24 has 120. There is no
 * branch, because each would double what the verifier walks from here on. */
static __always_inline struct prefix mask_prefix(const struct address *address, __u32 length)
{
	__u64 part = ~(~0ULL >> (length & 63));
	__u64 half = 0 - (__u64)(length >> 6 & 1), all = 0 - (__u64)(length >> 7);
	__u64 high = part | half | all, low = (part & half) | all;
	struct prefix prefix;

	prefix.address.word[0] = address->word[0] & bpf_htonl((__u32)(high >> 32));
	prefix.address.word[1] = address->word[1] & bpf_htonl((__u32)high);
	prefix.address.word[2] = address->word[2] & bpf_htonl((__u32)(low >> 32));
	prefix.address.word[3] = address->word[3] & bpf_htonl((__u32)low);
	prefix.length = length;
	return prefix;
}

/* 1 for an IPv4 address, else 0. */
static __always_inline __u32 is_mapped4(const struct address *address)
{
	return !address->word[0] && !address->word[1] && address->word[2] == bpf_htonl(0xffff);
}

/* How many of the 128 bits make a source, and a network, of this family. */
static __always_inline __u32 source_length(const struct policy *rules, __u32 is4)
{
	return is4 ? 128 : rules->source_length6;
}

static __always_inline __u32 network_length(const struct policy *rules, __u32 is4)
{
	return is4 ? rules->network_length4 : rules->network_length6;
}

/* The key of a source's or network's meter for one service. */
static __always_inline struct meter_key meter_key_of(const struct address *address, __u32 length,
						     __u32 service)
{
	return (struct meter_key){ .prefix = mask_prefix(address, length), .service = service };
}

/* How full the tables are, and how much was lost. Never NULL, but the verifier wants it checked. */
static __always_inline struct usage *table_usage(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&usage, &zero);
}

/* The entry, which is made if it is not there. NULL: the table has no room, which is counted. `map`
 * is &sources or &networks, `used` and `overflows` its counts. */
static __always_inline struct meter *meter_get(void *map, const struct meter_key *key, __u64 *used,
					       __u64 *overflows)
{
	struct meter *meter = bpf_map_lookup_elem(map, key);
	struct meter fresh = {};

	if (meter)
		return meter;
	if (!bpf_map_update_elem(map, key, &fresh, BPF_NOEXIST))
		__sync_fetch_and_add(used, 1);
	meter = bpf_map_lookup_elem(map, key);
	if (!meter)
		__sync_fetch_and_add(overflows, 1);
	return meter;
}

/* A network's entry. The caller marks it (network_mark()), each time: a sweep may have cleared the
 * bits, and programs of an older contract set none. */
static __always_inline struct meter *network_get(const struct meter_key *key, struct usage *counts)
{
	return meter_get(&networks, key, &counts->network_used, &counts->network_overflows);
}

/* A source's entry. If there is no room, user space is told and makes some. */
static __always_inline struct meter *source_get(const struct meter_key *key, struct usage *counts)
{
	struct meter *meter =
		meter_get(&sources, key, &counts->source_used, &counts->source_overflows);

	if (!meter)
		counts->sources_full = 1;
	return meter;
}

/* A limit's tokens, and the result of taking one. */
struct token {
	__u64 interval, burst;
	__u32 owes;  /* whether a token that is not there is taken all the same, as a debt */
	__u32 pays;  /* whether a token is taken */
	__u32 opens; /* whether the connection is counted as open */
	__u32 had;   /* whether the token was there */
	__u64 charged_ns;
};

/* Counts a handshake and takes a token for it. Of two CPUs at once the loser tries again, a few
 * times; after that the handshake passes without its token. */
static __always_inline void meter_take(struct meter *meter, __u64 now, struct token *token)
{
	token->had = 1;
	meter->last_ns = now;
	__sync_fetch_and_add(&meter->handshakes, 1);
	if (!token->interval)
		return;
	for (int i = 0; i < 8; i++) {
		__u64 seen = *(volatile __u64 *)&meter->arrival_ns;
		__u64 next = bucket_take(seen, now, token->interval, (__u32)token->burst);
		__u64 since = seen > now ? seen : now;

		token->had = (__u32)bucket_has(seen, now, token->interval, (__u32)token->burst);
		if (!token->had && !token->owes)
			return;
		if (__sync_val_compare_and_swap(&meter->arrival_ns, seen, next) != seen)
			continue;
		token->charged_ns = next > since ? next - since : 0;
		return;
	}
	token->had = 1;
}

/* Gives back what taking a token cost, unless it has come back already. */
static __always_inline void meter_refund(struct meter *meter, __u64 now, __u64 charged_ns)
{
	for (int i = 0; i < 8 && charged_ns; i++) {
		__u64 seen = *(volatile __u64 *)&meter->arrival_ns;
		__u64 next = seen > charged_ns ? seen - charged_ns : 0;

		if (seen <= now ||
		    __sync_val_compare_and_swap(&meter->arrival_ns, seen, next) == seen)
			return;
	}
}

/* Counts one more as open. Returns how many are open with it. */
static __always_inline __u32 meter_open(struct meter *meter)
{
	return __sync_fetch_and_add(&meter->open, 1) + 1;
}

/* Counts one less as open. */
static __always_inline void meter_close(struct meter *meter)
{
	/* Never below 0: the entry may have been made anew since. */
	if (meter->open && (__s32)__sync_fetch_and_add(&meter->open, -1) <= 0)
		__sync_fetch_and_add(&meter->open, 1);
}

/* Counts `weight` SYNs. They keep no entry alive: their source may be forged. */
static __always_inline void meter_attempt(struct meter *meter, __u32 dropped, __u32 weight)
{
	__sync_fetch_and_add(&meter->attempts, weight);
	if (dropped)
		__sync_fetch_and_add(&meter->dropped, weight);
}

/* How many SYNs the SYN of a source with a meter stands for in the counts of its network: 1, or in
 * a flood (METERED_EXACT) METERED_SAMPLE or 0. */
static __always_inline __u32 metered_weight(__u64 now)
{
	__u64 window = now >> METERED_WINDOW_SHIFT, turn;
	struct tick_clock *clock;
	__u32 zero = 0;

	clock = bpf_map_lookup_elem(&tick_clock, &zero);
	if (!clock)
		return 1;
	if (clock->window != window) {
		clock->window = window;
		clock->metered = 0;
	}
	turn = clock->metered++;
	if (turn < METERED_EXACT)
		return 1;
	/* Multiples of the golden ratio: sources that come in turn share the sample evenly. */
	return turn * 0x9e3779b97f4a7c15ULL / (~0ULL / METERED_SAMPLE + 1) ? 0 : METERED_SAMPLE;
}

#endif
