// SPDX-License-Identifier: GPL-2.0-or-later
/* What the policy keeps in the store: found again, forgotten in time, cleared by hand, and there in
 * a store of the version before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sqlite3.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/time.h"
#include "store/policy_rows.h"

#define T0  (1700000000LL * NS_PER_S)
#define DAY (86400 * NS_PER_S)

static char folder[64], command[128];
static struct store *store;

static void open_store(bool read_only)
{
	struct fault fault = { 0 };

	if (store_open(folder, read_only, &store, &fault))
		fail_msg("%s", fault.text);
}

static void reopen(void)
{
	store_close(store);
	open_store(false);
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, strlen(text), &prefix), 0);
	return prefix;
}

static void put_digest(const char *account, const struct prefix *source, uint32_t mac,
		       int64_t stale)
{
	struct judge_digests digests = { .stale_ns = stale };

	digests.items[2] = (struct judge_digest){ mac, T0 / NS_PER_S, T0 / NS_PER_S + 7 };
	assert_int_equal(store_digests_put(store, account, source, &digests, NULL), 0);
}

static void digests_of_accounts_and_of_pairs_are_apart(void **state)
{
	struct prefix source = prefix_of("192.0.2.1/32"), other = prefix_of("192.0.2.2/32");
	struct judge_digests digests;

	(void)state;
	put_digest("bob", NULL, 0xfffefdfc, 0);
	put_digest("bob", &source, 0x01020304, T0);
	reopen();
	assert_int_equal(store_digests_get(store, "BOB", NULL, &digests, NULL), 0);
	assert_int_equal(digests.items[0].mac, 0xfffefdfc);
	assert_int_equal(digests.items[0].first_s, T0 / NS_PER_S);
	assert_int_equal(digests.items[0].last_s, T0 / NS_PER_S + 7);
	assert_int_equal(digests.items[1].first_s, 0);
	assert_int_equal(store_digests_get(store, "bob", &source, &digests, NULL), 0);
	assert_int_equal(digests.items[0].mac, 0x01020304);
	assert_int_equal(digests.stale_ns, T0);
	assert_int_equal(store_digests_get(store, "bob", &other, &digests, NULL), -ENOENT);
	assert_int_equal(store_digests_get(store, "eve", NULL, &digests, NULL), -ENOENT);
}

static void note_stale(const char *account, const struct prefix *source, int64_t stale,
		       void *context)
{
	(void)stale;
	(void)source;
	strcat(context, account);
	strcat(context, " ");
}

static void stale_devices_are_found_by_where_they_are(void **state)
{
	struct prefix one = prefix_of("192.0.2.1/32"), two = prefix_of("192.0.2.2/32"),
		      network = prefix_of("192.0.2.0/24"), elsewhere = prefix_of("198.51.100.0/24");
	char found[64] = "";

	(void)state;
	put_digest("bob", &one, 1, T0);
	put_digest("eve", &two, 2, T0 + DAY);
	put_digest("joe", &two, 3, 0);
	assert_int_equal(store_stale_each(store, &network, 0, 9, note_stale, found, NULL), 0);
	assert_string_equal(found, "eve bob ");
	*found = '\0';
	assert_int_equal(store_stale_each(store, &network, 0, 1, note_stale, found, NULL), 0);
	assert_string_equal(found, "eve ");
	*found = '\0';
	assert_int_equal(store_stale_each(store, &one, T0 + 1, 9, note_stale, found, NULL), 0);
	assert_int_equal(store_stale_each(store, &elsewhere, 0, 9, note_stale, found, NULL), 0);
	assert_string_equal(found, "");
}

static void note_over(const char *account, const struct judge_budget *budget, void *context)
{
	assert_int_equal(budget->over, 3);
	strcat(context, account);
}

static void note_held(const struct judge_held *held, void *context)
{
	strcat(context, held->queue);
	strcat(context, " ");
}

static void budgets_and_messages_on_hold_are_kept(void **state)
{
	struct judge_budget budget = { T0, { 1, 1ULL << 40, 3 }, 19675, 5, 6, 7, 8, 1ULL << 33, 3 };
	struct judge_held first = { T0, "4QABC", 2, 3000 }, second = { T0 + 5, "4QDEF", 1, 10 };
	struct judge_budget read;
	char found[64] = "";

	(void)state;
	assert_int_equal(store_budget_get(store, "bob", &read, NULL), -ENOENT);
	assert_int_equal(store_budget_put(store, "bob", &budget, NULL), 0);
	assert_int_equal(store_held_put(store, "bob", &first, NULL), 0);
	assert_int_equal(store_held_put(store, "bob", &second, NULL), 0);
	reopen();
	assert_int_equal(store_budget_get(store, "Bob", &read, NULL), 0);
	assert_int_equal(read.wall_ns, budget.wall_ns);
	assert_memory_equal(read.spent, budget.spent, sizeof(read.spent));
	assert_int_equal(read.day, 19675);
	assert_int_equal(read.recipients, 5);
	assert_int_equal(read.first_time, 6);
	assert_int_equal(read.refused, 7);
	assert_int_equal(read.held, 8);
	assert_int_equal(read.held_size, 1ULL << 33);
	assert_int_equal(store_over_each(store, 19675, note_over, found, NULL), 0);
	assert_int_equal(store_over_each(store, 19676, note_over, found, NULL), 0);
	assert_string_equal(found, "bob");
	*found = '\0';
	assert_int_equal(store_held_each(store, "bob", 9, note_held, found, NULL), 0);
	assert_string_equal(found, "4QDEF 4QABC ");
}

static void they_are_forgotten_in_time(void **state)
{
	struct prefix source = prefix_of("192.0.2.1/32");
	struct judge_budget budget = { .wall_ns = T0 };
	struct judge_held held = { T0, "4QABC", 2, 3000 };
	struct judge_digests digests;
	char found[64] = "";

	(void)state;
	put_digest("bob", NULL, 1, 0);
	put_digest("bob", &source, 1, 0);
	assert_int_equal(store_budget_put(store, "bob", &budget, NULL), 0);
	assert_int_equal(store_held_put(store, "bob", &held, NULL), 0);
	assert_int_equal(store_expire(store, T0 + 31 * DAY, NULL), 0);
	assert_int_equal(store_budget_get(store, "bob", &budget, NULL), -ENOENT);
	assert_int_equal(store_held_each(store, "bob", 9, note_held, found, NULL), 0);
	assert_string_equal(found, "");
	assert_int_equal(store_digests_get(store, "bob", NULL, &digests, NULL), 0);
	assert_int_equal(store_digests_get(store, "bob", &source, &digests, NULL), 0);
	assert_int_equal(store_expire(store, T0 + 91 * DAY, NULL), 0);
	assert_int_equal(store_digests_get(store, "bob", NULL, &digests, NULL), -ENOENT);
	assert_int_equal(store_digests_get(store, "bob", &source, &digests, NULL), -ENOENT);
}

static void orders_clear_them(void **state)
{
	struct judge_budget budget = { .wall_ns = T0 };
	struct judge_digests digests;
	int64_t id;

	(void)state;
	put_digest("bob", NULL, 1, 0);
	assert_int_equal(store_budget_put(store, "bob", &budget, NULL), 0);
	assert_int_equal(store_order_put(store, "bob", STORE_TRUST, &id, NULL), 0);
	assert_int_equal(store_budget_get(store, "bob", &budget, NULL), -ENOENT);
	assert_int_equal(store_digests_get(store, "bob", NULL, &digests, NULL), 0);
	assert_int_equal(store_order_put(store, "bob", STORE_FORGET, &id, NULL), 0);
	assert_int_equal(store_digests_get(store, "bob", NULL, &digests, NULL), -ENOENT);
}

/* Of the version before: read as it is, and given the tables by who may write. */
static void a_store_of_the_version_before_has_none_and_gets_the_tables(void **state)
{
	struct prefix source = prefix_of("192.0.2.1/32");
	struct judge_budget budget;
	char found[8] = "", *text = NULL;
	char path[96];
	size_t size;
	sqlite3 *db;

	(void)state;
	store_close(store);
	snprintf(path, sizeof(path), "%s/sekisho.db", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(file_read("tests/unit/data/schema/7.sql", 1U << 20, &text, &size), 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	free(text);
	open_store(true);
	assert_int_equal(store_budget_get(store, "bob", &budget, NULL), -ENOENT);
	assert_int_equal(store_held_each(store, "bob", 9, note_held, found, NULL), 0);
	assert_int_equal(store_over_each(store, 1, note_over, found, NULL), 0);
	assert_int_equal(store_stale_each(store, &source, 0, 9, note_stale, found, NULL), 0);
	reopen();
	put_digest("bob", NULL, 1, 0);
	put_digest("bob", &source, 1, 0);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/sekisho-policy-XXXXXX");
	assert_non_null(mkdtemp(folder));
	open_store(false);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	store_close(store);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(digests_of_accounts_and_of_pairs_are_apart),
		TEST(stale_devices_are_found_by_where_they_are),
		TEST(budgets_and_messages_on_hold_are_kept),
		TEST(they_are_forgotten_in_time),
		TEST(orders_clear_them),
		TEST(a_store_of_the_version_before_has_none_and_gets_the_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
