// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules with their defaults, as docs/rules.md says them. source-failures: test_detect.c; whole
 * stories: tests/65-stories.bats. */
#include "detect_room.h"

static void a_source_that_fails_on_three_accounts_in_ten_minutes_is_banned(void **state)
{
	struct room *room = room_open();

	(void)state;
	fails(room, "192.0.2.1", "a", T0);
	fails(room, "192.0.2.1", "A", T0 + S); /* the same account */
	fails(room, "192.0.2.1", "b", T0 + 2 * S);
	assert_int_equal(room->count, 0);
	fails(room, "192.0.2.1", "c", T0 + 10 * MINUTE);
	assert_int_equal(room->bans, 1); /* "A" was met 9:59 before */
	room_close(room);

	room = room_open();
	fails(room, "192.0.2.1", "a", T0);
	fails(room, "192.0.2.1", "b", T0 + S);
	fails(room, "192.0.2.1", "c", T0 + 10 * MINUTE + 1);
	assert_int_equal(room->count, 0);
	fails(room, "192.0.2.1", "a", T0 + 10 * MINUTE + S);
	assert_int_equal(room->bans, 1);
	assert_int_equal(last(room)->rule, RULE_SOURCE_ACCOUNTS);
	assert_int_equal(last(room)->until_wall_ns, T0 + 10 * MINUTE + S + HOUR);
	assert_string_equal(last(room)->reason, "failed logins on 3 accounts in 10m");
	assert_int_equal(last(room)->evidence_count, 3);
	room_close(room);
}

static void eight_failing_sources_of_a_network_ban_the_network(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (unsigned i = 1; i <= 7; i++)
		fails(room, numbered(200, 1, i), i % 2 ? "x" : NULL, T0 + i * MINUTE);
	fails(room, numbered(200, 2, 1), "y", T0 + 8 * MINUTE);
	fails(room, numbered(200, 1, 7), "x", T0 + 9 * MINUTE);
	assert_int_equal(room->bans, 0);
	fails(room, numbered(200, 1, 8), "z", T0 + 61 * MINUTE); /* the window's last */
	assert_true(banned(room, "100.200.1.0/24"));
	assert_int_equal(last(room)->rule, RULE_NETWORK_FAILURES);
	assert_int_equal(last(room)->evidence_count, 8);
	room_close(room);
}

static void a_network_with_a_known_source_in_it_takes_ten_times_as_many(void **state)
{
	struct room *room = room_open();

	(void)state;
	logs_in(room, "100.200.1.250", "owner", T0);
	for (unsigned i = 1; i < 80; i++)
		fails(room, numbered(200, 1, i), NULL, T0 + i * S);
	assert_int_equal(room->bans, 0);
	fails(room, numbered(200, 1, 80), NULL, T0 + 80 * S);
	assert_true(banned(room, "100.200.1.0/24"));
	room_close(room);
}

static void a_known_source_fails_on_its_account_ten_times_as_often(void **state)
{
	struct room *room = room_open();

	(void)state;
	logs_in(room, "192.0.2.1", "bob", T0);
	for (int i = 0; i < 49; i++)
		fails(room, "192.0.2.1", "bob", T0 + 29 * DAY + i * S);
	assert_int_equal(room->count, 0);
	/* For others' accounts it is a source like any other. */
	for (int i = 0; i < 5; i++)
		fails(room, "192.0.2.1", "eve", T0 + 29 * DAY + i * S);
	assert_int_equal(room->bans, 1);
	fails(room, "192.0.2.1", "bob", T0 + 29 * DAY + 50 * S);
	assert_int_equal(last(room)->rule, RULE_SOURCE_FAILURES);
	assert_string_equal(last(room)->reason, "50 failed logins in 10m (bob)");
	room_close(room);
}

static void a_failure_without_account_is_the_own_of_a_source_that_any_account_knows(void **state)
{
	struct room *room = room_open();

	(void)state;
	logs_in(room, "192.0.2.1", "bob", T0);
	for (int i = 0; i < 49; i++)
		fails(room, "192.0.2.1", NULL, T0 + i * S);
	assert_int_equal(room->count, 0);
	for (int i = 0; i < 5; i++)
		fails(room, "192.0.2.2", NULL, T0 + i * S);
	assert_int_equal(room->bans, 1);
	room_close(room);
}

static void after_thirty_days_a_source_is_a_stranger_again(void **state)
{
	struct room *room = room_open();

	(void)state;
	logs_in(room, "192.0.2.1", "bob", T0);
	for (int i = 0; i < 5; i++)
		fails(room, "192.0.2.1", "bob", T0 + 30 * DAY + (i + 1) * S);
	assert_int_equal(room->bans, 1);
	room_close(room);
}

/* ---- account-siege ---- */

static void besiege(struct room *room, const char *account, int64_t wall_ns)
{
	for (unsigned i = 1; i <= 5; i++)
		fails(room, numbered(210, i, 1), account, wall_ns + i * MINUTE);
}

static void the_fifth_network_begins_a_siege_and_each_failure_then_is_a_ban(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (unsigned i = 1; i <= 4; i++)
		fails(room, numbered(210, i, 1), "bob", T0 + i * HOUR);
	fails(room, numbered(210, 4, 9), "bob", T0 + 5 * HOUR); /* a network seen before */
	assert_int_equal(room->count, 0);
	fails(room, numbered(210, 5, 1), "bob", T0 + 13 * HOUR);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(room->decisions[0].rule, RULE_ACCOUNT_SIEGE);
	assert_string_equal(room->decisions[0].account, "bob");
	assert_int_equal(room->decisions[0].source_count, 5);
	assert_true(banned(room, "100.210.5.1/32"));
	fails(room, "192.0.2.77", "BOB", T0 + 14 * HOUR);
	assert_true(banned(room, "192.0.2.77/32"));
	fails(room, "192.0.2.78", "alice", T0 + 14 * HOUR);
	assert_false(banned(room, "192.0.2.78/32"));
	assert_int_equal(room->alerts, 1); /* said once */
	room_close(room);
}

static void a_network_that_has_left_the_window_counts_no_more(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (unsigned i = 1; i <= 4; i++)
		fails(room, numbered(210, i, 1), "bob", T0 + i);
	fails(room, numbered(210, 5, 1), "bob", T0 + 12 * HOUR + 2);
	assert_int_equal(room->count, 0);
	room_close(room);
}

static void a_siege_outlasts_twelve_quiet_hours_and_not_two_windows(void **state)
{
	struct room *room = room_open();
	int64_t end = T0 + 5 * MINUTE;

	(void)state;
	besiege(room, "bob", T0);
	fails(room, "192.0.2.1", "bob", end + 24 * HOUR);
	assert_true(banned(room, "192.0.2.1/32"));
	fails(room, "192.0.2.2", "bob", end + 48 * HOUR + 1);
	assert_false(banned(room, "192.0.2.2/32"));
	room_close(room);
}

static void who_is_known_may_mistype_during_a_siege(void **state)
{
	struct room *room = room_open();

	(void)state;
	logs_in(room, "192.0.2.1", "bob", T0 - DAY);
	besiege(room, "bob", T0);
	for (int i = 0; i < 4; i++) {
		fails(room, "192.0.2.1", "bob", T0 + HOUR + i * S);
		fails(room, "192.0.2.9", "bob", T0 + HOUR + i * S); /* his network */
	}
	assert_false(banned(room, "192.0.2.1/32"));
	assert_false(banned(room, "192.0.2.9/32"));
	room_close(room);
}

static void the_owners_phone_in_known_networks_is_no_siege(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (unsigned i = 1; i <= 6; i++)
		logs_in(room, numbered(64, i, 1), "bob", T0 + i * HOUR * 3);
	for (unsigned i = 1; i <= 6; i++)
		fails(room, numbered(64, i, 2), "bob", T0 + DAY + i * MINUTE);
	assert_int_equal(room->count, 0);
	room_close(room);
}

static void who_logs_in_first_during_a_siege_does_not_become_known(void **state)
{
	struct room *room = room_open();

	(void)state;
	besiege(room, "bob", T0);
	logs_in(room, "192.0.2.1", "bob", T0 + HOUR);
	fails(room, "192.0.2.1", "bob", T0 + 2 * HOUR);
	assert_true(banned(room, "192.0.2.1/32"));
	room_close(room);
}

/* ---- account-spread ---- */

static void ten_new_networks_in_a_day_are_a_spread(void **state)
{
	struct room *room = room_open();

	(void)state;
	logs_in(room, "192.0.3.1", "bob", T0 - 2 * DAY);
	for (unsigned i = 1; i <= 9; i++)
		logs_in(room, numbered(220, i, 1), "bob", T0 + i * MINUTE);
	logs_in(room, numbered(220, 9, 2), "bob", T0 + 10 * MINUTE); /* a network seen before */
	assert_int_equal(room->count, 0);
	logs_in(room, numbered(220, 10, 1), "bob", T0 + 11 * MINUTE);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(room->decisions[0].action, ACTION_ALERT);
	assert_int_equal(room->decisions[0].source_count, 11);
	assert_int_equal(room->bans, 11);
	assert_int_equal(last(room)->until_wall_ns, T0 + 11 * MINUTE + DAY);
	room_event(room, EVENT_MESSAGE, "192.0.2.1", "bob", T0 + HOUR);
	assert_true(banned(room, "192.0.2.1/32"));
	assert_int_equal(room->alerts, 1);
	room_close(room);
}

static void the_window_of_a_spread_is_exact(void **state)
{
	for (int64_t late = 0; late <= 1; late++) {
		struct room *room = room_open();

		(void)state;
		logs_in(room, "192.0.3.1", "bob", T0 - 2 * DAY);
		for (unsigned i = 1; i <= 9; i++)
			logs_in(room, numbered(220, i, 1), "bob", T0 + (i - 1) * HOUR);
		logs_in(room, numbered(220, 10, 1), "bob", T0 + DAY + late);
		assert_int_equal(room->alerts, late ? 0 : 1);
		room_close(room);
	}
}

static void three_new_countries_are_a_spread(void **state)
{
	struct room *room = room_open();

	(void)state;
	logs_in(room, numbered(64, 1, 1), "bob", T0);
	logs_in(room, numbered(65, 1, 1), "bob", T0 + 2 * DAY);
	logs_in(room, numbered(66, 1, 1), "bob", T0 + 2 * DAY + MINUTE);
	logs_in(room, "192.0.2.1", "bob", T0 + 2 * DAY + 2 * MINUTE); /* unknown is no country */
	assert_int_equal(room->count, 0);
	logs_in(room, numbered(67, 1, 1), "bob", T0 + 2 * DAY + 3 * MINUTE);
	assert_int_equal(room->alerts, 1);
	assert_non_null(strstr(room->decisions[0].reason, "3 countries"));
	assert_false(banned(room, "100.64.1.1/32"));
	assert_true(banned(room, "100.65.1.1/32"));
	assert_true(banned(room, "100.67.1.1/32"));
	room_close(room);
}

static void the_owner_of_this_morning_is_not_taken_for_the_strangers_of_now(void **state)
{
	struct room *room = room_open();

	(void)state;
	logs_in(room, numbered(64, 1, 1), "bob", T0);
	logs_in(room, numbered(64, 2, 1), "bob", T0 + HOUR);
	for (unsigned i = 1; i <= 12; i++)
		logs_in(room, numbered(65 + i % 4, i, 1), "bob", T0 + 5 * HOUR + i * 98 * S);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(room->bans, 12);
	assert_false(banned(room, "100.64.1.1/32"));
	assert_false(banned(room, "100.64.2.1/32"));
	logs_in(room, numbered(64, 2, 7), "bob", T0 + 6 * HOUR); /* his network */
	assert_false(banned(room, "100.64.2.7/32"));
	room_close(room);
}

static void where_nothing_older_is_known_the_first_network_is_the_owners(void **state)
{
	struct room *room = room_open();

	(void)state;
	logs_in(room, numbered(64, 1, 1), "bob", T0);
	for (unsigned i = 1; i <= 6; i++)
		logs_in(room, numbered(64 + i, 1, 1), "bob", T0 + i * S);
	assert_int_equal(room->bans, 6);
	assert_false(banned(room, "100.64.1.1/32"));
	room_close(room);

	/* Also where a log tells no more than the second. */
	room = room_open();
	for (unsigned i = 0; i <= 6; i++)
		logs_in(room, numbered(64 + i, 1, 1), "bob", T0);
	assert_int_equal(room->bans, 6);
	assert_false(banned(room, "100.64.1.1/32"));
	room_close(room);
}

static void two_sources_of_a_network_in_one_second_are_one_network(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		logs_in(room, numbered(64, i, 1), "bob", T0);
		logs_in(room, numbered(64, i, 2), "bob", T0);
		logs_in(room, numbered(65, i, 3), "bob", T0);
	}
	assert_int_equal(room->alerts, 1);
	assert_int_equal(room->tag, 15);
	assert_non_null(strstr(room->decisions[0].reason, "from 10 networks and 2 countries"));
	room_close(room);
}

static void somebody_on_the_road_at_home_is_no_spread(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (unsigned i = 0; i < 36; i++)
		logs_in(room, numbered(64, i, 1), "bob", T0 + i * 40 * MINUTE);
	assert_int_equal(room->count, 0);
	/* But ten in two hours are, at home as elsewhere. */
	for (unsigned i = 0; i < 10; i++)
		logs_in(room, numbered(64, 100 + i, 1), "bob", T0 + 2 * DAY + i * 10 * MINUTE);
	assert_int_equal(room->alerts, 1);
	room_close(room);
}

static void home_countries_are_not_banned_and_not_known_by_a_spread(void **state)
{
	struct room *room = room_open();

	(void)state;
	logs_in(room, "192.0.3.1", "bob", T0 - 2 * DAY);
	detect_add_home(&room->settings, (unsigned)country_from_text("DE", 2));
	room_apply(room);
	for (unsigned i = 0; i < 6; i++)
		logs_in(room, numbered(65 + i, 1, 1), "bob", T0 + i * MINUTE);
	assert_int_equal(room->alerts, 1);
	assert_true(banned(room, "100.65.1.1/32"));
	assert_false(banned(room, "100.66.1.1/32"));
	logs_in(room, numbered(66, 9, 9), "bob", T0 + HOUR);
	assert_false(banned(room, "100.66.9.9/32"));
	fails(room, numbered(66, 9, 9), "bob", T0 + HOUR);
	assert_true(banned(room, "100.66.9.9/32")); /* it never became known */
	room_close(room);
}

static void a_spread_is_a_siege_too_and_ends_a_day_after_the_last_stranger(void **state)
{
	struct room *room = room_open();

	(void)state;
	logs_in(room, numbered(64, 1, 1), "bob", T0 - DAY);
	for (unsigned i = 0; i < 3; i++)
		logs_in(room, numbered(65 + i, 1, 1), "bob", T0 + i * MINUTE);
	assert_int_equal(room->alerts, 1);
	fails(room, "192.0.2.1", "bob", T0 + 23 * HOUR);
	assert_true(banned(room, "192.0.2.1/32"));
	logs_in(room, "192.0.2.2", "bob", T0 + DAY + 3 * MINUTE);
	assert_false(banned(room, "192.0.2.2/32"));
	room_close(room);
}

static void with_action_alert_nobody_is_banned(void **state)
{
	struct room *room = room_open();

	(void)state;
	room->settings.rules[RULE_ACCOUNT_SPREAD].action = ACTION_ALERT;
	room->settings.rules[RULE_ACCOUNT_SIEGE].action = ACTION_OFF;
	room_apply(room);
	for (unsigned i = 0; i < 40; i++)
		logs_in(room, numbered(65 + i % 4, i, 1), "bob", T0 + i * MINUTE);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(room->bans, 0);
	room_close(room);
}

/* ---- the others ---- */

static void a_hundred_messages_in_ten_minutes_are_a_flood_said_once_a_window(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (int i = 0; i < 99; i++)
		room_event(room, EVENT_MESSAGE, "192.0.2.1", "bob", T0 + i * S);
	assert_int_equal(room->count, 0);
	room_event(room, EVENT_MESSAGE, "192.0.2.1", "bob", T0 + 600 * S);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(last(room)->rule, RULE_ACCOUNT_FLOOD);
	assert_int_equal(last(room)->source_count, 1);
	for (int i = 0; i < 500; i++)
		room_event(room, EVENT_MESSAGE, "192.0.2.1", "bob", T0 + 600 * S + i * S);
	assert_int_equal(room->alerts, 1);
	for (int i = 0; i < 200; i++)
		room_event(room, EVENT_MESSAGE, "192.0.2.1", "bob", T0 + 1200 * S + i * S);
	assert_int_equal(room->alerts, 2);
	assert_int_equal(room->bans, 0);
	room_close(room);
}

static void half_of_two_hundred_deliveries_failing_is_a_surge(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (int i = 0; i < 199; i++)
		room_event(room, i % 2 ? EVENT_DELIVERED : EVENT_BOUNCE, NULL, NULL, T0 + i * S);
	assert_int_equal(room->count, 0);
	room_event(room, EVENT_BOUNCE, NULL, NULL, T0 + 200 * S);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(last(room)->rule, RULE_BOUNCE_SURGE);
	assert_string_equal(last(room)->reason, "101 of 200 deliveries failed in 10m (50 %)");
	room_close(room);
}

static void a_small_share_of_many_is_none_and_old_deliveries_leave(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (int i = 0; i < 100000; i++)
		room_event(room, i % 5 ? EVENT_DELIVERED : EVENT_BOUNCE, NULL, NULL,
			   T0 + i * (S / 7));
	assert_int_equal(room->count, 0);
	/* The good ones have left the window, these alone count. */
	for (int i = 0; i < 200; i++)
		room_event(room, EVENT_BOUNCE, NULL, NULL, T0 + DAY + i * S);
	assert_int_equal(room->alerts, 1);
	assert_string_equal(last(room)->reason, "200 of 200 deliveries failed in 10m (100 %)");
	room_close(room);
}

static void ten_abuses_ban_and_a_known_source_takes_a_hundred(void **state)
{
	struct room *room = room_open();

	(void)state;
	logs_in(room, "192.0.2.9", "bob", T0);
	for (int i = 0; i < 10; i++) {
		room_event(room, EVENT_ABUSE, "192.0.2.1", NULL, T0 + i * MINUTE);
		room_event(room, EVENT_ABUSE, "192.0.2.9", NULL, T0 + i * MINUTE);
	}
	assert_int_equal(room->bans, 1);
	assert_int_equal(last(room)->rule, RULE_SOURCE_ABUSE);
	assert_true(banned(room, "192.0.2.1/32"));
	room_close(room);
}

/* ---- bans in a row ---- */

static int64_t ban_again(struct room *room, int64_t wall_ns)
{
	for (int i = 0; i < 5; i++)
		fails(room, "192.0.2.1", "bob", wall_ns + i);
	return (last(room)->until_wall_ns - last(room)->wall_ns) / HOUR;
}

static void a_repeated_ban_doubles_up_to_a_week_and_is_forgotten_after_thirty_days(void **state)
{
	static const int64_t hours[] = { 1, 2, 4, 8, 16, 32, 64, 128, 168, 168 };
	struct room *room = room_open();
	int64_t now = T0;

	(void)state;
	for (size_t i = 0; i < sizeof(hours) / sizeof(*hours); i++) {
		assert_int_equal(ban_again(room, now), hours[i]);
		assert_int_equal(last(room)->repeat.bans, i + 1);
		now = last(room)->until_wall_ns + DAY;
	}
	now = last(room)->until_wall_ns;
	assert_int_equal(ban_again(room, now + 30 * DAY - S), 168);
	now = last(room)->until_wall_ns;
	assert_int_equal(ban_again(room, now + 30 * DAY + S), 1);
	room_close(room);
}

static void a_ban_that_runs_is_not_made_again_but_a_longer_one_prolongs(void **state)
{
	struct room *room = room_open();
	struct address address;

	(void)state;
	logs_in(room, "192.0.3.1", "eve", T0 - 2 * DAY);
	assert_int_equal(ban_again(room, T0), 1);
	address_parse("192.0.2.1", 9, &address);
	assert_true(detect_bans(room->detect, &address, T0 + HOUR - S));
	assert_false(detect_bans(room->detect, &address, T0 + HOUR + S));
	ban_again(room, T0 + MINUTE);
	assert_true(last(room)->again);
	assert_int_equal(last(room)->until_wall_ns, T0 + 4 + HOUR);
	assert_int_equal(room->bans, 1);
	for (unsigned i = 0; i < 3; i++)
		logs_in(room, numbered(65 + i, 1, 1), "eve", T0 + i * S);
	logs_in(room, "192.0.2.1", "eve", T0 + 2 * MINUTE);
	assert_false(last(room)->again);
	assert_int_equal(last(room)->until_wall_ns, T0 + 2 * MINUTE + DAY);
	room_close(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_that_fails_on_three_accounts_in_ten_minutes_is_banned),
		cmocka_unit_test(eight_failing_sources_of_a_network_ban_the_network),
		cmocka_unit_test(a_network_with_a_known_source_in_it_takes_ten_times_as_many),
		cmocka_unit_test(a_known_source_fails_on_its_account_ten_times_as_often),
		cmocka_unit_test(
			a_failure_without_account_is_the_own_of_a_source_that_any_account_knows),
		cmocka_unit_test(after_thirty_days_a_source_is_a_stranger_again),
		cmocka_unit_test(the_fifth_network_begins_a_siege_and_each_failure_then_is_a_ban),
		cmocka_unit_test(a_network_that_has_left_the_window_counts_no_more),
		cmocka_unit_test(a_siege_outlasts_twelve_quiet_hours_and_not_two_windows),
		cmocka_unit_test(who_is_known_may_mistype_during_a_siege),
		cmocka_unit_test(the_owners_phone_in_known_networks_is_no_siege),
		cmocka_unit_test(who_logs_in_first_during_a_siege_does_not_become_known),
		cmocka_unit_test(ten_new_networks_in_a_day_are_a_spread),
		cmocka_unit_test(the_window_of_a_spread_is_exact),
		cmocka_unit_test(three_new_countries_are_a_spread),
		cmocka_unit_test(the_owner_of_this_morning_is_not_taken_for_the_strangers_of_now),
		cmocka_unit_test(where_nothing_older_is_known_the_first_network_is_the_owners),
		cmocka_unit_test(two_sources_of_a_network_in_one_second_are_one_network),
		cmocka_unit_test(somebody_on_the_road_at_home_is_no_spread),
		cmocka_unit_test(home_countries_are_not_banned_and_not_known_by_a_spread),
		cmocka_unit_test(a_spread_is_a_siege_too_and_ends_a_day_after_the_last_stranger),
		cmocka_unit_test(with_action_alert_nobody_is_banned),
		cmocka_unit_test(a_hundred_messages_in_ten_minutes_are_a_flood_said_once_a_window),
		cmocka_unit_test(half_of_two_hundred_deliveries_failing_is_a_surge),
		cmocka_unit_test(a_small_share_of_many_is_none_and_old_deliveries_leave),
		cmocka_unit_test(ten_abuses_ban_and_a_known_source_takes_a_hundred),
		cmocka_unit_test(
			a_repeated_ban_doubles_up_to_a_week_and_is_forgotten_after_thirty_days),
		cmocka_unit_test(a_ban_that_runs_is_not_made_again_but_a_longer_one_prolongs),
	};

	return cmocka_run_group_tests_name("detect rules", tests, NULL, NULL);
}
