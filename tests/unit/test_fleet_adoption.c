// SPDX-License-Identifier: GPL-2.0-or-later
/* Which bans of others hold: quorum, widths, port 25, budget, leases, revocation, suspension. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "detect/detect.h"
#include "fleet/adoption.h"

#define NOW_MS	  1795000000000LL
#define MINUTE_MS 60000LL
#define MEMBERS	  5

static struct adoption_change last;
static unsigned told;
static bool veto;

static void on_changed(const struct adoption_change *change, void *context)
{
	(void)context;
	last = *change;
	told++;
}

static bool is_vetoed(const struct prefix *prefix, uint8_t services, void *context)
{
	(void)prefix;
	(void)services;
	(void)context;
	return veto;
}

static struct adoption *make(unsigned quorum, unsigned budget)
{
	struct adoption_settings settings = { .quorum = quorum,
					      .budget = budget,
					      .members = MEMBERS,
					      .vetoed = is_vetoed,
					      .changed = on_changed };
	struct adoption *adoption = adoption_new(&settings);

	assert_non_null(adoption);
	told = 0;
	veto = false;
	return adoption;
}

static struct fleet_statement ban(const char *text, uint8_t services, uint8_t rule)
{
	struct fleet_statement statement = { .kind = FLEET_BAN,
					     .services = services,
					     .rule = rule,
					     .time_ms = NOW_MS + 24 * 60 * MINUTE_MS };

	assert_int_equal(prefix_parse(text, strlen(text), &statement.prefix), 0);
	return statement;
}

static enum adoption_verdict say(struct adoption *adoption, uint16_t member, const char *text,
				 uint8_t services, uint8_t rule)
{
	struct fleet_statement statement = ban(text, services, rule);

	return adoption_take(adoption, member, &statement, NOW_MS, NOW_MS);
}

#define GUESS RULE_SOURCE_FAILURES

static void test_as_many_members_as_the_quorum(void **state)
{
	struct adoption *adoption = make(2, 100);

	(void)state;
	assert_int_equal(say(adoption, 0, "203.0.113.7/32", BAN_LOGIN, GUESS), ADOPTION_TAKEN);
	assert_int_equal(say(adoption, 0, "203.0.113.7/32", BAN_LOGIN, GUESS), ADOPTION_TAKEN);
	assert_int_equal(told, 0); /* one is one, however often */
	say(adoption, 3, "203.0.113.7/32", BAN_LOGIN, GUESS);
	assert_int_equal(told, 1);
	assert_int_equal(last.services, BAN_LOGIN);
	assert_int_equal(last.until_ms, NOW_MS + FLEET_LEASE_MS); /* not the day that was named */
	assert_int_equal(last.member_count, 2);
	assert_int_equal(last.members[0], 0);
	assert_int_equal(last.members[1], 3);
	adoption_free(adoption);
}

static void test_a_lease_ends_with_the_one_that_makes_the_quorum(void **state)
{
	struct adoption *adoption = make(2, 100);
	struct fleet_statement statement = ban("203.0.113.7/32", BAN_LOGIN, GUESS);

	(void)state;
	adoption_take(adoption, 0, &statement, NOW_MS, NOW_MS);
	statement.time_ms = NOW_MS + 5 * MINUTE_MS;
	adoption_take(adoption, 1, &statement, NOW_MS, NOW_MS);
	assert_int_equal(last.until_ms, NOW_MS + 5 * MINUTE_MS);
	adoption_take(adoption, 2,
		      &(struct fleet_statement){ .kind = FLEET_REVOKE,
						 .prefix = statement.prefix,
						 .services = BAN_LOGIN },
		      NOW_MS, NOW_MS);
	assert_int_equal(told, 1); /* it never said so */
	statement.kind = FLEET_REVOKE;
	assert_int_equal(adoption_take(adoption, 0, &statement, NOW_MS, NOW_MS), ADOPTION_TAKEN);
	assert_int_equal(told, 2);
	assert_int_equal(last.until_ms, 0);
	assert_int_equal(adoption_take(adoption, 0, &statement, NOW_MS, NOW_MS), ADOPTION_NOTHING);
	adoption_free(adoption);
}

static void test_a_network_and_port_25_need_two(void **state)
{
	struct adoption *adoption = make(1, 100);

	(void)state;
	say(adoption, 0, "203.0.113.0/24", BAN_LOGIN, GUESS);
	say(adoption, 0, "2001:db8::/48", BAN_LOGIN, GUESS);
	say(adoption, 0, "203.0.113.9/32", BAN_SMTP, RULE_SOURCE_ABUSE);
	assert_int_equal(told, 0);
	say(adoption, 0, "203.0.113.9/32", BAN_ALL, RULE_SOURCE_ABUSE);
	assert_int_equal(told, 1);
	assert_int_equal(last.services, BAN_LOGIN);
	say(adoption, 1, "203.0.113.0/24", BAN_LOGIN, GUESS);
	assert_int_equal(told, 2);
	/* for abuse on it alone, whoever says so */
	for (uint16_t i = 1; i < MEMBERS; i++)
		say(adoption, i, "203.0.113.9/32", BAN_SMTP, i & 1 ? GUESS : RULE_MANUAL);
	assert_int_equal(told, 2);
	say(adoption, 1, "203.0.113.9/32", BAN_SMTP, RULE_SOURCE_ABUSE);
	assert_int_equal(told, 3);
	assert_int_equal(last.services, BAN_SMTP);
	adoption_free(adoption);
}

static void test_what_is_wide_or_local_is_never_adopted(void **state)
{
	static const char *const refused[] = {
		"0.0.0.0/0",	"203.0.112.0/23", "::/0",    "2001:db8::/47", "10.0.0.1/32",
		"127.0.0.1/32", "fe80::/64",	  "::1/128", "192.168.1.0/24"
	};
	struct adoption *adoption = make(2, 100);

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		for (uint16_t j = 0; j < MEMBERS; j++)
			assert_int_equal(say(adoption, j, refused[i], BAN_ALL, RULE_SOURCE_ABUSE),
					 ADOPTION_WIDE);
	assert_int_equal(told, 0);
	adoption_free(adoption);
}

static void test_clocks(void **state)
{
	struct adoption *adoption = make(1, 100);
	struct fleet_statement statement = ban("203.0.113.7/32", BAN_LOGIN, GUESS);

	(void)state;
	assert_int_equal(adoption_take(adoption, 0, &statement, NOW_MS - FLEET_OLD_MS - 1, NOW_MS),
			 ADOPTION_OLD);
	assert_int_equal(adoption_take(adoption, 0, &statement, NOW_MS + FLEET_AHEAD_MS + 1,
				       NOW_MS),
			 ADOPTION_CLOCK);
	assert_int_equal(told, 0);
	/* a clock that is ahead makes no longer lease, one that is behind a shorter one */
	adoption_take(adoption, 0, &statement, NOW_MS + FLEET_AHEAD_MS, NOW_MS);
	assert_int_equal(last.until_ms, NOW_MS + FLEET_LEASE_MS);
	adoption_take(adoption, 0, &statement, NOW_MS - FLEET_OLD_MS, NOW_MS);
	assert_int_equal(last.until_ms, NOW_MS - FLEET_OLD_MS + FLEET_LEASE_MS);
	statement.time_ms = NOW_MS;
	assert_int_equal(adoption_take(adoption, 1, &statement, NOW_MS, NOW_MS), ADOPTION_NOTHING);
	adoption_free(adoption);
}

static void count_one(const struct adoption_change *change, void *context)
{
	(void)change;
	++*(unsigned *)context;
}

static unsigned count_held(struct adoption *adoption, int64_t now_ms)
{
	unsigned count = 0;

	for (struct adoption_walk walk = { 0 };
	     adoption_some(adoption, &walk, now_ms, count_one, &count);)
		;
	return count;
}

/* One member at quorum 1: never more than its budget at once, nor begun within one hour. */
static void test_the_budget_of_one_alone(void **state)
{
	struct adoption *adoption = make(1, 10);
	int64_t now_ms = NOW_MS;
	unsigned begun = 0;

	(void)state;
	for (unsigned i = 0; i < 5000; i++, now_ms += 4 * 1000) {
		struct fleet_statement statement = ban("203.0.113.7/32", BAN_LOGIN, GUESS);

		statement.prefix.address = address_from4(0x2d000000 + i);
		statement.time_ms = now_ms + FLEET_LEASE_MS;
		begun += adoption_take(adoption, 0, &statement, now_ms, now_ms) == ADOPTION_TAKEN;
		if (i % 3 == 0) { /* giving one back buys no other */
			statement.kind = FLEET_REVOKE;
			adoption_take(adoption, 0, &statement, now_ms, now_ms);
		}
		assert_true(count_held(adoption, now_ms) <= 10);
		adoption_sweep(adoption, 1 << 16, now_ms);
	}
	assert_int_equal(begun, 10 * (5000 * 4 / 3600 + 1));
	/* two members need none */
	say(adoption, 1, "203.0.113.7/32", BAN_LOGIN, GUESS);
	adoption_free(adoption);
}

static void test_renewing_costs_nothing_and_two_need_no_budget(void **state)
{
	struct adoption *adoption = make(1, 1);

	(void)state;
	assert_int_equal(say(adoption, 0, "203.0.113.1/32", BAN_LOGIN, GUESS), ADOPTION_TAKEN);
	assert_int_equal(say(adoption, 0, "203.0.113.2/32", BAN_LOGIN, GUESS), ADOPTION_BUDGET);
	assert_int_equal(say(adoption, 0, "203.0.113.1/32", BAN_LOGIN, GUESS), ADOPTION_TAKEN);
	assert_int_equal(told, 1);
	say(adoption, 1, "203.0.113.3/32", BAN_LOGIN, GUESS);
	assert_int_equal(say(adoption, 1, "203.0.113.2/32", BAN_LOGIN, GUESS), ADOPTION_BUDGET);
	assert_int_equal(told, 3);
	assert_int_equal(last.member_count, 2);
	adoption_free(adoption);
}

/* Who bans and lifts in turns would keep every daemon busy; nobody else's bans wait for that. */
static void test_bans_are_lifted_so_often_and_then_end_with_their_leases(void **state)
{
	struct adoption *adoption = make(2, 100);
	struct fleet_statement lift = ban("203.0.113.1/32", BAN_LOGIN, GUESS);

	(void)state;
	lift.kind = FLEET_REVOKE;
	say(adoption, 1, "203.0.113.1/32", BAN_LOGIN, GUESS);
	for (unsigned i = 0; i < FLEET_LIFTS + 500; i++) {
		say(adoption, 0, "203.0.113.1/32", BAN_LOGIN, GUESS);
		assert_int_equal(adoption_take(adoption, 0, &lift, NOW_MS, NOW_MS),
				 i < FLEET_LIFTS ? ADOPTION_TAKEN : ADOPTION_BUDGET);
	}
	assert_int_equal(told, 2 * FLEET_LIFTS + 1);
	assert_int_equal(adoption_take(adoption, 0, &lift, NOW_MS, NOW_MS + FLEET_LIFT_MS),
			 ADOPTION_TAKEN);
	say(adoption, 0, "203.0.113.1/32", BAN_LOGIN, GUESS);
	assert_int_equal(adoption_take(adoption, 1, &lift, NOW_MS, NOW_MS), ADOPTION_TAKEN);
	assert_int_equal(count_held(adoption, NOW_MS), 0);
	/* what is not there costs nothing */
	for (unsigned i = 0; i < 2 * FLEET_LIFTS; i++)
		assert_int_equal(adoption_take(adoption, 1, &lift, NOW_MS, NOW_MS),
				 ADOPTION_NOTHING);
	say(adoption, 1, "203.0.113.1/32", BAN_LOGIN, GUESS);
	assert_int_equal(adoption_take(adoption, 1, &lift, NOW_MS, NOW_MS), ADOPTION_TAKEN);
	adoption_free(adoption);
}

static void test_a_suspended_member_takes_its_bans_along(void **state)
{
	struct adoption *adoption = make(2, 100);
	struct adoption_usage usage;

	(void)state;
	for (uint16_t i = 0; i < 2; i++)
		say(adoption, i, "203.0.113.1/32", BAN_LOGIN, GUESS);
	for (uint16_t i = 0; i < 3; i++)
		say(adoption, i, "203.0.113.2/32", BAN_LOGIN, GUESS);
	say(adoption, 1, "203.0.113.3/32", BAN_LOGIN, GUESS);
	told = 0;
	adoption_suspend(adoption, 1, NOW_MS);
	assert_int_equal(told, 1); /* the other two still make a quorum */
	assert_int_equal(last.until_ms, 0);
	assert_int_equal(count_held(adoption, NOW_MS), 1);
	assert_int_equal(say(adoption, 1, "203.0.113.1/32", BAN_LOGIN, GUESS), ADOPTION_MEMBER);
	adoption_get_usage(adoption, &usage);
	assert_int_equal(usage.prefixes, 2);
	assert_int_equal(usage.claims, 3);
	adoption_free(adoption);
}

static void test_what_is_vetoed_does_not_hold(void **state)
{
	struct adoption *adoption = make(1, 100);

	(void)state;
	veto = true;
	say(adoption, 0, "203.0.113.1/32", BAN_LOGIN, GUESS);
	assert_int_equal(told, 0);
	assert_int_equal(count_held(adoption, NOW_MS), 0);
	veto = false;
	say(adoption, 0, "203.0.113.1/32", BAN_LOGIN, GUESS);
	assert_int_equal(told, 1);
	veto = true; /* it has become known meanwhile */
	say(adoption, 0, "203.0.113.1/32", BAN_LOGIN, GUESS);
	assert_int_equal(told, 2);
	assert_int_equal(last.until_ms, 0);
	adoption_free(adoption);
}

static void test_one_member_cannot_fill_the_table_for_others(void **state)
{
	struct adoption *adoption = make(2, 100);
	struct fleet_statement statement = ban("203.0.113.7/32", BAN_LOGIN, GUESS);
	struct adoption_usage usage;

	(void)state;
	for (unsigned i = 0; i < FLEET_CLAIMS_MAX + 1000; i++) {
		statement.prefix.address = address_from4(0x2d000000 + i);
		adoption_take(adoption, 0, &statement, NOW_MS, NOW_MS);
	}
	assert_int_equal(adoption_take(adoption, 0, &statement, NOW_MS, NOW_MS), ADOPTION_FULL);
	assert_int_equal(say(adoption, 1, "203.0.113.1/32", BAN_LOGIN, GUESS), ADOPTION_TAKEN);
	say(adoption, 2, "203.0.113.1/32", BAN_LOGIN, GUESS);
	assert_int_equal(told, 1);
	adoption_sweep(adoption, 1 << 20, NOW_MS + FLEET_LEASE_MS);
	adoption_get_usage(adoption, &usage);
	assert_int_equal(usage.claims, 0);
	assert_int_equal(usage.prefixes, 0);
	/* and there is room again */
	statement.time_ms = NOW_MS + 2 * FLEET_LEASE_MS;
	assert_int_equal(adoption_take(adoption, 0, &statement, NOW_MS + FLEET_LEASE_MS,
				       NOW_MS + FLEET_LEASE_MS),
			 ADOPTION_TAKEN);
	adoption_free(adoption);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_many_members_as_the_quorum),
		cmocka_unit_test(test_a_lease_ends_with_the_one_that_makes_the_quorum),
		cmocka_unit_test(test_a_network_and_port_25_need_two),
		cmocka_unit_test(test_what_is_wide_or_local_is_never_adopted),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_the_budget_of_one_alone),
		cmocka_unit_test(test_renewing_costs_nothing_and_two_need_no_budget),
		cmocka_unit_test(test_bans_are_lifted_so_often_and_then_end_with_their_leases),
		cmocka_unit_test(test_a_suspended_member_takes_its_bans_along),
		cmocka_unit_test(test_what_is_vetoed_does_not_hold),
		cmocka_unit_test(test_one_member_cannot_fill_the_table_for_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
