/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Countries and lists with the table compiled of them; the naive model that it is asked against;
 * the rules of table.h that an image keeps. For the tests of the compiler, who include this after
 * cmocka.h.
 */
#ifndef SEKISHO_COMPILE_WORLD_H
#define SEKISHO_COMPILE_WORLD_H

#include <stdlib.h>

#include "checked.h"
#include "lists/compile.h"
#include "lists_random.h"
#include "table_find.h"

static __always_inline const void *table_block(const struct table_head *head, __u32 block)
{
	return (const char *)head + (size_t)block * TABLE_BLOCK;
}

#define LISTS_MOST 255

struct world {
	struct ranges countries;
	struct ranges sets[LISTS_MOST];
	struct compile_list lists[LISTS_MOST];
	size_t count;
	struct table_image image;
};

static inline struct ranges *world_list(struct world *world, unsigned id, bool allow)
{
	struct ranges *set = &world->sets[world->count];

	world->lists[world->count++] =
		(struct compile_list){ "test", (uint8_t)id, allow, set, 0, 0 };
	return set;
}

static inline void world_free(struct world *world)
{
	table_image_free(&world->image);
	ranges_free(&world->countries);
	for (size_t i = 0; i < world->count; i++)
		ranges_free(&world->sets[i]);
}

/* The naive model: each list asked in turn. */
static inline struct lookup model(const struct world *world, const struct address *address,
				  unsigned service)
{
	struct lookup lookup = { .country = COUNTRY_ZZ };
	int64_t country = ranges_find(&world->countries, address);
	unsigned coded = 0; /* id of the list whose code it has */

	if (country >= 0)
		lookup.country = (__u16)country;
	if (country == COUNTRY_LAN) /* which no data may say */
		lookup.country = COUNTRY_ZZ;
	if (address_is_lan(address))
		lookup.country = COUNTRY_LAN;
	for (size_t i = 0; i < world->count; i++) {
		const struct compile_list *list = &world->lists[i];

		if (list->code == country && list->code &&
		    !address_is_lan(address)) /* which the data may not say, either */
			lookup.country = COUNTRY_ZZ;
	}
	for (size_t i = 0; i < world->count && lookup.country != COUNTRY_LAN; i++) {
		const struct compile_list *list = &world->lists[i];

		if (!list->code || (coded && coded < list->id) ||
		    ranges_find(list->ranges, address) < 0)
			continue;
		coded = list->id;
		lookup.country = (__u16)(lookup_own_country(lookup.country) |
					 (list->code - COUNTRY_XA + 1U) << LOOKUP_CODE_SHIFT);
	}
	for (size_t i = 0; i < world->count; i++) {
		const struct compile_list *list = &world->lists[i];
		bool better =
			!lookup.list || (list->allow && lookup.flags == LOOKUP_DENY) ||
			(list->allow == (lookup.flags == LOOKUP_ALLOW) && list->id < lookup.list);

		if (list->code || (list->services && !(list->services >> service & 1)))
			continue;
		if (!better || ranges_find(list->ranges, address) < 0)
			continue;
		lookup.list = list->id;
		lookup.flags = list->allow ? LOOKUP_ALLOW : LOOKUP_DENY;
	}
	return lookup;
}

static inline void check_address(const struct world *world, struct address address)
{
	static unsigned turn;
	unsigned service = turn++ % SERVICE_MAX;
	struct lookup found = table_image_find(&world->image, &address, service);
	struct lookup expected = model(world, &address, service);
	char text[ADDRESS_TEXT_SIZE];

	if (!memcmp(&found, &expected, sizeof(found)))
		return;
	address_format(&address, text);
	fail_msg("%s on %u: found %u/%u/%u, expected %u/%u/%u", text, service, found.country,
		 found.list, found.flags, expected.country, expected.list, expected.flags);
}

/* Of a family: of longer lists, as many spread over them. */
#define EDGES_MOST (is_under_valgrind() ? 4000U : 200000U)

static inline void check_edges(const struct world *world, const struct ranges *ranges)
{
	size_t step4 = ranges->count4 / EDGES_MOST + 1, step6 = ranges->count6 / EDGES_MOST + 1;

	for (size_t i = random_below((uint32_t)step4); i < ranges->count4; i += step4)
		for (uint32_t d = 0; d < 3; d++) {
			check_address(world, address_from4(ranges->v4[i].first - 1 + d));
			check_address(world, address_from4(ranges->v4[i].last - 1 + d));
		}
	for (size_t i = random_below((uint32_t)step6); i < ranges->count6; i += step6)
		for (u128 d = 0; d < 3; d++) {
			check_address(world, address_from_key(ranges->v6[i].first - 1 + d));
			check_address(world, address_from_key(ranges->v6[i].last - 1 + d));
			/* and the /64s around */
			check_address(world, address_from_key(ranges->v6[i].first + (d << 64)));
			check_address(world, address_from_key(ranges->v6[i].last - (d << 64)));
		}
}

static inline u128 random_global(void)
{
	u128 address = random128() >> 3 | (u128)1 << 125;

	/* near others rather than alone */
	return random_below(2) ? address
			       : address & ~((((u128)1 << 85) - 1) << (random_below(3) ? 33 : 0));
}

static inline void check_world(const struct world *world, unsigned randoms)
{
	check_edges(world, &world->countries);
	for (size_t i = 0; i < world->count; i++)
		check_edges(world, &world->sets[i]);
	if (is_under_valgrind())
		randoms /= 10;
	for (unsigned i = 0; i < randoms; i++) {
		check_address(world, address_from4(random32()));
		check_address(world, address_from_key(random_global()));
		check_address(world, address_from_key(random128()));
	}
}

static inline const uint32_t *entry4(const struct world *world, uint32_t position)
{
	return (const uint32_t *)world->image.data + position;
}

static inline uint64_t entry6(const struct world *world, uint32_t position)
{
	return ((const uint64_t *)world->image.data)[position];
}

static inline void check_layout4(const struct world *world)
{
	const struct table_head *head = world->image.data;

	assert_int_equal(head->index4[0], TABLE_BEGIN4);
	assert_true(TABLE_BEGIN4 * 4 >= sizeof(*head));
	for (unsigned i = 0; i < TABLE_INDEX4; i++) {
		uint32_t begin = head->index4[i], end = head->index4[i + 1];

		assert_true(begin < end);
		assert_int_equal(begin / TABLE_ENTRIES4, (end - 1) / TABLE_ENTRIES4);
		assert_int_equal(*entry4(world, begin) >> 16, 0);
		assert_true(end - begin <= 1 << 17);
		for (uint32_t at = begin; at < end; at++) {
			assert_true((*entry4(world, at) & 0xffff) < head->palette_count);
			if (at == begin)
				continue;
			if (at > begin + 1 && /* of one leaf around a single one: a point */
			    *entry4(world, at) >> 16 == (*entry4(world, at - 1) >> 16) + 1)
				assert_int_not_equal(*entry4(world, at) & 0xffff,
						     *entry4(world, at - 2) & 0xffff);
			if (*entry4(world, at) >> 16 == *entry4(world, at - 1) >> 16)
				assert_int_equal(*entry4(world, at), *entry4(world, at - 1));
			else
				assert_true(*entry4(world, at) > *entry4(world, at - 1));
		}
	}
}

static inline void check_layout6(const struct world *world)
{
	const struct table_head *head = world->image.data;

	assert_int_equal(head->index6[0] % TABLE_ENTRIES6, 0);
	assert_true(head->index6[0] / TABLE_ENTRIES6 >
		    (head->index4[TABLE_INDEX4] - 1) / TABLE_ENTRIES4);
	for (unsigned i = 0; i < TABLE_INDEX6; i++) {
		uint32_t begin = head->index6[i], end = head->index6[i + 1];
		uint64_t below = (1ULL << (i < TABLE_INDEX4 ? 45 : 48)) - 1;

		assert_true(begin < end);
		assert_int_equal(entry6(world, begin) >> 16 & below, 0);
		for (uint32_t at = begin; at < end; at++) {
			assert_true((entry6(world, at) & 0xffff) < head->palette_count);
			if (at > begin)
				assert_true(entry6(world, at) >> 16 > entry6(world, at - 1) >> 16);
			if (at > begin + 1 &&
			    entry6(world, at) >> 16 == (entry6(world, at - 1) >> 16) + 1)
				assert_int_not_equal(entry6(world, at) & 0xffff,
						     entry6(world, at - 2) & 0xffff);
		}
	}
}

/* What undoes the product with an odd constant: each round doubles the right bits. */
static inline uint64_t inverse(uint64_t odd)
{
	uint64_t found = odd;

	for (unsigned i = 0; i < 5; i++)
		found *= 2 - odd * found;
	return found;
}

/* The palette index that the ranges alone have. */
static inline uint32_t range4(const struct world *world, uint32_t address)
{
	const struct table_head *head = world->image.data;
	uint32_t found = 0;

	assert_true(table_chunk4(head, head->index4[address >> 16],
				 head->index4[(address >> 16) + 1], address << 16 | 0xffff,
				 &found));
	return found & 0xffff;
}

static inline uint32_t range6(const struct world *world, uint64_t high)
{
	const struct table_head *head = world->image.data;
	uint32_t chunk = high >> 61 == 1 ? (uint32_t)(high >> 45) & 0xffff
					 : TABLE_INDEX4 + (uint32_t)(high >> 48);
	__u64 found = 0;

	assert_true(table_chunk6(head, head->index6[chunk], head->index6[chunk + 1],
				 high << 16 | 0xffff, &found));
	return (uint32_t)found & 0xffff;
}

/* A Bloom filter has exactly the bits of its keys, and at least TABLE_BLOOM_BITS for each. */
static inline void check_bloom(const struct world *world, const struct table_bloom *bloom,
			       const uint64_t *keys, size_t count, unsigned key_bits)
{
	const uint64_t *words = (const uint64_t *)world->image.data + bloom->begin;
	uint64_t bits = count ? 1ULL << (key_bits - bloom->shift) : 0;
	uint64_t *expected = calloc(bits / 64 + 1, sizeof(*expected));

	assert_int_equal(!count, !bloom->begin);
	assert_true(!count || bits >= 64);
	assert_true(bits >= count * TABLE_BLOOM_BITS || (count && !bloom->shift));
	assert_true(bits <= 64 || bits < count * TABLE_BLOOM_BITS * 2);
	assert_true(bloom->begin + bits / 64 <= (uint64_t)world->image.blocks * TABLE_ENTRIES6);
	for (size_t i = 0; i < count; i++)
		expected[(keys[i] >> bloom->shift) / 64] |= 1ULL << (keys[i] >> bloom->shift) % 64;
	assert_memory_equal(expected, words, bits / 8);
	free(expected);
}

/* The index of a family's points; all zero where there are none. */
static inline const uint32_t *exact_hosts_index(const struct world *world, uint32_t position)
{
	static const uint32_t none[TABLE_EXACT_HOSTS + 1];

	if (!position)
		return none;
	assert_int_equal(position / TABLE_ENTRIES4,
			 (position + TABLE_EXACT_HOSTS) / TABLE_ENTRIES4);
	return entry4(world, position);
}

/* Positions of u32: where the ranges end, where the points do. */
static inline uint32_t ranges_end(const struct world *world)
{
	return ((const struct table_head *)world->image.data)->index6[TABLE_INDEX6] * 2;
}

static inline uint32_t exact_hosts_end(const struct world *world)
{
	const struct table_head *head = world->image.data;

	if (head->exact_hosts6)
		return exact_hosts_index(world, head->exact_hosts6)[TABLE_EXACT_HOSTS] * 2;
	return head->exact_hosts4 ? exact_hosts_index(world, head->exact_hosts4)[TABLE_EXACT_HOSTS]
				  : ranges_end(world);
}

/* It lies behind the ranges of IPv4 in block 0, or behind all points; nor do the two overlap. One
 * that fits into block 0 lies there. */
static inline void check_bloom_place(const struct world *world, const struct table_bloom *bloom,
				     unsigned key_bits)
{
	const struct table_head *head = world->image.data;
	const struct table_bloom *other = bloom == &head->bloom4 ? &head->bloom6 : &head->bloom4;
	uint64_t free = ((uint64_t)head->index4[TABLE_INDEX4] + 15) / 16 * 8;
	bool in_head = bloom->begin < TABLE_ENTRIES6;
	uint64_t words, end;

	if (!bloom->begin)
		return;
	words = (1ULL << (key_bits - bloom->shift)) / 64;
	end = bloom->begin + words;
	if (bloom == &head->bloom6 && head->bloom4.begin && head->bloom4.begin < TABLE_ENTRIES6)
		free += (1ULL << (32 - head->bloom4.shift)) / 64;
	assert_int_equal(in_head, free + words <= TABLE_ENTRIES6);
	if (in_head)
		assert_true(bloom->begin >= free && end <= TABLE_ENTRIES6);
	else
		assert_true(bloom->begin * 2ULL >= exact_hosts_end(world));
	assert_true(other->begin < bloom->begin || other->begin >= end);
}

static inline void check_points4(const struct world *world)
{
	const struct table_head *head = world->image.data;
	const uint32_t *index = exact_hosts_index(world, head->exact_hosts4);
	uint64_t *keys = calloc(index[TABLE_EXACT_HOSTS] - index[0] + 1, sizeof(*keys));
	size_t count = 0;

	assert_true(!head->exact_hosts4 || head->exact_hosts4 >= ranges_end(world));
	assert_true(!head->exact_hosts4 || index[0] > head->exact_hosts4 + TABLE_EXACT_HOSTS);
	for (uint32_t i = 0; i < TABLE_EXACT_HOSTS; i++) {
		uint32_t begin = index[i], end = index[i + 1];

		assert_true(begin <= end);
		for (uint32_t at = begin; at < end; at++) {
			uint32_t entry = *entry4(world, at);
			uint32_t address =
				(i << 16 | entry >> 16) * (uint32_t)inverse(TABLE_SCATTER4);

			if (at > begin && entry == *entry4(world, at - 1)) {
				/* up to the block's end nothing else */
				assert_int_equal(end % TABLE_ENTRIES4, 0);
				assert_int_equal(entry, *entry4(world, end - 1));
				break;
			}
			assert_int_equal(begin / TABLE_ENTRIES4, at / TABLE_ENTRIES4);
			assert_true(at == begin || entry >> 16 > *entry4(world, at - 1) >> 16);
			assert_true((entry & 0xffff) < head->palette_count);
			assert_int_not_equal(entry & 0xffff, range4(world, address));
			assert_true(address && ~address);
			assert_int_equal(range4(world, address), range4(world, address - 1));
			assert_int_equal(range4(world, address), range4(world, address + 1));
			keys[count++] = i << 16 | entry >> 16;
		}
	}
	check_bloom(world, &head->bloom4, keys, count, 32);
	free(keys);
}

static inline void check_points6(const struct world *world)
{
	const struct table_head *head = world->image.data;
	const uint32_t *index = exact_hosts_index(world, head->exact_hosts6);
	uint64_t *keys = calloc(index[TABLE_EXACT_HOSTS] - index[0] + 1, sizeof(*keys));
	size_t count = 0;

	assert_true(
		!head->exact_hosts6 ||
		head->exact_hosts6 >=
			(head->exact_hosts4
				 ? exact_hosts_index(world, head->exact_hosts4)[TABLE_EXACT_HOSTS]
				 : ranges_end(world)));
	assert_true(!head->exact_hosts6 || index[0] * 2 > head->exact_hosts6 + TABLE_EXACT_HOSTS);
	for (uint64_t i = 0; i < TABLE_EXACT_HOSTS; i++) {
		uint32_t begin = index[i], end = index[i + 1];

		assert_true(begin <= end);
		for (uint32_t at = begin; at < end; at++) {
			uint64_t entry = entry6(world, at), key = i << 48 | entry >> 16;
			uint64_t high = key * inverse(TABLE_SCATTER6);

			assert_true(at == begin || entry >> 16 > entry6(world, at - 1) >> 16);
			assert_true((entry & 0xffff) < head->palette_count);
			assert_int_not_equal(entry & 0xffff, range6(world, high));
			assert_true(high && ~high);
			assert_int_equal(range6(world, high), range6(world, high - 1));
			assert_int_equal(range6(world, high), range6(world, high + 1));
			keys[count++] = key;
		}
	}
	check_bloom(world, &head->bloom6, keys, count, 64);
	check_bloom_place(world, &head->bloom4, 32);
	check_bloom_place(world, &head->bloom6, 64);
	free(keys);
}

static inline void check_layout_deep(const struct world *world)
{
	const struct table_head *head = world->image.data;
	const struct table_long *long_prefixes = world->image.data;

	assert_true(head->long_begin <= head->long_end);
	assert_true(head->long_begin * 8ULL >= exact_hosts_end(world));
	for (const struct table_bloom *bloom = &head->bloom4; bloom <= &head->bloom6; bloom++) {
		unsigned bits = (bloom == &head->bloom4 ? 32 : 64) - bloom->shift;

		if (bloom->begin >= TABLE_ENTRIES6)
			assert_true(head->long_begin * 4ULL >= bloom->begin + (1ULL << bits) / 64);
	}
	for (uint32_t at = head->long_begin; at < head->long_end; at++) {
		bool same = at > head->long_begin &&
			    long_prefixes[at].high == long_prefixes[at - 1].high;

		assert_true(long_prefixes[at].lookup < head->palette_count);
		if (same)
			assert_true(long_prefixes[at].low > long_prefixes[at - 1].low);
		else
			assert_int_equal(long_prefixes[at].low, 0);
		if (!same && at > head->long_begin)
			assert_true(long_prefixes[at].high > long_prefixes[at - 1].high);
	}
	assert_true(!head->long_end ||
		    (head->long_end + TABLE_LONG - 1) / TABLE_LONG <= head->blocks);
}

static inline void check_layout(const struct world *world)
{
	const struct table_head *head = world->image.data;

	assert_int_equal(head->magic, TABLE_MAGIC);
	assert_int_equal(head->contract_version, CONTRACT_VERSION);
	assert_int_equal(head->blocks, world->image.blocks);
	check_layout4(world);
	check_layout6(world);
	check_points4(world);
	check_points6(world);
	check_layout_deep(world);
}

static inline void compile(struct world *world)
{
	struct fault fault = { 0 };

	assert_int_equal(ranges_normalise(&world->countries), 0);
	for (size_t i = 0; i < world->count; i++)
		assert_int_equal(ranges_normalise(&world->sets[i]), 0);
	if (table_compile(&world->countries, world->lists, world->count, 7, &world->image, &fault))
		fail_msg("%s", fault.text);
	check_layout(world);
}

static inline void add_random_prefixes(struct ranges *ranges, unsigned count, uint32_t values)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t first = random32();
		unsigned bits = random_below(16), bits6 = random_below(110);
		u128 first6 = random_below(8) ? random_global() : random128();

		first = first >> bits << bits;
		first6 = first6 >> bits6 << bits6;
		ranges_add4(ranges, first, first | ((1U << bits) - 1), random_below(values));
		ranges_add6(ranges, first6, first6 | (((u128)1 << bits6) - 1),
			    random_below(values));
	}
}

#endif
