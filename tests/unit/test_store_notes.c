// SPDX-License-Identifier: GPL-2.0-or-later
/* What the rules remember, in the store: kept, found by source and network, forgotten in time, and
 * there also in a store of the version before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <arpa/inet.h>
#include <sqlite3.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/time.h"
#include "checked.h"
#include "store/store.h"

#define T0  (1700000000LL * NS_PER_S)
#define DAY (86400 * NS_PER_S)

static char folder[64];
static char command[128];

static struct store *open_store(void)
{
	struct store *store;
	struct fault fault = { 0 };

	if (store_open(folder, false, &store, &fault))
		fail_msg("%s", fault.text);
	return store;
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, strlen(text), &prefix), 0);
	return prefix;
}

static void count_known(const struct store_known *known, void *context)
{
	(void)known;
	++*(size_t *)context;
}

static size_t known_of(struct store *store, const char *account)
{
	size_t count = 0;

	assert_int_equal(store_known_each(store, account, count_known, &count, NULL), 0);
	return count;
}

static void put_known(struct store *store, const char *account, const char *source, int64_t last)
{
	struct store_known known = { prefix_of(source), T0, last };

	assert_int_equal(store_known_put(store, account, &known, NULL), 0);
}

struct found {
	size_t count;
	struct store_known last;
	char account[64];
};

static void note_found(const char *account, const struct store_known *known, void *context)
{
	struct found *found = context;

	found->count++;
	found->last = *known;
	snprintf(found->account, sizeof(found->account), "%s", account);
}

static void known_in(struct store *store, const struct prefix *prefix, unsigned most,
		     struct found *found)
{
	*found = (struct found){ 0 };
	assert_int_equal(store_known_in(store, prefix, most, note_found, found, NULL), 0);
}

static void known_sources_are_found_by_account_source_and_network(void **state)
{
	struct store *store = open_store();
	struct prefix network = prefix_of("192.0.2.0/24"), other = prefix_of("192.0.3.0/24"),
		      source = prefix_of("192.0.2.1/32"), six = prefix_of("2001:db8::/48");
	struct found found;

	(void)state;
	put_known(store, "Bob@Example.org", "192.0.2.1/32", T0);
	put_known(store, "bob@example.org", "192.0.2.1/32", T0 + DAY);
	put_known(store, "bob@example.org", "2001:db8:0:5::/64", T0 + 2 * DAY);
	put_known(store, "eve", "192.0.2.9/32", T0 + 3 * DAY);
	assert_int_equal(known_of(store, "BOB@example.org"), 2);
	assert_int_equal(known_of(store, "nobody"), 0);
	known_in(store, &source, 9, &found);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.last.last_wall_ns, T0 + DAY);
	known_in(store, &network, 9, &found);
	assert_int_equal(found.count, 2);
	known_in(store, &network, 1, &found);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.last.last_wall_ns, T0 + 3 * DAY);
	assert_string_equal(found.account, "eve");
	known_in(store, &six, 9, &found);
	assert_int_equal(found.count, 1);
	known_in(store, &other, 9, &found);
	assert_int_equal(found.count, 0);
	assert_int_equal(store_known_remove(store, "bob@example.org", &source, NULL), 0);
	assert_int_equal(store_known_remove(store, "bob@example.org", &source, NULL), 0);
	assert_int_equal(known_of(store, "bob@example.org"), 1);
	store_close(store);
}

static void bans_in_a_row_are_kept(void **state)
{
	struct store *store = open_store();
	struct prefix prefix = prefix_of("192.0.2.1/32");
	struct store_repeat repeat = { 3, T0, 1234567890123 }, read;

	(void)state;
	assert_int_equal(store_repeat_get(store, &prefix, BAN_LOGIN, &read, NULL), -ENOENT);
	assert_int_equal(store_repeat_put(store, &prefix, BAN_LOGIN, &repeat, NULL), 0);
	store_close(store);
	store = open_store();
	assert_int_equal(store_repeat_get(store, &prefix, BAN_LOGIN, &read, NULL), 0);
	assert_int_equal(read.bans, 3);
	assert_int_equal(read.until_wall_ns, T0);
	assert_int_equal(read.lasts_ns, 1234567890123);
	store_close(store);
}

static void note_incident(const char *account, uint32_t rule, int64_t last, void *context)
{
	(void)last;
	snprintf(context, 64, "%s/%u", account, rule);
}

static void notes_are_written_together_or_not_at_all_and_age(void **state)
{
	struct store *store = open_store();
	struct prefix prefix = prefix_of("192.0.2.1/32");
	struct store_repeat repeat = { 1, T0, 1 };
	char text[64] = "";

	(void)state;
	assert_int_equal(store_begin_notes(store, NULL), 0);
	put_known(store, "lost", "192.0.2.1/32", T0);
	store_rollback_notes(store);
	assert_int_equal(known_of(store, "lost"), 0);
	assert_int_equal(store_begin_notes(store, NULL), 0);
	put_known(store, "old", "192.0.2.1/32", T0);
	put_known(store, "new", "192.0.2.1/32", T0 + 2 * DAY);
	store_repeat_put(store, &prefix, BAN_LOGIN, &repeat, NULL);
	store_incident_put(store, "bob", 5, T0, NULL);
	assert_int_equal(store_commit_notes(store, NULL), 0);
	assert_int_equal(store_expire(store, T0 + 31 * DAY, NULL), 0);
	assert_int_equal(known_of(store, "old"), 0);
	assert_int_equal(known_of(store, "new"), 1);
	assert_int_equal(store_repeat_get(store, &prefix, BAN_LOGIN, &repeat, NULL), -ENOENT);
	assert_int_equal(store_incident_each(store, note_incident, text, NULL), 0);
	assert_string_equal(text, "bob/5");
	assert_int_equal(store_expire(store, T0 + 61 * DAY, NULL), 0);
	*text = '\0';
	assert_int_equal(store_incident_each(store, note_incident, text, NULL), 0);
	assert_string_equal(text, "");
	store_close(store);
}

static int take_line(const struct store_evidence *evidence, void *context)
{
	snprintf(context, 64, "%s", evidence->line);
	return 1;
}

static void evidence_needs_no_ban(void **state)
{
	struct store *store = open_store();
	struct prefix prefix = prefix_of("192.0.2.1/32");
	struct store_evidence evidence = { T0, "a line" };
	char text[64] = "";

	(void)state;
	assert_int_equal(store_evidence_put(store, &prefix, &evidence, 1, NULL), 0);
	assert_int_equal(store_evidence_each(store, &prefix, 10, take_line, text, NULL), 0);
	assert_string_equal(text, "a line");
	store_close(store);
}

/* What version 1 did not have is taken away again; its number is put back. */
static void a_store_of_the_first_version_gets_the_new_tables_and_keeps_its_bans(void **state)
{
	struct store *store = open_store();
	struct ban_record ban = { .prefix = prefix_of("192.0.2.1/32"),
				  .services = BAN_ALL,
				  .since_wall_ns = T0,
				  .until_wall_ns = T0 + DAY,
				  .rule = 1,
				  .reason = "old" },
			  read;
	char path[96];
	sqlite3 *db;

	(void)state;
	assert_int_equal(store_ban_put(store, &ban, NULL, 0, NULL), 0);
	store_close(store);
	snprintf(path, sizeof(path), "%s/sekisho.db", folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "DROP TABLE known; DROP TABLE repeats; DROP TABLE troubles;"
				      "DROP TABLE clock; DROP TABLE begun; DROP TABLE senders;"
				      "DROP TABLE habits; DROP TABLE orders; DROP TABLE past_bans; "
				      "DROP TABLE past_alerts; DROP TABLE rights; "
				      "DROP TABLE wrongs; DROP TABLE budgets; DROP TABLE held; "
				      "DROP TABLE spans; DROP TABLE refusals;"
				      "ALTER TABLE lists DROP COLUMN services;"
				      "PRAGMA user_version = 1",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	store = open_store();
	assert_int_equal(store_ban_get(store, &ban.prefix, BAN_ALL, &read, NULL), 0);
	put_known(store, "bob", "192.0.2.1/32", T0);
	assert_int_equal(known_of(store, "bob"), 1);
	store_close(store);
}

static int64_t begun_at(int64_t now)
{
	struct store *store = open_store();
	int64_t since = 0;

	assert_int_equal(store_begun(store, now, &since, NULL), 0);
	store_close(store);
	return since;
}

static void the_beginning_is_kept_and_never_to_come(void **state)
{
	(void)state;
	/* A clock that is not set yet is none to begin by. */
	assert_int_equal(begun_at(DAY), DAY);
	assert_int_equal(begun_at(T0), T0);
	assert_int_equal(begun_at(T0 + 9 * DAY), T0);
	assert_int_equal(begun_at(T0 - DAY), T0 - DAY);
	assert_int_equal(begun_at(T0), T0 - DAY);
}

static void a_store_that_has_no_beginning_counts_from_its_oldest_record(void **state)
{
	struct store *store = open_store();
	struct ban_record by_hand = {
		.prefix = prefix_of("192.0.2.1/32"),
		.services = BAN_ALL,
		.since_wall_ns = T0 - 9 * DAY,
		.until_wall_ns = T0 + 99 * DAY,
	};
	struct ban_record by_rule = {
		.prefix = prefix_of("192.0.2.2/32"),
		.services = BAN_ALL,
		.since_wall_ns = T0 - 3 * DAY,
		.until_wall_ns = T0 + 99 * DAY,
		.rule = 1,
	};

	(void)state;
	assert_int_equal(store_ban_put(store, &by_hand, NULL, 0, NULL), 0);
	assert_int_equal(store_ban_put(store, &by_rule, NULL, 0, NULL), 0);
	put_known(store, "bob", "192.0.2.3/32", T0 + DAY);
	store_close(store);
	assert_int_equal(begun_at(T0 + 9 * DAY), T0 - 3 * DAY);
}

static void who_delivered_and_what_is_usual_are_kept_for_thirty_days(void **state)
{
	struct store *store = open_store();
	struct prefix network = prefix_of("192.0.2.0/24"), old = prefix_of("192.0.3.0/24");
	struct store_habit habit = { T0 + 2 * DAY, 19675, 120, 7, 3, 1 }, read;
	int64_t last;

	(void)state;
	assert_int_equal(store_sender_get(store, &network, &last, NULL), -ENOENT);
	assert_int_equal(store_habit_get(store, "", &read, NULL), -ENOENT);
	assert_int_equal(store_sender_put(store, &old, T0, NULL), 0);
	assert_int_equal(store_sender_put(store, &network, T0, NULL), 0);
	assert_int_equal(store_sender_put(store, &network, T0 + 2 * DAY, NULL), 0);
	assert_int_equal(store_habit_put(store, "Bob@example.org", &habit, NULL), 0);
	habit.last_wall_ns = T0;
	assert_int_equal(store_habit_put(store, "", &habit, NULL), 0);
	store_close(store);
	store = open_store();
	assert_int_equal(store_habit_get(store, "", &read, NULL), 0);
	assert_int_equal(store_sender_get(store, &old, &last, NULL), 0);
	assert_int_equal(store_expire(store, T0 + 31 * DAY, NULL), 0);
	assert_int_equal(store_sender_get(store, &network, &last, NULL), 0);
	assert_int_equal(last, T0 + 2 * DAY);
	assert_int_equal(store_sender_get(store, &old, &last, NULL), -ENOENT);
	assert_int_equal(store_habit_get(store, "", &read, NULL), -ENOENT);
	habit.last_wall_ns = T0 + 2 * DAY;
	assert_int_equal(store_habit_get(store, "bob@example.org", &read, NULL), 0);
	assert_int_equal(read.last_wall_ns, habit.last_wall_ns);
	assert_int_equal(read.day, habit.day);
	assert_int_equal(read.messages, habit.messages);
	assert_int_equal(read.today, habit.today);
	assert_int_equal(read.failing, habit.failing);
	assert_int_equal(read.failing_today, habit.failing_today);
	store_close(store);
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-store-notes-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

static void bans_in_a_row_have_a_most_and_the_oldest_go(void **state)
{
	struct store *store = open_store();
	struct store_repeat repeat = { .bans = 1, .lasts_ns = 1 };
	struct prefix prefix;
	size_t found = 0;

	(void)state;
	if (is_checked()) {
		store_close(store);
		skip();
	}
	assert_int_equal(prefix_parse("10.0.0.0/32", 11, &prefix), 0);
	assert_int_equal(store_begin_notes(store, NULL), 0);
	for (uint32_t i = 0; i < STORE_REPEATS_MOST + 5000; i++) {
		prefix.address.word[3] = htonl(0x0a000000 + i);
		repeat.until_wall_ns = T0 + i;
		assert_int_equal(store_repeat_put(store, &prefix, BAN_LOGIN, &repeat, NULL), 0);
	}
	assert_int_equal(store_commit_notes(store, NULL), 0);
	for (uint32_t i = 0; i < 5000; i++) {
		prefix.address.word[3] = htonl(0x0a000000 + i);
		found += !store_repeat_get(store, &prefix, BAN_LOGIN, &repeat, NULL);
	}
	assert_true(found <= 1024);
	prefix.address.word[3] = htonl(0x0a000000 + 6000);
	assert_int_equal(store_repeat_get(store, &prefix, BAN_LOGIN, &repeat, NULL), 0);
	store_close(store);
}

static void senders_have_a_most_and_the_oldest_go(void **state)
{
	struct store *store = open_store();
	struct prefix prefix;
	size_t found = 0;
	int64_t last;

	(void)state;
	if (is_checked()) {
		store_close(store);
		skip();
	}
	assert_int_equal(prefix_parse("10.0.0.0/32", 11, &prefix), 0);
	assert_int_equal(store_begin_notes(store, NULL), 0);
	for (uint32_t i = 0; i < STORE_SENDERS_MOST + 3000; i++) {
		prefix.address.word[3] = htonl(0x0a000000 + i);
		assert_int_equal(store_sender_put(store, &prefix, T0 + i, NULL), 0);
	}
	assert_int_equal(store_commit_notes(store, NULL), 0);
	for (uint32_t i = 0; i < 3000; i++) {
		prefix.address.word[3] = htonl(0x0a000000 + i);
		found += !store_sender_get(store, &prefix, &last, NULL);
	}
	assert_true(found <= 1024);
	prefix.address.word[3] = htonl(0x0a000000 + 4000);
	assert_int_equal(store_sender_get(store, &prefix, &last, NULL), 0);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(known_sources_are_found_by_account_source_and_network),
		TEST(bans_in_a_row_are_kept),
		TEST(bans_in_a_row_have_a_most_and_the_oldest_go),
		TEST(notes_are_written_together_or_not_at_all_and_age),
		TEST(evidence_needs_no_ban),
		TEST(who_delivered_and_what_is_usual_are_kept_for_thirty_days),
		TEST(senders_have_a_most_and_the_oldest_go),
		TEST(the_beginning_is_kept_and_never_to_come),
		TEST(a_store_that_has_no_beginning_counts_from_its_oldest_record),
		TEST(a_store_of_the_first_version_gets_the_new_tables_and_keeps_its_bans),
	};

	return cmocka_run_group_tests_name("store notes", tests, NULL, NULL);
}
