// SPDX-License-Identifier: GPL-2.0-or-later
/* account-spread, account-siege and account-old-password with what other servers saw: it counts
 * beside what is seen here, from two servers at least, three networks of each at most; alone it
 * alerts at the most. */
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
#include "detect/lru_table.h"
#include "detect/remote_logins.h"

#define NOW_NS (1795000000LL * NS_PER_S)
#define HOUR   (3600LL * NS_PER_S)

static enum ban_rule wanted;
static unsigned bans, alerts, told[SIGHTS];
static char reason[160];

static void decide(const struct decision *decision, void *context)
{
	(void)context;
	if (decision->rule != wanted)
		return;
	if (decision->action == ACTION_BAN) {
		bans++;
	} else {
		alerts++;
		memcpy(reason, decision->reason, sizeof(reason));
	}
}

static void tell(const char *account, const struct address *source, enum detect_sight sight,
		 int64_t wall_ns, void *context)
{
	(void)account;
	(void)source;
	(void)wall_ns;
	(void)context;
	told[sight]++;
}

static struct detect *start_with(enum ban_rule rule)
{
	struct detect_settings settings;
	struct detect *detect;

	detect_defaults(&settings);
	settings.since_ns = NOW_NS - 1000 * HOUR;
	settings.rules[RULE_ACCOUNT_SPREAD].count = 7;
	settings.store.sight = tell;
	settings.most_sources = settings.most_accounts = settings.most_known = 1000;
	detect = detect_new(&settings);
	assert_non_null(detect);
	bans = alerts = 0;
	memset(told, 0, sizeof(told));
	wanted = rule;
	return detect;
}

static struct detect *start(void)
{
	return start_with(RULE_ACCOUNT_SPREAD);
}

static void failure(struct detect *detect, unsigned network, enum event_password password,
		    int64_t wall_ns)
{
	struct event event = { .wall_ns = wall_ns,
			       .kind = EVENT_FAILURE,
			       .service = EVENT_SERVICE_IMAP,
			       .count = 1,
			       .has_source = true,
			       .has_account = true,
			       .account = "bob",
			       .password = password,
			       .source = address_from4((45U << 24) + (network << 16) + 1) };

	detect_event(detect, &event, 1, decide, NULL);
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

static void remote_sight(struct detect *detect, enum detect_sight sight, uint16_t server,
			 unsigned network, int64_t wall_ns)
{
	struct detect_remote seen = {
		.sight = sight,
		.server = server,
		.wall_ns = wall_ns,
		.network = { address_from4((45U << 24) + (network << 16)), 120 },
	};

	detect_remote(detect, "bob", &seen, decide, NULL);
}

static void remote(struct detect *detect, uint16_t server, unsigned network, int64_t wall_ns)
{
	remote_sight(detect, SIGHT_LOGIN, server, network, wall_ns);
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

/* Each kind has its own share: whoever only fails elsewhere hides no stranger who logs in there. */
static void test_failures_on_a_server_leave_room_for_its_logins(void **state)
{
	struct detect *detect = start();

	(void)state;
	login(detect, 1, NOW_NS - 3 * HOUR);
	for (unsigned server = 1; server <= 2; server++)
		for (unsigned i = 0; i < 10; i++) {
			remote_sight(detect, SIGHT_FAILURE, (uint16_t)server, 100 * server + i,
				     NOW_NS - NS_PER_S + i);
			remote_sight(detect, SIGHT_OLD, (uint16_t)server, 100 * server + 50 + i,
				     NOW_NS - NS_PER_S + i);
		}
	login(detect, 10, NOW_NS);
	login(detect, 11, NOW_NS + 1);
	assert_int_equal(bans + alerts, 0); /* nor is a failure a login */
	for (unsigned i = 0; i < 2; i++) {
		remote(detect, 1, 20 + i, NOW_NS + 2 + i);
		remote(detect, 2, 30 + i, NOW_NS + 4 + i);
	}
	assert_int_equal(bans, 2);
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

/* Five networks of all servers together are a siege; then three failures are enough. */
static void test_failures_on_all_servers_together_are_a_siege(void **state)
{
	struct detect *detect = start_with(RULE_ACCOUNT_SIEGE);
	int64_t last_ns;

	(void)state;
	login(detect, 1, NOW_NS - 100 * HOUR);
	for (unsigned i = 0; i < 2; i++) {
		remote_sight(detect, SIGHT_FAILURE, 1, 20 + i, NOW_NS + i);
		remote_sight(detect, SIGHT_FAILURE, 2, 30 + i, NOW_NS + i);
	}
	assert_false(detect_in_incident(detect, "bob", RULE_ACCOUNT_SIEGE, NOW_NS + 9, &last_ns));
	for (unsigned i = 0; i < 3; i++)
		failure(detect, 10, EVENT_PASSWORD_UNKNOWN, NOW_NS + 10 + i);
	assert_true(detect_in_incident(detect, "bob", RULE_ACCOUNT_SIEGE, NOW_NS + 20, &last_ns));
	assert_int_equal(bans, 1);
	/* its owner fails as often as he likes */
	for (unsigned i = 0; i < 3; i++)
		failure(detect, 1, EVENT_PASSWORD_UNKNOWN, NOW_NS + 30 + i);
	assert_int_equal(bans, 1);
	detect_free(detect);
}

static void test_one_server_alone_makes_no_siege_whatever_it_says(void **state)
{
	struct detect *detect = start_with(RULE_ACCOUNT_SIEGE);
	int64_t last_ns;

	(void)state;
	login(detect, 1, NOW_NS - 100 * HOUR);
	for (unsigned i = 0; i < 200; i++)
		remote_sight(detect, SIGHT_FAILURE, 1, 20 + i, NOW_NS + i);
	/* nor by what the account knows, or together with a second one that saw the same */
	remote_sight(detect, SIGHT_FAILURE, 2, 1, NOW_NS);
	for (unsigned i = 0; i < 3; i++)
		failure(detect, 10, EVENT_PASSWORD_UNKNOWN, NOW_NS + 300 + i);
	assert_int_equal(bans + alerts, 0);
	assert_false(detect_in_incident(detect, "bob", RULE_ACCOUNT_SIEGE, NOW_NS + 310, &last_ns));
	detect_free(detect);
}

static void test_of_failures_three_networks_are_told(void **state)
{
	struct detect *detect = start_with(RULE_ACCOUNT_SIEGE);

	(void)state;
	login(detect, 1, NOW_NS - 100 * HOUR);
	failure(detect, 1, EVENT_PASSWORD_UNKNOWN, NOW_NS);
	assert_int_equal(told[SIGHT_FAILURE], 0);
	for (unsigned i = 0; i < 20; i++)
		failure(detect, 10 + i, EVENT_PASSWORD_UNKNOWN, NOW_NS + i);
	assert_int_equal(told[SIGHT_FAILURE], 3);
	assert_int_equal(told[SIGHT_OLD], 0);
	detect_free(detect);
}

static void test_an_old_password_on_several_servers_is_a_leak(void **state)
{
	struct detect *detect = start_with(RULE_ACCOUNT_OLD_PASSWORD);

	(void)state;
	login(detect, 1, NOW_NS - 100 * HOUR);
	remote_sight(detect, SIGHT_OLD, 1, 20, NOW_NS);
	remote_sight(detect, SIGHT_OLD, 1, 21, NOW_NS);
	failure(detect, 10, EVENT_PASSWORD_OLD, NOW_NS + 1);
	assert_int_equal(bans, 0); /* one server's word, and ours, is not enough */
	assert_int_equal(told[SIGHT_OLD], 1);
	remote_sight(detect, SIGHT_OLD, 2, 30, NOW_NS + 2);
	assert_int_equal(bans, 0); /* nor others' alone */
	failure(detect, 10, EVENT_PASSWORD_OLD, NOW_NS + 3);
	assert_int_equal(bans, 1);
	detect_free(detect);
}

/* 3 servers; the third names account after account, as one in wrong hands would. */
static void test_whoever_names_many_accounts_pushes_out_its_own(void **state)
{
	struct remote_logins *remote = remote_logins_new();
	struct lru_seed seed = lru_seed_new();
	const struct detect_remote *logins;
	struct prefix honest = lru_name_key(&seed, "honest"), key;
	struct detect_remote login = { .sight = SIGHT_FAILURE, .wall_ns = NOW_NS };
	char name[32];

	(void)state;
	assert_non_null(remote);
	for (uint16_t server = 1; server <= 2; server++) {
		login.server = server;
		assert_true(remote_logins_add(remote, &honest, &login, HOUR));
	}
	login.server = 1;
	key = lru_name_key(&seed, "alone");
	assert_true(remote_logins_add(remote, &key, &login, HOUR));
	login.server = 3;
	for (unsigned i = 0; i < 3 * REMOTE_ACCOUNTS_MAX; i++) {
		struct prefix other;

		snprintf(name, sizeof(name), "user%u", i);
		other = lru_name_key(&seed, name);
		assert_true(remote_logins_add(remote, &other, &login, HOUR));
	}
	assert_int_equal(remote_logins_of(remote, &honest, NOW_NS, HOUR, &logins), 2);
	/* what one alone said of an account waits for the second's word all the same */
	login.server = 2;
	assert_true(remote_logins_add(remote, &key, &login, HOUR));
	assert_int_equal(remote_logins_of(remote, &key, NOW_NS, HOUR, &logins), 2);
	login.server = REMOTE_SERVERS_MAX;
	assert_false(remote_logins_add(remote, &key, &login, HOUR));
	remote_logins_free(remote);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whoever_names_many_accounts_pushes_out_its_own),
		cmocka_unit_test(test_strangers_of_all_servers_together_make_a_spread),
		cmocka_unit_test(test_failures_on_a_server_leave_room_for_its_logins),
		cmocka_unit_test(test_one_server_alone_adds_nothing_whatever_it_says),
		cmocka_unit_test(test_without_a_login_here_it_only_alerts),
		cmocka_unit_test(test_who_nobody_knows_here_is_no_matter),
		cmocka_unit_test(test_failures_on_all_servers_together_are_a_siege),
		cmocka_unit_test(test_one_server_alone_makes_no_siege_whatever_it_says),
		cmocka_unit_test(test_of_failures_three_networks_are_told),
		cmocka_unit_test(test_an_old_password_on_several_servers_is_a_leak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
