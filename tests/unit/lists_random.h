/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Repeatable random numbers for the list tests (xorshift64*): a failure shows again. */
#ifndef SEKISHO_LISTS_RANDOM_H
#define SEKISHO_LISTS_RANDOM_H

#include <errno.h>
#include <stdint.h>
#include "lists/ranges.h"

static uint64_t random_state = 0x9e3779b97f4a7c15;

static inline uint32_t random32(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1d) >> 32);
}

static inline uint32_t random_below(uint64_t limit)
{
	return (uint32_t)(random32() * limit >> 32);
}

static inline u128 random128(void)
{
	u128 value = 0;

	for (unsigned i = 0; i < 4; i++)
		value = value << 32 | random32();
	return value;
}

#endif
