// SPDX-License-Identifier: GPL-2.0-or-later
/* See chance.h. */
#include "chance.h"

static uint64_t state;

void chance_begin(uint64_t seed)
{
	state = seed;
}

uint64_t chance_number(uint64_t below)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return (z ^ z >> 31) % below;
}
