// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of addresses against naive models over a small universe. Speed: scripts/bench, not here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "lists/ranges.h"
#include "lists_random.h"

#define UNIVERSE 2048

static uint32_t value_of(int64_t found)
{
	return found < 0 ? UINT32_MAX : (uint32_t)found;
}

struct painted {
	uint32_t first, last, value;
};

/* A universe at both ends of the address space and in its middle, in both families. */
static const uint32_t base4[] = { 0, 0x7ffffc00, UINT32_MAX - UNIVERSE + 1 };

static u128 base6(unsigned i)
{
	const u128 bases[] = { 0, ((u128)0x20010db8 << 96) - UNIVERSE / 2,
			       (u128)-1 - UNIVERSE + 1 };

	return bases[i];
}

/* Narrower wins, then later. */
static void paint_narrower(const struct painted *items, size_t count, uint32_t *model)
{
	for (uint32_t at = 0; at < UNIVERSE; at++) {
		const struct painted *best = NULL;

		for (size_t i = 0; i < count; i++) {
			if (items[i].first > at || items[i].last < at)
				continue;
			if (!best || items[i].last - items[i].first <= best->last - best->first)
				best = &items[i];
		}
		model[at] = best ? best->value : UINT32_MAX;
	}
}

static void paint_lowest(const struct painted *items, size_t count, uint32_t *model)
{
	for (uint32_t at = 0; at < UNIVERSE; at++) {
		model[at] = UINT32_MAX;
		for (size_t i = 0; i < count; i++)
			if (items[i].first <= at && items[i].last >= at &&
			    items[i].value < model[at])
				model[at] = items[i].value;
	}
}

static size_t random_items(struct painted *items, size_t most, uint32_t values)
{
	size_t count = random_below(most + 1);

	for (size_t i = 0; i < count; i++) {
		uint32_t a = random_below(UNIVERSE), width = random_below(random_below(400) + 1);

		items[i].first = a;
		items[i].last = a + width < UNIVERSE ? a + width : UNIVERSE - 1;
		items[i].value = random_below(values);
	}
	return count;
}

static void assert_normal(const struct ranges *ranges)
{
	for (size_t i = 0; i < ranges->count4; i++) {
		const struct range4 *here = &ranges->v4[i], *before = here - 1;

		assert_true(here->first <= here->last);
		if (!i)
			continue;
		assert_true(before->last < here->first);
		assert_false(before->last + 1 == here->first && before->value == here->value);
	}
	for (size_t i = 0; i < ranges->count6; i++) {
		const struct range6 *here = &ranges->v6[i], *before = here - 1;

		assert_true(here->first <= here->last);
		if (!i)
			continue;
		assert_true(before->last < here->first);
		assert_false(before->last + 1 == here->first && before->value == here->value);
	}
}

static void check_model(const struct ranges *ranges, unsigned base, const uint32_t *model)
{
	for (uint32_t at = 0; at < UNIVERSE; at++) {
		struct address a4 = address_from4(base4[base] + at);
		struct address a6 = address_from_key(base6(base) + at);

		assert_int_equal(value_of(ranges_find(ranges, &a4)), model[at]);
		assert_int_equal(value_of(ranges_find(ranges, &a6)), model[at]);
	}
}

static void run_model(int (*resolve)(struct ranges *),
		      void (*paint)(const struct painted *, size_t, uint32_t *), uint32_t values)
{
	for (unsigned round = 0; round < 300; round++) {
		struct painted items[120];
		uint32_t model[UNIVERSE];
		size_t count = random_items(items, 120, values);
		struct ranges ranges = { 0 };
		unsigned base = round % 3;

		for (size_t i = 0; i < count; i++) {
			assert_int_equal(ranges_add4(&ranges, base4[base] + items[i].first,
						     base4[base] + items[i].last, items[i].value),
					 0);
			assert_int_equal(ranges_add6(&ranges, base6(base) + items[i].first,
						     base6(base) + items[i].last, items[i].value),
					 0);
		}
		assert_int_equal(resolve(&ranges), 0);
		assert_normal(&ranges);
		paint(items, count, model);
		check_model(&ranges, base, model);
		ranges_free(&ranges);
	}
}

static void narrower_then_later_wins_where_values_differ(void **state)
{
	(void)state;
	run_model(ranges_normalise, paint_narrower, 5);
}

static void ranges_of_one_value_merge(void **state)
{
	(void)state;
	run_model(ranges_normalise, paint_narrower, 1);
}

static void lowest_value_wins_in_a_rule_file(void **state)
{
	(void)state;
	run_model(ranges_resolve_lowest, paint_lowest, 60);
}

static void reversed_range_is_refused(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	assert_int_equal(ranges_add4(&ranges, 2, 1, 0), -EINVAL);
	assert_int_equal(ranges_add6(&ranges, 2, 1, 0), -EINVAL);
	assert_int_equal(ranges.count4 + ranges.count6, 0);
}

static void normalising_nothing_is_nothing(void **state)
{
	struct ranges ranges = { 0 };
	struct address address = address_from4(1);

	(void)state;
	assert_int_equal(ranges_normalise(&ranges), 0);
	assert_int_equal(ranges_find(&ranges, &address), -1);
	assert_int_equal(ranges_count_prefixes(&ranges), 0);
}

struct rebuilt {
	struct ranges ranges;
	uint64_t prefixes;
};

static int rebuild(const struct prefix *prefix, uint32_t value, void *context)
{
	struct rebuilt *rebuilt = context;
	struct address masked = address_mask(&prefix->address, prefix->length);

	assert_int_equal(address_compare(&masked, &prefix->address), 0);
	rebuilt->prefixes++;
	return ranges_add_prefix(&rebuilt->ranges, prefix, value);
}

static void assert_same(const struct ranges *a, const struct ranges *b)
{
	assert_int_equal(a->count4, b->count4);
	assert_int_equal(a->count6, b->count6);
	for (size_t i = 0; i < a->count4; i++)
		assert_memory_equal(&a->v4[i], &b->v4[i], sizeof(a->v4[i]));
	for (size_t i = 0; i < a->count6; i++) {
		assert_true(a->v6[i].first == b->v6[i].first && a->v6[i].last == b->v6[i].last);
		assert_int_equal(a->v6[i].value, b->v6[i].value);
	}
}

static void prefixes_rebuild_the_ranges_they_came_from(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		struct ranges ranges = { 0 };
		struct rebuilt rebuilt = { 0 };

		for (unsigned i = 0; i < 8; i++) {
			uint32_t a = random32() >> random_below(32), b = random32();
			u128 c = random128() >> random_below(128), d = random128();

			ranges_add4(&ranges, a < b ? a : b, a < b ? b : a, i % 3);
			ranges_add6(&ranges, c < d ? c : d, c < d ? d : c, i % 3);
		}
		assert_int_equal(ranges_normalise(&ranges), 0);
		assert_int_equal(ranges_each_prefix(&ranges, rebuild, &rebuilt), 0);
		assert_int_equal(rebuilt.prefixes, ranges_count_prefixes(&ranges));
		assert_int_equal(ranges_normalise(&rebuilt.ranges), 0);
		assert_same(&ranges, &rebuilt.ranges);
		ranges_free(&ranges);
		ranges_free(&rebuilt.ranges);
	}
}

static void whole_space_is_one_prefix_per_family(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	ranges_add4(&ranges, 0, UINT32_MAX, 0);
	ranges_add4(&ranges, 5, UINT32_MAX, 0);
	ranges_add6(&ranges, 0, (u128)-1, 0);
	ranges_add6(&ranges, (u128)-1, (u128)-1, 0);
	assert_int_equal(ranges_normalise(&ranges), 0);
	assert_int_equal(ranges.count4, 1);
	assert_int_equal(ranges.count6, 1);
	assert_int_equal(ranges_count_prefixes(&ranges), 2);
	ranges_free(&ranges);
}

static int stop_at_third(const struct prefix *prefix, uint32_t value, void *context)
{
	(void)prefix;
	(void)value;
	return ++*(int *)context == 3 ? -EINTR : 0;
}

static void walk_ends_when_the_callback_says_so(void **state)
{
	struct ranges ranges = { 0 };
	int calls = 0;

	(void)state;
	ranges_add4(&ranges, 1, 1000, 0);
	assert_int_equal(ranges_each_prefix(&ranges, stop_at_third, &calls), -EINTR);
	assert_int_equal(calls, 3);
	ranges_free(&ranges);
}

static void random_set(struct ranges *ranges, bool *model, unsigned base)
{
	struct painted items[40];
	size_t count = random_items(items, 40, 1);

	memset(model, 0, UNIVERSE * sizeof(*model));
	*ranges = (struct ranges){ 0 };
	for (size_t i = 0; i < count; i++) {
		ranges_add4(ranges, base4[base] + items[i].first, base4[base] + items[i].last, 0);
		ranges_add6(ranges, base6(base) + items[i].first, base6(base) + items[i].last, 0);
		for (uint32_t at = items[i].first; at <= items[i].last; at++)
			model[at] = true;
	}
	assert_int_equal(ranges_normalise(ranges), 0);
}

static void subtracting_leaves_what_only_the_first_has(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct ranges a, b, rest;
		bool in_a[UNIVERSE], in_b[UNIVERSE];
		uint32_t model[UNIVERSE];

		random_set(&a, in_a, round % 3);
		random_set(&b, in_b, round % 3);
		assert_int_equal(ranges_subtract(&rest, &a, &b), 0);
		for (uint32_t at = 0; at < UNIVERSE; at++)
			model[at] = in_a[at] && !in_b[at] ? 0 : UINT32_MAX;
		assert_normal(&rest);
		check_model(&rest, round % 3, model);
		ranges_free(&a);
		ranges_free(&b);
		ranges_free(&rest);
	}
}

static void a_million_random_ranges_come_out_normal(void **state)
{
	struct ranges ranges = { 0 };

	(void)state;
	for (unsigned i = 0; i < 1000000; i++) {
		uint32_t first = random32();

		ranges_add4(&ranges, first, first | random_below(256), 0);
		if (i % 8 == 0)
			ranges_add6(&ranges, (u128)random32() << 64 | first,
				    (u128)random32() << 65 | (u128)1 << 100, 0);
	}
	assert_int_equal(ranges_normalise(&ranges), 0);
	assert_normal(&ranges);
	ranges_free(&ranges);
}

static bool exceeds(const char *text, unsigned count, unsigned percent)
{
	struct ranges ranges = { 0 };
	struct prefix prefix;
	bool result;

	assert_int_equal(prefix_parse(text, strlen(text), &prefix), 0);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(ranges_add_prefix(&ranges, &prefix, 0), 0);
		prefix.address.byte[0]++; /* no neighbours */
	}
	assert_int_equal(ranges_normalise(&ranges), 0);
	result = ranges_exceed(&ranges, percent);
	ranges_free(&ranges);
	return result;
}

static void a_share_of_all_addresses_is_counted_in_both_families(void **state)
{
	(void)state;
	assert_false(exceeds("2a00::/20", 40, 2));
	assert_true(exceeds("2a00::/20", 41, 2));
	assert_false(exceeds("2a00::/12", 2, 25));
	assert_true(exceeds("2a00::/12", 3, 25));
	assert_true(exceeds("::/0", 1, 25));
	assert_false(exceeds("2a00::1/128", 100, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(narrower_then_later_wins_where_values_differ),
		cmocka_unit_test(ranges_of_one_value_merge),
		cmocka_unit_test(lowest_value_wins_in_a_rule_file),
		cmocka_unit_test(reversed_range_is_refused),
		cmocka_unit_test(normalising_nothing_is_nothing),
		cmocka_unit_test(prefixes_rebuild_the_ranges_they_came_from),
		cmocka_unit_test(whole_space_is_one_prefix_per_family),
		cmocka_unit_test(walk_ends_when_the_callback_says_so),
		cmocka_unit_test(subtracting_leaves_what_only_the_first_has),
		cmocka_unit_test(a_share_of_all_addresses_is_counted_in_both_families),
		cmocka_unit_test(a_million_random_ranges_come_out_normal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
