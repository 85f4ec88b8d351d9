// SPDX-License-Identifier: GPL-2.0-or-later
/* account-spread with what other servers saw: it counts beside logins here, from two servers at
 * least, three networks of each at most; alone it alerts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/time.h"
#include "detect/detect.h"

#define NOW_NS (1795000000LL * NS_PER_S)
#define HOUR   (3600LL * NS_PER_S)

static unsigned bans, alerts;
static char reason[160];

static void decide(const struct decision *decision, void *context)
{
	(void)context;
	if (decision->rule != RULE_ACCOUNT_SPREAD)
		return;
	if (decision->action == ACTION_BAN) {
		bans++;
	} else {
		alerts++;
		memcpy(reason, decision->reason, sizeof(reason));
	}
}

/* An account whose owner logged in three hours ago. */
static struct detect *start(void)
{
	struct detect_settings settings;
	struct detect *detect;

	detect_defaults(&settings);
	settings.since_ns = NOW_NS - 1000 * HOUR;
	settings.rules[RULE_ACCOUNT_SPREAD].count = 7;
	settings.most_sources = settings.most_accounts = settings.most_known = 1000;
	detect = detect_new(&settings);
	assert_non_null(detect);
	bans = alerts = 0;
	return detect;
}

static void login(struct detect *detect, unsigned network, int64_t wall_ns)
{
	struct event event = { .wall_ns = wall_ns,
			       .kind = EVENT_SUCCESS,
			       .service = EVENT_SERVICE_IMAP,
			       .count = 1,
			       .has_source = true,
			       .has_account = true,
			       .account = "bob",
			       .source = address_from4((45U << 24) + (network << 16) + 1) };

	detect_event(detect, &event, 1, decide, NULL);
}

static void remote(struct detect *detect, uint16_t server, unsigned network, int64_t wall_ns)
{
	struct detect_remote seen = {
		.server = server,
		.wall_ns = wall_ns,
		.network = { address_from4((45U << 24) + (network << 16)), 120 },
	};

	detect_remote(detect, "bob", &seen, decide, NULL);
}

static void test_strangers_of_all_servers_together_make_a_spread(void **state)
{
	struct detect *detect = start();

	(void)state;
	login(detect, 1, NOW_NS - 3 * HOUR);
	login(detect, 10, NOW_NS);
	login(detect, 11, NOW_NS + 1);
	for (unsigned i = 0; i < 2; i++) {
		remote(detect, 1, 20 + i, NOW_NS + 2 + i);
		remote(detect, 2, 30 + i, NOW_NS + 4 + i);
	}
	assert_int_equal(bans, 2); /* those two that came here */
	assert_true(alerts > 0);
	assert_non_null(strstr(reason, "on other servers"));
	detect_free(detect);
}

static void test_one_server_alone_adds_nothing_whatever_it_says(void **state)
{
	struct detect *detect = start();

	(void)state;
	login(detect, 1, NOW_NS - 3 * HOUR);
	login(detect, 10, NOW_NS);
	for (unsigned i = 0; i < 200; i++)
		remote(detect, 1, 20 + i, NOW_NS + i);
	assert_int_equal(bans, 0);
	assert_int_equal(alerts, 0);
	/* beside a second one, three of its networks count */
	remote(detect, 2, 11, NOW_NS + 300);
	assert_int_equal(bans, 0);
	detect_free(detect);
}

static void test_without_a_login_here_it_only_alerts(void **state)
{
	struct detect *detect = start();
	int64_t last_ns;

	(void)state;
	login(detect, 1, NOW_NS - 100 * HOUR);
	for (unsigned i = 0; i < 3; i++)
		for (uint16_t server = 1; server < 4; server++)
			remote(detect, server, 20 + 10U * server + i, NOW_NS + i);
	assert_int_equal(bans, 0);
	assert_true(alerts > 0);
	/* nor is the account in a spread by that, in which whoever is new is banned */
	assert_false(detect_in_incident(detect, "bob", RULE_ACCOUNT_SPREAD, NOW_NS + 10, &last_ns));
	detect_free(detect);
}

static void test_who_nobody_knows_here_is_no_matter(void **state)
{
	struct detect *detect = start();

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		for (uint16_t server = 1; server < 4; server++)
			remote(detect, server, 20 + 10U * server + i, NOW_NS + i);
	assert_int_equal(bans + alerts, 0);
	detect_free(detect);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strangers_of_all_servers_together_make_a_spread),
		cmocka_unit_test(test_one_server_alone_adds_nothing_whatever_it_says),
		cmocka_unit_test(test_without_a_login_here_it_only_alerts),
		cmocka_unit_test(test_who_nobody_knows_here_is_no_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
