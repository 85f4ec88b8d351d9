// SPDX-License-Identifier: GPL-2.0-or-later
/* The store: what is put is found again, also by the next process; what is wrong is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sqlite3.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "store/store.h"

#define T0  (1700000000LL * NS_PER_S)
#define DAY (86400 * NS_PER_S)

/* So that this test needs nothing of user/lists/. */
__attribute__((weak)) void ranges_free(struct ranges *ranges)
{
	free(ranges->v4);
	free(ranges->v6);
	*ranges = (struct ranges){ 0 };
}

struct place {
	char folder[64], state[80], file[96];
	struct store *store;
	struct fault fault;
	bool mounted;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->folder, sizeof(place->folder), "/tmp/sekisho-store-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->state, sizeof(place->state), "%s/a/state", place->folder);
	snprintf(place->file, sizeof(place->file), "%s/sekisho.db", place->state);
	assert_int_equal(store_open(place->state, false, &place->store, &place->fault), 0);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	store_close(place->store);
	if (place->mounted)
		assert_int_equal(umount2(place->folder, MNT_DETACH), 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", place->folder);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

static void reopen(struct place *place)
{
	store_close(place->store);
	place->store = NULL;
	assert_int_equal(store_open(place->state, false, &place->store, &place->fault), 0);
}

static struct prefix prefix(const char *text)
{
	struct prefix result;

	assert_int_equal(prefix_parse(text, strlen(text), &result), 0);
	return result;
}

static void put_ban(struct place *place, const char *text, int64_t until, const char *reason)
{
	struct ban_record ban = { .services = BAN_ALL,
				  .prefix = prefix(text),
				  .since_wall_ns = T0,
				  .until_wall_ns = until,
				  .rule = 1 };

	snprintf(ban.reason, sizeof(ban.reason), "%s", reason);
	assert_int_equal(store_ban_put(place->store, &ban, NULL, 0, &place->fault), 0);
}

static int has_ban(struct place *place, const char *text)
{
	struct prefix wanted = prefix(text);
	struct ban_record ban;

	return store_ban_get(place->store, &wanted, BAN_ALL, &ban, &place->fault);
}

static void the_folder_and_the_file_are_for_root_alone(void **state)
{
	struct place *place = *state;
	struct stat status;

	assert_int_equal(stat(place->state, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(stat(place->file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(chmod(place->file, 0644), 0);
	reopen(place);
	assert_int_equal(stat(place->file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

static void a_ban_is_found_again_by_the_next_process(void **state)
{
	struct place *place = *state;
	struct prefix wanted = prefix("2001:db8::/64");
	struct ban_record ban;

	put_ban(place, "2001:db8::/64", T0 + 7, "5 failed logins (bob)");
	reopen(place);
	assert_int_equal(store_ban_get(place->store, &wanted, BAN_ALL, &ban, NULL), 0);
	assert_memory_equal(&ban.prefix, &wanted, sizeof(wanted));
	assert_int_equal(ban.since_wall_ns, T0);
	assert_int_equal(ban.until_wall_ns, T0 + 7);
	assert_int_equal(ban.rule, 1);
	assert_string_equal(ban.reason, "5 failed logins (bob)");
	/* Neither the address nor another length of it. */
	assert_int_equal(has_ban(place, "2001:db8::/63"), -ENOENT);
	assert_int_equal(has_ban(place, "2001:db8::/128"), -ENOENT);
}

static void a_repeated_ban_replaces_and_a_removed_one_is_gone(void **state)
{
	struct place *place = *state;
	struct prefix wanted = prefix("192.0.2.1");
	uint64_t count;

	put_ban(place, "192.0.2.1", T0 + 1, "a");
	put_ban(place, "192.0.2.1", T0 + 2, "b");
	assert_int_equal(store_ban_count(place->store, T0, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(store_ban_count(place->store, T0 + 2, &count, NULL), 0);
	assert_int_equal(count, 0);
	assert_int_equal(store_ban_remove(place->store, &wanted, BAN_ALL, T0, &place->fault), 0);
	assert_int_equal(store_ban_remove(place->store, &wanted, BAN_ALL, T0, &place->fault),
			 -ENOENT);
	assert_non_null(strstr(place->fault.text, "192.0.2.1/32"));
}

struct texts {
	char text[20][PREFIX_TEXT_SIZE];
	size_t count, most;
};

static int collect_ban(const struct ban_record *ban, void *context)
{
	struct texts *texts = context;

	prefix_format(&ban->prefix, texts->text[texts->count++]);
	return texts->count == texts->most;
}

static void bans_come_in_order_without_those_that_have_ended(void **state)
{
	static const char *const order[] = { "9.0.0.0/8",      "192.0.2.0/24",	"192.0.2.0/32",
					     "192.0.2.128/25", "2001:db8::/32", "2001:db8::/64",
					     "fd00::1/128" };
	struct place *place = *state;
	struct texts texts = { .most = 20 };

	for (size_t i = 7; i-- > 0;)
		put_ban(place, order[i], T0 + 5, "");
	put_ban(place, "10.1.1.1", T0 + 4, "");
	assert_int_equal(store_ban_each(place->store, T0 + 4, collect_ban, &texts, NULL), 0);
	assert_int_equal(texts.count, 7);
	for (size_t i = 0; i < 7; i++)
		assert_string_equal(texts.text[i], order[i]);
	texts = (struct texts){ .most = 2 };
	assert_int_equal(store_ban_each(place->store, T0 + 4, collect_ban, &texts, NULL), 0);
	assert_int_equal(texts.count, 2);
}

static void put_evidence(struct place *place, const char *text, int64_t wall_ns, const char *line)
{
	struct store_evidence evidence = { .wall_ns = wall_ns, .line = line };
	struct ban_record ban = {
		.services = BAN_ALL, .prefix = prefix(text), .until_wall_ns = T0, .reason = ""
	};

	assert_int_equal(store_ban_put(place->store, &ban, &evidence, 1, &place->fault), 0);
}

struct lines {
	char text[4096];
	size_t count;
};

static int collect_line(const struct store_evidence *evidence, void *context)
{
	struct lines *lines = context;

	lines->count++;
	if (strlen(lines->text) + strlen(evidence->line) + 2 < sizeof(lines->text))
		sprintf(lines->text + strlen(lines->text), "%s ", evidence->line);
	return 0;
}

static void expect_evidence(struct place *place, const char *text, size_t most, const char *lines)
{
	struct prefix wanted = prefix(text);
	struct lines found = { 0 };

	assert_int_equal(store_evidence_each(place->store, &wanted, most, collect_line, &found,
					     &place->fault),
			 0);
	assert_string_equal(found.text, lines);
}

static void evidence_is_found_from_above_and_below_newest_first(void **state)
{
	struct place *place = *state;

	put_evidence(place, "192.0.2.0/24", T0 + 1, "net");
	put_evidence(place, "192.0.2.5", T0 + 3, "five");
	put_evidence(place, "192.0.2.6", T0 + 2, "six");
	put_evidence(place, "192.0.3.5", T0 + 2, "other");
	put_evidence(place, "2001:db8:1:2::/64", T0 + 2, "v6");
	put_evidence(place, "2001:db8::/32", T0 + 4, "v6net");
	put_evidence(place, "2001:db8:1:3::/64", T0 + 5, "v6other");
	expect_evidence(place, "192.0.2.5", 10, "five net ");
	expect_evidence(place, "192.0.2.0/24", 10, "five six net ");
	expect_evidence(place, "192.0.2.0/24", 2, "five six ");
	expect_evidence(place, "192.0.2.128/25", 10, "net ");
	expect_evidence(place, "0.0.0.0/0", 10, "five other six net ");
	expect_evidence(place, "2001:db8:1:2::9", 10, "v6net v6 ");
	expect_evidence(place, "2001::/16", 0, "");
	expect_evidence(place, "::/0", 10, "v6other v6net v6 ");
	expect_evidence(place, "198.51.100.1", 10, "");
}

static void evidence_outlives_its_ban_for_90_days_and_100_lines(void **state)
{
	struct place *place = *state;
	struct prefix wanted = prefix("192.0.2.5");
	struct lines found = { 0 };
	char line[16];

	for (int i = 0; i < 120; i++) {
		snprintf(line, sizeof(line), "l%d", i);
		put_evidence(place, "192.0.2.5", T0 + i, line);
	}
	assert_int_equal(store_evidence_each(place->store, &wanted, SIZE_MAX, collect_line, &found,
					     NULL),
			 0);
	assert_int_equal(found.count, 100);
	assert_memory_equal(found.text, "l119 l118 ", 10);
	assert_non_null(strstr(found.text, " l20 "));
	assert_int_equal(store_expire(place->store, T0 + 110 + 90 * DAY, &place->fault), 0);
	assert_int_equal(has_ban(place, "192.0.2.5"), -ENOENT);
	expect_evidence(place, "192.0.2.5", 1000,
			"l119 l118 l117 l116 l115 l114 l113 l112 l111 l110 ");
}

static void expiry_keeps_the_bans_that_go_on(void **state)
{
	struct place *place = *state;

	put_ban(place, "192.0.2.1", T0, "");
	put_ban(place, "192.0.2.2", T0 + 1, "");
	assert_int_equal(store_expire(place->store, T0, NULL), 0);
	assert_int_equal(has_ban(place, "192.0.2.1"), -ENOENT);
	assert_int_equal(has_ban(place, "192.0.2.2"), 0);
}

/* ---- transactions ---- */

static void a_rolled_back_transaction_leaves_nothing(void **state)
{
	struct place *place = *state;

	assert_int_equal(store_begin(place->store, NULL), 0);
	assert_int_equal(store_begin(place->store, &place->fault), -EALREADY);
	put_ban(place, "192.0.2.1", T0 + 1, "");
	put_evidence(place, "192.0.2.2", T0, "line");
	store_rollback(place->store);
	assert_int_equal(has_ban(place, "192.0.2.1"), -ENOENT);
	expect_evidence(place, "192.0.2.2", 9, "");
	assert_int_equal(store_commit(place->store, &place->fault), -EINVAL);
}

static void a_process_killed_before_the_commit_leaves_nothing_and_after_it_all(void **state)
{
	struct place *place = *state;
	int status, ready[2] = { -1, -1 };
	char byte;

	for (int commit = 0; commit < 2; commit++) {
		pid_t child;

		store_close(place->store);
		place->store = NULL;
		assert_int_equal(pipe(ready), 0);
		child = fork();
		if (!child) {
			if (store_open(place->state, false, &place->store, NULL) ||
			    store_begin(place->store, NULL))
				_exit(1);
			put_ban(place, "192.0.2.1", T0 + 1, "");
			if (commit && store_commit(place->store, NULL))
				_exit(1);
			if (write(ready[1], "", 1) == 1)
				pause();
			_exit(1);
		}
		close(ready[1]);
		assert_int_equal(read(ready[0], &byte, 1), 1);
		close(ready[0]);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(store_open(place->state, false, &place->store, NULL), 0);
		assert_int_equal(has_ban(place, "192.0.2.1"), commit ? 0 : -ENOENT);
	}
}

static void a_reader_sees_the_last_commit_while_another_writes(void **state)
{
	struct place *place = *state;
	struct place other = *place;

	put_ban(place, "192.0.2.1", T0 + 1, "");
	assert_int_equal(store_open(place->state, true, &other.store, &other.fault), 0);
	assert_int_equal(store_begin(place->store, NULL), 0);
	put_ban(place, "192.0.2.2", T0 + 1, "");
	assert_int_equal(has_ban(&other, "192.0.2.1"), 0);
	assert_int_equal(has_ban(&other, "192.0.2.2"), -ENOENT);
	assert_int_equal(store_commit(place->store, NULL), 0);
	assert_int_equal(has_ban(&other, "192.0.2.2"), 0);
	store_close(other.store);
}

/* ---- lists ---- */

static struct ranges some_ranges(uint32_t value)
{
	static const struct range4 v4[] = { { 0, 0, 0 },
					    { 1, 1, 1 },
					    { 0x0a000000, 0x0affffff, 0 },
					    { 0xfffffffe, 0xffffffff, 0 } };
	struct ranges ranges = { .count4 = 4, .room4 = 4, .count6 = 4, .room6 = 4 };

	ranges.v4 = malloc(sizeof(v4));
	memcpy(ranges.v4, v4, sizeof(v4));
	ranges.v4[2].value = value;
	ranges.v4[1].value = value ? 1 : 0;
	ranges.v6 = calloc(4, sizeof(*ranges.v6));
	ranges.v6[0].last = 5;
	ranges.v6[1].first = (u128)0x20010db8 << 96;
	ranges.v6[1].last = ranges.v6[1].first + (((u128)1 << 96) - 1);
	ranges.v6[2].first = ranges.v6[1].last + 1;
	ranges.v6[2].last = ranges.v6[2].first;
	ranges.v6[2].value = value;
	ranges.v6[3].first = ~(u128)0;
	ranges.v6[3].last = ~(u128)0;
	return ranges;
}

static void expect_same(const struct ranges *a, const struct ranges *b)
{
	assert_int_equal(a->count4, b->count4);
	assert_int_equal(a->count6, b->count6);
	for (size_t i = 0; i < a->count4; i++)
		assert_memory_equal(&a->v4[i], &b->v4[i], sizeof(*a->v4));
	for (size_t i = 0; i < a->count6; i++) {
		assert_true(a->v6[i].first == b->v6[i].first);
		assert_true(a->v6[i].last == b->v6[i].last);
		assert_int_equal(a->v6[i].value, b->v6[i].value);
	}
}

static int put_list(struct place *place, const char *name, const struct ranges *ranges, uint8_t *id)
{
	struct store_list list = { .allow = true,
				   .updated_wall_ns = T0,
				   .prefixes = 1ULL << 63,
				   .source = "/etc/x",
				   .source_mtime_ns = 5,
				   .source_size = 6 };
	int result;

	snprintf(list.name, sizeof(list.name), "%s", name);
	result = store_list_put(place->store, &list, ranges, &place->fault);
	*id = list.id;
	return result;
}

static void a_list_comes_back_as_it_was_put(void **state)
{
	struct place *place = *state;
	_cleanup_(ranges_free) struct ranges put = some_ranges(0), got = { 0 };
	struct store_list list;
	uint8_t id;

	assert_int_equal(put_list(place, "drop", &put, &id), 0);
	reopen(place);
	assert_int_equal(store_list_get(place->store, "drop", &list, &got, NULL), 0);
	expect_same(&put, &got);
	assert_int_equal(list.id, id);
	assert_string_equal(list.name, "drop");
	assert_true(list.allow);
	assert_int_equal(list.updated_wall_ns, T0);
	assert_int_equal(list.prefixes, 1ULL << 63);
	assert_string_equal(list.source, "/etc/x");
	assert_int_equal(list.source_mtime_ns, 5);
	assert_int_equal(list.source_size, 6);
	assert_int_equal(store_list_get(place->store, "DROP", &list, NULL, &place->fault), -ENOENT);
}

static void an_empty_list_and_the_whole_address_space_come_back_too(void **state)
{
	struct place *place = *state;
	struct range4 all4 = { 0, UINT32_MAX, 0 };
	struct range6 all6 = { .last = ~(u128)0 };
	struct ranges all = { .v4 = &all4, .count4 = 1, .v6 = &all6, .count6 = 1 }, none = { 0 };
	_cleanup_(ranges_free) struct ranges got = { 0 };
	struct store_list list;
	uint8_t id;

	assert_int_equal(put_list(place, "none", &none, &id), 0);
	assert_int_equal(store_list_get(place->store, "none", &list, &got, NULL), 0);
	assert_int_equal(got.count4 + got.count6, 0);
	assert_int_equal(put_list(place, "all", &all, &id), 0);
	assert_int_equal(store_list_get(place->store, "all", &list, &got, NULL), 0);
	expect_same(&all, &got);
}

static uint64_t generation(struct place *place)
{
	uint64_t number;

	assert_int_equal(store_generation(place->store, &number, NULL), 0);
	return number;
}

static void list_ids_stay_and_are_reused_only_after_removal(void **state)
{
	struct place *place = *state;
	struct ranges none = { 0 };
	uint8_t id;

	assert_int_equal(generation(place), 0);
	put_list(place, "a", &none, &id);
	assert_int_equal(id, 1);
	put_list(place, "b", &none, &id);
	assert_int_equal(id, 2);
	put_list(place, "a", &none, &id);
	assert_int_equal(id, 1);
	assert_int_equal(generation(place), 3);
	assert_int_equal(store_list_remove(place->store, "a", NULL), 0);
	assert_int_equal(store_list_remove(place->store, "a", &place->fault), -ENOENT);
	assert_int_equal(generation(place), 4);
	put_list(place, "b", &none, &id);
	assert_int_equal(id, 2);
	put_list(place, "c", &none, &id);
	assert_int_equal(id, 1);
}

static int count_list(const struct store_list *list, void *context)
{
	int *count = context;

	(void)list;
	(*count)++;
	return 0;
}

static void the_256th_list_is_refused_and_changes_nothing(void **state)
{
	struct place *place = *state;
	struct ranges none = { 0 };
	char name[16];
	uint8_t id;
	int count = 0;

	for (int i = 1; i < LIST_MAX; i++) {
		snprintf(name, sizeof(name), "list%d", i);
		assert_int_equal(put_list(place, name, &none, &id), 0);
		assert_int_equal(id, i);
	}
	assert_int_equal(put_list(place, "more", &none, &id), -ENOSPC);
	assert_int_equal(put_list(place, "list7", &none, &id), 0);
	assert_int_equal(id, 7);
	assert_int_equal(store_list_each(place->store, count_list, &count, NULL), 0);
	assert_int_equal(count, LIST_MAX - 1);
	assert_int_equal(generation(place), LIST_MAX);
}

static void countries_come_back_with_their_values_and_raise_the_generation(void **state)
{
	struct place *place = *state;
	_cleanup_(ranges_free) struct ranges put = some_ranges(675), got = { 0 };
	char source[32];
	int64_t updated;

	assert_int_equal(store_countries_get(place->store, NULL, 0, NULL, NULL, NULL), -ENOENT);
	assert_int_equal(store_countries_put(place->store, "geoip 12 34", T0, &put, NULL), 0);
	reopen(place);
	assert_int_equal(
		store_countries_get(place->store, source, sizeof(source), &updated, &got, NULL), 0);
	expect_same(&put, &got);
	assert_string_equal(source, "geoip 12 34");
	assert_int_equal(updated, T0);
	assert_int_equal(generation(place), 1);
	assert_int_equal(store_countries_get(place->store, NULL, 0, NULL, NULL, NULL), 0);
}

static void a_position_comes_back_with_all_bits(void **state)
{
	struct place *place = *state;
	struct follow_position put = { .device = UINT64_MAX,
				       .inode = 2,
				       .offset = 3,
				       .head_digest = 1ULL << 63,
				       .head_size = UINT32_MAX },
			       got;

	assert_int_equal(store_position_get(place->store, "/a", &got, NULL), -ENOENT);
	assert_int_equal(store_position_put(place->store, "/a", &put, NULL), 0);
	put.offset = 4;
	assert_int_equal(store_position_put(place->store, "/a", &put, NULL), 0);
	reopen(place);
	assert_int_equal(store_position_get(place->store, "/a", &got, NULL), 0);
	assert_memory_equal(&put, &got, sizeof(put));
}

/* ---- what goes wrong ---- */

static void a_store_that_is_not_there_is_not_made_for_reading(void **state)
{
	struct place *place = *state;
	struct store *store;
	char path[128];

	snprintf(path, sizeof(path), "%s/none", place->folder);
	assert_int_equal(store_open(path, true, &store, &place->fault), -ENOENT);
	assert_int_equal(access(path, F_OK), -1);
}

static void execute(const char *file, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void a_newer_schema_is_refused_untouched_and_names_the_remedy(void **state)
{
	struct place *place = *state;

	store_close(place->store);
	place->store = NULL;
	execute(place->file, "PRAGMA user_version = 99");
	assert_int_equal(store_open(place->state, false, &place->store, &place->fault), -EPROTO);
	assert_non_null(strstr(place->fault.text, "schema 99"));
	assert_non_null(strstr(place->fault.text, "move the store aside"));
	assert_int_equal(store_open(place->state, true, &place->store, &place->fault), -EPROTO);
}

static void somebody_elses_database_is_not_taken_for_a_store(void **state)
{
	struct place *place = *state;

	store_close(place->store);
	place->store = NULL;
	assert_int_equal(unlink(place->file), 0);
	execute(place->file, "CREATE TABLE bans(a)");
	assert_int_equal(store_open(place->state, false, &place->store, &place->fault), -EBADMSG);
	assert_non_null(strstr(place->fault.text, "not made by sekisho"));
}

static void write_noise(const char *file, off_t at, size_t size)
{
	_cleanup_close_ int fd = open(file, O_WRONLY);

	assert_true(fd >= 0);
	for (size_t i = 0; i < size; i++) {
		char byte = (char)(i * 37 + 11);

		assert_int_equal(pwrite(fd, &byte, 1, at + (off_t)i), 1);
	}
}

static void a_damaged_store_is_said_to_be_and_set_aside_whole(void **state)
{
	struct place *place = *state;
	char aside[128];

	put_ban(place, "192.0.2.1", T0 + 1, "");
	store_close(place->store);
	place->store = NULL;
	write_noise(place->file, 0, 4096);
	assert_int_equal(store_open(place->state, true, &place->store, &place->fault), -EBADMSG);
	assert_int_equal(store_open(place->state, false, &place->store, &place->fault), -EBADMSG);
	assert_non_null(strstr(place->fault.text, place->file));
	assert_non_null(strstr(place->fault.text, "aside"));
	assert_int_equal(store_set_aside(place->state, T0 + 1, NULL, &place->fault), 0);
	snprintf(aside, sizeof(aside), "%s.damaged-20231114T221320Z", place->file);
	assert_int_equal(access(aside, F_OK), 0);
	assert_int_equal(store_open(place->state, false, &place->store, &place->fault), 0);
	assert_int_equal(has_ban(place, "192.0.2.1"), -ENOENT);
	assert_int_equal(store_set_aside("/nonexistent", T0, NULL, &place->fault), -ENOENT);
}

static void damage_further_in_is_found_when_it_is_met(void **state)
{
	struct place *place = *state;
	struct texts texts = { .most = 20 };
	struct stat status;

	assert_int_equal(store_begin(place->store, NULL), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		struct ban_record ban = { .services = BAN_ALL,
					  .until_wall_ns = T0 + 1,
					  .reason = "because" };

		ban.prefix.address = address_from4(0xc0000000 + i);
		ban.prefix.length = 128;
		assert_int_equal(store_ban_put(place->store, &ban, NULL, 0, NULL), 0);
	}
	assert_int_equal(store_commit(place->store, NULL), 0);
	store_close(place->store);
	place->store = NULL;
	assert_int_equal(stat(place->file, &status), 0);
	write_noise(place->file, 64 * 4096, (size_t)status.st_size - 64 * 4096);
	assert_int_equal(store_open(place->state, false, &place->store, &place->fault), 0);
	assert_int_equal(store_ban_each(place->store, T0 + 1, collect_ban, &texts, &place->fault),
			 -EBADMSG);
	assert_non_null(strstr(place->fault.text, "damaged"));
}

static void a_list_whose_blob_is_damaged_names_the_list(void **state)
{
	struct place *place = *state;
	_cleanup_(ranges_free) struct ranges put = some_ranges(0), got = { 0 };
	struct store_list list;
	uint8_t id;

	assert_int_equal(put_list(place, "drop", &put, &id), 0);
	execute(place->file, "UPDATE list_ranges SET ranges = substr(ranges, 1, 9)");
	assert_int_equal(store_list_get(place->store, "drop", &list, &got, &place->fault),
			 -EBADMSG);
	assert_non_null(strstr(place->fault.text, "'drop'"));
	assert_null(got.v4);
}

/* Writes bans until one fails; how many went in. The last fault stands in place->fault. */
static int fill(struct place *place)
{
	for (uint32_t i = 0; i < 20000; i++) {
		struct ban_record ban = { .services = BAN_ALL,
					  .until_wall_ns = T0 + 1,
					  .reason = "a reason of some length, so that the "
						    "store fills in good time" };

		ban.prefix.address = address_from4(0xc0000000 + i * 77);
		ban.prefix.length = 128;
		if (store_ban_put(place->store, &ban, NULL, 0, &place->fault))
			return (int)i;
	}
	return -1;
}

static void expect_room_fault(struct place *place, int error)
{
	uint64_t count;
	int written = fill(place);

	assert_true(written > 0);
	assert_int_equal(place->fault.error, error);
	assert_non_null(strstr(place->fault.text, "free some space"));
	assert_int_equal(store_ban_count(place->store, T0, &count, NULL), 0);
	assert_int_equal(count, written);
}

static void a_limit_on_the_file_size_is_a_clear_fault_and_loses_nothing(void **state)
{
	struct place *place = *state;
	struct rlimit old, limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit){ .rlim_cur = 300000, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	expect_room_fault(place, -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	put_ban(place, "9.9.9.9", T0 + 1, "");
}

/* A file system of 400 KiB over the test's folder, in a mount namespace of this process alone. */
static void use_small_disk(struct place *place)
{
	store_close(place->store);
	place->store = NULL;
	if (unshare(CLONE_NEWNS) || mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", place->folder, "tmpfs", 0, "size=400k")) {
		print_message("needs root, for a file system of its own\n");
		skip();
	}
	place->mounted = true;
	assert_int_equal(store_open(place->state, false, &place->store, &place->fault), 0);
}

static void a_full_disk_is_a_clear_fault_and_loses_nothing(void **state)
{
	struct place *place = *state;
	uint64_t before, after;

	use_small_disk(place);
	expect_room_fault(place, -ENOSPC);
	assert_int_equal(store_ban_count(place->store, T0, &before, NULL), 0);
	/* A transaction that does not fit leaves nothing of itself, whenever it is noticed. */
	assert_int_equal(store_begin(place->store, NULL), 0);
	put_ban(place, "9.9.9.9", T0 + 1, "");
	fill(place);
	assert_int_equal(store_commit(place->store, &place->fault), -ENOSPC);
	assert_int_equal(has_ban(place, "9.9.9.9"), -ENOENT);
	assert_int_equal(store_ban_count(place->store, T0, &after, NULL), 0);
	assert_int_equal(before, after);
}

static void a_read_only_disk_is_a_clear_fault_and_can_still_be_read(void **state)
{
	struct place *place = *state;
	struct store *store;

	use_small_disk(place);
	put_ban(place, "192.0.2.1", T0 + 1, "");
	store_close(place->store);
	place->store = NULL;
	assert_int_equal(mount("none", place->folder, "", MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(store_open(place->state, false, &store, &place->fault), -EROFS);
	assert_non_null(strstr(place->fault.text, "read-only"));
	assert_int_equal(store_open(place->state, true, &place->store, &place->fault), 0);
	assert_int_equal(has_ban(place, "192.0.2.1"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_folder_and_the_file_are_for_root_alone),
		TEST(a_ban_is_found_again_by_the_next_process),
		TEST(a_repeated_ban_replaces_and_a_removed_one_is_gone),
		TEST(bans_come_in_order_without_those_that_have_ended),
		TEST(evidence_is_found_from_above_and_below_newest_first),
		TEST(evidence_outlives_its_ban_for_90_days_and_100_lines),
		TEST(expiry_keeps_the_bans_that_go_on),
		TEST(a_rolled_back_transaction_leaves_nothing),
		TEST(a_process_killed_before_the_commit_leaves_nothing_and_after_it_all),
		TEST(a_reader_sees_the_last_commit_while_another_writes),
		TEST(a_list_comes_back_as_it_was_put),
		TEST(an_empty_list_and_the_whole_address_space_come_back_too),
		TEST(list_ids_stay_and_are_reused_only_after_removal),
		TEST(the_256th_list_is_refused_and_changes_nothing),
		TEST(countries_come_back_with_their_values_and_raise_the_generation),
		TEST(a_position_comes_back_with_all_bits),
		TEST(a_store_that_is_not_there_is_not_made_for_reading),
		TEST(a_newer_schema_is_refused_untouched_and_names_the_remedy),
		TEST(somebody_elses_database_is_not_taken_for_a_store),
		TEST(a_damaged_store_is_said_to_be_and_set_aside_whole),
		TEST(damage_further_in_is_found_when_it_is_met),
		TEST(a_list_whose_blob_is_damaged_names_the_list),
		TEST(a_limit_on_the_file_size_is_a_clear_fault_and_loses_nothing),
		TEST(a_full_disk_is_a_clear_fault_and_loses_nothing),
		TEST(a_read_only_disk_is_a_clear_fault_and_can_still_be_read),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
