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

/* Whether there can be such an entry. `map` is &ban_bloom or &network_bloom. */
static __always_inline bool bloom_has(void *map, const struct prefix *prefix, __u32 service)
{
	__u64 head = bloom_head(map);
	const __u64 *word;
	__u32 bit;

	if (!(head & BLOOM_VALID))
		return true;
	bit = bloom_bit(prefix, service, (__u32)head);
	word = bloom_word(map, bit);
	return !word || *word >> (bit & 63) & 1;
}

/* To be called once the entry is in. */
static __always_inline void bloom_mark(void *map, const struct prefix *prefix, __u32 service)
{
	__u64 head = bloom_head(map), mask, *word;
	__u32 bit;

	if (!head)
		return;
	bit = bloom_bit(prefix, service, (__u32)head);
	word = bloom_word(map, bit);
	mask = 1ULL << (bit & 63);
	if (word && !(*word & mask))
		__sync_fetch_and_or(word, mask);
}

#endif
