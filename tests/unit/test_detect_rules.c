// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules with their defaults, as docs/rules.md says them. source-failures: test_detect.c; whole
 * stories: tests/stories.bats. */
#include "detect_room.h"

static void a_source_that_fails_on_five_accounts_in_ten_minutes_is_banned(void **state)
{
	static const char *const names[] = { "a", "b", "c", "d", "e" };
	struct room *room = room_open();

	(void)state;
	for (int i = 0; i < 4; i++)
		fails(room, "192.0.2.1", names[i], T0 + i * MINUTE);
	fails(room, "192.0.2.1", "D@example.net", T0 + 4 * MINUTE); /* a local part of before */
	assert_int_equal(room->bans, 1);			    /* five failures */
	room_close(room);

	room = room_open();
	room->settings.rules[RULE_SOURCE_FAILURES].action = ACTION_OFF;
	room->settings.rules[RULE_SOURCE_SLOW].action = ACTION_OFF;
	room_apply(room);
	for (int i = 0; i < 4; i++)
		fails(room, "192.0.2.1", names[i], T0 + i * MINUTE);
	fails(room, "192.0.2.1", "D@example.net", T0 + 4 * MINUTE);
	assert_int_equal(room->bans, 0);
	fails(room, "192.0.2.1", "e", T0 + 10 * MINUTE);
	assert_int_equal(room->bans, 1);
	assert_int_equal(last(room)->rule, RULE_SOURCE_ACCOUNTS);
	assert_int_equal(last(room)->until_wall_ns, T0 + 10 * MINUTE + HOUR);
	assert_string_equal(last(room)->reason, "failed logins on 5 accounts in 10m");
	assert_int_equal(last(room)->evidence_count, 5);
	room_close(room);
}

static void slow_guessing_is_four_accounts_in_two_weeks_and_a_login_takes_one_off(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (int i = 0; i < 3; i++)
		fails(room, "192.0.2.1", i ? i > 1 ? "c" : "b" : "a", T0 + i * 4 * DAY);
	fails(room, "192.0.2.1", "d", T0 + 14 * DAY + 1); /* the first has left the window */
	assert_int_equal(room->count, 0);
	fails(room, "192.0.2.1", "a", T0 + 14 * DAY + 2 * HOUR);
	assert_int_equal(room->bans, 1);
	assert_int_equal(last(room)->rule, RULE_SOURCE_SLOW);
	assert_int_equal(last(room)->until_wall_ns, T0 + 15 * DAY + 2 * HOUR);
	room_close(room);

	/* A hotel's guests mistype, and log in. */
	room = room_open();
	for (int i = 0; i < 12; i++) {
		char name[16];

		snprintf(name, sizeof(name), "guest%d", i);
		fails(room, "192.0.2.1", name, T0 + i * 30 * MINUTE);
		logs_in(room, "192.0.2.1", name, T0 + i * 30 * MINUTE + MINUTE);
	}
	assert_int_equal(room->bans, 0);
	room_close(room);
}

static void twenty_failures_in_a_day_are_too_many_however_slow(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (int i = 0; i < 19; i++)
		fails(room, "192.0.2.1", NULL, T0 + i * HOUR);
	assert_int_equal(room->count, 0);
	fails(room, "192.0.2.1", NULL, T0 + 24 * HOUR);
	assert_int_equal(room->bans, 1);
	assert_string_equal(last(room)->reason, "20 failed logins in 1d");
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

/* A tablet that has the old password, at a home whose address is another each night. */
static void where_an_account_logs_in_its_own_failures_of_a_day_shut_nobody_out(void **state)
{
	struct room *room = room_open();

	(void)state;
	knows(room, "bob", "192.0.2.1", T0);
	logs_in(room, "192.0.3.1", "bob", T0 + 2 * DAY);
	for (int i = 0; i < 60; i++)
		fails(room, "192.0.3.1", "bob", T0 + 2 * DAY + HOUR + i * 20 * MINUTE);
	fails(room, "192.0.3.1", "carol", T0 + 2 * DAY + 21 * HOUR);
	assert_int_equal(room->bans, 0);
	/* Others' accounts are another matter. */
	for (int i = 0; i < 5; i++)
		fails(room, "192.0.3.1", "carol", T0 + 2 * DAY + 22 * HOUR + i * S);
	assert_true(banned(room, "192.0.3.1/32"));
	room_close(room);
}

/* An office with a new line, a conference: whoever had to guess ten passwords first is no guesser;
 * five may be somebody's own. Returns whether so many failures a minute later ban it. */
static bool guests_and_failures_ban(unsigned guests, unsigned failures)
{
	struct room *room = room_open();
	char name[16];
	bool bans;

	knows(room, "bob", "192.0.2.1", T0);
	for (unsigned i = 0; i < guests; i++) {
		snprintf(name, sizeof(name), "guest%u", i);
		logs_in(room, "192.0.3.1", name, T0 + 2 * DAY + i * S);
		logs_in(room, "192.0.3.1", name, T0 + 2 * DAY + MINUTE + i * S);
	}
	for (unsigned i = 0; i < failures; i++) {
		snprintf(name, sizeof(name), "late%u", i);
		fails(room, "192.0.3.1", name, T0 + 2 * DAY + HOUR + i * 10 * S);
	}
	bans = room->bans > 0;
	/* A day later they are gone. */
	for (unsigned i = 0; i < 5; i++)
		fails(room, "192.0.3.1", "late", T0 + 4 * DAY + i * S);
	assert_true(banned(room, "192.0.3.1/32"));
	room_close(room);
	return bans;
}

static void where_ten_accounts_log_in_within_a_day_many_may_mistype(void **state)
{
	(void)state;
	assert_true(guests_and_failures_ban(4, 5));
	assert_false(guests_and_failures_ban(5, 14));
	assert_true(guests_and_failures_ban(9, 15));
	assert_false(guests_and_failures_ban(10, 30));
}

static void a_network_with_a_known_source_in_it_takes_ten_times_as_many(void **state)
{
	struct room *room = room_open();

	(void)state;
	knows(room, "owner", "100.200.1.250", T0);
	for (unsigned i = 1; i < 80; i++)
		fails(room, numbered(200, 1, i), NULL, T0 + i * S);
	assert_false(banned(room, "100.200.1.0/24"));
	fails(room, numbered(200, 1, 80), NULL, T0 + 80 * S);
	assert_true(banned(room, "100.200.1.0/24"));
	room_close(room);
}

/* ---- who is known ---- */

static void a_source_is_known_after_successes_a_day_apart(void **state)
{
	struct room *room = room_open();

	(void)state;
	logs_in(room, "192.0.2.1", "bob", T0);
	logs_in(room, "192.0.2.1", "bob", T0 + DAY - 1);
	for (int i = 0; i < 15; i++) /* three times, as it did log in */
		fails(room, "192.0.2.1", "bob", T0 + DAY + i);
	assert_int_equal(room->bans, 1);
	room_close(room);

	room = room_open();
	knows(room, "bob", "192.0.2.1", T0);
	for (int i = 0; i < 49; i++)
		fails(room, "192.0.2.1", "bob", T0 + 29 * DAY + i * S);
	assert_int_equal(room->count, 0);
	/* What it does to its own account is an alert, never its ban. */
	fails(room, "192.0.2.1", "bob", T0 + 29 * DAY + 50 * S);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(room->bans, 0);
	assert_string_equal(last(room)->account, "bob");
	assert_string_equal(last(room)->reason, "50 failed logins in 10m (bob)");
	/* For others' accounts it takes three times as many. */
	for (int i = 0; i < 14; i++)
		fails(room, "192.0.2.1", "eve", T0 + 29 * DAY + HOUR + i * S);
	assert_int_equal(room->bans, 0);
	fails(room, "192.0.2.1", "eve", T0 + 29 * DAY + HOUR + 15 * S);
	assert_int_equal(room->bans, 1);
	assert_int_equal(last(room)->rule, RULE_SOURCE_FAILURES);
	room_close(room);
}

static void in_the_first_week_one_success_makes_known(void **state)
{
	struct room *room = room_young();

	(void)state;
	logs_in(room, "192.0.2.1", "bob", T0);
	for (int i = 0; i < 20; i++)
		fails(room, "192.0.2.1", "bob", T0 + HOUR + i);
	assert_int_equal(room->count, 0);
	room_close(room);
}

static void a_failure_without_account_is_the_own_of_a_source_that_any_account_knows(void **state)
{
	struct room *room = room_open();

	(void)state;
	knows(room, "bob", "192.0.2.1", T0);
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
	knows(room, "bob", "192.0.2.1", T0);
	for (int i = 0; i < 5; i++)
		fails(room, "192.0.2.1", "bob", T0 + 30 * DAY + (i + 1) * S);
	assert_int_equal(room->bans, 1);
	room_close(room);
}

static void five_accounts_make_a_shared_place_and_four_do_not(void **state)
{
	for (int accounts = 4; accounts <= 5; accounts++) {
		struct room *room = room_open();
		char name[16];

		(void)state;
		for (int i = 0; i < accounts; i++) {
			snprintf(name, sizeof(name), "user%d", i);
			knows(room, name, "192.0.2.1", T0 + i);
		}
		for (int i = 0; i < 49; i++)
			fails(room, "192.0.2.1", "newhire", T0 + HOUR + i * S);
		assert_int_equal(room->bans > 0, accounts == 4);
		fails(room, "192.0.2.1", "newhire", T0 + HOUR + 50 * S);
		assert_true(room->bans >= 1);
		room_close(room);
	}
}

static void a_name_without_realm_is_of_the_one_that_most_accounts_have(void **state)
{
	struct room *room = room_open();

	(void)state;
	knows(room, "bob@example.org", "192.0.2.1", T0);
	for (int i = 0; i < 40; i++) {
		fails(room, "192.0.2.1", "bob", T0 + i * S);
		fails(room, "192.0.2.1", "Bob@EXAMPLE.ORG", T0 + i * S);
	}
	assert_int_equal(room->bans, 0); /* its own affair */
	assert_int_equal(room->alerts, 1);
	room_close(room);

	/* The configuration's word is above that. */
	room = room_open();
	snprintf(room->settings.realm, sizeof(room->settings.realm), "example.net");
	room_apply(room);
	knows(room, "bob@example.org", "192.0.2.1", T0);
	for (int i = 0; i < 15; i++)
		fails(room, "192.0.2.1", "bob", T0 + i * S);
	assert_int_equal(room->bans, 1);
	room_close(room);
}

static void the_local_network_is_never_banned_unless_it_is_said(void **state)
{
	static const char *const sources[] = { "10.1.2.3",    "192.168.0.9", "172.31.0.1",
					       "169.254.1.1", "127.0.0.1",   "fd00::1",
					       "fe80::1" };

	(void)state;
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		struct room *room = room_open();

		for (int j = 0; j < 10; j++)
			fails(room, sources[i], NULL, T0 + j);
		assert_int_equal(room->bans, 0);
		assert_int_equal(room->alerts, 1);
		assert_true(last(room)->has_prefix);
		room->settings.ban_lan = true;
		room_apply(room);
		for (int j = 0; j < 10; j++)
			fails(room, sources[i], NULL, T0 + DAY + j);
		assert_true(room->bans > 0);
		room_close(room);
	}
	/* Carriers' subscribers come from 100.64.0.0/10. */
	struct room *room = room_open();

	for (int j = 0; j < 5; j++)
		fails(room, "100.127.0.1", NULL, T0 + j);
	assert_int_equal(room->bans, 1);
	room_close(room);
}

/* ---- port 25 ---- */

static void failed_logins_close_port_25_only_when_they_happened_on_it(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (int i = 0; i < 5; i++)
		room_event_of(room, EVENT_FAILURE, EVENT_SERVICE_SMTP, 0, "192.0.2.1", T0 + i);
	assert_int_equal(last(room)->services, BAN_SMTP);
	for (int i = 0; i < 5; i++)
		room_event_of(room, EVENT_FAILURE, EVENT_SERVICE_IMAP, 0, "192.0.2.2", T0 + i);
	assert_int_equal(last(room)->services, BAN_LOGIN);
	for (int i = 0; i < 5; i++)
		room_event_of(room, EVENT_FAILURE,
			      i % 2 ? EVENT_SERVICE_SMTP : EVENT_SERVICE_UNKNOWN, 0, "192.0.2.3",
			      T0 + i);
	assert_int_equal(last(room)->services, BAN_ALL);
	room_close(room);
}

static void failed_logins_never_close_port_25_to_who_delivers_mail(void **state)
{
	struct room *room = room_open();

	(void)state;
	room_event_of(room, EVENT_ACCEPTED, EVENT_SERVICE_SMTP, 0, "192.0.2.200", T0);
	for (int i = 0; i < 5; i++)
		room_event_of(room, EVENT_FAILURE, EVENT_SERVICE_SMTP, 0, "192.0.2.1",
			      T0 + 29 * DAY + i);
	assert_int_equal(last(room)->services, BAN_LOGIN);
	for (int i = 0; i < 5; i++)
		room_event_of(room, EVENT_FAILURE, EVENT_SERVICE_SMTP, 0, "192.0.2.1",
			      T0 + 31 * DAY + i);
	assert_int_equal(last(room)->services, BAN_SMTP);
	room_close(room);
}

static void
what_may_be_an_honest_senders_fault_weighs_a_fifth_and_alerts_if_he_delivers(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (int i = 0; i < 49; i++)
		room_event_of(room, EVENT_ABUSE, EVENT_SERVICE_SMTP, ABUSE_RELAY, "192.0.2.1",
			      T0 + i);
	assert_int_equal(room->count, 0);
	room_event_of(room, EVENT_ABUSE, EVENT_SERVICE_SMTP, ABUSE_UNKNOWN_USER, "192.0.2.1",
		      T0 + 60 * S);
	assert_int_equal(room->bans, 1);
	assert_int_equal(last(room)->services, BAN_SMTP);
	room_event_of(room, EVENT_ACCEPTED, EVENT_SERVICE_SMTP, 0, "192.0.3.1", T0 + HOUR);
	for (int i = 0; i < 500; i++)
		room_event_of(room, EVENT_ABUSE, EVENT_SERVICE_SMTP, ABUSE_RELAY, "192.0.3.1",
			      T0 + HOUR + i);
	assert_int_equal(room->bans, 1);
	assert_int_equal(room->alerts, 1);
	room_close(room);
}

/* Its queue tries again and again, and nothing of it was ever accepted. */
static void a_server_with_a_broken_name_or_sender_is_told_and_not_banned(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (int i = 0; i < 50; i++)
		room_event_of(room, EVENT_ABUSE, EVENT_SERVICE_SMTP,
			      i % 3 == 0   ? ABUSE_HELO
			      : i % 3 == 1 ? ABUSE_SENDER
					   : ABUSE_CONTENT,
			      "192.0.2.1", T0 + i);
	assert_int_equal(room->bans, 0);
	assert_int_equal(room->alerts, 1);
	/* Nor do they add to what it may be banned for. */
	for (int i = 0; i < 49; i++)
		room_event_of(room, EVENT_ABUSE, EVENT_SERVICE_SMTP, ABUSE_BLOCKLISTED, "192.0.2.1",
			      T0 + 60 * S + i);
	assert_int_equal(room->bans, 0);
	room_event_of(room, EVENT_ABUSE, EVENT_SERVICE_SMTP, ABUSE_BLOCKLISTED, "192.0.2.1",
		      T0 + 120 * S);
	assert_int_equal(room->bans, 1);
	room_close(room);
}

static void many_connections_are_no_abuse(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (int i = 0; i < 2000; i++)
		room_event_of(room, EVENT_ABUSE, EVENT_SERVICE_SMTP, ABUSE_BUSY, "192.0.2.1",
			      T0 + i * S);
	assert_int_equal(room->count, 0);
	room_close(room);
}

/* ---- account-siege ---- */

static void besiege(struct room *room, const char *account, int64_t wall_ns)
{
	for (unsigned i = 1; i <= 5; i++)
		fails(room, numbered(210, i, 1), account, wall_ns + i * MINUTE);
}

static void in_a_siege_a_stranger_is_out_at_his_third_failure(void **state)
{
	struct room *room = room_open();
	int64_t when;

	(void)state;
	knows(room, "bob", "192.0.2.1", T0);
	besiege(room, "bob", T0);
	assert_int_equal(room->count, 0); /* a state, no alert */
	assert_true(detect_in_incident(room->detect, "bob", RULE_ACCOUNT_SIEGE, T0 + HOUR, &when));
	fails(room, "100.211.1.1", "bob", T0 + HOUR);
	fails(room, "100.211.1.1", "BOB", T0 + 2 * HOUR);
	assert_int_equal(room->bans, 0);
	fails(room, "100.211.1.1", "bob", T0 + 3 * HOUR);
	assert_true(banned(room, "100.211.1.1/32"));
	assert_int_equal(last(room)->rule, RULE_ACCOUNT_SIEGE);
	/* A source of a provider that the account knows keeps the ordinary threshold. */
	for (int i = 0; i < 4; i++)
		fails(room, "192.0.99.1", "bob", T0 + 3 * HOUR + i);
	assert_false(banned(room, "192.0.99.1/32"));
	fails(room, "192.0.99.1", "bob", T0 + 3 * HOUR + 5);
	assert_true(banned(room, "192.0.99.1/32"));
	room_close(room);
}

/* On two days that are almost as far apart as source-slow looks back, never three times a day. */
static void in_a_siege_a_few_tries_over_days_are_guesses(void **state)
{
	struct room *room = room_open();
	const int64_t later = T0 + 13 * 24 * HOUR;

	(void)state;
	knows(room, "bob", "192.0.2.1", T0);
	knows(room, "alice", "192.0.2.1", T0);
	for (int64_t begin = T0; begin <= later; begin += later - T0) {
		besiege(room, "bob", begin);
		for (int i = 1; i <= 2; i++) {
			assert_false(banned(room, "100.211.1.1/32"));
			fails(room, "100.211.1.1", "bob", begin + i * HOUR);
			fails(room, "100.212.1.1", "alice", begin + i * HOUR);
			fails(room, "192.0.99.1", "bob", begin + i * HOUR);
		}
	}
	assert_true(banned(room, "100.211.1.1/32"));
	assert_false(banned(room, "100.212.1.1/32")); /* of no siege */
	assert_false(banned(room, "192.0.99.1/32"));  /* who may be the owner */
	fails(room, "100.211.2.2", "bob", later + 20 * HOUR);
	fails(room, "100.211.2.2", "bob", later + 21 * HOUR);
	logs_in(room, "100.211.2.2", "bob", later + 22 * HOUR);
	fails(room, "100.211.2.2", "bob", later + 60 * HOUR);
	fails(room, "100.211.2.2", "bob", later + 61 * HOUR);
	assert_false(banned(room, "100.211.2.2/32")); /* a login takes the errors before it off */
	room_close(room);
}

static void a_name_that_nobody_logged_in_to_cannot_be_besieged(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (unsigned i = 1; i <= 200; i++)
		fails(room, numbered(210, i, 1), "nobody", T0 + i * MINUTE);
	for (unsigned i = 0; i < 3; i++)
		fails(room, "100.220.1.1", "nobody", T0 + 4 * HOUR + i);
	assert_false(banned(room, "100.220.1.1/32"));
	room_close(room);
}

static void a_siege_alerts_at_ten_times_what_is_usual(void **state)
{
	struct room *room = room_open();

	(void)state;
	room->settings.rules[RULE_SERVER_SPRAY].action = ACTION_OFF;
	room_apply(room);
	knows(room, "bob", "192.0.2.1", T0);
	for (unsigned i = 1; i <= 49; i++)
		fails(room, numbered(210, i, 1), "bob", T0 + i * MINUTE);
	assert_int_equal(room->alerts, 0);
	fails(room, numbered(210, 50, 1), "bob", T0 + HOUR);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(last(room)->rule, RULE_ACCOUNT_SIEGE);
	/* It is usual from the next day on. */
	for (unsigned i = 1; i <= 100; i++)
		fails(room, numbered(211, i, 1), "bob", T0 + 4 * DAY + i * MINUTE);
	assert_int_equal(room->alerts, 1);
	room_close(room);
}

static void a_network_that_has_left_the_window_counts_no_more(void **state)
{
	struct room *room = room_open();
	int64_t when;

	(void)state;
	knows(room, "bob", "192.0.2.1", T0);
	for (unsigned i = 1; i <= 4; i++)
		fails(room, numbered(210, i, 1), "bob", T0 + i);
	fails(room, numbered(210, 5, 1), "bob", T0 + 12 * HOUR + 2);
	assert_false(
		detect_in_incident(room->detect, "bob", RULE_ACCOUNT_SIEGE, T0 + 13 * HOUR, &when));
	room_close(room);
}

static void a_siege_outlasts_twelve_quiet_hours_and_not_two_windows(void **state)
{
	struct room *room = room_open();
	int64_t end = T0 + 5 * MINUTE, when;

	(void)state;
	knows(room, "bob", "192.0.2.1", T0);
	besiege(room, "bob", T0);
	assert_true(detect_in_incident(room->detect, "bob", RULE_ACCOUNT_SIEGE, end + DAY, &when));
	assert_false(
		detect_in_incident(room->detect, "bob", RULE_ACCOUNT_SIEGE, end + DAY + 1, &when));
	room_close(room);
}

/* ---- account-spread ---- */

static void ten_new_providers_in_a_day_are_a_spread(void **state)
{
	struct room *room = room_open();

	(void)state;
	room->settings.country = NULL;
	room_apply(room);
	knows(room, "bob", "192.0.3.1", T0 - 2 * DAY);
	for (unsigned i = 0; i < 9; i++)
		logs_in(room, numbered(70 + i, 1, 1), "bob", T0 + i * MINUTE);
	logs_in(room, numbered(78, 9, 2), "bob", T0 + 10 * MINUTE); /* of a provider of before */
	assert_int_equal(room->count, 0);
	logs_in(room, numbered(80, 1, 1), "bob", T0 + 11 * MINUTE);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(room->decisions[0].action, ACTION_ALERT);
	assert_int_equal(room->decisions[0].source_count, 11);
	assert_int_equal(room->bans, 11);
	assert_int_equal(last(room)->until_wall_ns, T0 + 11 * MINUTE + DAY);
	assert_int_equal(last(room)->services, BAN_LOGIN);
	room_event(room, EVENT_MESSAGE, "100.90.2.1", "bob", T0 + HOUR);
	assert_true(banned(room, "100.90.2.1/32"));
	assert_int_equal(room->alerts, 1);
	/* The owner goes on, also from elsewhere at his provider's. */
	logs_in(room, "192.0.77.1", "bob", T0 + 2 * HOUR);
	assert_false(banned(room, "192.0.77.1/32"));
	room_close(room);
}

static void many_networks_of_one_provider_are_one(void **state)
{
	struct room *room = room_open();

	(void)state;
	knows(room, "bob", "192.0.3.1", T0 - 2 * DAY);
	for (unsigned i = 0; i < 200; i++) {
		room_event(room, EVENT_MESSAGE, numbered(70, i, 1), "bob", T0 + i * MINUTE);
		room_event(room, EVENT_SUCCESS, numbered(71, i, 1), "bob", T0 + i * MINUTE);
	}
	assert_int_equal(room->bans, 0);
	room_close(room);
}

static void six_providers_in_an_hour_are_a_spread_if_they_send(void **state)
{
	for (int sends = 0; sends <= 1; sends++) {
		struct room *room = room_open();

		(void)state;
		knows(room, "bob", "192.0.3.1", T0 - 2 * DAY);
		for (unsigned i = 0; i < 6; i++)
			logs_in(room, numbered(90 + i, 1, 1), "bob", T0 + i * MINUTE);
		assert_int_equal(room->count, 0);
		if (sends)
			room_event(room, EVENT_MESSAGE, "100.92.1.1", "bob", T0 + 7 * MINUTE);
		assert_int_equal(room->bans, sends ? 6 : 0);
		room_close(room);
	}
}

static void the_window_of_a_spread_is_exact(void **state)
{
	for (int64_t late = 0; late <= 1; late++) {
		struct room *room = room_open();

		(void)state;
		knows(room, "bob", "192.0.3.1", T0 - 2 * DAY);
		for (unsigned i = 1; i <= 9; i++)
			logs_in(room, numbered(80 + i, i, 1), "bob", T0 + (i - 1) * HOUR);
		logs_in(room, numbered(90, 10, 1), "bob", T0 + DAY + late);
		assert_int_equal(room->alerts, late ? 0 : 1);
		room_close(room);
	}
}

static void three_new_countries_alert_and_ban_nobody(void **state)
{
	struct room *room = room_open();

	(void)state;
	knows(room, "bob", numbered(64, 1, 1), T0);
	logs_in(room, numbered(65, 1, 1), "bob", T0 + 2 * DAY);
	logs_in(room, numbered(66, 1, 1), "bob", T0 + 2 * DAY + MINUTE);
	logs_in(room, "192.0.2.1", "bob", T0 + 2 * DAY + 2 * MINUTE); /* unknown is no country */
	assert_int_equal(room->count, 0);
	logs_in(room, numbered(67, 1, 1), "bob", T0 + 2 * DAY + 3 * MINUTE);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(room->bans, 0);
	assert_non_null(strstr(room->decisions[0].reason, "3 countries"));
	/* Who came in it is not on the way to be known. */
	logs_in(room, numbered(67, 1, 1), "bob", T0 + 3 * DAY + HOUR);
	for (int i = 0; i < 15; i++)
		fails(room, numbered(67, 1, 1), "bob", T0 + 3 * DAY + 2 * HOUR + i);
	assert_true(banned(room, "100.67.1.1/32"));
	room_close(room);
}

static void an_account_without_an_earlier_source_is_only_alerted_about(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		room_event(room, EVENT_MESSAGE, numbered(80 + i, 1, 1), "bob", T0 + i * S);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(room->bans, 0);
	room_close(room);

	/* An hour is enough, in the first days too. */
	room = room_young();
	logs_in(room, "100.64.1.1", "bob", T0 - HOUR - S);
	for (unsigned i = 0; i < 20; i++)
		room_event(room, EVENT_MESSAGE, numbered(80 + i, 1, 1), "bob", T0 + i * S);
	assert_int_equal(room->bans, 20);
	assert_false(banned(room, "100.64.1.1/32"));
	room_close(room);
}

static void the_owner_of_this_morning_is_not_taken_for_the_strangers_of_now(void **state)
{
	struct room *room = room_open();

	(void)state;
	logs_in(room, numbered(64, 1, 1), "bob", T0);
	logs_in(room, numbered(100, 2, 1), "bob", T0 + HOUR);
	for (unsigned i = 1; i <= 12; i++)
		logs_in(room, numbered(80 + i, i, 1), "bob", T0 + 5 * HOUR + i * 98 * S);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(room->bans, 12);
	assert_false(banned(room, "100.64.1.1/32"));
	assert_false(banned(room, "100.100.2.1/32"));
	room_close(room);
}

static void somebody_on_the_road_at_home_is_no_spread(void **state)
{
	struct room *room = room_open();

	(void)state;
	room->settings.provider = NULL; /* of which there is no data: guesses */
	room->settings.country = room_japan;
	room_apply(room);
	knows(room, "bob", "100.64.1.1", T0 - DAY);
	for (unsigned i = 0; i < 36; i++)
		logs_in(room, numbered(80 + i, i, 1), "bob", T0 + i * 40 * MINUTE);
	assert_int_equal(room->count, 0);
	/* But ten in two hours are, at home as elsewhere. */
	for (unsigned i = 0; i < 10; i++)
		logs_in(room, numbered(120 + i, i, 1), "bob", T0 + 2 * DAY + i * 10 * MINUTE);
	assert_int_equal(room->alerts, 1);
	room_close(room);
}

/* Servers fetch bob's mail from many places, day after day, since before we looked. */
static void what_was_alerted_to_once_is_nothing_new_when_it_comes_back(void **state)
{
	struct room *room = room_young();

	(void)state;
	room->settings.provider = NULL; /* of which there is no data: guesses */
	room_apply(room);
	for (unsigned day = 0; day < 20; day++) {
		for (unsigned i = 0; i < 48; i++)
			logs_in(room, numbered(65 + i % 12, 1, 1), "bob",
				T0 + day * DAY + i * 20 * MINUTE);
		logs_in(room, numbered(64, day, 9), "bob", T0 + day * DAY + 17 * HOUR);
	}
	assert_int_equal(room->alerts, 1);
	assert_int_equal(room->bans, 0);
	room_close(room);

	/* By AS numbers it surely was a spread, and only the owner was not known yet. */
	room = room_open();
	for (unsigned i = 0; i < 12; i++)
		logs_in(room, numbered(65 + i, 1, 1), "bob", T0 + i * MINUTE);
	for (unsigned i = 0; i < 12; i++)
		logs_in(room, numbered(65 + i, 1, 1), "bob", T0 + 2 * DAY + i * MINUTE);
	logs_in(room, "192.0.2.1", "bob", T0 + 2 * DAY + HOUR);
	assert_int_equal(room->alerts, 2);
	room_close(room);
}

static unsigned all_but_one_of_japan(const struct address *address, void *context)
{
	(void)context;
	return (unsigned)country_from_text(
		address_to4(address) >> 16 == 100 * 256 + 65 ? "US" : "JP", 2);
}

/* A server that fetches bob's mail was there before bob. */
static void a_country_that_the_account_knows_is_its_own(void **state)
{
	for (int known = 0; known <= 1; known++) {
		struct room *room = room_open();

		(void)state;
		room->settings.provider = NULL;
		room->settings.country = all_but_one_of_japan;
		room_apply(room);
		logs_in(room, numbered(65, 1, 1), "bob", T0 - 4 * DAY);
		if (known)
			knows(room, "bob", "100.64.1.1", T0 - 2 * DAY);
		for (unsigned i = 0; i < 36; i++)
			logs_in(room, numbered(80 + i, i, 1), "bob", T0 + i * 40 * MINUTE);
		assert_int_equal(room->alerts, !known);
		room_close(room);
	}
}

static void home_countries_are_not_banned_and_not_known_by_a_spread(void **state)
{
	struct room *room = room_open();

	(void)state;
	knows(room, "bob", "192.0.3.1", T0 - 2 * DAY);
	detect_add_home(&room->settings, (unsigned)country_from_text("DE", 2));
	room_apply(room);
	for (unsigned i = 0; i < 12; i++)
		logs_in(room, numbered(65 + i, 1, 1), "bob", T0 + i * MINUTE);
	assert_true(banned(room, "100.65.1.1/32"));
	assert_false(banned(room, "100.66.1.1/32"));
	logs_in(room, numbered(66, 9, 9), "bob", T0 + HOUR);
	assert_false(banned(room, "100.66.9.9/32"));
	room_close(room);
}

static void after_a_leak_strangers_are_out_at_their_first_failure_for_two_windows(void **state)
{
	struct room *room = room_open();

	(void)state;
	knows(room, "bob", numbered(64, 1, 1), T0 - DAY);
	for (unsigned i = 0; i < 10; i++)
		logs_in(room, numbered(80 + i, 1, 1), "bob", T0 + i * S);
	assert_int_equal(room->bans, 10);
	fails(room, "192.0.2.1", "bob", T0 + 2 * DAY);
	assert_true(banned(room, "192.0.2.1/32"));
	/* The owner's phone has the old password. */
	fails(room, numbered(64, 9, 9), "bob", T0 + 2 * DAY);
	assert_false(banned(room, "100.64.9.9/32"));
	fails(room, "192.0.2.2", "bob", T0 + 4 * DAY);
	assert_true(banned(room, "192.0.2.2/32"));
	fails(room, "192.0.2.3", "bob", T0 + 6 * DAY + S);
	assert_false(banned(room, "192.0.2.3/32"));
	room_close(room);

	/* The administrator's word ends it. */
	room = room_open();
	knows(room, "bob", numbered(64, 1, 1), T0 - DAY);
	for (unsigned i = 0; i < 10; i++)
		logs_in(room, numbered(80 + i, 1, 1), "bob", T0 + i * S);
	detect_trust_account(room->detect, "BOB");
	fails(room, "192.0.2.1", "bob", T0 + HOUR);
	logs_in(room, "192.0.2.2", "bob", T0 + HOUR);
	assert_int_equal(room->bans, 10);
	room_close(room);
}

static void with_action_alert_nobody_is_banned(void **state)
{
	struct room *room = room_open();

	(void)state;
	room->settings.rules[RULE_ACCOUNT_SPREAD].action = ACTION_ALERT;
	room_apply(room);
	knows(room, "bob", "192.0.3.1", T0 - 2 * DAY);
	for (unsigned i = 0; i < 40; i++)
		logs_in(room, numbered(65 + i, i, 1), "bob", T0 + i * MINUTE);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(room->bans, 0);
	room_close(room);
}

/* ---- the whole server ---- */

static void
strangers_all_over_the_server_alert_once_and_are_banned_at_the_second_account(void **state)
{
	struct room *room = room_open();
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 49; i++)
		fails(room, numbered(150, i, 1), "x", T0 + i * MINUTE);
	assert_int_equal(room->count, 0);
	fails(room, numbered(150, 50, 1), "y", T0 + 50 * MINUTE);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(last(room)->rule, RULE_SERVER_SPRAY);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "u%u", i);
		fails(room, numbered(151, i, 1), name, T0 + HOUR + i * S);
	}
	assert_int_equal(room->bans, 0);
	fails(room, numbered(151, 0, 1), "another", T0 + HOUR + 2 * MINUTE);
	assert_true(banned(room, "100.151.0.1/32"));
	fails(room, numbered(151, 1, 1), "u1", T0 + HOUR + 2 * MINUTE);
	assert_false(banned(room, "100.151.1.1/32"));
	fails(room, numbered(151, 1, 1), "u1", T0 + HOUR + 3 * MINUTE);
	assert_true(banned(room, "100.151.1.1/32"));
	assert_int_equal(room->alerts, 1);
	room_close(room);
}

static void of_a_session_s_attempts_only_the_last_is_on_the_account_it_names(void **state)
{
	struct room *room = room_open();
	struct event event = { .kind = EVENT_FAILURE, .count = 3, .has_source = true };

	(void)state;
	for (unsigned i = 0; i < 50; i++)
		fails(room, numbered(150, i, 1), "x", T0 + i * MINUTE);
	assert_int_equal(last(room)->rule, RULE_SERVER_SPRAY);
	event.wall_ns = T0 + HOUR;
	event.has_account = true;
	strcpy(event.account, "bob");
	for (event.named = 1; event.named <= 3; event.named += 2) {
		const char *source = event.named == 1 ? "100.151.0.1" : "100.151.1.1";

		assert_int_equal(address_parse(source, strlen(source), &event.source), 0);
		detect_event(room->detect, &event, ++room->tag, room_note, room);
	}
	assert_false(banned(room, "100.151.0.1/32"));
	assert_true(banned(room, "100.151.1.1/32"));
	/* The others are the source's all the same. */
	room->settings.rules[RULE_SOURCE_FAILURES].action = ACTION_BAN;
	room_apply(room);
	assert_int_equal(address_parse("100.151.2.1", 11, &event.source), 0);
	event.count = 4;
	event.named = 1;
	detect_event(room->detect, &event, ++room->tag, room_note, room);
	assert_false(banned(room, "100.151.2.1/32"));
	fails(room, "100.151.2.1", "bob", T0 + HOUR);
	assert_true(banned(room, "100.151.2.1/32"));
	assert_int_equal(last(room)->rule, RULE_SOURCE_FAILURES);
	room_close(room);
}

static void what_strangers_do_every_day_is_no_spray(void **state)
{
	struct room *room = room_open();

	(void)state;
	for (unsigned i = 0; i < 14 * 24 * 60; i++) /* 60 an hour */
		fails(room, numbered(150 + i % 7, i / 7 % 250, i % 250), "x", T0 + i * MINUTE);
	assert_int_equal(room->alerts, 1); /* at its beginning */
	room_close(room);
}

static void when_the_server_refuses_good_passwords_nobody_known_is_banned(void **state)
{
	struct room *room = room_open();
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		knows(room, name, numbered(64 + i % 4, i, 1), T0);
	}
	for (unsigned i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		fails(room, numbered(64 + i % 4, i, 1), name, T0 + HOUR + i * S);
	}
	assert_int_equal(room->alerts, 1);
	assert_int_equal(last(room)->rule, RULE_SERVER_ILL);
	/* Known sources are spared, also for others' accounts; strangers have twice as many. */
	for (unsigned i = 0; i < 40; i++)
		fails(room, numbered(64, 0, 1), "other", T0 + HOUR + MINUTE + i * S);
	assert_int_equal(room->bans, 0);
	for (unsigned i = 0; i < 9; i++)
		fails(room, "192.0.2.1", "who", T0 + HOUR + 2 * MINUTE + i);
	assert_int_equal(room->bans, 0);
	fails(room, "192.0.2.1", "who", T0 + HOUR + 2 * MINUTE + 10);
	assert_int_equal(room->bans, 1);
	room_close(room);
}

static void guessing_behind_a_place_that_is_known_is_said_and_bans_nobody(void **state)
{
	struct room *room = room_open();

	(void)state;
	knows(room, "bob", "192.0.2.1", T0);
	for (int i = 0; i < 59; i++)
		fails(room, "192.0.2.1", NULL, T0 + HOUR + i * 20 * S);
	assert_int_equal(room->count, 0);
	fails(room, "192.0.2.1", NULL, T0 + HOUR + 59 * 20 * S);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(last(room)->rule, RULE_PLACE_FAILURES);
	assert_int_equal(room->bans, 0);
	room_close(room);
}

static void many_alerts_of_a_kind_become_one(void **state)
{
	struct room *room = room_open();
	char name[16];
	size_t alerts;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		knows(room, name, "192.0.2.1", T0 - DAY);
		for (int j = 0; j < 100; j++)
			room_event(room, EVENT_MESSAGE, "192.0.2.1", name, T0 + i * S);
	}
	assert_int_equal(room->alerts, 3);
	alerts = room->alerts;
	room_event(room, EVENT_BOUNCE, NULL, NULL, T0 + 20 * MINUTE);
	assert_int_equal(room->alerts, alerts + 1);
	assert_non_null(strstr(last(room)->reason, "37 more alerts"));
	assert_non_null(strstr(last(room)->reason, "user3, user4"));
	assert_int_equal(room->bans, 0);
	room_close(room);
}

/* ---- the others ---- */

static void a_hundred_messages_in_ten_minutes_are_a_flood_unless_usual(void **state)
{
	struct room *room = room_open();

	(void)state;
	knows(room, "bob", "192.0.2.1", T0 - DAY);
	for (int i = 0; i < 99; i++)
		room_event(room, EVENT_MESSAGE, "192.0.2.1", "bob", T0 + i * S);
	assert_int_equal(room->count, 0);
	room_event(room, EVENT_MESSAGE, "192.0.2.1", "bob", T0 + 600 * S);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(last(room)->rule, RULE_ACCOUNT_FLOOD);
	assert_int_equal(last(room)->source_count, 1);
	for (int i = 0; i < 700; i++) /* said once a day */
		room_event(room, EVENT_MESSAGE, "192.0.2.1", "bob", T0 + 600 * S + i * S);
	assert_int_equal(room->alerts, 1);
	/* It was much; ten times as much is unusual from now on. */
	for (int i = 0; i < 900; i++)
		room_event(room, EVENT_MESSAGE, "192.0.2.1", "bob", T0 + 2 * DAY + i * S);
	assert_int_equal(room->alerts, 1);
	for (int i = 0; i < 9000; i++)
		room_event(room, EVENT_MESSAGE, "192.0.2.1", "bob", T0 + 3 * DAY + i * S / 20);
	assert_int_equal(room->alerts, 2);
	assert_int_equal(room->bans, 0);
	room_close(room);
}

/* A message that Postfix takes, and what it says when the message is queued. */
static void takes(struct room *room, const char *source, unsigned number, int64_t wall_ns)
{
	struct event event = { .wall_ns = wall_ns,
			       .kind = EVENT_MESSAGE,
			       .daemon = EVENT_DAEMON_POSTFIX,
			       .count = 1,
			       .has_source = true,
			       .has_account = true,
			       .account = "bob" };

	assert_int_equal(address_parse(source, strlen(source), &event.source), 0);
	snprintf(event.queue, sizeof(event.queue), "%X", number);
	detect_event(room->detect, &event, ++room->tag, room_note, room);
}

/* The daemon has no tag for such a line. */
static void queues(struct room *room, unsigned number, unsigned recipients, int64_t wall_ns)
{
	struct event event = { .wall_ns = wall_ns,
			       .kind = EVENT_QUEUED,
			       .daemon = EVENT_DAEMON_POSTFIX,
			       .count = 1,
			       .recipients = recipients };

	snprintf(event.queue, sizeof(event.queue), "%X", number);
	detect_event(room->detect, &event, 0, room_note, room);
}

static void the_recipients_of_a_queued_message_count_once(void **state)
{
	struct room *room = room_open();

	(void)state;
	knows(room, "bob", "192.0.2.1", T0 - DAY);
	takes(room, "192.0.2.1", 1, T0);
	for (int i = 0; i < 9; i++)
		queues(room, 1, 60, T0 + i * S);
	queues(room, 2, 60, T0 + 9 * S); /* nobody's, or another server's */
	takes(room, "192.0.2.1", 3, T0 + 10 * S);
	queues(room, 3, 39, T0 + 11 * S);
	assert_int_equal(room->count, 0);
	takes(room, "192.0.2.1", 4, T0 + 20 * S);
	assert_int_equal(room->alerts, 1);
	assert_int_equal(last(room)->rule, RULE_ACCOUNT_FLOOD);
	assert_string_equal(last(room)->reason, "100 messages or recipients within 10m");
	assert_int_equal(last(room)->evidence_count, 3);
	assert_int_equal(last(room)->evidence[0], room->tag - 2);
	assert_int_equal(last(room)->evidence[2], room->tag);
	/* A queue id is used again. */
	takes(room, "192.0.2.1", 5, T0 + 5 * DAY);
	queues(room, 5, 5000, T0 + 5 * DAY + 601 * S);
	assert_int_equal(room->alerts, 1);
	takes(room, "192.0.2.1", 6, T0 + 6 * DAY);
	queues(room, 6, 1500, T0 + 6 * DAY + 599 * S);
	assert_int_equal(room->alerts, 2);
	assert_int_equal(room->bans, 0);
	room_close(room);
}

static void a_letter_to_many_from_the_road_bans_nobody_and_five_do(void **state)
{
	struct room *room = room_open();

	(void)state;
	knows(room, "bob", "192.0.2.1", T0 - DAY);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(room->bans, 0);
		takes(room, "203.0.113.9", i, T0 + i * MINUTE);
		queues(room, i, 80, T0 + i * MINUTE + S);
	}
	assert_true(banned(room, "203.0.113.9/32"));
	room_close(room);
}

static void fifty_messages_an_hour_from_the_unknown_ban_who_sent_them(void **state)
{
	for (int young = 0; young <= 1; young++) {
		struct room *room = young ? room_young() : room_open();

		(void)state;
		knows(room, "bob", "192.0.2.1", T0 - DAY);
		for (int i = 0; i < 19; i++) /* new, and quiet */
			room_event(room, EVENT_MESSAGE, "192.0.2.7", "bob", T0 + i * MINUTE);
		for (int i = 0; i < 49; i++)
			room_event(room, EVENT_MESSAGE, "192.0.2.9", "bob", T0 + i * MINUTE);
		assert_int_equal(room->count, 0);
		room_event(room, EVENT_MESSAGE, "192.0.2.9", "bob", T0 + 50 * MINUTE);
		assert_int_equal(room->alerts, 1);
		assert_int_equal(last(room)->rule, RULE_ACCOUNT_FLOOD);
		assert_int_equal(room->bans, young ? 0 : 1);
		assert_true(young || banned(room, "192.0.2.9/32"));
		room_close(room);
	}
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
	for (int i = 201; i < 5000; i++)
		room_event(room, i % 2 ? EVENT_DELIVERED : EVENT_BOUNCE, NULL, NULL, T0 + i * S);
	assert_int_equal(room->alerts, 1);
	for (int i = 0; i < 200; i++)
		room_event(room, EVENT_BOUNCE, NULL, NULL, T0 + 5000 * S + DAY + i * S);
	assert_int_equal(room->alerts, 2);
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
	knows(room, "bob", "192.0.2.9", T0);
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

static void a_ban_of_a_shared_place_does_not_double_and_of_four_accounts_does(void **state)
{
	for (int accounts = 4; accounts <= 5; accounts++) {
		struct room *room = room_open();
		int64_t first, second;
		char name[16];

		(void)state;
		for (int i = 0; i < accounts; i++) {
			snprintf(name, sizeof(name), "user%d", i);
			knows(room, name, "192.0.2.1", T0 + i);
		}
		for (int i = 0; i < 50; i++)
			fails(room, "192.0.2.1", "newhire", T0 + HOUR + i * S);
		first = last(room)->until_wall_ns - last(room)->wall_ns;
		for (int i = 0; i < 50; i++)
			fails(room, "192.0.2.1", "newhire", T0 + DAY + i * S);
		second = last(room)->until_wall_ns - last(room)->wall_ns;
		assert_true(accounts == 5 ? first == HOUR && second == HOUR : second > HOUR);
		room_close(room);
	}
}

static void a_ban_that_runs_is_not_made_again_but_a_longer_one_prolongs(void **state)
{
	struct room *room = room_open();
	struct address address;

	(void)state;
	knows(room, "eve", "192.0.3.1", T0 - 2 * DAY);
	assert_int_equal(ban_again(room, T0), 1);
	address_parse("192.0.2.1", 9, &address);
	assert_true(detect_bans(room->detect, &address, BAN_LOGIN, T0 + HOUR - S));
	assert_false(detect_bans(room->detect, &address, BAN_LOGIN, T0 + HOUR + S));
	assert_false(detect_bans(room->detect, &address, BAN_SMTP, T0 + HOUR - S));
	ban_again(room, T0 + MINUTE);
	assert_true(last(room)->again);
	assert_int_equal(last(room)->until_wall_ns, T0 + 4 + HOUR);
	assert_int_equal(room->bans, 1);
	for (unsigned i = 0; i < 10; i++)
		logs_in(room, numbered(80 + i, 1, 1), "eve", T0 + i * S);
	room->settings.provider = NULL; /* so that 192.0.3.1's is another one */
	logs_in(room, "192.5.2.1", "eve", T0 + 2 * MINUTE);
	assert_false(last(room)->again);
	assert_int_equal(last(room)->until_wall_ns, T0 + 2 * MINUTE + DAY);
	room_close(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_that_fails_on_five_accounts_in_ten_minutes_is_banned),
		cmocka_unit_test(
			slow_guessing_is_four_accounts_in_two_weeks_and_a_login_takes_one_off),
		cmocka_unit_test(twenty_failures_in_a_day_are_too_many_however_slow),
		cmocka_unit_test(eight_failing_sources_of_a_network_ban_the_network),
		cmocka_unit_test(
			where_an_account_logs_in_its_own_failures_of_a_day_shut_nobody_out),
		cmocka_unit_test(where_ten_accounts_log_in_within_a_day_many_may_mistype),
		cmocka_unit_test(a_network_with_a_known_source_in_it_takes_ten_times_as_many),
		cmocka_unit_test(a_source_is_known_after_successes_a_day_apart),
		cmocka_unit_test(in_the_first_week_one_success_makes_known),
		cmocka_unit_test(
			a_failure_without_account_is_the_own_of_a_source_that_any_account_knows),
		cmocka_unit_test(after_thirty_days_a_source_is_a_stranger_again),
		cmocka_unit_test(five_accounts_make_a_shared_place_and_four_do_not),
		cmocka_unit_test(a_ban_of_a_shared_place_does_not_double_and_of_four_accounts_does),
		cmocka_unit_test(a_name_without_realm_is_of_the_one_that_most_accounts_have),
		cmocka_unit_test(the_local_network_is_never_banned_unless_it_is_said),
		cmocka_unit_test(failed_logins_close_port_25_only_when_they_happened_on_it),
		cmocka_unit_test(failed_logins_never_close_port_25_to_who_delivers_mail),
		cmocka_unit_test(
			what_may_be_an_honest_senders_fault_weighs_a_fifth_and_alerts_if_he_delivers),
		cmocka_unit_test(a_server_with_a_broken_name_or_sender_is_told_and_not_banned),
		cmocka_unit_test(many_connections_are_no_abuse),
		cmocka_unit_test(in_a_siege_a_stranger_is_out_at_his_third_failure),
		cmocka_unit_test(in_a_siege_a_few_tries_over_days_are_guesses),
		cmocka_unit_test(a_name_that_nobody_logged_in_to_cannot_be_besieged),
		cmocka_unit_test(a_siege_alerts_at_ten_times_what_is_usual),
		cmocka_unit_test(a_network_that_has_left_the_window_counts_no_more),
		cmocka_unit_test(a_siege_outlasts_twelve_quiet_hours_and_not_two_windows),
		cmocka_unit_test(ten_new_providers_in_a_day_are_a_spread),
		cmocka_unit_test(many_networks_of_one_provider_are_one),
		cmocka_unit_test(six_providers_in_an_hour_are_a_spread_if_they_send),
		cmocka_unit_test(the_window_of_a_spread_is_exact),
		cmocka_unit_test(three_new_countries_alert_and_ban_nobody),
		cmocka_unit_test(an_account_without_an_earlier_source_is_only_alerted_about),
		cmocka_unit_test(the_owner_of_this_morning_is_not_taken_for_the_strangers_of_now),
		cmocka_unit_test(somebody_on_the_road_at_home_is_no_spread),
		cmocka_unit_test(what_was_alerted_to_once_is_nothing_new_when_it_comes_back),
		cmocka_unit_test(a_country_that_the_account_knows_is_its_own),
		cmocka_unit_test(home_countries_are_not_banned_and_not_known_by_a_spread),
		cmocka_unit_test(
			after_a_leak_strangers_are_out_at_their_first_failure_for_two_windows),
		cmocka_unit_test(with_action_alert_nobody_is_banned),
		cmocka_unit_test(
			strangers_all_over_the_server_alert_once_and_are_banned_at_the_second_account),
		cmocka_unit_test(of_a_session_s_attempts_only_the_last_is_on_the_account_it_names),
		cmocka_unit_test(what_strangers_do_every_day_is_no_spray),
		cmocka_unit_test(when_the_server_refuses_good_passwords_nobody_known_is_banned),
		cmocka_unit_test(guessing_behind_a_place_that_is_known_is_said_and_bans_nobody),
		cmocka_unit_test(many_alerts_of_a_kind_become_one),
		cmocka_unit_test(a_hundred_messages_in_ten_minutes_are_a_flood_unless_usual),
		cmocka_unit_test(the_recipients_of_a_queued_message_count_once),
		cmocka_unit_test(a_letter_to_many_from_the_road_bans_nobody_and_five_do),
		cmocka_unit_test(fifty_messages_an_hour_from_the_unknown_ban_who_sent_them),
		cmocka_unit_test(half_of_two_hundred_deliveries_failing_is_a_surge),
		cmocka_unit_test(a_small_share_of_many_is_none_and_old_deliveries_leave),
		cmocka_unit_test(ten_abuses_ban_and_a_known_source_takes_a_hundred),
		cmocka_unit_test(
			a_repeated_ban_doubles_up_to_a_week_and_is_forgotten_after_thirty_days),
		cmocka_unit_test(a_ban_that_runs_is_not_made_again_but_a_longer_one_prolongs),
	};

	return cmocka_run_group_tests_name("detect rules", tests, NULL, NULL);
}
