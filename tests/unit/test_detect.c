// SPDX-License-Identifier: GPL-2.0-or-later
/* Events in, decisions out: exact windows, bounded memory, against a naive model that keeps
 * everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <malloc.h>
#include <cmocka.h>

#include "base/time.h"
#include "checked.h"
#include "detect/detect.h"
#include "in_range.h"

#define T0 (1700000000LL * NS_PER_S)

struct seen {
	size_t count;
	struct decision last;
};

static void note(const struct decision *decision, void *context)
{
	struct seen *seen = context;

	seen->count++;
	seen->last = *decision;
}

static struct event failure(const char *source, const char *account, int64_t wall_ns)
{
	struct event event = { .wall_ns = wall_ns, .kind = EVENT_FAILURE, .count = 1 };

	if (source) {
		event.has_source = true;
		assert_int_equal(address_parse(source, strlen(source), &event.source), 0);
	}
	if (account) {
		event.has_account = true;
		snprintf(event.account, sizeof(event.account), "%s", account);
	}
	return event;
}

static void only_source_failures(struct detect_settings *settings)
{
	for (int rule = 0; rule < RULE_COUNT; rule++)
		if (rule != RULE_SOURCE_FAILURES)
			settings->rules[rule].action = ACTION_OFF;
}

static struct detect *start(uint32_t count, uint64_t window_s, uint32_t most)
{
	struct detect_settings settings;
	struct detect *detect;

	detect_defaults(&settings);
	only_source_failures(&settings);
	settings.rules[RULE_SOURCE_FAILURES].count = count;
	settings.rules[RULE_SOURCE_FAILURES].window_s = window_s;
	settings.rules[RULE_SOURCE_FAILURES].long_count = 0;
	settings.most_sources = most;
	detect = detect_new(&settings);
	assert_non_null(detect);
	return detect;
}

/* Feeds a failure of bob; true: it led to a decision. */
static bool feed(struct detect *detect, const char *source, int64_t wall_ns, uint64_t tag,
		 struct seen *seen)
{
	struct event event = failure(source, "bob", wall_ns);
	size_t before = seen->count;

	detect_event(detect, &event, tag, note, seen);
	return seen->count > before;
}

static void defaults_are_five_in_ten_minutes_for_one_hour(void **state)
{
	struct detect_settings settings;

	(void)state;
	detect_defaults(&settings);
	assert_int_equal(settings.rules[RULE_SOURCE_FAILURES].action, ACTION_BAN);
	assert_int_equal(settings.rules[RULE_SOURCE_FAILURES].count, 5);
	assert_int_equal(settings.rules[RULE_SOURCE_FAILURES].window_s, 600);
	assert_int_equal(settings.rules[RULE_SOURCE_FAILURES].long_count, 20);
	assert_int_equal(settings.rules[RULE_SOURCE_FAILURES].long_s, 86400);
	assert_int_equal(settings.rules[RULE_SOURCE_FAILURES].ban_s, 3600);
}

static void every_rule_name_reads_back(void **state)
{
	(void)state;
	for (int rule = 0; rule < RULE_COUNT; rule++)
		assert_int_equal(rule_from_name(rule_name((enum ban_rule)rule)), rule);
	assert_string_equal(rule_name(RULE_MANUAL), "manual");
	assert_string_equal(rule_name(RULE_SOURCE_FAILURES), "source-failures");
	assert_string_equal(rule_name(RULE_COUNT), "unknown");
	assert_int_equal(rule_from_name("source-failure"), -EINVAL);
}

static void a_decision_says_who_until_when_why_and_by_which_lines(void **state)
{
	struct detect *detect = start(5, 600, 100);
	struct seen seen = { 0 };
	struct prefix expected;

	(void)state;
	for (uint64_t i = 0; i < 4; i++)
		assert_false(feed(detect, "192.0.2.5", T0 + (int64_t)i * NS_PER_S, 100 + i, &seen));
	assert_true(feed(detect, "192.0.2.5", T0 + 4 * NS_PER_S, 104, &seen));
	prefix_parse("192.0.2.5/32", 12, &expected);
	assert_int_equal(seen.last.rule, RULE_SOURCE_FAILURES);
	assert_int_equal(seen.last.action, ACTION_BAN);
	assert_true(seen.last.has_prefix);
	assert_memory_equal(&seen.last.prefix, &expected, sizeof(expected));
	assert_int_equal(seen.last.wall_ns, T0 + 4 * NS_PER_S);
	assert_int_equal(seen.last.until_wall_ns, T0 + 3604 * NS_PER_S);
	assert_string_equal(seen.last.reason, "5 failed logins in 10m (bob)");
	assert_true(seen.last.has_account);
	assert_string_equal(seen.last.account, "bob");
	assert_int_equal(seen.last.evidence_count, 5);
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(seen.last.evidence[i], 100 + i);
	detect_free(detect);
}

static void the_window_includes_its_edge_and_nothing_beyond(void **state)
{
	struct detect *detect = start(3, 600, 100);
	struct seen seen = { 0 };

	(void)state;
	feed(detect, "192.0.2.1", T0, 1, &seen);
	feed(detect, "192.0.2.1", T0 + 300 * NS_PER_S, 2, &seen);
	assert_true(feed(detect, "192.0.2.1", T0 + 600 * NS_PER_S, 3, &seen));

	feed(detect, "192.0.2.2", T0, 1, &seen);
	feed(detect, "192.0.2.2", T0 + 300 * NS_PER_S, 2, &seen);
	assert_false(feed(detect, "192.0.2.2", T0 + 600 * NS_PER_S + 1, 3, &seen));
	/* The first has slid out; the second still counts. */
	assert_true(feed(detect, "192.0.2.2", T0 + 900 * NS_PER_S, 4, &seen));
	assert_int_equal(seen.last.evidence_count, 3);
	assert_int_equal(seen.last.evidence[0], 2);
	detect_free(detect);
}

static void recalled_failures_count_and_decide_nothing(void **state)
{
	struct detect *detect = start(3, 600, 100);
	struct seen seen = { 0 };

	(void)state;
	for (int i = 1; i <= 8; i++) {
		struct event event = failure("192.0.2.1", "bob", T0 + i);

		detect_recall_event(detect, &event, (uint64_t)i);
	}
	/* Two are left of the eight; that six of them were a ban is not for it to say. */
	assert_true(feed(detect, "192.0.2.1", T0 + 9, 9, &seen));
	assert_false(seen.last.again);
	assert_int_equal(seen.last.repeat.bans, 1);
	assert_int_equal(seen.last.evidence_count, 3);
	assert_int_equal(seen.last.evidence[0], 7);
	detect_free(detect);
}

static void the_same_failures_never_fire_twice(void **state)
{
	struct detect *detect = start(3, 600, 100);
	struct seen seen = { 0 };

	(void)state;
	for (int i = 1; i <= 30; i++)
		assert_int_equal(feed(detect, "192.0.2.1", T0 + i, (uint64_t)i, &seen), i % 3 == 0);
	assert_int_equal(seen.count, 10);
	detect_free(detect);
}

static void
sources_do_not_add_up_and_events_without_source_or_of_other_kinds_do_not_count(void **state)
{
	struct detect *detect = start(2, 600, 100);
	struct seen seen = { 0 };

	(void)state;
	assert_false(feed(detect, "192.0.2.1", T0, 1, &seen));
	assert_false(feed(detect, "192.0.2.2", T0, 1, &seen));
	assert_false(feed(detect, NULL, T0, 1, &seen));
	assert_false(feed(detect, NULL, T0, 1, &seen));
	for (int kind = EVENT_NONE; kind < EVENT_KIND_COUNT; kind++) {
		/* Without account: a login would make the source known. */
		struct event event = failure("192.0.2.1", NULL, T0);

		event.kind = (enum event_kind)kind;
		if (kind != EVENT_FAILURE)
			detect_event(detect, &event, 1, note, &seen);
	}
	assert_int_equal(seen.count, 0);
	assert_true(feed(detect, "192.0.2.1", T0, 1, &seen));
	detect_free(detect);
}

static void an_event_that_stands_for_several_attempts_weighs_as_many(void **state)
{
	struct detect *detect = start(5, 600, 100);
	struct seen seen = { 0 };
	struct event event = failure("192.0.2.1", "bob", T0);

	(void)state;
	event.count = 3;
	detect_event(detect, &event, 1, note, &seen);
	assert_int_equal(seen.count, 0);
	event.count = 2;
	detect_event(detect, &event, 2, note, &seen);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.last.evidence_count, 2);
	event.count = 4000000000U; /* counted as the most that is kept of one line */
	detect_event(detect, &event, 3, note, &seen);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.last.reason, "2147483647 failed logins in 10m (bob)");
	detect_free(detect);
}

static void an_ipv6_source_is_its_64_and_the_neighbouring_one_is_another(void **state)
{
	struct detect *detect = start(3, 600, 100);
	struct seen seen = { 0 };
	struct prefix expected;

	(void)state;
	feed(detect, "2001:db8:1:2::1", T0, 1, &seen);
	feed(detect, "2001:db8:1:3::1", T0, 2, &seen);
	feed(detect, "2001:db8:1:2:ffff:ffff:ffff:ffff", T0, 3, &seen);
	assert_int_equal(seen.count, 0);
	assert_true(feed(detect, "2001:db8:1:2:3::", T0, 4, &seen));
	prefix_parse("2001:db8:1:2::/64", 17, &expected);
	assert_memory_equal(&seen.last.prefix, &expected, sizeof(expected));
	assert_false(feed(detect, "::ffff:192.0.2.1", T0, 5, &seen));
	assert_false(feed(detect, "192.0.2.1", T0, 6, &seen));
	assert_true(feed(detect, "192.0.2.1", T0, 7, &seen));
	detect_free(detect);
}

static void late_events_count_where_they_belong(void **state)
{
	struct detect *detect = start(3, 600, 100);
	struct seen seen = { 0 };

	(void)state;
	feed(detect, "192.0.2.1", T0 + 595 * NS_PER_S, 1, &seen);
	feed(detect, "192.0.2.1", T0 + 601 * NS_PER_S, 2, &seen);
	assert_true(feed(detect, "192.0.2.1", T0 + 598 * NS_PER_S, 3, &seen));
	assert_int_equal(seen.last.evidence[1], 3);
	assert_int_equal(seen.last.wall_ns, T0 + 601 * NS_PER_S);

	/* 299, 300 and 899 are within 600 s, though 901 came before 899. */
	feed(detect, "192.0.2.2", T0 + 299 * NS_PER_S, 1, &seen);
	feed(detect, "192.0.2.2", T0 + 300 * NS_PER_S, 2, &seen);
	assert_false(feed(detect, "192.0.2.2", T0 + 901 * NS_PER_S, 3, &seen));
	assert_true(feed(detect, "192.0.2.2", T0 + 899 * NS_PER_S, 4, &seen));
	detect_free(detect);
}

static void a_clock_set_back_does_not_make_a_source_immune(void **state)
{
	struct detect *detect = start(3, 600, 100);
	struct seen seen = { 0 };

	(void)state;
	for (int i = 0; i < 50; i++)
		assert_false(
			feed(detect, "192.0.2.1", T0 + (86400 + 400 * i) * NS_PER_S, 1, &seen));
	feed(detect, "192.0.2.1", T0, 1, &seen);
	feed(detect, "192.0.2.1", T0 + NS_PER_S, 1, &seen);
	assert_true(feed(detect, "192.0.2.1", T0 + 2 * NS_PER_S, 1, &seen));
	detect_free(detect);
}

static void an_event_without_time_takes_that_of_the_one_before(void **state)
{
	struct detect *detect = start(2, 600, 100);
	struct seen seen = { 0 };

	(void)state;
	feed(detect, "192.0.2.1", T0, 1, &seen);
	assert_true(feed(detect, "192.0.2.1", 0, 2, &seen));
	assert_int_equal(seen.last.wall_ns, T0);
	detect_free(detect);
}

static void times_at_the_ends_of_their_range_do_no_harm(void **state)
{
	static const int64_t times[] = { INT64_MAX, INT64_MIN, -1, 1, INT64_MAX, INT64_MIN };
	struct detect *detect = start(2, UINT64_MAX, 100);
	struct seen seen = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		feed(detect, "192.0.2.1", times[i], i, &seen);
	detect_free(detect);
}

static void the_reason_names_accounts_while_they_fit_and_cuts_whole_characters(void **state)
{
	struct detect *detect = start(40, 600, 100);
	struct seen seen = { 0 };
	char account[EVENT_ACCOUNT_SIZE];

	(void)state;
	for (int i = 0; i < 40; i++) {
		struct event event;

		memset(account, 'x', sizeof(account) - 1);
		account[255] = '\0';
		memcpy(account, "\xe6\x97\xa5", 3);
		memcpy(account + 62, "\xe6\x97\xa5", 3);
		account[4] = (char)('A' + i / 2);
		event = failure("192.0.2.1", account, T0 + i);
		detect_event(detect, &event, (uint64_t)i, note, &seen);
	}
	assert_int_equal(seen.count, 1);
	assert_false(seen.last.has_account);
	assert_true(strlen(seen.last.reason) < sizeof(seen.last.reason));
	assert_string_equal(seen.last.reason + strlen(seen.last.reason) - 6, ", ...)");
	assert_null(strchr(seen.last.reason, '\n'));
	assert_null(strstr(seen.last.reason, "x\xe6"));
	assert_null(strstr(seen.last.reason, "x\xe6\x97"));
	assert_int_equal(seen.last.evidence_count, DECISION_EVIDENCE_MAX);
	assert_int_equal(seen.last.evidence[0], 40 - DECISION_EVIDENCE_MAX);
	assert_int_equal(seen.last.evidence[DECISION_EVIDENCE_MAX - 1], 39);
	detect_free(detect);
}

static struct event numbered(uint32_t source, int64_t wall_ns)
{
	struct event event = failure(NULL, "bob", wall_ns);

	event.has_source = true;
	event.source = address_from4(source);
	return event;
}

static void a_hundred_thousand_sources_are_kept_apart_in_bounded_memory(void **state)
{
	struct detect *detect = start(5, 600, 100000);
	size_t before = mallinfo2().uordblks, after;
	struct seen seen = { 0 };
	struct detect_usage usage;

	(void)state;
	for (int round = 0; round < 5; round++)
		for (uint32_t i = 0; i < 100000; i++) {
			struct event event = numbered(i, T0 + round * NS_PER_S + i);

			detect_event(detect, &event, 0, note, &seen);
			assert_int_equal(seen.count, round < 4 ? 0 : i + 1);
			if (round == 3 && i == 99999) {
				after = mallinfo2().uordblks;
				/* 4 entries of 32 bytes and 4 short names each, as malloc() rounds.
				 */
				assert_true(after - before < 100000 * 300);
			}
		}
	detect_get_usage(detect, &usage);
	assert_int_equal(usage.sources, 0);
	assert_int_equal(usage.sources_size, 100000);
	assert_int_equal(usage.forgotten, 0);
	detect_free(detect);
}

static void a_full_table_gives_up_the_longest_silent_and_says_so(void **state)
{
	struct detect *detect = start(2, 600, 1000);
	struct seen seen = { 0 };
	struct detect_usage usage;
	struct event event;

	(void)state;
	for (uint32_t i = 0; i < 1500; i++) {
		event = numbered(i, T0 + i);
		detect_event(detect, &event, 0, note, &seen);
	}
	detect_get_usage(detect, &usage);
	assert_int_equal(usage.sources, 1000);
	assert_int_equal(usage.forgotten, 500);
	event = numbered(500, T0 + 2000); /* the oldest that is still known */
	detect_event(detect, &event, 0, note, &seen);
	assert_int_equal(seen.count, 1);
	event = numbered(499, T0 + 2000); /* the newest that was given up */
	detect_event(detect, &event, 0, note, &seen);
	assert_int_equal(seen.count, 1);
	detect_free(detect);
}

static void what_is_long_past_makes_room_and_is_not_called_forgotten(void **state)
{
	struct detect *detect = start(2, 600, 1000);
	struct seen seen = { 0 };
	struct detect_usage usage;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		struct event event = numbered(i, T0 + i * 2 * NS_PER_S);

		detect_event(detect, &event, 0, note, &seen);
	}
	detect_get_usage(detect, &usage);
	assert_int_equal(usage.forgotten, 0);
	assert_within(usage.sources, 300, 602);
	detect_free(detect);
}

static void new_settings_keep_what_was_seen(void **state)
{
	struct detect *detect = start(5, 600, 1000);
	struct seen seen = { 0 };
	struct detect_settings settings;
	struct detect_usage usage;
	struct event event;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		event = numbered(i, T0 + i);
		detect_event(detect, &event, 0, note, &seen);
	}
	detect_defaults(&settings);
	only_source_failures(&settings);
	settings.rules[RULE_SOURCE_FAILURES].count = 2;
	settings.rules[RULE_SOURCE_FAILURES].long_count = 0;
	settings.most_sources = 400;
	detect_configure(detect, &settings);
	detect_get_usage(detect, &usage);
	assert_int_equal(usage.sources, 400);
	assert_int_equal(usage.sources_size, 400);
	assert_int_equal(usage.forgotten, 600);
	event = numbered(600, T0 + 2000);
	detect_event(detect, &event, 0, note, &seen);
	assert_int_equal(seen.count, 1);

	settings.rules[RULE_SOURCE_FAILURES].action = ACTION_OFF;
	detect_configure(detect, &settings);
	event = numbered(999, T0 + 2000);
	detect_event(detect, &event, 0, note, &seen);
	assert_int_equal(seen.count, 1);
	detect_free(detect);
}

/* The naive model: everything that a source did since it last fired, and every window tried. */
#define MODEL_SOURCES 12
#define MODEL_EVENTS  4000

struct model {
	struct {
		int64_t wall_ns;
		unsigned count;
	} events[MODEL_SOURCES][MODEL_EVENTS];
	size_t used[MODEL_SOURCES];
};

static bool model_feed(struct model *model, unsigned source, int64_t wall_ns, unsigned count,
		       unsigned threshold, int64_t window_ns)
{
	size_t used = model->used[source]++;

	model->events[source][used].wall_ns = wall_ns;
	model->events[source][used].count = count;
	for (size_t first = 0; first <= used; first++) {
		int64_t begin = model->events[source][first].wall_ns;
		uint64_t sum = 0;

		for (size_t i = 0; i <= used; i++) {
			int64_t at = model->events[source][i].wall_ns;

			if (at >= begin && at <= begin + window_ns)
				sum += model->events[source][i].count;
		}
		if (sum >= threshold) {
			model->used[source] = 0;
			return true;
		}
	}
	return false;
}

static void random_streams_agree_with_a_naive_model(void **state)
{
	struct model *model = malloc(sizeof(*model));

	(void)state;
	assert_non_null(model);
	srandom(7);
	for (int stream = 0; stream < (is_under_valgrind() ? 10 : 60); stream++) {
		unsigned threshold = 1 + (unsigned)random() % 7;
		int64_t window_s = 20 + random() % 100, now = T0;
		struct detect *detect = start(threshold, (uint64_t)window_s, 100);
		struct seen seen = { 0 };
		size_t fired = 0;

		memset(model->used, 0, sizeof(model->used));
		for (int i = 0; i < 1500; i++) {
			unsigned source = (unsigned)random() % MODEL_SOURCES;
			struct event event;

			now += random() % 4 * NS_PER_S;
			/* Up to a whole window late, on whole seconds, so that edges are hit. */
			event = numbered(source, now);
			if (random() % 4 == 0)
				event.wall_ns -= random() % (window_s + 1) * NS_PER_S;
			event.count = 1 + (unsigned)(random() % 10 == 0) * (unsigned)(random() % 4);
			if (model_feed(model, source, event.wall_ns, event.count, threshold,
				       window_s * NS_PER_S))
				fired++;
			detect_event(detect, &event, 0, note, &seen);
			assert_int_equal(seen.count, fired);
		}
		detect_free(detect);
	}
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_five_in_ten_minutes_for_one_hour),
		cmocka_unit_test(every_rule_name_reads_back),
		cmocka_unit_test(a_decision_says_who_until_when_why_and_by_which_lines),
		cmocka_unit_test(the_window_includes_its_edge_and_nothing_beyond),
		cmocka_unit_test(recalled_failures_count_and_decide_nothing),
		cmocka_unit_test(the_same_failures_never_fire_twice),
		cmocka_unit_test(
			sources_do_not_add_up_and_events_without_source_or_of_other_kinds_do_not_count),
		cmocka_unit_test(an_event_that_stands_for_several_attempts_weighs_as_many),
		cmocka_unit_test(an_ipv6_source_is_its_64_and_the_neighbouring_one_is_another),
		cmocka_unit_test(late_events_count_where_they_belong),
		cmocka_unit_test(a_clock_set_back_does_not_make_a_source_immune),
		cmocka_unit_test(an_event_without_time_takes_that_of_the_one_before),
		cmocka_unit_test(times_at_the_ends_of_their_range_do_no_harm),
		cmocka_unit_test(
			the_reason_names_accounts_while_they_fit_and_cuts_whole_characters),
		cmocka_unit_test(a_hundred_thousand_sources_are_kept_apart_in_bounded_memory),
		cmocka_unit_test(a_full_table_gives_up_the_longest_silent_and_says_so),
		cmocka_unit_test(what_is_long_past_makes_room_and_is_not_called_forgotten),
		cmocka_unit_test(new_settings_keep_what_was_seen),
		cmocka_unit_test(random_streams_agree_with_a_naive_model),
	};

	return cmocka_run_group_tests_name("detect", tests, NULL, NULL);
}
