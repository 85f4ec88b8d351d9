// SPDX-License-Identifier: GPL-2.0-or-later
/* Points of the compiled table: single addresses and /64s that the ranges do not hold. The layout
 * itself is checked by compile(), for every world of the list tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "compile_world.h"

static size_t exact_hosts4(const struct world *world)
{
	const struct table_head *head = world->image.data;
	const uint32_t *index = exact_hosts_index(world, head->exact_hosts4);

	return index[TABLE_EXACT_HOSTS] - index[0];
}

static size_t exact_hosts6(const struct world *world)
{
	const struct table_head *head = world->image.data;
	const uint32_t *index = exact_hosts_index(world, head->exact_hosts6);

	return index[TABLE_EXACT_HOSTS] - index[0];
}

static void add64(struct ranges *list, uint64_t high)
{
	ranges_add6(list, (u128)high << 64, (u128)high << 64 | UINT64_MAX, 0);
}

static uint64_t random64(void)
{
	return (uint64_t)random32() << 32 | random32();
}

static void no_single_one_makes_no_point_and_no_bloom(void **state)
{
	const struct table_head *head;
	struct world world = { 0 };

	(void)state;
	ranges_add4(world_list(&world, 1, false), 16, 17, 0);
	ranges_add6(&world.sets[0], (u128)16 << 64, (u128)18 << 64, 0);
	compile(&world);
	head = world.image.data;
	assert_int_equal(exact_hosts4(&world), 0);
	assert_int_equal(exact_hosts6(&world), 0);
	assert_int_equal(head->bloom4.begin, 0);
	assert_int_equal(head->bloom6.begin, 0);
	check_world(&world, 1000);
	world_free(&world);
}

static void one_single_address_makes_one_point(void **state)
{
	struct world world = { 0 };
	struct ranges *list = world_list(&world, 1, false);

	(void)state;
	ranges_add4(list, 0x01020304, 0x01020304, 0);
	add64(list, 0x20010db800000001);
	compile(&world);
	assert_int_equal(exact_hosts4(&world), 1);
	assert_int_equal(exact_hosts6(&world), 1);
	assert_int_equal(world.image.blocks, 2);
	check_world(&world, 1000);
	world_free(&world);
}

/* Listed, not listed, listed: the second is a run of one, too, and still no point. Where two lists
 * meet nothing is single. */
static void alternating_singles_are_points_of_the_leaf_around(void **state)
{
	struct world world = { 0 };
	struct ranges *list = world_list(&world, 1, false), *other = world_list(&world, 2, true);

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		ranges_add4(list, 0x0a00fff0 + 2 * i, 0x0a00fff0 + 2 * i, 0);
		add64(list, 0x20010db80000fff0 + 2 * i);
	}
	ranges_add4(list, 0x0b000000, 0x0b000000, 0); /* next to each other: two leaves, no point */
	ranges_add4(other, 0x0b000001, 0x0b000001, 0);
	ranges_add4(other, 0x0c000001, 0x0c000001, 0); /* within a longer one */
	ranges_add4(list, 0x0c000000, 0x0c000002, 0);
	compile(&world);
	assert_int_equal(exact_hosts4(&world), 101);
	assert_int_equal(exact_hosts6(&world), 100);
	check_world(&world, 1000);
	world_free(&world);
}

static void edges_of_the_spaces_are_found(void **state)
{
	static const uint64_t edges[] = {
		0,
		1,
		2,
		0x1ffffffffffffffe,
		0x1fffffffffffffff,
		0x2000000000000000,
		0x2000000000000001,
		0x3ffffffffffffffe,
		0x3fffffffffffffff,
		0x4000000000000000,
		0x4000000000000001,
		0xfffffffffffffffe,
		0xffffffffffffffff,
		/* of chunks */
		0x20001fffffffffff,
		0x2000200000000000,
		0xfcffffffffffffff,
		0xfd00000000000000,
	};
	static const uint32_t edges4[] = { 0,	       1,	   2,	       0xffff,
					   0x10000,    0x10001,	   0x7fffffff, 0x80000000,
					   0xfffeffff, 0xffff0000, 0xfffffffd, 0xfffffffe,
					   0xffffffff };
	const unsigned count = sizeof(edges) / sizeof(*edges);
	const unsigned count4 = sizeof(edges4) / sizeof(*edges4);

	(void)state;
	/* each alone, then random ones of them together */
	for (unsigned round = 0; round < count + 60; round++) {
		struct world world = { 0 };
		struct ranges *list = world_list(&world, 1, false);

		for (unsigned i = 0; i < count; i++)
			if (round < count ? i == round : random_below(2))
				add64(list, edges[i]);
		for (unsigned i = 0; i < count4; i++)
			if (round < count ? i == round : random_below(2))
				ranges_add4(list, edges4[i], edges4[i], 0);
		if (random_below(2)) /* the mapped range's neighbours, and all of its /64 */
			ranges_add6(list, ((u128)0xffff << 32) - 1, ((u128)0xffff << 32) - 1, 0);
		if (random_below(2))
			ranges_add6(list, (u128)0x10000 << 32, (u128)0x10000 << 32, 0);
		compile(&world);
		check_world(&world, 10);
		for (unsigned i = 0; i < count; i++)
			for (uint64_t d = 0; d < 3; d++)
				check_address(&world,
					      address_from_key((u128)(edges[i] - 1 + d) << 64 | 7));
		for (unsigned i = 0; i < count4; i++)
			for (uint32_t d = 0; d < 3; d++)
				check_address(&world, address_from4(edges4[i] - 1 + d));
		world_free(&world);
	}
}

/* Few addresses, many lists on them: every neighbourhood occurs, and all are asked. */
static void crowded_singles_answer_as_their_ranges(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 30; round++) {
		struct world world = { 0 };
		uint32_t base = random32() & 0xffff0000;
		uint64_t high = random64(), long_prefixes = random_below(2);
		unsigned density = 1 + random_below(200);

		for (unsigned i = 0; i < 400; i += 1 + random_below(density))
			ranges_add4(&world.countries, base - 200 + i,
				    base - 200 + i + random_below(2), random_below(4));
		for (unsigned id = 1; id <= 4; id++) {
			struct ranges *list = world_list(&world, id, id % 2);

			for (unsigned i = 0; i < 400; i += 1 + random_below(density)) {
				uint32_t at = base - 200 + i;
				u128 first = (u128)(high - 200 + i) << 64;

				if (random_below(8))
					ranges_add4(list, at, at, 0);
				else
					ranges_add4(list, at & ~3U, at | 3, 0);
				if (long_prefixes && random_below(3) == 0)
					ranges_add6(list, first + 5, first + 5 + random32(), 0);
				else
					ranges_add6(list, first, first | UINT64_MAX, 0);
			}
		}
		compile(&world);
		for (uint32_t i = 0; i < 500; i++) {
			u128 key = (u128)(high - 250 + i) << 64;

			check_address(&world, address_from4(base - 250 + i));
			check_address(&world, address_from_key(key));
			check_address(&world, address_from_key(key | 5));
			check_address(&world, address_from_key(key | UINT64_MAX));
		}
		check_world(&world, 100);
		world_free(&world);
	}
}

static void deep_64s_may_be_points(void **state)
{
	struct address address = address_from_key((u128)0x20010db800000007 << 64 | 9);
	struct world world = { 0 };
	struct ranges *list = world_list(&world, 1, false);

	(void)state;
	for (uint64_t i = 0; i < 3000; i++)
		ranges_add6(list, (u128)(0x20010db800000001 + 2 * i) << 64 | 9,
			    (u128)(0x20010db800000001 + 2 * i) << 64 | 9, 0);
	compile(&world);
	assert_int_equal(exact_hosts6(&world), 3000);
	assert_int_equal(table_image_find(&world.image, &address, 1).list, 1);
	check_world(&world, 1000);
	world_free(&world);
}

/* Every second address of a /10, and more: chunks of points move to the next block, and the Bloom
 * filter is too large for block 0. */
static void more_points_than_a_block_holds(void **state)
{
	const struct table_head *head;
	struct world world = { 0 };
	struct ranges *list = world_list(&world, 1, false);

	(void)state;
	for (uint32_t i = 0; i < 2 * TABLE_ENTRIES4 + 77; i++)
		ranges_add4(list, 0x05000001 + 2 * i, 0x05000001 + 2 * i, 0);
	compile(&world);
	head = world.image.data;
	assert_true(exact_hosts4(&world) > 2 * TABLE_ENTRIES4 + 77); /* and gaps */
	assert_true(head->bloom4.begin / TABLE_ENTRIES6 <
		    (head->bloom4.begin + (1U << (32 - head->bloom4.shift)) / 64 - 1) /
			    TABLE_ENTRIES6);
	check_world(&world, 30000);
	world_free(&world);
}

/* A list made on purpose: all keys of one chunk, and some around it. Whoever looks for what such a
 * chunk does not hold must not find its neighbour in the gap. */
static void crowded_ipv4_chunks_with_empty_ones_between(void **state)
{
	const uint32_t back = (uint32_t)inverse(TABLE_SCATTER4);
	struct world world = { 0 };
	struct ranges *list = world_list(&world, 1, false);

	(void)state;
	/* no whole chunks: 65536 of them would be neighbours of each other */
	for (uint32_t chunk = 40; chunk < 40 + 60; chunk += 5)
		for (uint32_t low = 0; low < 65536; low++)
			if (low % 7 || chunk % 2)
				ranges_add4(list, (chunk << 16 | low) * back,
					    (chunk << 16 | low) * back, 0);
	compile(&world);
	assert_true(exact_hosts4(&world) > 600000);
	for (uint32_t chunk = 30; chunk < 120; chunk++)
		for (uint32_t low = 0; low < 65536; low += 1 + random_below(100))
			check_address(&world, address_from4((chunk << 16 | low) * back));
	check_world(&world, 1000);
	world_free(&world);
}

static void ipv6_points_of_one_chunk_span_blocks(void **state)
{
	enum { MANY = 2 * TABLE_ENTRIES6 + 80000 };
	const uint64_t back = inverse(TABLE_SCATTER6);
	const struct table_head *head;
	const uint32_t *index;
	struct world world = { 0 };
	struct ranges *list = world_list(&world, 1, false);

	(void)state;
	for (uint64_t i = 0; i < MANY; i++)
		add64(list, (0xabcdULL << 48 | i << 20) * back);
	for (uint64_t i = 0; i < 1000; i++) {
		add64(list, (0xabccULL << 48 | i << 20) * back);
		add64(list, (0xabceULL << 48 | i << 20) * back);
	}
	compile(&world);
	head = world.image.data;
	index = exact_hosts_index(&world, head->exact_hosts6);
	assert_true(index[0xabce] - index[0xabcd] > 2 * TABLE_ENTRIES6);
	check_world(&world, 1000);
	for (unsigned i = 0; i < (is_under_valgrind() ? 4000 : 100000); i++) {
		uint64_t key = 0xabcdULL << 48 | (uint64_t)random_below(MANY + 100) << 20;
		u128 address = (u128)((key + random_below(2)) * back) << 64;

		check_address(&world, address_from_key(address));
	}
	world_free(&world);
}

static void a_full_palette_has_points_to_its_last_leaf(void **state)
{
	const struct table_head *head;
	struct world world = { 0 };
	const unsigned most = TABLE_PALETTE - COUNTRY_COUNT - 1;
	unsigned made = 0;

	(void)state;
	/* One leaf more is that of ::1, which is longer than a /64; LAN is no country of data. */
	for (unsigned id = 1; made < most; id++) {
		struct ranges *list = world_list(&world, id, false);

		for (uint32_t c = 0; c < COUNTRY_COUNT && made < most; c++) {
			uint32_t at = 0x05000000 + (id << 16) + 8 * c;

			if (c == COUNTRY_LAN)
				continue;
			made++;
			ranges_add4(&world.countries, at, at + 7, c);
			ranges_add4(list, at + 3, at + 3, 0);
			ranges_add4(list, at + 5, at + 5, 0);
		}
	}
	compile(&world);
	head = world.image.data;
	assert_int_equal(head->palette_count, TABLE_PALETTE);
	assert_true(exact_hosts4(&world) >= 2 * made);
	check_world(&world, 10);
	world_free(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_single_one_makes_no_point_and_no_bloom),
		cmocka_unit_test(one_single_address_makes_one_point),
		cmocka_unit_test(alternating_singles_are_points_of_the_leaf_around),
		cmocka_unit_test(edges_of_the_spaces_are_found),
		cmocka_unit_test(crowded_singles_answer_as_their_ranges),
		cmocka_unit_test(deep_64s_may_be_points),
		cmocka_unit_test(more_points_than_a_block_holds),
		cmocka_unit_test(crowded_ipv4_chunks_with_empty_ones_between),
		cmocka_unit_test(ipv6_points_of_one_chunk_span_blocks),
		cmocka_unit_test(a_full_palette_has_points_to_its_last_leaf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
