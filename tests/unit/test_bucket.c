// SPDX-License-Identifier: GPL-2.0-or-later
/* The arithmetic of rates (bucket.h) against a bucket that counts its tokens. */
#include <linux/types.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "bucket.h"

#define MS 1000000ULL

static void a_full_bucket_gives_burst_tokens_and_no_more(void **state)
{
	uint64_t arrival = 0, now = 1000 * MS;

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_true(bucket_has(arrival, now, 100 * MS, 5));
		arrival = bucket_take(arrival, now, 100 * MS, 5);
	}
	assert_false(bucket_has(arrival, now, 100 * MS, 5));
	assert_false(bucket_has(arrival, now + 100 * MS - 1, 100 * MS, 5));
	assert_true(bucket_has(arrival, now + 100 * MS, 100 * MS, 5));
}

static void no_interval_is_no_limit(void **state)
{
	(void)state;
	assert_true(bucket_has(~0ULL, 0, 0, 0));
}

static void a_burst_of_0_counts_as_1(void **state)
{
	uint64_t arrival = bucket_take(0, 1000 * MS, 10 * MS, 0);

	(void)state;
	assert_true(bucket_has(0, 1000 * MS, 10 * MS, 0));
	assert_false(bucket_has(arrival, 1000 * MS, 10 * MS, 0));
	assert_true(bucket_has(arrival, 1010 * MS, 10 * MS, 0));
}

static void a_debt_is_kept_until_it_is_paid(void **state)
{
	uint64_t arrival = 0, now = 1000 * MS;

	(void)state;
	for (int i = 0; i < 1000; i++)
		arrival = bucket_take(arrival, now, 100 * MS, 5);
	assert_false(bucket_has(arrival, now + 995 * 100 * MS, 100 * MS, 5));
	assert_true(bucket_has(arrival, now + 996 * 100 * MS, 100 * MS, 5));
}

static void no_debt_is_held_against_anybody_for_longer_than_an_hour(void **state)
{
	uint64_t arrival = 0, now = 1000 * MS;

	(void)state;
	for (int i = 0; i < 1000; i++)
		arrival = bucket_take(arrival, now, 10000 * MS, 5);
	assert_false(bucket_has(arrival, now + BUCKET_DEBT_NS, 10000 * MS, 5));
	assert_true(bucket_has(arrival, now + BUCKET_DEBT_NS + 10000 * MS, 10000 * MS, 5));
}

/* A bucket in 1/interval parts of a token, asked before each take, as the gate does. */
static void it_agrees_with_a_bucket_that_counts(void **state)
{
	(void)state;
	srandom(7);
	for (int round = 0; round < 200; round++) {
		uint64_t interval = 1 + (uint64_t)random() % 1000;
		uint32_t burst = 1 + (uint32_t)random() % 20;
		uint64_t now = 1U << 20, arrival = 0;
		uint64_t parts = burst * interval;

		for (int i = 0; i < 500; i++) {
			uint64_t step = (uint64_t)random() % (2 * interval);

			now += step;
			parts += step;
			if (parts > burst * interval)
				parts = burst * interval;
			assert_int_equal(bucket_has(arrival, now, interval, burst),
					 parts >= interval);
			if (parts < interval)
				continue;
			arrival = bucket_take(arrival, now, interval, burst);
			parts -= interval;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_bucket_gives_burst_tokens_and_no_more),
		cmocka_unit_test(no_interval_is_no_limit),
		cmocka_unit_test(a_burst_of_0_counts_as_1),
		cmocka_unit_test(a_debt_is_kept_until_it_is_paid),
		cmocka_unit_test(no_debt_is_held_against_anybody_for_longer_than_an_hour),
		cmocka_unit_test(it_agrees_with_a_bucket_that_counts),
	};

	return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}
