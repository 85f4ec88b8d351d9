/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one sort of the lists' code: items by a 64-bit key in linear time, whatever their order. */
#ifndef SEKISHO_RADIX_H
#define SEKISHO_RADIX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sort_item {
	uint64_t key;
	uint32_t index;
};

/* Sorts by key, stably, from the least significant byte; bytes that all keys share cost nothing.
 * `scratch` has room for `count` items, too. */
static inline void radix_sort(struct sort_item *items, struct sort_item *scratch, size_t count)
{
	size_t histogram[8][256] = { 0 };
	struct sort_item *from = items, *to = scratch;

	for (size_t i = 0; i < count; i++)
		for (unsigned digit = 0; digit < 8; digit++)
			histogram[digit][items[i].key >> (8 * digit) & 0xff]++;
	for (unsigned digit = 0; digit < 8; digit++) {
		size_t *starts = histogram[digit], sum = 0;
		struct sort_item *swap = from;

		if (!count || starts[from[0].key >> (8 * digit) & 0xff] == count)
			continue;
		for (unsigned i = 0; i < 256; i++) {
			size_t here = starts[i];

			starts[i] = sum;
			sum += here;
		}
		for (size_t i = 0; i < count; i++)
			to[starts[from[i].key >> (8 * digit) & 0xff]++] = from[i];
		from = to;
		to = swap;
	}
	if (from != items)
		memcpy(items, from, count * sizeof(*items));
}

#endif
