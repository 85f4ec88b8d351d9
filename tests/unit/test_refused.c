// SPDX-License-Identifier: GPL-2.0-or-later
/* Which of the sources that limits refused within a minute are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "history/refused.h"
#include "in_range.h"

static unsigned asked;

static bool is_owner(const struct prefix *source, void *context)
{
	(void)context;
	asked++;
	return address_to4(&source->address) >> 24 == 10;
}

static struct prefix source_of(uint32_t number)
{
	return (struct prefix){ .address = address_from4(number), .length = 128 };
}

static void count(struct refused *refused, uint32_t number, uint64_t dropped)
{
	struct meter_key key = { .prefix = source_of(number), .service = 2 };
	struct prefix network = { .address = address_from4(number & ~255U), .length = 120 };

	refused_add(refused, &key.prefix, &network, "submission",
		    refused_since(refused, &key, dropped), is_owner, NULL);
}

static const struct refused_row *row_of(struct refused *refused, uint32_t number)
{
	const struct refused_row *rows;
	size_t rows_count = refused_rows(refused, &rows);
	struct prefix source = source_of(number);

	for (size_t i = 0; i < rows_count; i++)
		if (!memcmp(&rows[i].source, &source, sizeof(source)))
			return &rows[i];
	return NULL;
}

static struct refused *begun(uint32_t most)
{
	struct refused *refused = refused_new(most);

	assert_non_null(refused);
	refused_look(refused);
	refused_looked(refused, true);
	return refused;
}

static void what_stood_before_is_not_counted_and_what_came_since_is(void **state)
{
	struct refused *refused = refused_new(100);
	const struct refused_row *rows;

	(void)state;
	refused_look(refused);
	count(refused, 0x0a000001, 50);
	refused_looked(refused, true);
	assert_int_equal(refused_rows(refused, &rows), 0);
	for (int look = 1; look <= 2; look++) {
		refused_look(refused);
		count(refused, 0x0a000001, 50 + 3 * (uint64_t)look);
		count(refused, 0xcb007101, 7);
		refused_looked(refused, true);
	}
	assert_int_equal(row_of(refused, 0x0a000001)->count, 6);
	assert_true(row_of(refused, 0x0a000001)->known);
	assert_int_equal(row_of(refused, 0xcb007101)->count, 7);
	assert_false(row_of(refused, 0xcb007101)->known);
	refused_forget(refused);
	assert_int_equal(refused_rows(refused, &rows), 0);
	/* A meter that was forgotten meanwhile, and one that came back within a look. */
	refused_look(refused);
	refused_looked(refused, true);
	refused_look(refused);
	count(refused, 0x0a000001, 2);
	refused_looked(refused, true);
	assert_int_equal(row_of(refused, 0x0a000001)->count, 2);
	refused_look(refused);
	count(refused, 0x0a000001, 1);
	/* A look that failed in the middle: nobody knows where the others stand. */
	refused_looked(refused, false);
	assert_int_equal(row_of(refused, 0x0a000001)->count, 3);
	refused_look(refused);
	count(refused, 0x0a000002, 9);
	refused_looked(refused, true);
	assert_null(row_of(refused, 0x0a000002));
	refused_free(refused);
}

static void a_flood_of_strangers_takes_no_place_of_an_owner(void **state)
{
	struct refused *refused = begun(1000000);
	const struct refused_row *rows;
	size_t kept;

	(void)state;
	asked = 0;
	refused_look(refused);
	for (uint32_t i = 0; i < 3000; i++)
		count(refused, 0xc6000000 + i * 256, 1000);
	count(refused, 0x0a000001, 1);
	for (uint32_t i = 3000; i < 50000; i++)
		count(refused, 0xc6000000 + i * 256, 1000);
	refused_looked(refused, true);
	kept = refused_rows(refused, &rows);
	assert_int_equal(kept, REFUSED_KEPT + 1);
	assert_int_equal(row_of(refused, 0x0a000001)->count, 1);
	assert_int_equal(refused_left_out(refused), 50000 - REFUSED_KEPT);
	assert_int_equal(asked, REFUSED_ASKED);
	refused_free(refused);
}

static void one_network_has_few_places_and_among_networks_chance_decides(void **state)
{
	unsigned kept = 0;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct refused *refused = begun(10000);

		refused_look(refused);
		for (uint32_t i = 0; i < 256; i++)
			count(refused, 0xc6336400 + i, 1000);
		/* Comes first, as it would among entries in the order of a hash. */
		count(refused, 0xcb007101, 1);
		for (uint32_t i = 0; i < 157; i++)
			count(refused, 0xc0000000 + i * 256, 1000);
		refused_looked(refused, true);
		kept += row_of(refused, 0xcb007101) != NULL;
		refused_free(refused);
	}
	/* 16 of 160: 200 rounds, with a deviation of 13. */
	assert_within(kept, 120, 280);
}

static void beyond_its_room_nothing_is_told_of_and_nothing_is_made_up(void **state)
{
	struct refused *refused = begun(2);

	(void)state;
	refused_look(refused);
	count(refused, 0x0a000001, 5);
	count(refused, 0x0a010001, 5);
	count(refused, 0x0a020001, 5);
	refused_looked(refused, true);
	assert_non_null(row_of(refused, 0x0a000001));
	assert_null(row_of(refused, 0x0a020001));
	/* There is room now, but its 5 are of before. */
	refused_look(refused);
	refused_looked(refused, true);
	refused_look(refused);
	count(refused, 0x0a020001, 5);
	refused_looked(refused, true);
	refused_look(refused);
	count(refused, 0x0a020001, 6);
	refused_looked(refused, true);
	assert_within(row_of(refused, 0x0a020001)->count, 1, 6);
	refused_free(refused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stood_before_is_not_counted_and_what_came_since_is),
		cmocka_unit_test(a_flood_of_strangers_takes_no_place_of_an_owner),
		cmocka_unit_test(one_network_has_few_places_and_among_networks_chance_decides),
		cmocka_unit_test(beyond_its_room_nothing_is_told_of_and_nothing_is_made_up),
	};

	return cmocka_run_group_tests_name("refused", tests, NULL, NULL);
}
