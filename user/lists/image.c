// SPDX-License-Identifier: GPL-2.0-or-later
/* See image.h. The layout and its reasons are in table.h. */
#include "lists/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "lists/exact_hosts.h"

#define GLOBAL_FIRST 0x2000000000000000ULL /* 2000::/3, upper 64 bits */
#define GLOBAL_LAST  0x3fffffffffffffffULL

#define PALETTE_BITS 17 /* twice TABLE_PALETTE places: never full */

struct run {
	uint64_t first, last;
	uint32_t palette;
	bool used;
};

struct image {
	bool v6; /* the family that is being written */
	struct blocks blocks;
	uint32_t palette_at[1U << PALETTE_BITS]; /* index + 1, by the lookup's bytes; 0: none */
	uint32_t palette_count;
	uint32_t next4, next6;	 /* positions */
	uint32_t chunk4, chunk6; /* chunks begun */
	/* `run`: adjoining addresses, or upper halves, that share a lookup and are not written yet.
	 * `single`: perhaps one more behind it with another lookup. It becomes an exact host if the
	 * run goes on behind it. */
	struct run run, single;
	struct exact_hosts exact_hosts4, exact_hosts6;
	struct table_long *long_prefixes;
	size_t long_count, long_room;
};

int image_open(struct image **image)
{
	struct image *made = calloc(1, sizeof(*made));

	if (!made || blocks_grow(&made->blocks, 1)) {
		free(made);
		return -ENOMEM;
	}
	made->next4 = TABLE_BEGIN4;
	*image = made;
	return 0;
}

void image_close(struct image **image)
{
	if (!*image)
		return;
	free((*image)->blocks.data);
	free((*image)->long_prefixes);
	free((*image)->exact_hosts4.items);
	free((*image)->exact_hosts6.items);
	free(*image);
	*image = NULL;
}

static int palette_find(struct image *image, struct lookup lookup, uint32_t *palette)
{
	struct lookup *known = blocks_head(&image->blocks)->palette;
	uint32_t bytes, at;

	memcpy(&bytes, &lookup, sizeof(bytes));
	at = bytes * 0x9e3779b1U >> (32 - PALETTE_BITS);
	while (image->palette_at[at] &&
	       memcmp(&known[image->palette_at[at] - 1], &lookup, sizeof(lookup)))
		at = (at + 1) % (1U << PALETTE_BITS);
	if (!image->palette_at[at]) {
		if (image->palette_count == TABLE_PALETTE)
			return -ENOSPC;
		known[image->palette_count++] = lookup;
		image->palette_at[at] = image->palette_count;
	}
	*palette = image->palette_at[at] - 1;
	return 0;
}

/* Moves a finished IPv4 chunk that crosses into the next block to the beginning of that block, and
 * fills the gap with copies of the entry before it. There is one: the first chunk never crosses. */
static void chunk4_end(struct image *image)
{
	uint32_t begin = blocks_head(&image->blocks)->index4[image->chunk4 - 1],
		 count = image->next4 - begin;
	uint32_t moved = (begin / TABLE_ENTRIES4 + 1) * TABLE_ENTRIES4;
	uint32_t *entries = blocks_entries4(&image->blocks);

	if (begin / TABLE_ENTRIES4 == (image->next4 - 1) / TABLE_ENTRIES4)
		return;
	/* At most 65536 entries: the block of the last one has room for all. */
	memmove(&entries[moved], &entries[begin], count * sizeof(*entries));
	for (uint32_t i = begin; i < moved; i++)
		entries[i] = entries[begin - 1];
	blocks_head(&image->blocks)->index4[image->chunk4 - 1] = moved;
	image->next4 = moved + count;
}

static int append4(struct image *image, uint32_t address, bool begins_chunk, uint32_t palette)
{
	if (begins_chunk) {
		if (image->chunk4)
			chunk4_end(image);
		blocks_head(&image->blocks)->index4[image->chunk4++] = image->next4;
	}
	if (image->next4 / TABLE_ENTRIES4 >= image->blocks.count) {
		int error = blocks_grow(&image->blocks, image->next4 / TABLE_ENTRIES4 + 1);

		if (error)
			return error;
	}
	blocks_entries4(&image->blocks)[image->next4++] = address << 16 | palette;
	return 0;
}

static unsigned chunk_shift(uint64_t high)
{
	return high >= GLOBAL_FIRST && high <= GLOBAL_LAST ? 45 : 48;
}

static int append6(struct image *image, uint64_t high, bool begins_chunk, uint32_t palette)
{
	if (image->next6 / TABLE_ENTRIES6 >= image->blocks.count) {
		int error = blocks_grow(&image->blocks, image->next6 / TABLE_ENTRIES6 + 1);

		if (error)
			return error;
	}
	if (begins_chunk)
		blocks_head(&image->blocks)->index6[image->chunk6++] = image->next6;
	blocks_entries6(&image->blocks)[image->next6++] = high << 16 | palette;
	return 0;
}

static int append(struct image *image, uint64_t key, bool begins_chunk, uint32_t palette)
{
	return image->v6 ? append6(image, key, begins_chunk, palette)
			 : append4(image, (uint32_t)key, begins_chunk, palette);
}

/* Writes the run: its first entry, and an entry at the beginning of each further chunk. */
static int run_write(struct image *image)
{
	struct run *run = &image->run;
	unsigned shift = image->v6 ? chunk_shift(run->first) : 16;
	uint64_t chunk = run->first >> shift, last = run->last >> shift;
	int error;

	if (!run->used)
		return 0;
	run->used = false;
	error = append(image, run->first, chunk << shift == run->first, run->palette);
	while (!error && chunk++ < last)
		error = append(image, chunk << shift, true, run->palette);
	return error;
}

/* The single one is no exact host: it begins the next run. */
static int single_end(struct image *image)
{
	int error;

	if (!image->single.used)
		return 0;
	error = run_write(image);
	image->run = image->single;
	image->single.used = false;
	return error;
}

static int run_flush(struct image *image)
{
	int error = single_end(image);

	return error ? error : run_write(image);
}

static int point_add(struct image *image, uint64_t at, uint32_t palette)
{
	if (image->v6)
		return exact_hosts6_add(&image->exact_hosts6, at, palette);
	return exact_hosts4_add(&image->exact_hosts4, (uint32_t)at, palette);
}

static bool follows(const struct run *run, uint64_t first)
{
	return run->used && run->last + 1 == first;
}

static int run_add(struct image *image, uint64_t first, uint64_t last, uint32_t palette)
{
	struct run *run = &image->run, *single = &image->single;
	const struct run next = { first, last, palette, true };
	int error = 0;

	if (follows(single, first) && run->palette == palette) {
		error = point_add(image, single->first, single->palette);
		single->used = false;
		run->last = last;
		return error;
	}
	error = single_end(image);
	if (error)
		return error;
	if (follows(run, first)) {
		if (run->palette == palette) {
			run->last = last;
			return 0;
		}
		if (first == last) {
			*single = next;
			return 0;
		}
	}
	error = run_write(image);
	*run = next;
	return error;
}

int image_segment4(struct image *image, uint32_t first, uint32_t last, struct lookup lookup)
{
	uint32_t palette;
	int error = palette_find(image, lookup, &palette);

	return error ? error : run_add(image, first, last, palette);
}

int image_begin6(struct image *image)
{
	int error = run_flush(image);

	if (error)
		return error;
	chunk4_end(image);
	blocks_head(&image->blocks)->index4[TABLE_INDEX4] = image->next4;
	image->next6 = image->blocks.count * TABLE_ENTRIES6;
	image->v6 = true;
	return 0;
}

static int long_add(struct image *image, u128 first, uint32_t palette)
{
	if (image->long_count == image->long_room) {
		size_t room = image->long_room ? image->long_room * 2 : 256;
		struct table_long *long_prefixes =
			reallocarray(image->long_prefixes, room, sizeof(*long_prefixes));

		if (!long_prefixes)
			return -ENOMEM;
		image->long_prefixes = long_prefixes;
		image->long_room = room;
	}
	image->long_prefixes[image->long_count++] = (struct table_long){
		.high = (uint64_t)(first >> 64),
		.low = (uint64_t)first,
		.lookup = palette,
	};
	return 0;
}

int image_segment6(struct image *image, u128 first, u128 last, struct lookup lookup)
{
	uint64_t high = (uint64_t)(first >> 64), high_last = (uint64_t)(last >> 64);
	bool ends_inside = (uint64_t)last != UINT64_MAX;
	const struct lookup long_prefixes = { .country = COUNTRY_ZZ, .flags = LOOKUP_LONG };
	uint32_t palette, palette_long = 0;
	int error = palette_find(image, lookup, &palette);

	if (!error &&
	    (uint64_t)first) { /* in the last /64 of the segment before, which got long prefixes */
		error = long_add(image, first, palette);
		if (error || high == high_last)
			return error;
		high++;
	}
	if (!error && (high < high_last || !ends_inside))
		error = run_add(image, high, ends_inside ? high_last - 1 : high_last, palette);
	if (error || !ends_inside)
		return error;
	error = palette_find(image, long_prefixes, &palette_long);
	if (!error)
		error = run_add(image, high_last, high_last, palette_long);
	return error ? error : long_add(image, (u128)high_last << 64, palette);
}

int image_unused6(struct image *image)
{
	const struct lookup unknown = { .country = COUNTRY_ZZ };
	uint32_t palette;
	int error = run_flush(image);

	if (!error)
		error = palette_find(image, unknown, &palette);
	for (uint64_t top = GLOBAL_FIRST >> 48; !error && top <= GLOBAL_LAST >> 48; top++)
		error = append6(image, top << 48, true, palette);
	return error;
}

/* The long prefixes of 2000::/3 were added first; those below 2000::/3 are moved before them. */
static int long_order(struct image *image)
{
	struct table_long *long_prefixes = image->long_prefixes, *copy;
	size_t global = 0, end;

	while (global < image->long_count && long_prefixes[global].high >= GLOBAL_FIRST &&
	       long_prefixes[global].high <= GLOBAL_LAST)
		global++;
	for (end = global; end < image->long_count && long_prefixes[end].high < GLOBAL_FIRST;)
		end++;
	if (!global || end == global)
		return 0;
	copy = reallocarray(NULL, global, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, long_prefixes, global * sizeof(*copy));
	memmove(long_prefixes, long_prefixes + global, (end - global) * sizeof(*long_prefixes));
	memcpy(long_prefixes + end - global, copy, global * sizeof(*copy));
	free(copy);
	return 0;
}

static int long_write(struct image *image, uint32_t next)
{
	uint64_t begin = ((uint64_t)next + 7) / 8, end = begin + image->long_count;
	int error = long_order(image);

	if (!error)
		error = blocks_grow(&image->blocks, (end + TABLE_LONG - 1) / TABLE_LONG);
	if (error)
		return error;
	if (image->long_count)
		memcpy(image->blocks.data + begin * sizeof(*image->long_prefixes),
		       image->long_prefixes, image->long_count * sizeof(*image->long_prefixes));
	blocks_head(&image->blocks)->long_begin = (uint32_t)begin;
	blocks_head(&image->blocks)->long_end = (uint32_t)end;
	return 0;
}

/* Writes the parts whose sizes are only known at the end. */
static int rest_write(struct image *image)
{
	struct blocks *blocks = &image->blocks;
	uint32_t next = image->next6 * 2, index4, index6;
	int error = exact_hosts4_write(&image->exact_hosts4, blocks, &next, &index4);

	if (!error)
		error = exact_hosts6_write(&image->exact_hosts6, blocks, &next, &index6);
	if (error)
		return error;
	blocks_head(blocks)->exact_hosts4 = index4;
	blocks_head(blocks)->exact_hosts6 = index6;
	error = exact_hosts_blooms(&image->exact_hosts4, &image->exact_hosts6, blocks, image->next4,
				   &next);
	return error ? error : long_write(image, next);
}

void image_mixed(struct image *image, const struct table_mixed *mixed, uint32_t count)
{
	struct table_head *head = blocks_head(&image->blocks);

	memcpy(head->mixed, mixed, count * sizeof(*mixed));
	head->mixed_count = count;
}

int image_finish(struct image *image, uint64_t generation, uint64_t prefixes, uint64_t ranges,
		 struct table_image *result)
{
	struct table_head *head;
	int error = run_flush(image);

	if (error)
		return error;
	blocks_head(&image->blocks)->index6[TABLE_INDEX6] = image->next6;
	error = rest_write(image);
	if (error)
		return error;
	head = blocks_head(&image->blocks);
	head->magic = TABLE_MAGIC;
	head->contract_version = CONTRACT_VERSION;
	head->generation = generation;
	head->blocks = image->blocks.count;
	head->palette_count = image->palette_count;
	head->prefixes = prefixes;
	head->ranges = ranges;
	result->data = TAKE_PTR(image->blocks.data);
	result->blocks = image->blocks.count;
	return 0;
}
