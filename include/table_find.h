/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The look-up in the static table: pure arithmetic over the layout of table.h, compiled into the
 * gate and into user space. A file that includes this one defines table_block().
 */
#ifndef SEKISHO_TABLE_FIND_H
#define SEKISHO_TABLE_FIND_H

#include "table.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* Block number `block` (not 0, which is the head) of the image, or NULL. Each side defines its own.
 */
static __always_inline const void *table_block(const struct table_head *head, __u32 block);

/* The same for any block. */
static __always_inline const void *table_any(const struct table_head *head, __u32 block)
{
	return block ? table_block(head, block) : head;
}

/* All bits if `entry` <= `key`, else none; the lowest bit of `key` must be set. No compiler turns
 * this arithmetic into a branch: random sources would mispredict every second one. */
static __always_inline __u64 table_mask(__u64 entry, __u64 key)
{
	__u64 mask = (__u64)((__s64)((entry >> 1) - (key >> 1) - 1) >> 63);

	asm volatile("" : "+r"(mask));
	return mask;
}

/* The last of the `count` (>= 1) entries from `base` on that is <= key; if none is, the first. A
 * chunk has at most 65536 entries; 17 halvings leave one. */
static __always_inline __u32 table_search4(const __u32 *entries, __u32 base, __u32 count, __u32 key)
{
	for (int step = 0; step < 17 && count > 1; step++) {
		__u32 half = count >> 1;

		base += half &
			(__u32)table_mask(entries[(base + half) & (TABLE_ENTRIES4 - 1)], key);
		count -= half;
	}
	return entries[base & (TABLE_ENTRIES4 - 1)];
}

/*
 * The same for u64 entries; a block holds 2^18. The search branches while more than a cache line of
 * entries is left: the processor can then fetch the next entry that it predicts beside this one.
 */
static __always_inline __u64 table_search6(const __u64 *entries, __u32 base, __u32 count, __u64 key)
{
	for (int step = 0; step < 16 && count > 8; step++) {
		__u32 half = count >> 1;

		if (entries[(base + half) & (TABLE_ENTRIES6 - 1)] <= key)
			base += half;
		count -= half;
	}
	for (int step = 0; step < 3 && count > 1; step++) {
		__u32 half = count >> 1;

		base += half &
			(__u32)table_mask(entries[(base + half) & (TABLE_ENTRIES6 - 1)], key);
		count -= half;
	}
	return entries[base & (TABLE_ENTRIES6 - 1)];
}

/* The same for the IPv4 chunk from `begin` to `end`; false: it is empty. */
static __always_inline bool table_chunk4(const struct table_head *head, __u32 begin, __u32 end,
					 __u32 key, __u32 *found)
{
	const __u32 *entries = table_any(head, begin / TABLE_ENTRIES4);
	__u32 rest = TABLE_ENTRIES4 - begin % TABLE_ENTRIES4;

	if (!entries || end <= begin)
		return false;
	if (rest > end - begin)
		rest = end - begin;
	*found = table_search4(entries, begin, rest, key);
	return true;
}

/* The same for an IPv6 chunk, which may lie in several blocks. */
static __always_inline bool table_chunk6(const struct table_head *head, __u32 begin, __u32 end,
					 __u64 key, __u64 *found)
{
	__u32 first = begin / TABLE_ENTRIES6, count = (end - 1) / TABLE_ENTRIES6 + 1 - first;
	const __u64 *entries;

	if (end <= begin)
		return false;
	/* Which block? Each but the first begins with an entry of this chunk. */
	for (int step = 0; step < 12 && count > 1; step++) {
		__u32 half = count >> 1;

		entries = table_block(head, first + half);
		if (!entries)
			return false;
		first += half & (__u32)table_mask(entries[0], key);
		count -= half;
	}
	entries = table_block(head, first);
	if (!entries)
		return false;
	if (begin / TABLE_ENTRIES6 != first)
		begin = first * TABLE_ENTRIES6;
	if ((end - 1) / TABLE_ENTRIES6 != first)
		end = (first + 1) * TABLE_ENTRIES6;
	*found = table_search6(entries, begin, end - begin, key);
	return true;
}

/* False: there is no exact host with this key. */
static __always_inline bool table_bloom(const struct table_head *head,
					const struct table_bloom *bloom, __u64 key)
{
	__u64 bit = key >> bloom->shift;
	__u32 word = bloom->begin + (__u32)(bit / 64);
	const __u64 *words;

	if (!bloom->begin)
		return false;
	words = table_any(head, word / TABLE_ENTRIES6);
	return words && words[word & (TABLE_ENTRIES6 - 1)] >> (bit & 63) & 1;
}

/* Where a chunk of exact hosts begins and ends, from their index, which is at position `index`. */
static __always_inline bool table_exact_hosts(const struct table_head *head, __u32 index,
					      __u32 chunk, __u32 *begin, __u32 *end)
{
	const __u32 *entries = table_block(head, index / TABLE_ENTRIES4);

	if (!entries)
		return false;
	*begin = entries[(index + chunk) & (TABLE_ENTRIES4 - 1)];
	*end = entries[(index + chunk + 1) & (TABLE_ENTRIES4 - 1)];
	return true;
}

/* Whether the IPv4 address is an exact host, and the palette index of its lookup. */
static __always_inline bool table_point4(const struct table_head *head, __u32 address,
					 __u32 *palette)
{
	__u32 key = address * TABLE_SCATTER4, begin, end, found = 0;

	if (!table_bloom(head, &head->bloom4, key) ||
	    !table_exact_hosts(head, head->exact_hosts4, key >> 16, &begin, &end) ||
	    !table_chunk4(head, begin, end, key << 16 | 0xffff, &found))
		return false;
	*palette = found & (TABLE_PALETTE - 1);
	return found >> 16 == (key & 0xffff);
}

/* The same for an IPv6 /64, given as its upper half. */
static __always_inline bool table_point6(const struct table_head *head, __u64 high, __u32 *palette)
{
	__u64 key = high * TABLE_SCATTER6, found = 0;
	__u32 begin, end;

	if (!table_bloom(head, &head->bloom6, key) ||
	    !table_exact_hosts(head, head->exact_hosts6, (__u32)(key >> 48), &begin, &end) ||
	    !table_chunk6(head, begin, end, key << 16 | 0xffff, &found))
		return false;
	*palette = (__u32)found & (TABLE_PALETTE - 1);
	return found >> 16 == key << 16 >> 16;
}

/* A lookup of the palette, resolved for `service` (below SERVICE_MAX). */
static __always_inline struct lookup table_of_service(const struct table_head *head,
						      struct lookup lookup, __u32 service)
{
	const struct table_mixed *mixed;
	__u32 index = lookup.list + ((__u32)(lookup.flags & LOOKUP_INDEX) << 4U);

	if (!(lookup.flags & LOOKUP_MIXED))
		return lookup;
	/* Verifiers before 6.2 know no bounds of the OR into which clang turns the sum. */
	asm volatile("" : "+r"(index));
	mixed = &head->mixed[index & (TABLE_MIXED - 1)];
	asm volatile("" : "+r"(service));
	service &= SERVICE_MAX - 1;
	lookup.list = mixed->list[service];
	lookup.flags = LOOKUP_MIXED;
	if (lookup.list)
		lookup.flags |= mixed->allow >> service & 1 ? LOOKUP_ALLOW : LOOKUP_DENY;
	return lookup;
}

/* The lookup of an IPv4 address in host order, for a service. */
static __always_inline struct lookup table_find4(const struct table_head *head, __u32 address,
						 __u32 service)
{
	struct lookup unknown = { .country = COUNTRY_ZZ };
	__u32 chunk = address >> 16, found = 0;

	if (!table_point4(head, address, &found) &&
	    !table_chunk4(head, head->index4[chunk], head->index4[chunk + 1],
			  address << 16 | 0xffff, &found))
		return unknown;
	return table_of_service(head, head->palette[found & (TABLE_PALETTE - 1)], service);
}

/* The lookup result of the long prefix that holds high:low, for a /64 whose lookup has LOOKUP_LONG.
 */
static __always_inline struct lookup table_find_long(const struct table_head *head, __u64 high,
						     __u64 low)
{
	struct lookup lookup = { .country = COUNTRY_ZZ };
	__u32 base = head->long_begin, count = head->long_end - head->long_begin;

	for (int step = 0; step < 28 && count; step++) {
		__u32 half = count >> 1, at = base + half;
		const struct table_long *block = table_block(head, at / TABLE_LONG);
		const struct table_long *long_prefixes;

		if (!block)
			return lookup;
		long_prefixes = &block[at & (TABLE_LONG - 1)];
		if (long_prefixes->high < high ||
		    (long_prefixes->high == high && long_prefixes->low <= low)) {
			if (long_prefixes->high == high)
				lookup = head->palette[long_prefixes->lookup & (TABLE_PALETTE - 1)];
			base = at + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return lookup;
}

/* The lookup of an IPv6 address, both halves in host order, for a service. With LOOKUP_LONG other
 * addresses of the /64 may have another lookup. */
static __always_inline struct lookup table_find6(const struct table_head *head, __u64 high,
						 __u64 low, __u32 service)
{
	struct lookup lookup = { .country = COUNTRY_ZZ };
	__u32 chunk = high >> 61 == 1 ? (__u32)(high >> 45) & 0xffff
				      : TABLE_INDEX4 + (__u32)(high >> 48);
	__u32 palette;
	__u64 found = 0;

	chunk &= TABLE_INDEX6 - 1;
	if (!table_point6(head, high, &palette)) {
		if (!table_chunk6(head, head->index6[chunk], head->index6[chunk + 1],
				  high << 16 | 0xffff, &found))
			return lookup;
		palette = (__u32)found;
	}
	lookup = head->palette[palette & (TABLE_PALETTE - 1)];
	if (lookup.flags & LOOKUP_LONG) {
		lookup = table_of_service(head, table_find_long(head, high, low), service);
		lookup.flags |= LOOKUP_LONG;
		return lookup;
	}
	return table_of_service(head, lookup, service);
}

#endif
