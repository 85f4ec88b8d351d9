/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sieve of bans: which bit stands for a prefix. A bit that is not set says that there is no
 * such ban; one that is set says nothing. Pure; compiled into the gate, which asks, and into user
 * space, which writes. The map is described in contract.h.
 */
#ifndef SEKISHO_BAN_SIEVE_H
#define SEKISHO_BAN_SIEVE_H

#include "contract.h"

#define SIEVE_BITS_LEAST 4096U
#define SIEVE_BITS_MOST	 (1U << 26) /* 8 MiB */
#define SIEVE_BITS_EACH	 8	    /* at least, for each entry that "bans" has room for */

/* Of `bits` (a power of two) the one of a prefix. Multipliers: odd, with bits all over. */
static inline __attribute__((always_inline)) __u32 sieve_bit(const struct prefix *prefix,
							     __u32 bits)
{
	const __be32 *word = prefix->address.word;
	__u64 mixed = ((__u64)word[0] << 32 | word[1]) * 0x9fb21c651e98df25ULL;

	mixed = (mixed ^ mixed >> 32) + ((__u64)word[2] << 32 | word[3]);
	mixed = (mixed + prefix->length) * 0xd6e8feb86659fd93ULL;
	mixed = (mixed ^ mixed >> 32) * 0x9fb21c651e98df25ULL;
	return (__u32)(mixed >> 32) & (bits - 1);
}

#endif
