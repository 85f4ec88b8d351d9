// SPDX-License-Identifier: GPL-2.0-or-later
/* The store's times when the wall clock is set, and what is saved out of a damaged store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "in_range.h"
#include "store/store.h"

#define T0   (1700000000LL * NS_PER_S)
#define HOUR (3600 * NS_PER_S)
#define MANY 20000

/* So that this test needs nothing of user/lists/. */
__attribute__((weak)) void ranges_free(struct ranges *ranges)
{
	free(ranges->v4);
	free(ranges->v6);
	*ranges = (struct ranges){ 0 };
}

static char folder[64], file[96];
static struct store *store;
static struct fault fault;

static void open_store(void)
{
	if (store_open(folder, false, &store, &fault))
		fail_msg("%s", fault.text);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/sekisho-repair-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/sekisho.db", folder);
	open_store();
	return 0;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	store_close(store);
	store = NULL;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	assert_int_equal(system(command), 0);
	return 0;
}

static struct prefix nth(uint32_t number)
{
	return (struct prefix){ .address = address_from4(0xc0000000 + number), .length = 128 };
}

static void put(uint32_t number, int64_t since, int64_t until)
{
	struct ban_record ban = { .services = BAN_ALL,
				  .prefix = nth(number),
				  .since_wall_ns = since,
				  .until_wall_ns = until,
				  .rule = 1,
				  .reason = "because" };

	assert_int_equal(store_ban_put(store, &ban, NULL, 0, &fault), 0);
}

static struct ban_record got(uint32_t number)
{
	struct prefix prefix = nth(number);
	struct ban_record ban;

	assert_int_equal(store_ban_get(store, &prefix, BAN_ALL, &ban, &fault), 0);
	return ban;
}

static int64_t clock_at(int64_t wall, uint64_t boot, const char *boot_id)
{
	struct store_moment now = { .wall_ns = wall, .boot_ns = boot };
	int64_t jump;

	snprintf(now.boot_id, sizeof(now.boot_id), "%s", boot_id);
	assert_int_equal(store_clock(store, &now, &jump, &fault), 0);
	return jump;
}

static uint64_t count_at(int64_t wall)
{
	uint64_t count;

	assert_int_equal(store_ban_count(store, wall, &count, &fault), 0);
	return count;
}

static void a_jump_of_the_wall_clock_moves_every_ban_along(void **state)
{
	(void)state;
	assert_int_equal(clock_at(T0, 1000, "one"), 0);
	put(1, T0, T0 + HOUR);
	/* A minute later, and three hours further by the wall clock. */
	assert_int_equal(clock_at(T0 + 3 * HOUR + 60 * NS_PER_S, 1000 + 60 * NS_PER_S, "one"),
			 3 * HOUR);
	assert_int_equal(got(1).until_wall_ns, T0 + 4 * HOUR);
	assert_int_equal(got(1).since_wall_ns, T0 + 3 * HOUR);
	assert_int_equal(count_at(T0 + 3 * HOUR + 60 * NS_PER_S), 1);
	assert_int_equal(store_expire(store, T0 + 3 * HOUR + 60 * NS_PER_S, &fault), 0);
	put(2, T0 + 3 * HOUR, T0 + 5 * HOUR);
	assert_int_equal(got(2).until_wall_ns, T0 + 5 * HOUR);
	/* And back by five hours; the next process sees the same. */
	assert_int_equal(clock_at(T0 - 2 * HOUR + 120 * NS_PER_S, 1000 + 120 * NS_PER_S, "one"),
			 -5 * HOUR);
	store_close(store);
	open_store();
	assert_int_equal(got(1).until_wall_ns, T0 - HOUR);
	assert_int_equal(got(2).until_wall_ns, T0);
	assert_int_equal(count_at(T0 - HOUR - 1), 2);
	assert_int_equal(count_at(T0 - HOUR), 1);
	assert_int_equal(store_expire(store, T0 - HOUR, &fault), 0);
	assert_int_equal(count_at(T0 - 10 * HOUR), 1);
}

static void what_is_no_jump_moves_nothing(void **state)
{
	(void)state;
	clock_at(T0, 1000, "one");
	put(1, T0, T0 + HOUR);
	assert_int_equal(clock_at(T0 + 2 * HOUR, 1000 + 2 * HOUR, "one"), 0);
	assert_int_equal(clock_at(T0 + 2 * HOUR + 40000000, 1000 + 2 * HOUR, "one"), 0);
	assert_int_equal(got(1).until_wall_ns, T0 + HOUR);
	/* Many small steps are one large one. */
	for (int i = 1; i <= 10; i++)
		clock_at(T0 + i * 40000000LL, 1000, "one");
	assert_within(got(1).until_wall_ns - T0 - HOUR, 350000000, 400000000);
}

static void after_a_reboot_the_wall_clock_is_the_truth(void **state)
{
	(void)state;
	clock_at(T0, 5 * HOUR, "one");
	put(1, T0, T0 + HOUR);
	assert_int_equal(clock_at(T0 + 1800 * NS_PER_S, 1000, "two"), 0);
	assert_int_equal(got(1).until_wall_ns, T0 + HOUR);
	/* What had jumped before the reboot stays accounted for. */
	assert_int_equal(clock_at(T0 + 2 * HOUR, 1000 + 1800 * NS_PER_S, "two"), HOUR);
	assert_int_equal(clock_at(T0 + 2 * HOUR, 1000, "three"), 0);
	assert_int_equal(got(1).until_wall_ns, T0 + 2 * HOUR);
}

static void write_noise(off_t at, size_t size)
{
	_cleanup_close_ int fd = open(file, O_WRONLY);

	assert_true(fd >= 0);
	for (size_t i = 0; i < size; i++) {
		char byte = (char)(i * 37 + 11);

		assert_int_equal(pwrite(fd, &byte, 1, at + (off_t)i), 1);
	}
}

static void fill(void)
{
	struct store_list list = { .name = "bad", .prefixes = 1 };
	struct range4 range = { 1, 2, 0 };
	struct ranges ranges = { .v4 = &range, .count4 = 1, .room4 = 1 };
	struct follow_position position = { .device = 1, .inode = 2, .offset = 3 };

	assert_int_equal(store_list_put(store, &list, &ranges, &fault), 0);
	assert_int_equal(store_position_put(store, "/var/log/mail.log", &position, &fault), 0);
	assert_int_equal(store_begin(store, &fault), 0);
	for (uint32_t i = 0; i < MANY; i++)
		put(i, T0, T0 + HOUR);
	assert_int_equal(store_commit(store, &fault), 0);
	store_close(store);
	store = NULL;
}

static struct store_salvage replace(void)
{
	struct store_salvage salvage;
	char *aside = NULL;

	assert_int_equal(store_set_aside(folder, T0, &aside, &fault), 0);
	assert_int_equal(access(aside, F_OK), 0);
	open_store();
	if (store_salvage(store, aside, &salvage, &fault))
		fail_msg("%s", fault.text);
	free(aside);
	return salvage;
}

static void what_lies_before_and_behind_the_damage_is_saved(void **state)
{
	struct store_salvage salvage;
	struct follow_position position;
	struct store_list list;
	struct stat status;

	(void)state;
	fill();
	assert_int_equal(stat(file, &status), 0);
	write_noise(status.st_size / 8192 * 4096, 3 * 4096);
	salvage = replace();
	assert_false(salvage.complete);
	assert_within(salvage.bans, MANY / 2, MANY - 1);
	assert_int_equal(salvage.lists, 1);
	assert_int_equal(count_at(T0), salvage.bans);
	assert_int_equal(got(0).until_wall_ns, T0 + HOUR);
	assert_int_equal(got(MANY - 1).until_wall_ns, T0 + HOUR);
	assert_int_equal(store_list_get(store, "bad", &list, NULL, &fault), 0);
	assert_int_equal(store_position_get(store, "/var/log/mail.log", &position, &fault), 0);
	assert_int_equal(position.offset, 3);
}

static void a_file_of_noise_gives_an_empty_store(void **state)
{
	struct store_salvage salvage;

	(void)state;
	fill();
	write_noise(0, 8192);
	salvage = replace();
	assert_false(salvage.complete);
	assert_int_equal(salvage.rows, 0);
	assert_int_equal(count_at(T0), 0);
	put(1, T0, T0 + HOUR);
}

static void a_sound_store_is_saved_whole_and_what_is_newer_stays(void **state)
{
	struct store_salvage salvage;
	uint64_t generation;
	char *aside = NULL;

	(void)state;
	fill();
	assert_int_equal(store_set_aside(folder, T0, &aside, &fault), 0);
	open_store();
	put(7, T0, T0 + 9 * HOUR);
	assert_int_equal(store_salvage(store, aside, &salvage, &fault), 0);
	free(aside);
	assert_true(salvage.complete);
	assert_int_equal(salvage.bans, MANY - 1);
	assert_int_equal(count_at(T0), MANY);
	assert_int_equal(got(7).until_wall_ns, T0 + 9 * HOUR);
	assert_int_equal(store_generation(store, &generation, &fault), 0);
	assert_int_equal(generation, 1);
}

static void the_beginning_senders_and_habits_are_saved_too(void **state)
{
	struct prefix network = nth(1);
	struct store_habit habit = { .last_wall_ns = T0, .messages = 50 };
	struct store_salvage salvage;
	int64_t since = 0;

	(void)state;
	assert_int_equal(store_begun(store, T0, &since, &fault), 0);
	assert_int_equal(store_sender_put(store, &network, T0, &fault), 0);
	assert_int_equal(store_habit_put(store, "bob", &habit, &fault), 0);
	store_close(store);
	store = NULL;
	salvage = replace();
	assert_true(salvage.complete);
	assert_int_equal(store_begun(store, T0 + HOUR, &since, &fault), 0);
	assert_int_equal(since, T0);
	assert_int_equal(store_sender_get(store, &network, &since, &fault), 0);
	habit.messages = 0;
	assert_int_equal(store_habit_get(store, "bob", &habit, &fault), 0);
	assert_int_equal(habit.messages, 50);
}

static void a_store_of_an_older_schema_is_saved_whole(void **state)
{
	sqlite3 *db;

	(void)state;
	put(7, T0, T0 + HOUR);
	store_close(store);
	store = NULL;
	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(
			db,
			"DROP TABLE begun; DROP TABLE senders; DROP TABLE habits; "
			"DROP TABLE orders; DROP TABLE past_bans; DROP TABLE past_alerts;"
			"DROP TABLE rights; DROP TABLE wrongs; DROP TABLE budgets; DROP TABLE held;"
			"PRAGMA user_version = 4",
			NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	assert_true(replace().complete);
	assert_int_equal(count_at(T0), 1);
}

static void a_call_that_meets_damage_leaves_word_of_it(void **state)
{
	struct prefix prefix = nth(MANY / 2);
	struct ban_record ban;
	struct stat status;

	(void)state;
	fill();
	assert_int_equal(stat(file, &status), 0);
	write_noise(64 * 4096, (size_t)status.st_size - 64 * 4096);
	open_store();
	assert_true(store_is_current(store));
	assert_false(store_is_damaged(store));
	assert_int_equal(store_ban_get(store, &prefix, BAN_ALL, &ban, &fault), -EBADMSG);
	assert_true(store_is_damaged(store));
	assert_int_equal(store_set_aside(folder, T0, NULL, &fault), 0);
	assert_false(store_is_current(store));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_jump_of_the_wall_clock_moves_every_ban_along),
		TEST(what_is_no_jump_moves_nothing),
		TEST(after_a_reboot_the_wall_clock_is_the_truth),
		TEST(what_lies_before_and_behind_the_damage_is_saved),
		TEST(a_file_of_noise_gives_an_empty_store),
		TEST(a_sound_store_is_saved_whole_and_what_is_newer_stays),
		TEST(the_beginning_senders_and_habits_are_saved_too),
		TEST(a_store_of_an_older_schema_is_saved_whole),
		TEST(a_call_that_meets_damage_leaves_word_of_it),
	};

	return cmocka_run_group_tests_name("store repair", tests, NULL, NULL);
}
