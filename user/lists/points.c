// SPDX-License-Identifier: GPL-2.0-or-later
/* See points.h. The layout and its reasons are in table.h. */
#include "lists/points.h"

#include "base/cleanup.h"

/* Positions of u64 words where the next Bloom filter could begin. */
struct bloom_room {
	uint32_t head, next;
};

static int points_add(struct points *points, uint64_t key, uint32_t palette)
{
	if (points->count == points->room) {
		size_t room = points->room ? points->room * 2 : 256;
		struct sort_item *items = reallocarray(points->items, room, sizeof(*items));

		if (!items)
			return -ENOMEM;
		points->items = items;
		points->room = room;
	}
	points->items[points->count++] = (struct sort_item){ key, palette };
	return 0;
}

int points4_add(struct points *points, uint32_t address, uint32_t palette)
{
	return points_add(points, address * TABLE_SCATTER4, palette);
}

int points6_add(struct points *points, uint64_t high, uint32_t palette)
{
	return points_add(points, high * TABLE_SCATTER6, palette);
}

static int points_sort(struct points *points)
{
	_cleanup_free_ struct sort_item *scratch =
		reallocarray(NULL, points->count + 1, sizeof(*scratch));

	if (!scratch)
		return -ENOMEM;
	radix_sort(points->items, scratch, points->count);
	return 0;
}

/* The item behind those that share a chunk with item `at`. */
static size_t chunk4_items(const struct points *points, size_t at)
{
	uint64_t chunk = points->items[at].key >> 16;

	while (at < points->count && points->items[at].key >> 16 == chunk)
		at++;
	return at;
}

/* Where a chunk of `count` entries begins that would begin at `next`: if it crossed into the next
 * block, there, and the gap repeats the entry before it. A chunk has at most 65536, so there is one
 * in the same block. */
static int chunk4_begin(struct blocks *blocks, uint64_t count, uint32_t *next)
{
	uint32_t rest = TABLE_ENTRIES4 - *next % TABLE_ENTRIES4;
	uint32_t *entries;
	int error;

	error = blocks_grow(blocks,
			    (*next + (count > rest ? rest : 0) + count - 1) / TABLE_ENTRIES4 + 1);
	if (error || count <= rest)
		return error;
	entries = blocks_entries4(blocks);
	for (; rest--; (*next)++)
		entries[*next] = entries[*next - 1];
	return 0;
}

/* Room for an index from position `next` on, which moves behind it. */
static int index_begin(struct blocks *blocks, uint32_t *next, uint32_t *index)
{
	uint32_t rest = TABLE_ENTRIES4 - *next % TABLE_ENTRIES4;

	*index = rest < TABLE_POINTS + 1 ? *next + rest : *next;
	*next = *index + TABLE_POINTS + 1;
	return blocks_grow(blocks, (*next - 1) / TABLE_ENTRIES4 + 1);
}

/* Sorts the points, and makes room for their index; *index is 0 where there are none. */
static int points_begin(struct points *points, struct blocks *blocks, uint32_t *next,
			uint32_t *index)
{
	int error;

	*index = 0;
	if (!points->count)
		return 0;
	error = points_sort(points);
	return error ? error : index_begin(blocks, next, index);
}

int points4_write(struct points *points, struct blocks *blocks, uint32_t *next, uint32_t *index)
{
	int error = points_begin(points, blocks, next, index);
	uint32_t chunk = 0;

	if (error || !points->count)
		return error;
	for (size_t i = 0, end; !error && i < points->count; i = end) {
		const struct sort_item *items = points->items;
		uint32_t *entries;

		end = chunk4_items(points, i);
		error = chunk4_begin(blocks, end - i, next);
		if (error)
			break;
		entries = blocks_entries4(blocks);
		while (chunk <= items[i].key >> 16)
			entries[*index + chunk++] = *next;
		for (; i < end; i++)
			entries[(*next)++] = (uint32_t)items[i].key << 16 | items[i].index;
	}
	while (!error && chunk <= TABLE_POINTS)
		blocks_entries4(blocks)[*index + chunk++] = *next;
	return error;
}

int points6_write(struct points *points, struct blocks *blocks, uint32_t *next, uint32_t *index)
{
	int error = points_begin(points, blocks, next, index);
	uint32_t chunk = 0, *chunks, at;
	uint64_t *entries;

	if (error || !points->count)
		return error;
	at = (*next + 1) / 2;
	error = blocks_grow(blocks, (at + points->count - 1) / TABLE_ENTRIES6 + 1);
	if (error)
		return error;
	chunks = blocks_entries4(blocks) + *index;
	entries = blocks_entries6(blocks);
	for (size_t i = 0; i < points->count; i++) {
		const struct sort_item *item = &points->items[i];

		while (chunk <= item->key >> 48)
			chunks[chunk++] = at;
		entries[at++] = item->key << 16 | item->index;
	}
	while (chunk <= TABLE_POINTS)
		chunks[chunk++] = at;
	*next = at * 2;
	return 0;
}

/* Where `words` words of a Bloom filter begin: in what is left of block 0, else behind the entries.
 */
static int bloom_place(struct blocks *blocks, struct bloom_room *room, uint64_t words,
		       uint32_t *begin)
{
	uint32_t *next = words <= TABLE_ENTRIES6 - room->head ? &room->head : &room->next;
	int error = blocks_grow(blocks, (*next + words - 1) / TABLE_ENTRIES6 + 1);

	*begin = *next;
	if (!error)
		*next += (uint32_t)words;
	return error;
}

static int bloom_write(const struct points *points, struct blocks *blocks, struct bloom_room *room,
		       unsigned key_bits, struct table_bloom *made)
{
	unsigned order = 6; /* one word */
	uint64_t *words;
	int error;

	*made = (struct table_bloom){ 0 };
	if (!points->count)
		return 0;
	while (order < key_bits && 1ULL << order < points->count * TABLE_BLOOM_BITS)
		order++;
	made->shift = key_bits - order;
	error = bloom_place(blocks, room, (1ULL << order) / 64, &made->begin);
	if (error)
		return error;
	words = blocks_entries6(blocks) + made->begin;
	for (size_t i = 0; i < points->count; i++) {
		uint64_t bit = points->items[i].key >> made->shift;

		words[bit / 64] |= 1ULL << bit % 64;
	}
	return 0;
}

int points_blooms(const struct points *points4, const struct points *points6, struct blocks *blocks,
		  uint32_t end4, uint32_t *next)
{
	struct bloom_room room = {
		.head = end4 < TABLE_ENTRIES4 ? (end4 + 15) / 16 * 8 : TABLE_ENTRIES6,
		.next = (*next + 15) / 16 * 8,
	};
	struct table_bloom bloom4, bloom6 = { 0 };
	int error = bloom_write(points4, blocks, &room, 32, &bloom4);

	if (!error)
		error = bloom_write(points6, blocks, &room, 64, &bloom6);
	blocks_head(blocks)->bloom4 = bloom4;
	blocks_head(blocks)->bloom6 = bloom6;
	*next = room.next * 2;
	return error;
}
