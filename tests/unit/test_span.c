// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters over time: differences, sums, their text, and the rows of the store with their mosts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/time.h"
#include "history/span.h"
#include "store/store.h"

#define T0 1700000000LL

static struct span_counts counted(const char *name, uint64_t attempts, uint64_t banned)
{
	struct span_counts counts = { .service_count = 2 };

	snprintf(counts.services[1].name, sizeof(counts.services[1].name), "%s", name);
	counts.services[1].attempts = attempts;
	counts.services[1].dropped[REASON_BANNED] = banned;
	counts.services[1].would_drop[REASON_LISTED] = 1;
	counts.events[EVENT_FAILURE] = attempts;
	counts.bans = banned;
	return counts;
}

static void differences_add_up_to_what_was_counted(void **state)
{
	struct span_counts zero = { 0 }, a = counted("smtp", 5, 2), b = counted("smtp", 9, 3);
	struct span_counts first, second, sum = { 0 };

	(void)state;
	span_between(&zero, &a, &first);
	span_between(&a, &b, &second);
	assert_int_equal(second.services[1].attempts, 4);
	assert_int_equal(span_dropped(&second.services[1]), 1);
	assert_int_equal(span_would_drop(&second.services[1]), 0);
	span_add(&sum, &second);
	span_add(&sum, &first);
	assert_memory_equal(&sum, &b, sizeof(sum));
	span_between(&b, &b, &first);
	assert_true(span_is_empty(&first));
	assert_false(span_is_empty(&second));
}

static void a_counter_that_began_anew_counts_from_0(void **state)
{
	struct span_counts a = counted("smtp", 9, 3), b = counted("smtp", 4, 1), between;

	(void)state;
	span_between(&a, &b, &between);
	assert_int_equal(between.services[1].attempts, 4);
	assert_int_equal(between.bans, 1);
	/* A service whose id went to another one. */
	b = counted("imap", 4, 1);
	span_between(&a, &b, &between);
	assert_string_equal(between.services[1].name, "imap");
	assert_int_equal(between.services[1].attempts, 4);
}

static void more_services_than_there_is_room_for_are_counted_without_a_name(void **state)
{
	struct span_counts sum = { 0 };

	(void)state;
	for (unsigned i = 0; i < 3 * SERVICE_MAX; i++) {
		char name[16];
		struct span_counts more;

		snprintf(name, sizeof(name), "s%u", i);
		more = counted(name, 1, 0);
		span_add(&sum, &more);
	}
	assert_int_equal(sum.service_count, SERVICE_MAX);
	assert_int_equal(sum.services[0].attempts, 2 * SERVICE_MAX + 1);
	assert_int_equal(sum.services[SERVICE_MAX - 1].attempts, 1);
}

static void the_text_is_read_back_and_nothing_else_is(void **state)
{
	static const char *const bad[] = { "", "[]", "{", "7" };
	struct span_counts a = counted("smtp", UINT64_MAX, 2), b;
	char *text;

	(void)state;
	a.services[1].attempts = 7;
	a.events[EVENT_FAILURE] = 0;
	text = span_to_json(&a);
	assert_string_equal(text,
			    "{\"services\":{\"smtp\":{\"attempts\":7,\"dropped\":{\"banned\":2}"
			    ",\"would_drop\":{\"listed\":1}}},\"bans\":2}");
	assert_int_equal(span_from_json(text, &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	free(text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(span_from_json(bad[i], &b), -EBADMSG);
	/* Nonsense counts nothing. */
	assert_int_equal(span_from_json("{\"services\":{\"a\":[],\"b\":{\"attempts\":-7}},"
					"\"bans\":\"x\"}",
					&b),
			 0);
	assert_true(span_is_empty(&b));
}

static void a_span_begins_at_a_whole_minute_or_hour(void **state)
{
	(void)state;
	assert_int_equal(span_start((3600 * 5 + 61) * NS_PER_S + 5, SPAN_MINUTE_S), 3600 * 5 + 60);
	assert_int_equal(span_start((3600 * 5 + 61) * NS_PER_S, SPAN_HOUR_S), 3600 * 5);
}

/* ---- the store's rows ---- */

static char folder[64];
static struct store *store;

static int set_up(void **state)
{
	struct fault fault = { 0 };

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-span-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	if (store_open(folder, false, &store, &fault))
		fail_msg("%s", fault.text);
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	store_close(store);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

struct seen {
	size_t count;
	int64_t first_s, last_s;
	char counts[64];
};

static int see(const struct store_span *span, void *context)
{
	struct seen *seen = context;

	if (!seen->count++)
		seen->first_s = span->start_s;
	seen->last_s = span->start_s;
	snprintf(seen->counts, sizeof(seen->counts), "%s", span->counts);
	return 0;
}

static struct seen look(unsigned length_s)
{
	struct seen seen = { 0 };

	assert_int_equal(store_spans_each(store, length_s, 0, INT64_MAX, see, &seen, NULL), 0);
	return seen;
}

static void put(unsigned length_s, int64_t start_s, const char *counts)
{
	struct store_span span = { length_s, start_s, counts };

	assert_int_equal(store_span_put(store, &span, NULL), 0);
}

static void a_row_of_the_same_minute_is_replaced_and_hours_are_apart(void **state)
{
	struct seen seen;

	(void)state;
	put(SPAN_MINUTE_S, T0, "a");
	put(SPAN_MINUTE_S, T0, "b");
	put(SPAN_HOUR_S, T0, "c");
	seen = look(SPAN_MINUTE_S);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.counts, "b");
	assert_string_equal(look(SPAN_HOUR_S).counts, "c");
}

static void rows_have_an_age_and_a_most(void **state)
{
	int64_t end_s = T0 + STORE_MINUTES_MOST * 60LL;
	struct seen seen;

	(void)state;
	assert_int_equal(store_begin(store, NULL), 0);
	for (int64_t at = T0 - 600; at < end_s; at += 60)
		put(SPAN_MINUTE_S, at, "{}");
	put(SPAN_HOUR_S, T0 - 401 * 86400LL, "old");
	put(SPAN_HOUR_S, T0, "new");
	assert_int_equal(store_commit(store, NULL), 0);
	assert_int_equal(look(SPAN_MINUTE_S).count, STORE_MINUTES_MOST + 10);
	assert_int_equal(store_expire(store, end_s * NS_PER_S, NULL), 0);
	seen = look(SPAN_MINUTE_S);
	assert_int_equal(seen.count, STORE_MINUTES_MOST);
	assert_int_equal(seen.first_s, T0);
	seen = look(SPAN_HOUR_S);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.counts, "new");
	/* The clock was a year ahead for a while: these never get old, and are not too many. */
	for (int64_t at = 0; at < 20; at++)
		put(SPAN_MINUTE_S, end_s + 365 * 86400LL + 60 * at, "{}");
	assert_int_equal(store_expire(store, end_s * NS_PER_S, NULL), 0);
	assert_int_equal(look(SPAN_MINUTE_S).count, STORE_MINUTES_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences_add_up_to_what_was_counted),
		cmocka_unit_test(a_counter_that_began_anew_counts_from_0),
		cmocka_unit_test(more_services_than_there_is_room_for_are_counted_without_a_name),
		cmocka_unit_test(the_text_is_read_back_and_nothing_else_is),
		cmocka_unit_test(a_span_begins_at_a_whole_minute_or_hour),
		cmocka_unit_test_setup_teardown(
			a_row_of_the_same_minute_is_replaced_and_hours_are_apart, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(rows_have_an_age_and_a_most, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
