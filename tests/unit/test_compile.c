// SPDX-License-Identifier: GPL-2.0-or-later
/* The compiled table against the ranges it was made of, and against the layout rules of table.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "compile_world.h"
#include "lists/country.h"
#include "provided.h"

static void empty_world_is_unknown_everywhere(void **state)
{
	struct world world = { 0 };
	struct fault fault;

	(void)state;
	assert_int_equal(table_compile(NULL, NULL, 0, 1, &world.image, &fault), 0);
	check_layout(&world);
	check_world(&world, 1000);
	assert_int_equal(world.image.blocks, 2);
	world_free(&world);
}

static void random_countries_and_lists_answer_as_their_ranges(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		struct world world = { 0 };

		add_random_prefixes(&world.countries, 3000, COUNTRY_COUNT);
		for (unsigned id = 1; id <= 12; id++)
			add_random_prefixes(world_list(&world, (id * 37) % 255 + 1, id % 3 == 0),
					    1000, 1);
		compile(&world);
		check_world(&world, 34000);
		world_free(&world);
	}
}

static void two_hundred_and_fifty_five_lists_fit(void **state)
{
	struct world world = { 0 };

	(void)state;
	for (unsigned id = LISTS_MOST; id >= 1; id--)
		add_random_prefixes(world_list(&world, id, id % 2), 30, 1);
	compile(&world);
	check_world(&world, 5000);
	world_free(&world);
}

static void allow_beats_deny_and_the_lower_id_decides(void **state)
{
	struct world world = { 0 };
	struct address address = address_from4(0x01020304);

	(void)state;
	ranges_add4(world_list(&world, 2, false), 0x01020300, 0x010203ff, 0);
	ranges_add4(world_list(&world, 9, true), 0x01020304, 0x01020307, 0);
	ranges_add4(world_list(&world, 5, true), 0x01020305, 0x01020305, 0);
	ranges_add4(world_list(&world, 1, false), 0x01020309, 0x01020309, 0);
	compile(&world);
	assert_int_equal(table_image_find(&world.image, &address, 1).list, 9);
	assert_int_equal(table_image_find(&world.image, &address, 1).flags, LOOKUP_ALLOW);
	address = address_from4(0x01020305);
	assert_int_equal(table_image_find(&world.image, &address, 1).list, 5);
	address = address_from4(0x01020308);
	assert_int_equal(table_image_find(&world.image, &address, 1).list, 2);
	address = address_from4(0x01020309);
	assert_int_equal(table_image_find(&world.image, &address, 1).list, 1);
	world_free(&world);
}

/* Beside lists that decide, of which some are for some services only. */
static void lists_give_codes_in_place_of_countries(void **state)
{
	struct address address = address_from4(0x01020304), lan = address_from4(0x0a000001);
	struct world world = { 0 };

	(void)state;
	add_random_prefixes(&world.countries, 3000, COUNTRY_COUNT);
	ranges_add4(&world.countries, 0x01020000, 0x0102ffff, COUNTRY_XA);
	for (unsigned id = 1; id <= 9; id++) {
		add_random_prefixes(world_list(&world, id * 7, id % 3 == 0), 1000, 1);
		world.lists[id - 1].services = id == 6 ? 0x10 : 0;
		world.lists[id - 1].code = id % 3 == 1 ? (uint16_t)(COUNTRY_XA + id) : 0;
	}
	ranges_add4(world_list(&world, 200, false), 0x01020300, 0x010203ff, 0);
	world.lists[9].code = COUNTRY_XA;
	ranges_add4(world_list(&world, 201, false), 0x0a000000, 0x0a0000ff, 0);
	world.lists[10].code = COUNTRY_XA + COUNTRY_CODES - 1;
	compile(&world);
	check_world(&world, 34000);
	/* The data's XA is none beside a list's. */
	assert_int_equal(lookup_own_country(table_image_find(&world.image, &address, 1).country),
			 COUNTRY_ZZ);
	assert_int_equal(table_image_find(&world.image, &lan, 1).country, COUNTRY_LAN);
	world_free(&world);
}

static void a_service_judges_by_the_code_that_it_names(void **state)
{
	static struct policy policy;
	const unsigned coded = 100 | 3 << LOOKUP_CODE_SHIFT; /* XC */

	(void)state;
	policy.country_class[1][COUNTRY_XA + 2] = CLASS_UNNAMED;
	policy.country_class[2][COUNTRY_XA + 2] = CLASS_DENY;
	assert_int_equal(lookup_country(&policy, 1, 100), 100);
	assert_int_equal(lookup_country(&policy, 1, coded), 100);
	assert_int_equal(lookup_country(&policy, 2, coded), COUNTRY_XA + 2);
	assert_int_equal(lookup_country(&policy, 1, COUNTRY_COUNT), COUNTRY_ZZ);
	assert_int_equal(lookup_country(&policy, 2, 100 | 27 << LOOKUP_CODE_SHIFT), 100); /* none */
}

static void whole_space_and_its_ends_are_found(void **state)
{
	struct world world = { 0 };
	struct ranges *list;

	(void)state;
	ranges_add4(&world.countries, 0, UINT32_MAX, 5);
	ranges_add6(&world.countries, 0, (u128)-1, 6);
	list = world_list(&world, 1, false);
	ranges_add4(list, 0, 0, 0);
	ranges_add4(list, UINT32_MAX, UINT32_MAX, 0);
	ranges_add6(list, 0, 0, 0);
	ranges_add6(list, (u128)-1, (u128)-1, 0);
	compile(&world);
	check_world(&world, 1000);
	world_free(&world);
}

static void all_of_ipv6_says_nothing_of_ipv4(void **state)
{
	struct world world = { 0 };

	(void)state;
	ranges_add6(world_list(&world, 1, false), 0, (u128)-1, 0);
	compile(&world);
	check_address(&world, address_from_key((u128)0xffff << 32));
	check_address(&world, address_from_key(((u128)0xffff << 32) + UINT32_MAX));
	check_address(&world, address_from_key(((u128)0xffff << 32) - 1));
	check_address(&world, address_from_key((u128)0x10000 << 32));
	/* not even asked in the IPv6 part */
	assert_int_equal(table_find6(world.image.data, 0, 0xffff01020304, 1).list, 0);
	assert_int_equal(table_find6(world.image.data, 0, 0xfffe01020304, 1).list, 1);
	world_free(&world);
}

/* Entries that repeat the one before: a chunk has moved. */
static size_t padding4(const struct world *world)
{
	const struct table_head *head = world->image.data;
	size_t found = 0;

	for (uint32_t at = head->index4[0] + 1; at < head->index4[TABLE_INDEX4]; at++)
		found += *entry4(world, at) == *entry4(world, at - 1) && *entry4(world, at) >> 16;
	return found;
}

/* Three leaves in turn, so that none is a point: 65536 entries in a chunk, 16 such chunks fill a
 * block exactly but for the chunks before, so that chunks have to move to the next block. */
static void full_ipv4_chunks_move_to_the_next_block(void **state)
{
	struct ranges *lists[3] = { NULL };
	struct world world = { 0 };

	(void)state;
	lists[0] = world_list(&world, 1, false);
	lists[1] = world_list(&world, 2, false);
	for (uint32_t i = 0; i < 22 * 65536; i++)
		if (lists[i % 3])
			ranges_add4(lists[i % 3], 0x05000000 + i, 0x05000000 + i, 0);
	for (uint32_t i = 0; i < 4 * 65536; i++) /* the last chunk of all crosses, too */
		if (lists[i % 3])
			ranges_add4(lists[i % 3], 0xffffffff - i, 0xffffffff - i, 0);
	compile(&world);
	check_world(&world, 30000);
	assert_true(padding4(&world) > 1000);
	world_free(&world);
}

static void ipv6_chunk_spans_several_blocks(void **state)
{
	const struct table_head *head;
	struct world world = { 0 };
	struct ranges *lists[3] = { NULL };
	unsigned chunk = 0x20010db8U >> 13 & 0xffff; /* bits 3..18 of 2001:db8:: */

	(void)state;
	lists[0] = world_list(&world, 1, false);
	lists[1] = world_list(&world, 2, false);
	for (u128 i = 0; i < 2 * TABLE_ENTRIES6 + 20000; i++) {
		u128 first = ((u128)0x20010db8 << 96) + (i << 64);

		if (lists[i % 3])
			ranges_add6(lists[i % 3], first, first + (((u128)1 << 64) - 1), 0);
	}
	for (u128 i = 0; i < 300000; i++) { /* and outside 2000::/3 */
		u128 first = ((u128)0xfc00 << 112) + (i << 66);

		ranges_add6(lists[0], first, first + (((u128)1 << 65) - 1), 0);
	}
	compile(&world);
	head = world.image.data;
	assert_true(head->index6[chunk + 1] - head->index6[chunk] > 2 * TABLE_ENTRIES6);
	check_world(&world, 30000);
	world_free(&world);
}

static void prefixes_longer_than_64_go_deep(void **state)
{
	const struct table_head *head;
	struct world world = { 0 };
	struct ranges *list;

	(void)state;
	list = world_list(&world, 1, false);
	for (u128 i = 0; i < TABLE_LONG + 1000; i++) { /* more than one block of deep entries */
		u128 first = ((u128)0x20010db8 << 96) + (i << 64) + (i & 0xffff);

		ranges_add6(list, first, first + i % 5, 0);
	}
	for (u128 i = 0; i < 3000; i++) { /* below and above 2000::/3: order of the deep part */
		ranges_add6(list, ((u128)0x0100 << 112) + i * 3, ((u128)0x0100 << 112) + i * 3, 0);
		ranges_add6(list, ((u128)0xfd00 << 112) + (i << 63),
			    ((u128)0xfd00 << 112) + (i << 63), 0);
	}
	/* a range that begins in one /64 and ends in another, and one that fills up to its end */
	ranges_add6(list, ((u128)0x2a00 << 112) + 5, ((u128)0x2a00 << 112) + ((u128)7 << 64) + 9,
		    0);
	ranges_add6(list, ((u128)0x2a01 << 112) + 5, ((u128)0x2a01 << 112) + UINT64_MAX, 0);
	ranges_add6(&world.countries, (u128)0x2a00 << 112, ((u128)0x2a01 << 112) + 77, 42);
	compile(&world);
	head = world.image.data;
	assert_true(head->long_end - head->long_begin > 2 * TABLE_LONG);
	check_world(&world, 30000);
	world_free(&world);
}

static void a_list_id_of_0_or_twice_is_refused(void **state)
{
	struct ranges none = { 0 };
	struct compile_list zero = { "zero", 0, false, &none, 0 };
	struct compile_list twice[] = { { "a", 3, false, &none, 0 }, { "b", 3, false, &none, 0 } };
	struct table_image image;
	struct fault fault;

	(void)state;
	assert_int_equal(table_compile(NULL, &zero, 1, 1, &image, &fault), -EINVAL);
	assert_int_equal(table_compile(NULL, twice, 2, 1, &image, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "b"));
}

static void too_many_combinations_are_refused(void **state)
{
	struct world world = { 0 };
	struct table_image image;
	struct fault fault;
	unsigned made = 0;

	(void)state;
	for (unsigned id = 1; id <= 100; id++) {
		struct ranges *list = world_list(&world, id, false);

		ranges_add4(list, id << 20, (id << 20) + 676, 0);
		for (uint32_t c = 0; c < COUNTRY_COUNT; c++, made++)
			ranges_add4(&world.countries, (id << 20) + c, (id << 20) + c, c);
	}
	assert_true(made > TABLE_PALETTE);
	assert_int_equal(ranges_normalise(&world.countries), 0);
	assert_int_equal(table_compile(&world.countries, world.lists, world.count, 1, &image,
				       &fault),
			 -ENOSPC);
	world_free(&world);
}

static void head_says_what_was_compiled(void **state)
{
	const struct table_head *head;
	struct world world = { 0 };

	(void)state;
	ranges_add4(&world.countries, 1, 9, 3);
	ranges_add6(&world.countries, 1, 9, 3);
	ranges_add4(world_list(&world, 1, false), 1, 2, 0);
	ranges_add4(world_list(&world, 4, true), 8, 15, 0);
	compile(&world);
	head = world.image.data;
	assert_int_equal(head->generation, 7);
	assert_int_equal(head->prefixes, 3);
	assert_int_equal(head->ranges, 2);
	world_free(&world);
}

static void debian_country_data_answers_as_its_ranges(void **state)
{
	char *files[2];
	struct world world = { 0 };
	struct fault fault;

	(void)state;
	if (!provided_geoip(files)) {
		print_message("no country data: scripts/bootstrap could not fetch tor-geoipdb\n");
		skip();
	}
	if (country_load(files, 2, &world.countries, &fault))
		fail_msg("%s", fault.text);
	add_random_prefixes(world_list(&world, 1, false), 50000, 1);
	compile(&world);
	check_world(&world, 100000);
	world_free(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_world_is_unknown_everywhere),
		cmocka_unit_test(random_countries_and_lists_answer_as_their_ranges),
		cmocka_unit_test(two_hundred_and_fifty_five_lists_fit),
		cmocka_unit_test(allow_beats_deny_and_the_lower_id_decides),
		cmocka_unit_test(lists_give_codes_in_place_of_countries),
		cmocka_unit_test(a_service_judges_by_the_code_that_it_names),
		cmocka_unit_test(whole_space_and_its_ends_are_found),
		cmocka_unit_test(all_of_ipv6_says_nothing_of_ipv4),
		cmocka_unit_test(full_ipv4_chunks_move_to_the_next_block),
		cmocka_unit_test(ipv6_chunk_spans_several_blocks),
		cmocka_unit_test(prefixes_longer_than_64_go_deep),
		cmocka_unit_test(a_list_id_of_0_or_twice_is_refused),
		cmocka_unit_test(too_many_combinations_are_refused),
		cmocka_unit_test(head_says_what_was_compiled),
		cmocka_unit_test(debian_country_data_answers_as_its_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
