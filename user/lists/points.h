/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The points of one family on their way into the image (table.h): kept in any order, then written
 * by key, and their Bloom filter. Only image.c uses it. Not here: which address is a point.
 */
#ifndef SEKISHO_POINTS_H
#define SEKISHO_POINTS_H

#include "lists/blocks.h"
#include "lists/radix.h"

/* Zero-initialised is none; free `items` at the end. `index` of an item is its palette index. */
struct points {
	struct sort_item *items;
	size_t count, room;
};

/* An address in host order, or the upper half of one; none twice. -ENOMEM */
int points4_add(struct points *points, uint32_t address, uint32_t palette);
int points6_add(struct points *points, uint64_t high, uint32_t palette);

/* Write the index and the chunks of points from position `next` (of a u32) on, and move it behind
 * them; *index is where the index begins, or 0: there are no points. -ENOMEM, -ENOSPC */
int points4_write(struct points *points, struct blocks *blocks, uint32_t *next, uint32_t *index);
int points6_write(struct points *points, struct blocks *blocks, uint32_t *next, uint32_t *index);

/* Writes the Bloom filters of both families: in what IPv4's ranges, which end at `end4`, leave of
 * block 0, or from position `next` (of a u32) on, which moves behind them. -ENOMEM, -ENOSPC */
int points_blooms(const struct points *points4, const struct points *points6, struct blocks *blocks,
		  uint32_t end4, uint32_t *next);

#endif
