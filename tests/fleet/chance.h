/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All chance of the simulation: one seed, one sequence (splitmix64). */
#ifndef SEKISHO_CHANCE_H
#define SEKISHO_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

void chance_begin(uint64_t seed);
uint64_t chance_number(uint64_t below); /* 0 .. below - 1 */

static inline bool chance_one_in(uint64_t count)
{
	return !chance_number(count);
}

#endif
