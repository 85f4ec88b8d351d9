/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a Bloom filter holds. */
#ifndef SEKISHO_PACKETS_BITS_H
#define SEKISHO_PACKETS_BITS_H

#include "kernel/bloom_fill.h"

/* The bits that are set, of those that `mask` has of each word. */
static inline unsigned bits_set(const struct bloom *bloom, uint64_t mask)
{
	unsigned count = 0;

	for (uint32_t i = 1; i < bloom->count; i++)
		count += (unsigned)__builtin_popcountll(bloom->words[i] & mask);
	return count;
}

#endif
