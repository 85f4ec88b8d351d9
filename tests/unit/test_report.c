// SPDX-License-Identifier: GPL-2.0-or-later
/* Reports: an incident's numbers, bounded by what strangers send; pages that say what strangers
 * wrote and do nothing else; a day; texts whose values fit in both languages. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <cmocka.h>

#include "base/time.h"
#include "report/pages.h"

#define T0 (1700000000LL * NS_PER_S)

static const char *account = "bob";

static unsigned country(const struct address *address, void *context)
{
	(void)context;
	return address->byte[15] % 4U; /* AA, AB, ... */
}

static uint64_t provider(const struct address *address, void *context)
{
	(void)context;
	return 1ULL << 60 | (64500U + address->byte[15] % 8U);
}

static bool same(const char *name, void *context)
{
	(void)context;
	return !strcasecmp(name, account);
}

static struct collection *begin(void)
{
	static const struct incident_world world = {
		.country = country,
		.provider = provider,
		.same = same,
		.source_length6 = 64,
		.network_length4 = 120,
		.network_length6 = 48,
	};
	struct collection *collection = collect_new(account, &world);

	assert_non_null(collection);
	return collection;
}

static struct event event_of(enum event_kind kind, int64_t at_s, const char *name, unsigned source)
{
	struct event event = { .wall_ns = T0 + at_s * NS_PER_S,
			       .kind = kind,
			       .daemon = EVENT_DAEMON_POSTFIX,
			       .count = 1,
			       .has_source = true,
			       .has_account = true,
			       .source = address_from4(0xcb007100U + source) };

	snprintf(event.account, sizeof(event.account), "%s", name);
	snprintf(event.queue, sizeof(event.queue), "4ABC%lld", (long long)at_s % 1000);
	return event;
}

static void give(struct collection *collection, enum event_kind kind, int64_t at_s,
		 const char *name, unsigned source, bool out)
{
	struct event event = event_of(kind, at_s, name, source);

	collect_event(collection, &event, out);
}

static void decide(struct collection *collection, enum rule_action action, enum ban_rule rule,
		   int64_t at_s, unsigned source)
{
	struct decision decision = { .rule = rule,
				     .action = action,
				     .wall_ns = T0 + at_s * NS_PER_S,
				     .until_wall_ns = T0 + (at_s + 3600) * NS_PER_S,
				     .has_account = true };

	snprintf(decision.account, sizeof(decision.account), "%s", account);
	if (action == ACTION_BAN) {
		struct address address = address_from4(0xcb007100U + source);

		decision.has_prefix = true;
		decision.prefix = address_source(&address, 64);
	}
	collect_decision(collection, &decision);
}

static char *page_of(const struct incident *incident, enum lang lang)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	struct page page = { stream, lang };

	incident_page(&page, incident, T0);
	assert_int_equal(fclose(stream), 0);
	return text;
}

/* The owner from source 1, thieves from 2 to 4, and one that guesses. */
static struct incident *story(void)
{
	struct collection *collection = begin();
	struct incident *incident;

	give(collection, EVENT_SUCCESS, 0, "bob", 1, false);
	give(collection, EVENT_MESSAGE, 1, "BOB", 1, false);
	give(collection, EVENT_FAILURE, 2, "bob", 9, false);
	decide(collection, ACTION_BAN, RULE_SOURCE_FAILURES, 2, 9);
	for (unsigned source = 2; source < 5; source++) {
		give(collection, EVENT_FAILURE, 9, "alice", source, false);
		give(collection, EVENT_MESSAGE, 10 * source, "bob", source, false);
		if (source == 3)
			decide(collection, ACTION_ALERT, RULE_ACCOUNT_SPREAD, 30, 0);
		decide(collection, ACTION_BAN, RULE_ACCOUNT_SPREAD, 10 * source, source);
		for (unsigned i = 0; i < 10; i++)
			give(collection, EVENT_MESSAGE, 100 + 60 * i, "bob", source, true);
	}
	give(collection, EVENT_SUCCESS, 9, "carol", 1, false);
	incident = collect_end(collection);
	collect_free(collection);
	assert_non_null(incident);
	return incident;
}

static void an_incident_has_the_numbers_of_its_events(void **state)
{
	struct incident *incident = story();

	(void)state;
	assert_int_equal(incident->messages_passed, 4);
	assert_int_equal(incident->messages_kept_out, 30);
	/* The owner's, a thief's, what that one's ban kept out, and the thief's of the alert. */
	assert_int_equal(incident->messages_before, 13);
	assert_int_equal(incident->logins, 1);
	assert_int_equal(incident->failures, 1);
	assert_int_equal(incident->source_count, 5);
	assert_int_equal(incident->stranger_count, 3);
	assert_int_equal(incident->stranger_countries, 3);
	assert_int_equal(incident->stranger_providers, 3);
	assert_true(incident->stranger_first_ns == T0 + 20 * NS_PER_S);
	assert_true(incident->noticed_ns == T0 + 30 * NS_PER_S);
	assert_true(incident->sources[0].stranger && incident->sources[2].stranger);
	assert_false(incident->sources[3].stranger);
	assert_int_equal(incident->queue_count, 3);
	/* Accounts of thieves, not those of the owner's source. */
	assert_int_equal(incident->other_count, 1);
	assert_string_equal(incident->others[0].account, "alice");
	assert_int_equal(incident->others[0].sources, 3);
	/* The first stranger, the alert, one wave of bans; the guesser's is none. */
	assert_int_equal(incident->mark_count, 3);
	assert_int_equal(incident->marks[0].kind, MARK_STRANGER);
	assert_int_equal(incident->bans, 4);
	incident_free(incident);
}

static void what_was_delivered_or_bounced_is_queued_no_more(void **state)
{
	static const enum event_kind ends[] = { EVENT_DELIVERED, EVENT_BOUNCE };
	struct collection *collection = begin();
	struct incident *incident;
	struct event event;

	(void)state;
	/* Q0 delivered, Q1 bounced, Q2 to two of whom one has it, Q3 not; Q4 is somebody else's by
	 * the time that it is delivered. */
	for (unsigned i = 0; i < 5; i++)
		give(collection, EVENT_MESSAGE, i, "bob", 2, false);
	decide(collection, ACTION_BAN, RULE_ACCOUNT_SPREAD, 9, 2);
	event = event_of(EVENT_QUEUED, 2, "", 2);
	event.recipients = 2;
	event.has_account = event.has_source = false;
	collect_event(collection, &event, false);
	give(collection, EVENT_MESSAGE, 1004, "alice", 7, false);
	for (unsigned i = 0; i < 5; i++) {
		if (i == 3)
			continue;
		event = event_of(ends[i % 2], i, "", 2);
		event.has_account = event.has_source = false;
		collect_event(collection, &event, false);
	}
	incident = collect_end(collection);
	collect_free(collection);
	assert_int_equal(incident->recipients, 6);
	assert_int_equal(incident->bounces, 1);
	assert_int_equal(incident->queue_count, 3);
	assert_string_equal(incident->queues[0], "4ABC2");
	assert_string_equal(incident->queues[1], "4ABC3");
	assert_string_equal(incident->queues[2], "4ABC4");
	incident_free(incident);
}

static void a_year_of_messages_has_as_many_buckets_as_a_day_and_loses_none(void **state)
{
	struct collection *collection = begin();
	struct incident *incident;
	uint64_t passed = 0;

	(void)state;
	for (int64_t day = 0; day < 365; day++)
		for (unsigned i = 0; i < 7; i++)
			give(collection, EVENT_MESSAGE, day * 86400 + 13 * i, "bob", 1, false);
	incident = collect_end(collection);
	collect_free(collection);
	assert_true(incident->bucket_count <= INCIDENT_BUCKETS);
	for (size_t i = 0; i < incident->bucket_count; i++)
		passed += incident->buckets[i].passed;
	assert_int_equal(passed, 365 * 7);
	assert_true(incident->bucket_start_s * NS_PER_S <= T0);
	assert_true((incident->bucket_start_s +
		     (int64_t)incident->bucket_s * (int64_t)incident->bucket_count) *
			    NS_PER_S >
		    T0 + 364 * 86400LL * NS_PER_S);
	incident_free(incident);
}

static void many_sources_and_accounts_make_a_page_of_bounded_size(void **state)
{
	struct collection *collection = begin();
	struct incident *incident;
	char name[32], *page;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "<victim%u>", i);
		give(collection, EVENT_FAILURE, i, name, i, false);
		give(collection, EVENT_MESSAGE, i, "bob", i, false);
		decide(collection, i % 2 ? ACTION_BAN : ACTION_ALERT, RULE_ACCOUNT_SPREAD,
		       i + 20000, i);
	}
	incident = collect_end(collection);
	collect_free(collection);
	assert_int_equal(incident->stranger_count, 10000);
	assert_int_equal(incident->other_count, 10000);
	assert_int_equal(incident->mark_count, INCIDENT_MARKS);
	page = page_of(incident, LANG_EN);
	assert_true(strlen(page) < 300 * 1024);
	assert_non_null(strstr(page, "and 9,960 more"));
	free(page);
	incident_free(incident);
}

/* An alert is said once, and names those of until then. */
static void
who_comes_after_a_spread_was_told_of_is_a_stranger_unless_its_provider_is_usual(void **state)
{
	struct collection *collection = begin();
	struct incident *incident;

	(void)state;
	give(collection, EVENT_MESSAGE, 0, "bob", 1, false);
	give(collection, EVENT_MESSAGE, 10, "bob", 2, false);
	decide(collection, ACTION_BAN, RULE_ACCOUNT_SPREAD, 11, 2);
	give(collection, EVENT_MESSAGE, 20, "bob", 3, false);
	give(collection, EVENT_MESSAGE, 21, "bob", 9, false); /* of 1's provider */
	give(collection, EVENT_FAILURE, 22, "bob", 4, false); /* never got in */
	incident = collect_end(collection);
	collect_free(collection);
	assert_int_equal(incident->stranger_count, 2);
	for (size_t i = 0; i < incident->source_count; i++) {
		const struct incident_source *source = &incident->sources[i];
		unsigned number = source->source.address.byte[15];

		assert_int_equal(source->stranger, number == 2 || number == 3);
	}
	incident_free(incident);
}

/* ---- hostile names ---- */

static void nothing_that_a_stranger_wrote_is_markup_or_moves_the_text(void **state)
{
	static const char *const names[] = {
		"<script>alert(1)</script>",
		"\"><img src=x onerror=alert(1)>",
		"'; rm -rf / #",
		"$(reboot)",
		"e\033[2Jve",
		("\xe2\x80\xae"
		 "drowssap"),
		"\xff\xfe",
		"</pre><h1>all is well",
		"&lt;b&gt;",
		"-d ALL",
		"a{0}b{9|x|y}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct incident *incident;
		char *page;

		account = names[i];
		incident = story();
		free(incident->others[0].account);
		incident->others[0].account = strdup(names[i]);
		incident->evidence[0].text = strdup(names[i]);
		incident->line_count = 1;
		for (enum lang lang = 0; lang < LANG_COUNT; lang++) {
			page = page_of(incident, lang);
			assert_null(strstr(page, "<script"));
			assert_null(strstr(page, "<img"));
			assert_null(strstr(page, "<h1>all"));
			assert_null(strchr(page, '\033'));
			assert_null(strstr(page, "\xe2\x80\xae"));
			assert_null(strstr(page, "\xff"));
			/* Nor does it get into a command that root is to run. */
			assert_null(strstr(page, "<pre>doveadm kick"));
			free(page);
		}
		incident_free(incident);
	}
	account = "bob";
}

static void a_name_that_is_one_is_put_into_the_commands(void **state)
{
	struct incident *incident = story();
	char *page = page_of(incident, LANG_EN);

	(void)state;
	assert_non_null(strstr(page, "<pre>doveadm kick 'bob'</pre>"));
	assert_non_null(strstr(page, "printf '%s\\n' 4ABC20 4ABC30 4ABC40 | postsuper -h -"));
	assert_non_null(strstr(page, "postqueue -j | jq -r --arg who 'bob' "));
	assert_null(strstr(page, "Exim"));
	free(page);
	/* A queue id that is none does not. */
	strcpy(incident->queues[0], "A;reboot");
	strcpy(incident->queues[1], "ALL");
	page = page_of(incident, LANG_EN);
	assert_null(strstr(page, "reboot"));
	assert_null(strstr(page, "ALL"));
	assert_non_null(strstr(page, "printf '%s\\n' 4ABC40 | postsuper -h -"));
	free(page);
	/* Without any there is no command. */
	strcpy(incident->queues[2], "1wQ2xZ-0004Rm-2b");
	page = page_of(incident, LANG_EN);
	assert_null(strstr(page, "printf"));
	free(page);
	incident_free(incident);
}

static void the_commands_are_those_of_the_mail_server(void **state)
{
	struct incident *incident = story();
	char *page;

	(void)state;
	assert_int_equal(incident->mail_server, EVENT_DAEMON_POSTFIX);
	incident->mail_server = EVENT_DAEMON_EXIM;
	strcpy(incident->queues[0], "1wQ2xZ-0004Rm-2b");
	strcpy(incident->queues[1], "1wQ2xZ-00000004RmA-2bCd");
	strcpy(incident->queues[2], "-Mrm");
	page = page_of(incident, LANG_EN);
	assert_non_null(
		strstr(page, "<pre>exim -Mf 1wQ2xZ-0004Rm-2b 1wQ2xZ-00000004RmA-2bCd</pre>"));
	assert_non_null(strstr(page, "exiqgrep -i -f 'bob' | xargs -r exim -Mf"));
	assert_null(strstr(page, "postsuper"));
	free(page);
	/* Of one that has no such commands here. */
	incident->mail_server = EVENT_DAEMON_SENDMAIL;
	page = page_of(incident, LANG_EN);
	assert_null(strstr(page, "postsuper"));
	assert_null(strstr(page, "exim"));
	free(page);
	/* Not known: no message was seen. */
	incident->mail_server = EVENT_DAEMON_UNKNOWN;
	incident->queue_count = 0;
	page = page_of(incident, LANG_EN);
	assert_non_null(strstr(page, "postqueue -j"));
	assert_non_null(strstr(page, "exiqgrep"));
	free(page);
	incident_free(incident);
}

static void a_page_asks_for_nothing_from_anywhere(void **state)
{
	static const char *const asks[] = { "http:", "https:",	"url(",	  "src=",
					    "<link", "<script", "@import" };
	struct incident *incident = story();

	(void)state;
	for (enum lang lang = 0; lang < LANG_COUNT; lang++) {
		char *page = page_of(incident, lang);

		for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++)
			assert_null(strstr(page, asks[i]));
		free(page);
	}
	incident_free(incident);
}

/* ---- texts ---- */

/* The numbers between braces, as a mask; fails on braces that are not closed. */
static unsigned values_in(const char *text)
{
	unsigned mask = 0;

	for (const char *at = text; (at = strchr(at, '{')); at++) {
		const char *end = strchr(at, '}');

		assert_non_null(end);
		assert_true(at[1] >= '0' && at[1] <= '9' && (at[2] == '}' || at[2] == '|'));
		if (at[2] == '|')
			assert_ptr_not_equal(memchr(at + 3, '|', (size_t)(end - at - 3)), NULL);
		mask |= 1U << (at[1] - '0');
	}
	return mask;
}

static void every_text_is_there_in_both_languages_with_the_same_values(void **state)
{
	(void)state;
	for (enum word word = 0; word < W_WORD_COUNT; word++) {
		assert_non_null(word_of(LANG_EN, word));
		assert_non_null(word_of(LANG_JA, word));
		assert_int_equal(values_in(word_of(LANG_EN, word)),
				 values_in(word_of(LANG_JA, word)));
	}
}

/* ---- a day ---- */

static void a_day_is_read_by_its_name_and_nothing_else(void **state)
{
	static const char *const bad[] = { "",		"2026-02-30",  "2026-1-1",
					   "yesterday", "2026-11-15x", "1969-12-31" };
	static struct day day;

	(void)state;
	assert_int_equal(day_of("2026-11-15", 0, &day), 0);
	assert_string_equal(day.name, "2026-11-15");
	assert_int_equal(day.to_s - day.from_s, 86400);
	assert_int_equal(day.hour_count, 24);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(day_of(bad[i], 0, &day), -EINVAL);
	/* Where summer time begins and ends. */
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	assert_int_equal(day_of("2026-03-29", 0, &day), 0);
	assert_int_equal(day.hour_count, 23);
	assert_int_equal(day_of("2026-10-25", 0, &day), 0);
	assert_int_equal(day.hour_count, 25);
	setenv("TZ", "UTC", 1);
	tzset();
}

static void a_day_says_its_sums_as_text_and_page(void **state)
{
	static struct day day;
	struct span_counts counts = { .service_count = 2, .bans = 3 };
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	struct page page = { stream, LANG_EN };

	(void)state;
	strcpy(counts.services[1].name, "smtp");
	counts.services[1].attempts = 1000;
	counts.services[1].dropped[REASON_BANNED] = 700;
	counts.services[1].would_drop[REASON_LISTED] = 5;
	counts.events[EVENT_FAILURE] = 1;
	assert_int_equal(day_of("2026-11-15", 0, &day), 0);
	day_add(&day, day.from_s + 3600, &counts);
	day_add(&day, day.from_s + 7200, &counts);
	day_add(&day, day.to_s, &counts);
	day_add(&day, day.from_s - 3600, &counts);
	day.alert_count = 1;
	day.alerts[0] = (struct day_alert){ .wall_ns = (day.from_s + 60) * NS_PER_S,
					    .rule = strdup("account-spread"),
					    .about = strdup("<b>\033[2J"),
					    .why = strdup("because") };
	day_text(stream, LANG_EN, &day);
	fflush(stream);
	assert_non_null(strstr(text, "2,000 connection attempts, 1,400 of them dropped; 2 failed "
				     "logins, 0 logins, 0 messages; 6 bans, 0 alerts."));
	assert_non_null(strstr(text, "  smtp: Passed 600, Dropped 1,400, Would drop 10\n"));
	assert_non_null(strstr(text, "In monitor mode 10 more would have been dropped.\n"));
	assert_non_null(strstr(text, "  listed: 0, Would drop 10\n"));
	assert_non_null(strstr(text, "00:01:00  account-spread: <b>\\x1b[2J: because\n"));
	day_page(&page, &day, T0);
	fclose(stream);
	assert_non_null(strstr(text, "&lt;b&gt;\\x1b[2J"));
	free(text);
	day_free(&day);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_delivered_or_bounced_is_queued_no_more),
		cmocka_unit_test(an_incident_has_the_numbers_of_its_events),
		cmocka_unit_test(a_year_of_messages_has_as_many_buckets_as_a_day_and_loses_none),
		cmocka_unit_test(many_sources_and_accounts_make_a_page_of_bounded_size),
		cmocka_unit_test(
			who_comes_after_a_spread_was_told_of_is_a_stranger_unless_its_provider_is_usual),
		cmocka_unit_test(nothing_that_a_stranger_wrote_is_markup_or_moves_the_text),
		cmocka_unit_test(a_name_that_is_one_is_put_into_the_commands),
		cmocka_unit_test(the_commands_are_those_of_the_mail_server),
		cmocka_unit_test(a_page_asks_for_nothing_from_anywhere),
		cmocka_unit_test(every_text_is_there_in_both_languages_with_the_same_values),
		cmocka_unit_test(a_day_is_read_by_its_name_and_nothing_else),
		cmocka_unit_test(a_day_says_its_sums_as_text_and_page),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
