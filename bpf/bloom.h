/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the Bloom filters of contract.h, and sets bits in the networks' filter. */
#ifndef SEKISHO_BPF_BLOOM_H
#define SEKISHO_BPF_BLOOM_H

#include "bloom_bit.h"
#include "maps.h"

/* The word that holds a bit, by the bit's number. Never NULL. */
static __always_inline __u64 *bloom_word(void *map, __u32 bit)
{
	__u32 at = 1 + bit / 64;

	return bpf_map_lookup_elem(map, &at);
}

/* Word 0 of a filter: the number of bits, with BLOOM_VALID; 0: the filter is not set up. */
static __always_inline __u64 bloom_head(void *map)
{
	__u32 zero = 0;
	const __u64 *head = bpf_map_lookup_elem(map, &zero);

	return head ? *(const volatile __u64 *)head : 0;
}

/* Whether there can be such a ban. */
static __always_inline bool ban_may_be(const struct prefix *prefix)
{
	__u64 head = bloom_head(&ban_bloom);
	const __u64 *word;
	__u32 bit;

	if (!(head & BLOOM_VALID))
		return true;
	bit = bloom_bit(prefix, 0, (__u32)head);
	word = bloom_word(&ban_bloom, bit);
	return !word || *word >> (bit & 63) & 1;
}

/* NETWORK_THERE if there can be such a network, and NETWORK_AT_LIMIT if it can be at a limit. */
static __always_inline __u32 network_bits(const struct meter_key *network)
{
	__u64 head = bloom_head(&network_bloom);
	const __u64 *word;
	__u32 bit;

	if (!(head & BLOOM_VALID))
		return NETWORK_THERE | NETWORK_AT_LIMIT;
	bit = network_bit(&network->prefix, network->service, (__u32)head);
	word = bloom_word(&network_bloom, bit);
	return word ? *word >> (bit & 63) & (NETWORK_THERE | NETWORK_AT_LIMIT)
		    : NETWORK_THERE | NETWORK_AT_LIMIT;
}

/* Sets bits of a network: to be called once the entry is in, or at a limit. */
static __always_inline void network_mark(const struct meter_key *network, __u32 bits)
{
	__u64 head = bloom_head(&network_bloom), mask, *word;
	__u32 bit;

	if (!head)
		return;
	bit = network_bit(&network->prefix, network->service, (__u32)head);
	word = bloom_word(&network_bloom, bit);
	mask = (__u64)bits << (bit & 63);
	if (word && (*word & mask) != mask)
		__sync_fetch_and_or(word, mask);
}

#endif
