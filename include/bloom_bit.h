/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Bloom filters of contract.h: which bit stands for a key. A bit that is not set means that
 * there is no such entry; a bit that is set proves nothing. There is one hash function, so that a
 * look takes one cache line. Pure; compiled into the gate and into user space.
 */
#ifndef SEKISHO_BLOOM_BIT_H
#define SEKISHO_BLOOM_BIT_H

#include "contract.h"

#define BLOOM_BITS_LEAST 4096U
#define BLOOM_BITS_MOST	 (1U << 26) /* 8 MiB */
#define BLOOM_BITS_EACH	 8	    /* at least, for each entry; a network has pairs of them */

/* The number of the bit, below `bits` (a power of two), of a prefix and a service: a meter's
 * service, for a ban 0. The multipliers are odd, with bits all over. */
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

/* The number of a network's first bit, an even one; the second follows it. */
static inline __attribute__((always_inline)) __u32 network_bit(const struct prefix *prefix,
							       __u32 service, __u32 bits)
{
	return bloom_bit(prefix, service, bits) & ~1U;
}

#endif
