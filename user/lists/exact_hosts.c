// SPDX-License-Identifier: GPL-2.0-or-later
/* See exact_hosts.h. The layout and its reasons are in table.h. */
#include "lists/exact_hosts.h"

#include "base/cleanup.h"

/* Positions of u64 words where the next Bloom filter could begin. */
struct bloom_room {
	uint32_t head, next;
};

static int exact_hosts_add(struct exact_hosts *exact_hosts, uint64_t key, uint32_t palette)
{
	if (exact_hosts->count == exact_hosts->room) {
		size_t room = exact_hosts->room ? exact_hosts->room * 2 : 256;
		struct sort_item *items = reallocarray(exact_hosts->items, room, sizeof(*items));

		if (!items)
			return -ENOMEM;
		exact_hosts->items = items;
		exact_hosts->room = room;
	}
	exact_hosts->items[exact_hosts->count++] = (struct sort_item){ key, palette };
	return 0;
}

int exact_hosts4_add(struct exact_hosts *exact_hosts, uint32_t address, uint32_t palette)
{
	return exact_hosts_add(exact_hosts, address * TABLE_SCATTER4, palette);
}

int exact_hosts6_add(struct exact_hosts *exact_hosts, uint64_t high, uint32_t palette)
{
	return exact_hosts_add(exact_hosts, high * TABLE_SCATTER6, palette);
}

static int exact_hosts_sort(struct exact_hosts *exact_hosts)
{
	_cleanup_free_ struct sort_item *scratch =
		reallocarray(NULL, exact_hosts->count + 1, sizeof(*scratch));

	if (!scratch)
		return -ENOMEM;
	radix_sort(exact_hosts->items, scratch, exact_hosts->count);
	return 0;
}

/* Index of the first item behind those that share a chunk with item `at`. */
static size_t chunk4_items(const struct exact_hosts *exact_hosts, size_t at)
{
	uint64_t chunk = exact_hosts->items[at].key >> 16;

	while (at < exact_hosts->count && exact_hosts->items[at].key >> 16 == chunk)
		at++;
	return at;
}

/* Decides where a chunk of `count` entries begins. If it would begin at `next` and cross into the
 * next block, it begins at that block, and the gap is filled with copies of the entry before it. A
 * chunk has at most 65536 entries, so the entry before it is in the same block as the gap. */
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

/* Makes room for an index from position `next` on, which moves behind it. */
static int index_begin(struct blocks *blocks, uint32_t *next, uint32_t *index)
{
	uint32_t rest = TABLE_ENTRIES4 - *next % TABLE_ENTRIES4;

	*index = rest < TABLE_EXACT_HOSTS + 1 ? *next + rest : *next;
	*next = *index + TABLE_EXACT_HOSTS + 1;
	return blocks_grow(blocks, (*next - 1) / TABLE_ENTRIES4 + 1);
}

/* Sorts the exact hosts and makes room for their index; *index is 0 if there are no exact hosts. */
static int exact_hosts_begin(struct exact_hosts *exact_hosts, struct blocks *blocks, uint32_t *next,
			     uint32_t *index)
{
	int error;

	*index = 0;
	if (!exact_hosts->count)
		return 0;
	error = exact_hosts_sort(exact_hosts);
	return error ? error : index_begin(blocks, next, index);
}

int exact_hosts4_write(struct exact_hosts *exact_hosts, struct blocks *blocks, uint32_t *next,
		       uint32_t *index)
{
	int error = exact_hosts_begin(exact_hosts, blocks, next, index);
	uint32_t chunk = 0;

	if (error || !exact_hosts->count)
		return error;
	for (size_t i = 0, end; !error && i < exact_hosts->count; i = end) {
		const struct sort_item *items = exact_hosts->items;
		uint32_t *entries;

		end = chunk4_items(exact_hosts, i);
		error = chunk4_begin(blocks, end - i, next);
		if (error)
			break;
		entries = blocks_entries4(blocks);
		while (chunk <= items[i].key >> 16)
			entries[*index + chunk++] = *next;
		for (; i < end; i++)
			entries[(*next)++] = (uint32_t)items[i].key << 16 | items[i].index;
	}
	while (!error && chunk <= TABLE_EXACT_HOSTS)
		blocks_entries4(blocks)[*index + chunk++] = *next;
	return error;
}

int exact_hosts6_write(struct exact_hosts *exact_hosts, struct blocks *blocks, uint32_t *next,
		       uint32_t *index)
{
	int error = exact_hosts_begin(exact_hosts, blocks, next, index);
	uint32_t chunk = 0, *chunks, at;
	uint64_t *entries;

	if (error || !exact_hosts->count)
		return error;
	at = (*next + 1) / 2;
	error = blocks_grow(blocks, (at + exact_hosts->count - 1) / TABLE_ENTRIES6 + 1);
	if (error)
		return error;
	chunks = blocks_entries4(blocks) + *index;
	entries = blocks_entries6(blocks);
	for (size_t i = 0; i < exact_hosts->count; i++) {
		const struct sort_item *item = &exact_hosts->items[i];

		while (chunk <= item->key >> 48)
			chunks[chunk++] = at;
		entries[at++] = item->key << 16 | item->index;
	}
	while (chunk <= TABLE_EXACT_HOSTS)
		chunks[chunk++] = at;
	*next = at * 2;
	return 0;
}

/* Decides where `words` words of a Bloom filter begin: in the rest of block 0 if they fit, else
 * behind the entries. */
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

static int bloom_write(const struct exact_hosts *exact_hosts, struct blocks *blocks,
		       struct bloom_room *room, unsigned key_bits, struct table_bloom *made)
{
	unsigned order = 6; /* one word */
	uint64_t *words;
	int error;

	*made = (struct table_bloom){ 0 };
	if (!exact_hosts->count)
		return 0;
	while (order < key_bits && 1ULL << order < exact_hosts->count * TABLE_BLOOM_BITS)
		order++;
	made->shift = key_bits - order;
	error = bloom_place(blocks, room, (1ULL << order) / 64, &made->begin);
	if (error)
		return error;
	words = blocks_entries6(blocks) + made->begin;
	for (size_t i = 0; i < exact_hosts->count; i++) {
		uint64_t bit = exact_hosts->items[i].key >> made->shift;

		words[bit / 64] |= 1ULL << bit % 64;
	}
	return 0;
}

int exact_hosts_blooms(const struct exact_hosts *exact_hosts4,
		       const struct exact_hosts *exact_hosts6, struct blocks *blocks, uint32_t end4,
		       uint32_t *next)
{
	struct bloom_room room = {
		.head = end4 < TABLE_ENTRIES4 ? (end4 + 15) / 16 * 8 : TABLE_ENTRIES6,
		.next = (*next + 15) / 16 * 8,
	};
	struct table_bloom bloom4, bloom6 = { 0 };
	int error = bloom_write(exact_hosts4, blocks, &room, 32, &bloom4);

	if (!error)
		error = bloom_write(exact_hosts6, blocks, &room, 64, &bloom6);
	blocks_head(blocks)->bloom4 = bloom4;
	blocks_head(blocks)->bloom6 = bloom6;
	*next = room.next * 2;
	return error;
}
