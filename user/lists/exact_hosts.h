/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the exact hosts of one family into the image (table.h): takes them in any order, and
 * writes them by key; then their Bloom filter. Only image.c uses it. Not here: which address is an
 * exact host.
 */
#ifndef SEKISHO_EXACT_HOSTS_H
#define SEKISHO_EXACT_HOSTS_H

#include "lists/blocks.h"
#include "lists/radix.h"

/* Zero-initialised is none; free `items` at the end. `index` of an item is its palette index. */
struct exact_hosts {
	struct sort_item *items;
	size_t count, room;
};

/* Add an address in host order, or the upper half of one; none twice. -ENOMEM */
int exact_hosts4_add(struct exact_hosts *exact_hosts, uint32_t address, uint32_t palette);
int exact_hosts6_add(struct exact_hosts *exact_hosts, uint64_t high, uint32_t palette);

/* Write the index and the chunks of exact hosts from position `next` (of a u32) on, and move it
 * behind them; *index is where the index begins, or 0: there are no exact hosts. -ENOMEM, -ENOSPC */
int exact_hosts4_write(struct exact_hosts *exact_hosts, struct blocks *blocks, uint32_t *next,
		       uint32_t *index);
int exact_hosts6_write(struct exact_hosts *exact_hosts, struct blocks *blocks, uint32_t *next,
		       uint32_t *index);

/* Writes the Bloom filters of both families: into block 0 behind IPv4's ranges, which end at
 * `end4`, or, if they do not fit, from position `next` (of a u32) on, which moves behind them.
 * -ENOMEM, -ENOSPC */
int exact_hosts_blooms(const struct exact_hosts *exact_hosts4,
		       const struct exact_hosts *exact_hosts6, struct blocks *blocks, uint32_t end4,
		       uint32_t *next);

#endif
