// SPDX-License-Identifier: GPL-2.0-or-later
/* What was, in the store: each ban that ended, once, and how; alerts; a most of both, and 90 days. */
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
#include "checked.h"
#include "store/store.h"

#define T0   (1700000000LL * NS_PER_S)
#define HOUR (3600 * NS_PER_S)
#define DAY  (24 * HOUR)

static char folder[64];
static struct store *store;

static int set_up(void **state)
{
	struct fault fault = { 0 };

	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-store-past-XXXXXX");
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

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, strlen(text), &prefix), 0);
	return prefix;
}

static void put(const char *prefix, enum ban_services services, int64_t since, int64_t until)
{
	struct ban_record ban = { .prefix = prefix_of(prefix),
				  .services = services,
				  .since_wall_ns = since,
				  .until_wall_ns = until,
				  .reason = "because" };

	assert_int_equal(store_ban_put(store, &ban, NULL, 0, NULL), 0);
}

/* The past bans as lines "PREFIX services since-hours..ended-hours [lifted]", the last first. */
static int append(const struct ban_record *past, void *context)
{
	char text[PREFIX_TEXT_SIZE], *all = context;
	size_t used = strlen(all);

	prefix_format(&past->prefix, text);
	snprintf(all + used, 1024 - used, "%s %d %lld..%lld%s\n", text, past->services,
		 (long long)((past->since_wall_ns - T0) / HOUR),
		 (long long)((past->until_wall_ns - T0) / HOUR), past->lifted ? " lifted" : "");
	assert_string_equal(past->reason, "because");
	return 0;
}

static const char *past(const char *about, int64_t now)
{
	static char all[1024];
	struct prefix prefix;

	if (about)
		prefix = prefix_of(about);
	*all = '\0';
	assert_int_equal(
		store_past_bans_each(store, about ? &prefix : NULL, T0, now, append, all, NULL), 0);
	return all;
}

static void a_ban_that_ends_is_past_before_and_after_it_is_moved(void **state)
{
	(void)state;
	put("192.0.2.1", BAN_ALL, T0, T0 + HOUR);
	put("192.0.2.2", BAN_SMTP, T0, T0 + 5 * HOUR);
	assert_string_equal(past(NULL, T0 + HOUR / 2), "");
	assert_string_equal(past(NULL, T0 + 2 * HOUR), "192.0.2.1/32 3 0..1\n");
	assert_int_equal(store_expire(store, T0 + 2 * HOUR, NULL), 0);
	assert_string_equal(past(NULL, T0 + 2 * HOUR), "192.0.2.1/32 3 0..1\n");
	assert_int_equal(store_expire(store, T0 + 6 * HOUR, NULL), 0);
	assert_string_equal(past(NULL, T0 + 6 * HOUR),
			    "192.0.2.2/32 1 0..5\n192.0.2.1/32 3 0..1\n");
	assert_string_equal(past("192.0.2.1/32", T0 + 6 * HOUR), "192.0.2.1/32 3 0..1\n");
	assert_string_equal(past("192.0.2.0/24", T0 + 6 * HOUR),
			    "192.0.2.2/32 1 0..5\n192.0.2.1/32 3 0..1\n");
	assert_string_equal(past("198.51.100.0/24", T0 + 6 * HOUR), "");
	/* A ban around the address is one of it. */
	put("10.1.0.0/16", BAN_ALL, T0, T0 + HOUR);
	assert_string_equal(past("10.1.2.3", T0 + 6 * HOUR), "10.1.0.0/16 3 0..1\n");
	assert_string_equal(past("10.2.2.3", T0 + 6 * HOUR), "");
}

static void a_ban_that_is_lifted_is_past_at_once_for_the_services_that_it_left(void **state)
{
	struct prefix prefix = prefix_of("192.0.2.1");

	(void)state;
	put("192.0.2.1", BAN_ALL, T0, T0 + 9 * HOUR);
	assert_int_equal(store_ban_remove(store, &prefix, BAN_SMTP, T0 + HOUR, NULL), 0);
	assert_string_equal(past(NULL, T0 + HOUR), "192.0.2.1/32 1 0..1 lifted\n");
	assert_int_equal(store_ban_remove(store, &prefix, BAN_LOGIN, T0 + 2 * HOUR, NULL), 0);
	assert_string_equal(past(NULL, T0 + 2 * HOUR),
			    "192.0.2.1/32 2 0..2 lifted\n192.0.2.1/32 1 0..1 lifted\n");
	assert_int_equal(store_ban_remove(store, &prefix, BAN_ALL, T0 + 2 * HOUR, NULL), -ENOENT);
	/* One that was over already ended by itself. */
	put("192.0.2.3", BAN_ALL, T0, T0 + HOUR);
	prefix = prefix_of("192.0.2.3");
	assert_int_equal(store_ban_remove(store, &prefix, BAN_ALL, T0 + 3 * HOUR, NULL), 0);
	assert_string_equal(past("192.0.2.3/32", T0 + 3 * HOUR), "192.0.2.3/32 3 0..1\n");
}

static void a_longer_ban_is_the_same_one_and_a_later_one_another(void **state)
{
	(void)state;
	put("192.0.2.1", BAN_LOGIN, T0, T0 + HOUR);
	put("192.0.2.1", BAN_LOGIN, T0, T0 + 2 * HOUR);
	assert_string_equal(past(NULL, T0 + HOUR), "");
	/* Nothing was swept in between. */
	put("192.0.2.1", BAN_LOGIN, T0 + 4 * HOUR, T0 + 6 * HOUR);
	assert_string_equal(past(NULL, T0 + 5 * HOUR), "192.0.2.1/32 2 0..2\n");
	put("192.0.2.1", BAN_ALL, T0 + 7 * HOUR, T0 + 8 * HOUR);
	assert_string_equal(past(NULL, T0 + 7 * HOUR),
			    "192.0.2.1/32 2 4..6\n192.0.2.1/32 2 0..2\n");
}

static void the_past_is_kept_for_ninety_days_and_a_most(void **state)
{
	struct prefix prefix = prefix_of("10.0.0.0");

	(void)state;
	put("192.0.2.1", BAN_ALL, T0, T0 + HOUR);
	assert_int_equal(store_expire(store, T0 + 89 * DAY, NULL), 0);
	assert_string_equal(past(NULL, T0 + 89 * DAY), "192.0.2.1/32 3 0..1\n");
	assert_int_equal(store_expire(store, T0 + 91 * DAY, NULL), 0);
	assert_string_equal(past(NULL, T0 + 91 * DAY), "");

	if (is_checked())
		skip();
	assert_int_equal(store_begin(store, NULL), 0);
	for (unsigned i = 0; i < STORE_PAST_MOST + 3000; i++) {
		struct ban_record ban = { .prefix = prefix,
					  .services = BAN_ALL,
					  .since_wall_ns = T0,
					  .until_wall_ns = T0 + HOUR + i,
					  .reason = "because" };

		ban.prefix.address = address_from4(0x0a000000 + i);
		assert_int_equal(store_ban_put(store, &ban, NULL, 0, NULL), 0);
		if (i % 1000 == 999)
			assert_true(store_expire(store, T0 + DAY, NULL) >= 0);
	}
	assert_int_equal(store_commit(store, NULL), 0);
	for (unsigned i = 0; i < 30; i++)
		assert_true(store_expire(store, T0 + DAY, NULL) >= 0);
	assert_string_equal(past("10.0.0.0/30", T0 + DAY), "");
	assert_string_equal(past("10.0.15.0/32", T0 + DAY), "10.0.15.0/32 3 0..1\n");
}

static int count_alert(const struct store_past_alert *alert, void *context)
{
	assert_non_null(alert->facts);
	++*(size_t *)context;
	return 0;
}

static size_t alerts(const char *account, int64_t from)
{
	size_t count = 0;

	assert_int_equal(store_past_alerts_each(store, account, from, count_alert, &count, NULL),
			 0);
	return count;
}

static void alerts_are_kept_and_a_flood_of_one_rule_spares_the_others(void **state)
{
	struct prefix prefix = prefix_of("192.0.2.1");
	struct store_past_alert one = { .wall_ns = T0,
					.rule = "account-spread",
					.account = "Bob@example.net",
					.facts = "{}" },
				flood = { .rule = "account-siege",
					  .prefix = &prefix,
					  .facts = "{}" };

	(void)state;
	assert_int_equal(store_past_alert_put(store, &one, NULL), 0);
	assert_int_equal(store_begin(store, NULL), 0);
	for (unsigned i = 0; i < STORE_PAST_ALERTS_MOST + 500; i++) {
		flood.wall_ns = T0 + HOUR + i;
		assert_int_equal(store_past_alert_put(store, &flood, NULL), 0);
	}
	assert_int_equal(store_commit(store, NULL), 0);
	assert_int_equal(alerts(NULL, 0), STORE_PAST_ALERTS_MOST + 1);
	assert_int_equal(alerts("bob@EXAMPLE.net", 0), 1);
	assert_int_equal(alerts("bob", 0), 0);
	assert_int_equal(alerts(NULL, T0 + HOUR + STORE_PAST_ALERTS_MOST), 500);
	assert_int_equal(store_expire(store, T0 + 91 * DAY, NULL), 1);
	assert_int_equal(store_expire(store, T0 + 91 * DAY, NULL), 0);
	assert_int_equal(alerts(NULL, 0), 0);
}

static void an_alert_that_was_summed_up_is_found_by_each_of_its_accounts(void **state)
{
	static const struct store_past_alert sum = {
		.wall_ns = T0,
		.rule = "account-spread",
		.facts = "{\"account\":null,\"accounts\":[\"Bob@example.net\",\"alice\"]}"
	};
	static const struct store_past_alert damaged = { .wall_ns = T0,
							 .rule = "account-spread",
							 .facts = "{\"accounts\":[\"bob" };

	(void)state;
	assert_int_equal(store_past_alert_put(store, &sum, NULL), 0);
	assert_int_equal(store_past_alert_put(store, &damaged, NULL), 0);
	assert_int_equal(alerts(NULL, 0), 2);
	assert_int_equal(alerts("bob@EXAMPLE.net", 0), 1);
	assert_int_equal(alerts("alice", 0), 1);
	assert_int_equal(alerts("bob", 0), 0);
	assert_int_equal(alerts("alice", T0 + 1), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_ban_that_ends_is_past_before_and_after_it_is_moved),
		TEST(a_ban_that_is_lifted_is_past_at_once_for_the_services_that_it_left),
		TEST(a_longer_ban_is_the_same_one_and_a_later_one_another),
		TEST(the_past_is_kept_for_ninety_days_and_a_most),
		TEST(alerts_are_kept_and_a_flood_of_one_rule_spares_the_others),
		TEST(an_alert_that_was_summed_up_is_found_by_each_of_its_accounts),
	};

	return cmocka_run_group_tests_name("store past", tests, NULL, NULL);
}
