/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chance that repeats: the same seed, the same numbers on every machine. Not for secrets. */
#ifndef SEKISHO_MUTATE_RNG_H
#define SEKISHO_MUTATE_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

/* splitmix64: every state is a good one, so any seed will do. */
static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t mixed = rng->state += 0x9e3779b97f4a7c15U;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9U;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebU;
	return mixed ^ mixed >> 31;
}

/* 0 .. limit - 1; limit > 0. */
static inline uint32_t rng_below(struct rng *rng, uint32_t limit)
{
	return (uint32_t)((rng_next(rng) >> 32) * limit >> 32);
}

static inline uint32_t rng_between(struct rng *rng, uint32_t low, uint32_t high)
{
	return low + rng_below(rng, high - low + 1);
}

static inline bool rng_chance(struct rng *rng, uint32_t percent)
{
	return rng_below(rng, 100) < percent;
}

static inline void rng_fill(struct rng *rng, uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(rng_next(rng) >> 56);
}

#endif
