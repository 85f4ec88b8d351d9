// SPDX-License-Identifier: GPL-2.0-or-later
/* Ranges as BLOBs: what is packed comes back, and damage is refused or leaves normal ranges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "store/pack.h"

__attribute__((weak)) void ranges_free(struct ranges *ranges)
{
	free(ranges->v4);
	free(ranges->v6);
	*ranges = (struct ranges){ 0 };
}

#define MOST 40

/* Of all sizes up to `most` bits. */
static u128 random_bits(unsigned most)
{
	u128 number = 0;

	for (int i = 0; i < 5; i++)
		number = number << 31 | (uint64_t)random();
	return number >> (127 - (unsigned)random() % most);
}

/* Ascending and disjoint, now and then up to the last address. */
static struct ranges random_ranges(bool values)
{
	struct ranges ranges = { .v4 = calloc(MOST, sizeof(*ranges.v4)),
				 .v6 = calloc(MOST, sizeof(*ranges.v6)) };
	uint64_t next4 = 0;
	u128 next6 = 0;

	while (ranges.count4 < MOST && next4 <= UINT32_MAX) {
		uint64_t first = next4 + (uint32_t)random_bits(28);
		uint64_t last = first + (uint32_t)random_bits(28);

		if (first > UINT32_MAX)
			break;
		if (last > UINT32_MAX)
			last = UINT32_MAX;
		ranges.v4[ranges.count4++] =
			(struct range4){ (uint32_t)first, (uint32_t)last,
					 values ? (uint32_t)random() % 676 : 0 };
		next4 = last + 1;
	}
	for (u128 first, last; ranges.count6 < MOST; next6 = last + 1) {
		first = next6 + (random() % 2 ? 0 : random_bits(125));
		last = first + random_bits(125);
		if (first < next6 || (ranges.count6 && !next6))
			break;
		if (last < first)
			last = ~(u128)0;
		ranges.v6[ranges.count6].first = first;
		ranges.v6[ranges.count6].last = last;
		ranges.v6[ranges.count6++].value = values ? (uint32_t)random() % 676 : 0;
	}
	return ranges;
}

static void expect_same(const struct ranges *a, const struct ranges *b)
{
	assert_int_equal(a->count4, b->count4);
	assert_int_equal(a->count6, b->count6);
	if (a->count4)
		assert_memory_equal(a->v4, b->v4, a->count4 * sizeof(*a->v4));
	for (size_t i = 0; i < a->count6; i++)
		assert_true(a->v6[i].first == b->v6[i].first && a->v6[i].last == b->v6[i].last &&
			    a->v6[i].value == b->v6[i].value);
}

static void random_ranges_come_back(void **state)
{
	(void)state;
	srandom(11);
	for (int i = 0; i < 5000; i++) {
		_cleanup_(ranges_free) struct ranges put = random_ranges(i % 2), got = { 0 };
		_cleanup_free_ unsigned char *data = NULL;
		size_t size;

		assert_int_equal(pack_ranges(&put, &data, &size), 0);
		assert_int_equal(unpack_ranges(data, size, &got), 0);
		expect_same(&put, &got);
	}
}

static void expect_normal(const struct ranges *ranges)
{
	for (size_t i = 0; i < ranges->count4; i++) {
		assert_true(ranges->v4[i].first <= ranges->v4[i].last);
		assert_true(!i || ranges->v4[i - 1].last < ranges->v4[i].first);
	}
	for (size_t i = 0; i < ranges->count6; i++) {
		assert_true(ranges->v6[i].first <= ranges->v6[i].last);
		assert_true(!i || ranges->v6[i - 1].last < ranges->v6[i].first);
	}
}

static void damage_is_refused_or_leaves_normal_ranges(void **state)
{
	size_t refused = 0;

	(void)state;
	srandom(12);
	for (int i = 0; i < 20000; i++) {
		_cleanup_(ranges_free) struct ranges put = random_ranges(i % 2), got = { 0 };
		_cleanup_free_ unsigned char *data = NULL, *exact = NULL;
		size_t size, cut;
		int result;

		assert_int_equal(pack_ranges(&put, &data, &size), 0);
		for (long flips = 1 + random() % 3; flips--;)
			data[(size_t)random() % size] ^= (unsigned char)(1 << random() % 8);
		cut = random() % 3 ? size : (size_t)random() % size;
		/* Of its exact size, so that a byte read too many is noticed. */
		exact = malloc(cut + 1);
		memcpy(exact + 1, data, cut);
		result = unpack_ranges(exact + 1, cut, &got);
		assert_true(!result || result == -EBADMSG);
		if (result)
			assert_null(got.v4);
		else
			expect_normal(&got);
		refused += result != 0;
	}
	assert_true(refused > 5000);
}

static void a_blob_cut_short_anywhere_is_refused(void **state)
{
	_cleanup_(ranges_free) struct ranges put = { 0 }, got = { 0 };
	_cleanup_free_ unsigned char *data = NULL;
	size_t size;

	(void)state;
	srandom(13);
	put = random_ranges(true);
	assert_int_equal(pack_ranges(&put, &data, &size), 0);
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(unpack_ranges(data, cut, &got), -EBADMSG);
	data[0] = PACK_VERSION + 1;
	assert_int_equal(unpack_ranges(data, size, &got), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_ranges_come_back),
		cmocka_unit_test(damage_is_refused_or_leaves_normal_ranges),
		cmocka_unit_test(a_blob_cut_short_anywhere_is_refused),
	};

	return cmocka_run_group_tests_name("store pack", tests, NULL, NULL);
}
