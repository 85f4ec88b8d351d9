// SPDX-License-Identifier: GPL-2.0-or-later
/* Mail by policy: what an account's unknown sources may hand in together, reserved and charged;
 * what is held; what a restart keeps. */
#include "policy_room.h"

struct outbox {
	struct judge_budget budget;
	char account[EVENT_ACCOUNT_SIZE];
	struct judge_held held;
	size_t held_count, kept;
};

static bool recall_budget(const char *account, struct judge_budget *budget, void *context)
{
	const struct outbox *outbox = context;

	if (strcmp(account, outbox->account) != 0)
		return false;
	*budget = outbox->budget;
	return true;
}

static void keep_budget(const char *account, const struct judge_budget *budget, void *context)
{
	struct outbox *outbox = context;

	snprintf(outbox->account, sizeof(outbox->account), "%s", account);
	outbox->budget = *budget;
	outbox->kept++;
}

static void note_held(const char *account, const struct judge_held *held, void *context)
{
	struct outbox *outbox = context;

	assert_string_equal(account, ACCOUNT);
	outbox->held = *held;
	outbox->held_count++;
}

static struct office *open_with(struct outbox *outbox)
{
	struct office *office = office_open();

	office->settings.memory.context = outbox;
	office->settings.memory.recall_budget = recall_budget;
	office->settings.memory.keep_budget = keep_budget;
	office->settings.memory.held = note_held;
	judge_configure(office->judge, &office->settings);
	return office;
}

static enum judge_verdict asks(struct office *office, const char *source, const char *instance,
			       enum policy_stage stage, uint32_t recipients)
{
	struct policy_mail mail = { .wall_ns = office->now,
				    .stage = stage,
				    .has_source = source != NULL,
				    .has_account = true,
				    .recipients = recipients,
				    .size = 1000 };

	if (source)
		assert_int_equal(address_parse(source, strlen(source), &mail.source), 0);
	strcpy(mail.account, ACCOUNT);
	strcpy(mail.sender, ACCOUNT);
	snprintf(mail.recipient, sizeof(mail.recipient), "r%u@example.net", recipients);
	snprintf(mail.instance, sizeof(mail.instance), "%s", instance);
	snprintf(mail.queue, sizeof(mail.queue), "4Q%s", instance);
	judge_mail(office->judge, &mail, &office->mail);
	if (office->mail.told)
		detect_notice(office->room->detect, &office->mail.alert, room_note, office->room);
	return office->mail.verdict;
}

/* One message; how many of its recipients leave. */
static unsigned sends(struct office *office, const char *source, unsigned recipients)
{
	static unsigned number;
	enum judge_verdict verdict;
	char instance[16];
	unsigned accepted = 0;
	bool held = false;

	snprintf(instance, sizeof(instance), "%u", number++);
	for (unsigned i = 0; i < recipients; i++) {
		verdict = asks(office, source, instance, POLICY_STAGE_RCPT, i);
		held |= verdict == JUDGE_HOLD;
		accepted += verdict == JUDGE_PASS || verdict == JUDGE_HOLD;
	}
	if (!accepted)
		return 0;
	verdict = asks(office, source, instance, POLICY_STAGE_END, accepted);
	held |= verdict == JUDGE_HOLD;
	return held || verdict ? 0 : accepted;
}

static void twenty_at_once_and_fifty_in_a_day_leave(void **state)
{
	struct outbox outbox = { 0 };
	struct office *office = open_with(&outbox);
	unsigned left = 0;

	(void)state;
	owner_settles(office);
	for (unsigned i = 0; i < 30; i++)
		left += sends(office, i % 2 ? STRANGER : "100.67.0.1", 1);
	assert_int_equal(left, 20);
	assert_int_equal(outbox.held_count, 10);
	assert_int_equal(outbox.held.recipients, 1);
	assert_int_equal(outbox.held.size, 1000);
	assert_true(!strncmp(outbox.held.queue, "4Q", 2));
	assert_int_equal(last(office->room)->rule, RULE_ACCOUNT_FLOOD);
	assert_non_null(strstr(last(office->room)->reason, "on hold"));
	/* 720 further ones in 12 hours, from everywhere. */
	for (unsigned i = 0; i < 720; i++) {
		office->now += MINUTE;
		left += sends(office, numbered(70 + i % 30, i % 250, 1), 1);
	}
	assert_true(left >= 34 && left <= 50);
	/* What else of a day: no window of 24 hours has more than 50. */
	for (unsigned i = 0; i < 719; i++) {
		office->now += MINUTE;
		left += sends(office, STRANGER, 1);
	}
	assert_true(left <= 50);
	/* The owner is not concerned. */
	assert_int_equal(sends(office, OWNER, 300), 300);
	office_close(office);
}

static void what_does_not_end_or_is_not_accepted_comes_back(void **state)
{
	struct outbox outbox = { 0 };
	struct office *office = open_with(&outbox);

	(void)state;
	owner_settles(office);
	sends(office, OWNER, 1);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(asks(office, STRANGER, "a", POLICY_STAGE_RCPT, i), JUDGE_PASS);
	assert_int_equal(asks(office, STRANGER, "b", POLICY_STAGE_RCPT, 1), JUDGE_HOLD);
	office->now += 11 * MINUTE;
	/* "a" never ended. Of "c" the server accepts two of twenty. */
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(asks(office, STRANGER, "c", POLICY_STAGE_RCPT, i), JUDGE_PASS);
	assert_int_equal(asks(office, STRANGER, "c", POLICY_STAGE_END, 2), JUDGE_PASS);
	assert_true(office->mail.has_event);
	assert_int_equal(office->mail.event.recipients, 2);
	assert_int_equal(outbox.budget.refused, 20 + 1 + 18);
	assert_int_equal(sends(office, STRANGER, 18), 18);
	assert_int_equal(sends(office, STRANGER, 1), 0);
	office_close(office);
}

/* It would be as much each ten minutes. */
static void where_nobody_asks_at_the_end_what_was_asked_is_charged(void **state)
{
	struct outbox outbox = { 0 };
	struct office *office = open_with(&outbox);

	(void)state;
	owner_settles(office);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(asks(office, STRANGER, "a", POLICY_STAGE_RCPT, i), JUDGE_PASS);
	office->now += 11 * MINUTE;
	assert_int_equal(asks(office, STRANGER, "b", POLICY_STAGE_RCPT, 1), JUDGE_HOLD);
	office_close(office);
}

static void a_message_over_the_budget_is_held_as_a_whole_and_costs_nothing(void **state)
{
	struct outbox outbox = { 0 };
	struct office *office = open_with(&outbox);

	(void)state;
	owner_settles(office);
	assert_int_equal(sends(office, STRANGER, 30), 0);
	assert_int_equal(outbox.held_count, 1);
	assert_int_equal(outbox.held.recipients, 30);
	assert_int_equal(sends(office, STRANGER, 20), 20);
	/* A server that asks at the end alone. */
	assert_int_equal(asks(office, STRANGER, "z", POLICY_STAGE_END, 3), JUDGE_HOLD);
	assert_int_equal(outbox.held_count, 2);
	office_close(office);
}

static void two_hundred_are_held_and_then_deferred(void **state)
{
	struct outbox outbox = { 0 };
	struct office *office = open_with(&outbox);
	struct judge_usage usage;

	(void)state;
	owner_settles(office);
	assert_int_equal(sends(office, STRANGER, 20), 20);
	for (unsigned i = 0; i < 250; i++)
		sends(office, STRANGER, 1);
	assert_int_equal(outbox.held_count, 200);
	judge_get_usage(office->judge, &usage);
	assert_int_equal(usage.deferred, 50);
	/* And no more than so many bytes. */
	office_close(office);
	outbox = (struct outbox){ 0 };
	office = open_with(&outbox);
	office->settings.held_size = 2500;
	judge_configure(office->judge, &office->settings);
	owner_settles(office);
	assert_int_equal(sends(office, STRANGER, 20), 20);
	for (unsigned i = 0; i < 5; i++)
		sends(office, STRANGER, 1);
	assert_int_equal(outbox.held_count, 2);
	office_close(office);
}

static void new_sources_share_four_times_as_much(void **state)
{
	struct outbox outbox = { 0 };
	struct office *office = open_with(&outbox);
	unsigned left = 0;

	(void)state;
	owner_settles(office);
	office->now -= 2 * DAY;
	succeeds(office, "100.64.5.1", RIGHT);
	succeeds(office, "100.64.6.1", RIGHT);
	office->now += 2 * DAY;
	succeeds(office, "100.64.5.1", RIGHT);
	succeeds(office, "100.64.6.1", RIGHT);
	for (unsigned i = 0; i < 100; i++)
		left += sends(office, i % 2 ? "100.64.5.1" : "100.64.6.1", 1);
	assert_int_equal(left, 80);
	/* And take nothing from the unknown ones. */
	assert_int_equal(sends(office, STRANGER, 20), 20);
	office_close(office);
}

static void who_does_not_name_the_client_has_a_hundred_an_hour(void **state)
{
	struct outbox outbox = { 0 };
	struct office *office = open_with(&outbox);
	unsigned left = 0;

	(void)state;
	owner_settles(office);
	for (unsigned i = 0; i < 150; i++)
		left += sends(office, NULL, 1);
	assert_int_equal(left, 100);
	office->now += HOUR;
	for (unsigned i = 0; i < 150; i++)
		left += sends(office, NULL, 1);
	assert_int_equal(left, 200);
	office_close(office);
}

static void other_actions_and_none(void **state)
{
	static const enum judge_verdict verdicts[] = {
		[JUDGE_OVER_HOLD] = JUDGE_HOLD,
		[JUDGE_OVER_DEFER] = JUDGE_DEFER,
		[JUDGE_OVER_REJECT] = JUDGE_REJECT,
		[JUDGE_OVER_OFF] = JUDGE_PASS,
	};

	(void)state;
	for (int over = JUDGE_OVER_HOLD; over <= JUDGE_OVER_OFF; over++) {
		struct outbox outbox = { 0 };
		struct office *office = open_with(&outbox);

		office->settings.over = (enum judge_over)over;
		judge_configure(office->judge, &office->settings);
		owner_settles(office);
		sends(office, STRANGER, 20);
		assert_int_equal(asks(office, STRANGER, "q", POLICY_STAGE_RCPT, 1), verdicts[over]);
		assert_true(office->mail.told);
		assert_int_equal(!*office->mail.text, over == JUDGE_OVER_OFF);
		office->settings.monitor = true;
		judge_configure(office->judge, &office->settings);
		assert_int_equal(asks(office, STRANGER, "r", POLICY_STAGE_RCPT, 1), JUDGE_PASS);
		assert_int_equal(office->mail.would, verdicts[over]);
		office_close(office);
	}
}

/* Who of the sources is the owner's nobody can tell yet. */
static void the_first_week_only_counts_and_alerts(void **state)
{
	struct outbox outbox = { 0 };
	struct office *office = open_with(&outbox);

	(void)state;
	office->room->settings.since_ns = T0 - DAY;
	room_apply(office->room);
	assert_int_equal(sends(office, STRANGER, 30), 30);
	assert_true(office->mail.told || office->room->alerts);
	assert_int_equal(outbox.held_count, 0);
	office->now += 7 * DAY;
	owner_settles(office);
	assert_int_equal(sends(office, STRANGER, 30), 0);
	office_close(office);
}

static void what_was_spent_outlasts_a_restart(void **state)
{
	struct outbox outbox = { 0 };
	struct office *office = open_with(&outbox);

	(void)state;
	owner_settles(office);
	assert_int_equal(sends(office, STRANGER, 20), 20);
	office_close(office);
	office = open_with(&outbox);
	owner_settles(office);
	assert_int_equal(sends(office, STRANGER, 1), 0);
	judge_trust_account(office->judge, ACCOUNT);
	assert_int_equal(sends(office, STRANGER, 20), 20);
	office_close(office);
}

/* A table full of messages that never end gives nothing back to who filled it. */
static void a_full_table_of_messages_charges(void **state)
{
	struct outbox outbox = { 0 };
	struct office *office = open_with(&outbox);
	struct judge_usage usage;
	char instance[16];

	(void)state;
	office->settings.most_messages = 8;
	office->settings.over = JUDGE_OVER_REJECT;
	judge_configure(office->judge, &office->settings);
	owner_settles(office);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(instance, sizeof(instance), "n%u", i);
		assert_int_equal(asks(office, STRANGER, instance, POLICY_STAGE_RCPT, i),
				 JUDGE_PASS);
	}
	assert_int_equal(asks(office, STRANGER, "more", POLICY_STAGE_RCPT, 1), JUDGE_REJECT);
	judge_get_usage(office->judge, &usage);
	assert_int_equal(usage.messages, 8);
	assert_int_equal(usage.forgotten, 13);
	office_close(office);
}

/* A request in each second must not keep what comes back from coming. */
static void asking_often_does_not_stop_the_refill(void **state)
{
	struct outbox outbox = { 0 };
	struct office *office = open_with(&outbox);

	(void)state;
	office->settings.over = JUDGE_OVER_REJECT;
	judge_configure(office->judge, &office->settings);
	owner_settles(office);
	assert_int_equal(sends(office, STRANGER, 20), 20);
	for (unsigned i = 0; i < 2850; i++) { /* 48 minutes are one recipient */
		office->now += S + S / 100;
		assert_int_equal(asks(office, STRANGER, "x", POLICY_STAGE_RCPT, 1), JUDGE_REJECT);
	}
	office->now += 2 * MINUTE;
	assert_int_equal(asks(office, STRANGER, "y", POLICY_STAGE_RCPT, 1), JUDGE_PASS);
	office_close(office);
}

static void who_has_not_logged_in_passes(void **state)
{
	struct outbox outbox = { 0 };
	struct office *office = open_with(&outbox);
	struct policy_mail mail = { .wall_ns = T0, .stage = POLICY_STAGE_RCPT };

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		judge_mail(office->judge, &mail, &office->mail);
		assert_int_equal(office->mail.verdict, JUDGE_PASS);
		assert_false(office->mail.has_event);
	}
	office_close(office);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twenty_at_once_and_fifty_in_a_day_leave),
		cmocka_unit_test(what_does_not_end_or_is_not_accepted_comes_back),
		cmocka_unit_test(where_nobody_asks_at_the_end_what_was_asked_is_charged),
		cmocka_unit_test(a_message_over_the_budget_is_held_as_a_whole_and_costs_nothing),
		cmocka_unit_test(two_hundred_are_held_and_then_deferred),
		cmocka_unit_test(new_sources_share_four_times_as_much),
		cmocka_unit_test(who_does_not_name_the_client_has_a_hundred_an_hour),
		cmocka_unit_test(other_actions_and_none),
		cmocka_unit_test(the_first_week_only_counts_and_alerts),
		cmocka_unit_test(what_was_spent_outlasts_a_restart),
		cmocka_unit_test(a_full_table_of_messages_charges),
		cmocka_unit_test(asking_often_does_not_stop_the_refill),
		cmocka_unit_test(who_has_not_logged_in_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
