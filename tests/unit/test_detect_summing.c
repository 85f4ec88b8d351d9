// SPDX-License-Identifier: GPL-2.0-or-later
/* Alerts that are summed up, and those that must not be: each account whose password others have is
 * named at once. */
#include "detect/summing.h"
#include "detect_room.h"
#include "in_range.h"

static void set_account(struct decision *decision, struct prefix *key, unsigned number)
{
	*key = (struct prefix){ .address = address_from4(number), .length = 128 };
	decision->has_account = true;
	snprintf(decision->account, sizeof(decision->account), "user%u@example.org", number);
}

static bool admit(struct summing *summing, unsigned number, bool at_once, int64_t wall_ns)
{
	struct decision decision = { .rule = RULE_ACCOUNT_FLOOD,
				     .action = ACTION_ALERT,
				     .at_once = at_once,
				     .wall_ns = wall_ns };
	struct prefix key;

	set_account(&decision, &key, number);
	return summing_admit(summing, &key, 86400, false, &decision);
}

/* The alert about an account, with its sources. */
static const struct decision *alert_about(const struct room *room, const char *account)
{
	for (size_t i = 0; i < room->count; i++)
		if (room->decisions[i].action == ACTION_ALERT && room->decisions[i].has_account &&
		    !strcmp(room->decisions[i].account, account))
			return &room->decisions[i];
	return NULL;
}

static void test_each_of_sixteen_accounts_in_a_spread_is_named_within_a_minute(void **state)
{
	struct room *room = room_open();
	char name[32];

	(void)state;
	for (unsigned account = 0; account < 16; account++) {
		snprintf(name, sizeof(name), "user%u", account);
		knows(room, name, "192.0.2.1", T0 - DAY);
	}
	for (unsigned i = 0; i < 8 * 16; i++) {
		snprintf(name, sizeof(name), "user%u", i % 16);
		room_event(room, EVENT_MESSAGE, numbered(64 + i / 16, i % 16, 1), name,
			   T0 + i * S / 3);
	}
	for (unsigned account = 0; account < 16; account++) {
		const struct decision *alert;

		snprintf(name, sizeof(name), "user%u", account);
		alert = alert_about(room, name);
		assert_non_null(alert);
		assert_int_equal(alert->rule, RULE_ACCOUNT_SPREAD);
		assert_true(alert->wall_ns <= T0 + MINUTE);
		assert_true(alert->source_count >= 3);
	}
	assert_int_equal(room->alerts, 16);
	/* Nothing is left to be summed up. */
	detect_say_held(room->detect, INT64_MAX, room_note, room);
	assert_int_equal(room->alerts, 16);
	room_close(room);
}

static void test_an_alert_that_is_held_is_raised_when_the_password_has_leaked(void **state)
{
	struct summing *summing = summing_new();
	struct decision due;

	(void)state;
	for (unsigned i = 0; i < SUMMING_SINGLE + 2; i++)
		assert_int_equal(admit(summing, i, false, T0), i < SUMMING_SINGLE);
	assert_true(admit(summing, SUMMING_SINGLE, true, T0 + S));
	assert_false(admit(summing, SUMMING_SINGLE, true, T0 + 2 * S));
	assert_false(admit(summing, 0, true, T0 + 3 * S)); /* it was raised before */
	assert_true(summing_due(summing, T0 + 11 * MINUTE, &due));
	assert_string_equal(due.reason, "1 more alert of this rule: user4@example.org");
	assert_int_equal(due.account_count, 1);
	assert_string_equal(due.accounts[0], "user4@example.org");
	assert_false(summing_due(summing, INT64_MAX, &due));
	summing_free(summing);
}

/* A thousand accounts leak within ten minutes: the program is run some thirty times. */
static void test_a_storm_is_bounded_and_names_every_account(void **state)
{
	struct summing *summing = summing_new();
	bool named[1000] = { false };
	unsigned runs = 0, number;
	struct decision due;

	(void)state;
	for (unsigned i = 0; i <= 1000; i++) {
		int64_t now_ns = T0 + (int64_t)i * 600 * S / 1000;

		/* The last sum comes within a minute. */
		while (summing_due(summing, i < 1000 ? now_ns : now_ns + MINUTE, &due)) {
			runs++;
			for (unsigned j = 0; j < due.account_count; j++) {
				assert_int_equal(sscanf(due.accounts[j], "user%u@", &number), 1);
				assert_false(named[number]);
				named[number] = true;
			}
		}
		if (i < 1000 && admit(summing, i, true, now_ns)) {
			runs++;
			named[i] = true;
		}
	}
	for (unsigned i = 0; i < 1000; i++)
		assert_true(named[i]);
	assert_within(runs, SUMMING_AT_ONCE + 9, SUMMING_AT_ONCE + 11);
	summing_free(summing);
}

static void test_a_sum_with_many_accounts_does_not_wait(void **state)
{
	struct summing *summing = summing_new();
	struct decision due;

	(void)state;
	for (unsigned i = 0; i < SUMMING_SINGLE + SUMMING_ACCOUNTS; i++) {
		assert_false(summing_due(summing, T0 + i, &due));
		admit(summing, i, false, T0 + i);
	}
	assert_true(summing_due(summing, T0 + SUMMING_SINGLE + SUMMING_ACCOUNTS, &due));
	assert_int_equal(due.account_count, SUMMING_ACCOUNTS);
	summing_free(summing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_each_of_sixteen_accounts_in_a_spread_is_named_within_a_minute),
		cmocka_unit_test(test_an_alert_that_is_held_is_raised_when_the_password_has_leaked),
		cmocka_unit_test(test_a_storm_is_bounded_and_names_every_account),
		cmocka_unit_test(test_a_sum_with_many_accounts_does_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
