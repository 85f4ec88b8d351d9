/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Bloom filters of contract.h: which bit stands for a key. One that is not set says that there
 * is no such entry; one that is set says nothing. One hash function, so that one line of the cache
 * answers. Pure; compiled into the gate and into user space.
 */
#ifndef SEKISHO_BLOOM_BIT_H
#define SEKISHO_BLOOM_BIT_H

#include "contract.h"

#define BLOOM_BITS_LEAST 4096U
#define BLOOM_BITS_MOST	 (1U << 26) /* 8 MiB */
#define BLOOM_BITS_EACH	 8	    /* at least, for each entry that the map has room for */

/* Of `bits` (a power of two) the one of a prefix and, for a meter, its service; else 0.
 * Multipliers: odd, with bits all over. */
static inline __attribute__((always_inline)) __u32 bloom_bit(const struct prefix *prefix,
							     __u32 service, __u32 bits)
{
	const __be32 *word = prefix->address.word;
	__u64 mixed = ((__u64)word[0] << 32 | word[1]) * 0x9fb21c651e98df25ULL;

	mixed = (mixed ^ mixed >> 32) + ((__u64)word[2] << 32 | word[3]);
	mixed = (mixed + prefix->length + ((__u64)service << 32)) * 0xd6e8feb86659fd93ULL;
	mixed = (mixed ^ mixed >> 32) * 0x9fb21c651e98df25ULL;
	return (__u32)(mixed >> 32) & (bits - 1);
}

#endif
