// SPDX-License-Identifier: GPL-2.0-or-later
/* Stores of older schemas, as they were written then (tests/unit/data/schema/VERSION.sql): brought
 * to this one's, they have its tables and all their rows; opened for reading alone, they can be
 * read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sqlite3.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "lists/input.h"
#include "store/database.h"
#include "store/store.h"

#define DATA   "tests/unit/data/schema"
#define T0     (1700000000LL * NS_PER_S)
#define HOUR   (3600 * NS_PER_S)
#define OLDEST 1
#define LEAST  8 /* files there are; one for each later version that a release has had */

static char folder[64], file[96];
static struct fault fault;

static void empty_folder(void)
{
	char command[160];

	snprintf(command, sizeof(command), "rm -rf '%s' && mkdir -m 700 '%s'", folder, folder);
	assert_int_equal(system(command), 0);
}

/* A store of that version; false: there is no such file. */
static bool make_old(int version)
{
	_cleanup_(input_free) struct input input = { 0 };
	char path[64], *fault_text = NULL;
	sqlite3 *db;

	snprintf(path, sizeof(path), DATA "/%d.sql", version);
	if (input_read(path, &input, &fault))
		return false;
	empty_folder();
	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	input.text = realloc(input.text, input.size + 1);
	assert_non_null(input.text);
	input.text[input.size] = '\0';
	if (sqlite3_exec(db, input.text, NULL, NULL, &fault_text) != SQLITE_OK)
		fail_msg("%s: %s", path, fault_text);
	sqlite3_close(db);
	return true;
}

/* What one query gives, a line for each row. malloc()ed. */
static char *ask(const char *sql)
{
	sqlite3_stmt *statement;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	sqlite3 *db;

	assert_non_null(out);
	assert_int_equal(sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(statement); i++)
			fprintf(out, "%s\n", (const char *)sqlite3_column_text(statement, i));
	sqlite3_finalize(statement);
	sqlite3_close(db);
	fclose(out);
	return text;
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, strlen(text), &prefix), 0);
	return prefix;
}

static void count_known(const struct store_known *known, void *context)
{
	assert_int_equal(known->first_wall_ns, T0 - 48 * HOUR);
	++*(int *)context;
}

static int count_ban(const struct ban_record *ban, void *context)
{
	(void)ban;
	++*(int *)context;
	return 0;
}

static void check_bans(struct store *store, int version)
{
	struct prefix source = prefix_of("192.0.2.7/32");
	struct ban_record ban;
	int bans = 0;

	assert_int_equal(store_ban_get(store, &source, BAN_LOGIN, &ban, &fault), 0);
	assert_string_equal(ban.reason, "5 failed logins in 10m (bob)");
	assert_int_equal(ban.until_wall_ns, T0 + HOUR);
	/* Bans of before schema 4 close all services. */
	assert_int_equal(ban.services, version < 4 ? BAN_ALL : BAN_LOGIN);
	assert_int_equal(store_ban_each(store, T0, count_ban, &bans, &fault), 0);
	assert_int_equal(bans, 2);
}

static void check_lists(struct store *store)
{
	struct ranges ranges = { 0 };
	uint64_t generation;
	struct store_list list;

	assert_int_equal(store_list_get(store, "drop", &list, &ranges, &fault), 0);
	assert_int_equal(list.id, 3);
	assert_int_equal(list.source_mtime_ns, 5);
	assert_int_equal(ranges.count4, 1);
	assert_int_equal(ranges.v4[0].first, 0xc0000200);
	assert_int_equal(ranges.v4[0].last, 0xc00002ff);
	ranges_free(&ranges);
	assert_int_equal(store_generation(store, &generation, &fault), 0);
	assert_int_equal(generation, 7);
}

/* Stores of before schema 11 do not say whether a list has had a section; a feed's list, and one of
 * providers, did. */
static void check_list_services(struct store *store, int version)
{
	static const struct {
		const char *name, *services;
	} lists[] = {
		{ "drop", "" },	   { "far", "login" }, { "hosters", "login" },
		{ "friends", "" }, { "assets", "" },
	};
	struct store_list list;

	for (size_t i = 0; i < (version < 10 ? 1 : sizeof(lists) / sizeof(*lists)); i++) {
		assert_int_equal(store_list_get(store, lists[i].name, &list, NULL, &fault), 0);
		assert_string_equal(list.services, lists[i].services);
		strcpy(list.services, "submission imap");
		assert_int_equal(store_list_keep_services(store, &list, &fault), 0);
		assert_int_equal(store_list_get(store, lists[i].name, &list, NULL, &fault), 0);
		assert_string_equal(list.services, "submission imap");
	}
}

/* 0.1.0 did not count the prefixes of a file, which is read again for that. */
static void check_uncounted(struct store *store, int version)
{
	struct store_list list;

	if (version > 3)
		return;
	assert_int_equal(store_list_get(store, "filed", &list, NULL, &fault), 0);
	assert_int_equal(list.source_mtime_ns, 0);
}

static void check_memory(struct store *store, int version)
{
	struct prefix source = prefix_of("192.0.2.7/32"), network = prefix_of("198.51.100.0/24");
	struct store_repeat repeat;
	struct store_habit habit;
	int64_t last;
	int known = 0;

	assert_int_equal(store_known_each(store, "Bob", count_known, &known, &fault), 0);
	assert_int_equal(known, version >= 2);
	if (version >= 2) {
		assert_int_equal(store_repeat_get(store, &source, BAN_LOGIN, &repeat, &fault), 0);
		assert_int_equal(repeat.bans, 2);
	}
	if (version < 5)
		return;
	assert_int_equal(store_sender_get(store, &network, &last, &fault), 0);
	assert_int_equal(last, T0);
	assert_int_equal(store_habit_get(store, "bob", &habit, &fault), 0);
	assert_int_equal(habit.messages, 50);
	assert_int_equal(store_begun(store, T0, &last, &fault), 0);
	assert_int_equal(last, T0 - 99 * HOUR);
}

static void a_store_of_each_older_schema_becomes_one_of_this_with_all_its_rows(void **state)
{
	static const char tables[] = "SELECT name || ': ' || sql FROM sqlite_schema"
				     " WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
				     " ORDER BY type, name";
	_cleanup_free_ char *fresh = NULL;
	struct store *store;
	int version;

	(void)state;
	empty_folder();
	assert_int_equal(store_open(folder, false, &store, &fault), 0);
	store_close(store);
	fresh = ask(tables);
	for (version = OLDEST; version < SCHEMA_VERSION && make_old(version); version++) {
		_cleanup_free_ char *made = NULL, *whole = NULL;

		if (store_open(folder, false, &store, &fault))
			fail_msg("schema %d: %s", version, fault.text);
		check_bans(store, version);
		check_lists(store);
		check_list_services(store, version);
		check_uncounted(store, version);
		check_memory(store, version);
		store_close(store);
		made = ask(tables);
		assert_string_equal(made, fresh);
		whole = ask("SELECT * FROM pragma_integrity_check");
		assert_string_equal(whole, "ok\n");
		/* And is one of this schema from now on. */
		assert_int_equal(store_open(folder, false, &store, &fault), 0);
		check_bans(store, version);
		store_close(store);
	}
	assert_true(version > LEAST);
}

static void a_store_of_each_older_schema_can_be_read_without_being_changed(void **state)
{
	(void)state;
	for (int version = OLDEST; version < SCHEMA_VERSION && make_old(version); version++) {
		_cleanup_free_ char *number = NULL;
		struct store *store;
		char expected[16];

		if (store_open(folder, true, &store, &fault))
			fail_msg("schema %d: %s", version, fault.text);
		check_bans(store, version);
		check_lists(store);
		store_close(store);
		number = ask("PRAGMA user_version");
		snprintf(expected, sizeof(expected), "%d\n", version);
		assert_string_equal(number, expected);
	}
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/sekisho-schema-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof(file), "%s/sekisho.db", folder);
	return 0;
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_store_of_each_older_schema_becomes_one_of_this_with_all_its_rows),
		cmocka_unit_test(a_store_of_each_older_schema_can_be_read_without_being_changed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
