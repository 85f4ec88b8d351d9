/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The blocks of an image (table.h) while it is written: they grow, and are addressed by position.
 * Not here: what is written. */
#ifndef SEKISHO_BLOCKS_H
#define SEKISHO_BLOCKS_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lists/compile.h"

/* `count` * TABLE_BLOCK bytes at `data`, which free() ends. */
struct blocks {
	char *data;
	uint32_t count, room;
};

/* Makes them at least `count`; new ones are zero, and all may move. -ENOMEM, -ENOSPC. */
static inline int blocks_grow(struct blocks *blocks, uint64_t count)
{
	if (count <= blocks->count)
		return 0;
	if (count > TABLE_BLOCKS)
		return -ENOSPC;
	if (count > blocks->room) {
		uint32_t room = blocks->room * 2 > count ? blocks->room * 2 : (uint32_t)count;
		char *data = realloc(blocks->data, (size_t)room * TABLE_BLOCK);

		if (!data)
			return -ENOMEM;
		blocks->data = data;
		blocks->room = room;
	}
	memset(blocks->data + (size_t)blocks->count * TABLE_BLOCK, 0,
	       (size_t)(count - blocks->count) * TABLE_BLOCK);
	blocks->count = (uint32_t)count;
	return 0;
}

/* The head, in the first block. Valid until blocks_grow(). */
static inline struct table_head *blocks_head(struct blocks *blocks)
{
	return (struct table_head *)(void *)blocks->data;
}

/* All blocks as entries of IPv4. Valid until blocks_grow(). */
static inline uint32_t *blocks_entries4(struct blocks *blocks)
{
	return (uint32_t *)(void *)blocks->data;
}

/* All blocks as entries of IPv6. Valid until blocks_grow(). */
static inline uint64_t *blocks_entries6(struct blocks *blocks)
{
	return (uint64_t *)(void *)blocks->data;
}

#endif
