/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The look-up in the static table: pure arithmetic over the layout of table.h, compiled into the
 * gate and into user space. Who includes this defines table_block().
 */
#ifndef SEKISHO_TABLE_FIND_H
#define SEKISHO_TABLE_FIND_H

#include "table.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* Block number `block` of the image, or NULL. Each side defines its own before it looks up. */
static __always_inline const void *table_block(void *table, __u32 block);

/* The last of the `count` (>= 1) entries from `base` on that is <= key, given that the first is.
 * 17 halvings leave one of a chunk's at most 65536. */
static __always_inline __u32 table_search4(const __u32 *entries, __u32 base, __u32 count, __u32 key)
{
	for (int step = 0; step < 17 && count > 1; step++) {
		__u32 half = count >> 1;

		if (entries[(base + half) & (TABLE_ENTRIES4 - 1)] <= key)
			base += half;
		count -= half;
	}
	return entries[base & (TABLE_ENTRIES4 - 1)];
}

/* The same for u64 entries; a block holds 2^18. */
static __always_inline __u64 table_search6(const __u64 *entries, __u32 base, __u32 count, __u64 key)
{
	for (int step = 0; step < 19 && count > 1; step++) {
		__u32 half = count >> 1;

		if (entries[(base + half) & (TABLE_ENTRIES6 - 1)] <= key)
			base += half;
		count -= half;
	}
	return entries[base & (TABLE_ENTRIES6 - 1)];
}

/* The leaf of an IPv4 address in host order. `head` is block 0 of `table`. */
static __always_inline struct leaf table_find4(const struct table_head *head, void *table,
					       __u32 address)
{
	struct leaf unknown = { .country = COUNTRY_ZZ };
	__u32 begin = head->index4[address >> 16];
	__u32 end = head->index4[(address >> 16) + 1];
	const __u32 *entries = table_block(table, begin / TABLE_ENTRIES4);
	__u32 rest, found;

	if (!entries || end <= begin)
		return unknown;
	rest = TABLE_ENTRIES4 - begin % TABLE_ENTRIES4;
	if (rest > end - begin)
		rest = end - begin;
	found = table_search4(entries, begin, rest, address << 16 | 0xffff);
	return head->palette[found & (TABLE_PALETTE - 1)];
}

/* The deep leaf of high:low, for a /64 whose leaf has LEAF_DEEP. */
static __always_inline struct leaf table_find_deep(const struct table_head *head, void *table,
						   __u64 high, __u64 low)
{
	struct leaf leaf = { .country = COUNTRY_ZZ };
	__u32 base = head->deep_begin, count = head->deep_end - head->deep_begin;

	for (int step = 0; step < 28 && count; step++) {
		__u32 half = count >> 1, at = base + half;
		const struct table_deep *block = table_block(table, at / TABLE_DEEP);
		const struct table_deep *deep;

		if (!block)
			return leaf;
		deep = &block[at & (TABLE_DEEP - 1)];
		if (deep->high < high || (deep->high == high && deep->low <= low)) {
			if (deep->high == high)
				leaf = head->palette[deep->leaf & (TABLE_PALETTE - 1)];
			base = at + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return leaf;
}

/* The leaf of an IPv6 address, both halves in host order. With LEAF_DEEP it may not be that of all
 * of the /64. */
static __always_inline struct leaf table_find6(const struct table_head *head, void *table,
					       __u64 high, __u64 low)
{
	struct leaf leaf = { .country = COUNTRY_ZZ };
	__u64 key = high << 16 | 0xffff;
	__u32 chunk = high >> 61 == 1 ? (__u32)(high >> 45) & 0xffff
				      : TABLE_INDEX4 + (__u32)(high >> 48);
	__u32 begin = head->index6[chunk & (TABLE_INDEX6 - 1)];
	__u32 end = head->index6[(chunk & (TABLE_INDEX6 - 1)) + 1];
	__u32 first = begin / TABLE_ENTRIES6, last = (end - 1) / TABLE_ENTRIES6;
	const __u64 *entries;

	if (end <= begin)
		return leaf;
	/* A chunk over several blocks: which one? Each but the first begins with its own entry. */
	for (int step = 0; step < 13 && first < last; step++) {
		__u32 middle = (first + last + 1) / 2;

		entries = table_block(table, middle);
		if (!entries)
			return leaf;
		if (entries[0] <= key)
			first = middle;
		else
			last = middle - 1;
	}
	entries = table_block(table, first);
	if (!entries)
		return leaf;
	if (begin / TABLE_ENTRIES6 != first)
		begin = first * TABLE_ENTRIES6;
	if ((end - 1) / TABLE_ENTRIES6 != first)
		end = (first + 1) * TABLE_ENTRIES6;
	leaf = head->palette[table_search6(entries, begin, end - begin, key) & (TABLE_PALETTE - 1)];
	if (leaf.flags & LEAF_DEEP) {
		leaf = table_find_deep(head, table, high, low);
		leaf.flags |= LEAF_DEEP;
	}
	return leaf;
}

#endif
