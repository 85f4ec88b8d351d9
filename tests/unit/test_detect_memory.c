// SPDX-License-Identifier: GPL-2.0-or-later
/* What the rules' tables take; the names that they share; what a restart hands back to them. */
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "detect/string_intern.h"
#include "detect/summing.h"
#include "detect_room.h"
#include "in_range.h"

#define SOURCES	 1000000
#define ACCOUNTS 100000
#define MIB	 (1 << 20)
/* The figures of docs/rules.md. */
#define FAILURES_MIB 208
#define ACCOUNTS_MIB 92
#define PAGE	     4096U

/* Memory in use, malloc()'s own included; 0 under a checker, which has an allocator of its own. */
static size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.fordblks;
}

static bool is_blank(const uint64_t *page)
{
	for (size_t i = 0; i < PAGE / sizeof(*page); i++)
		if (page[i])
			return false;
	return true;
}

/* Pages of a mapping that hold something. One that was only read is the same page for all programs,
 * but a kernel without that page gives each reader its own. */
static size_t written_pages(int pagemap, uintptr_t begin, uintptr_t end)
{
	size_t count = 0;
	uint64_t entry;

	for (uintptr_t at = begin; at < end; at += PAGE)
		count += pread(pagemap, &entry, sizeof(entry),
			       (off_t)(at / PAGE * sizeof(entry))) == sizeof(entry) &&
			 entry >> 63 && !is_blank((const uint64_t *)at);
	return count;
}

static size_t resident(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	unsigned long begin, end, inode;
	size_t pages = 0;
	char line[512];

	assert_non_null(maps);
	assert_true(pagemap >= 0);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx rw-p %*s %*s %lu", &begin, &end, &inode) == 3 && !inode)
			pages += written_pages(pagemap, begin, end);
	close(pagemap);
	fclose(maps);
	return pages * PAGE;
}

static void ignore(const struct decision *decision, void *context)
{
	(void)decision;
	(void)context;
}

static void feed(struct detect *detect, enum event_kind kind, uint32_t source, unsigned account,
		 int64_t wall_ns)
{
	static uint64_t tag;
	struct event event = { .kind = kind, .has_source = true, .has_account = true, .count = 1 };

	event.source = address_from4(source);
	event.wall_ns = wall_ns;
	snprintf(event.account, sizeof(event.account), "user%05u@example.org", account);
	detect_event(detect, &event, ++tag, ignore, NULL);
}

static void test_the_tables_take_no_more_than_is_stated(void **state)
{
	const int64_t begin = 1790000000LL * NS_PER_S;
	struct detect_settings settings;
	size_t before, accounts, failures;
	struct detect *detect;

	(void)state;
	if (!in_use()) {
		print_message("this allocator is not the one that is measured\n");
		return;
	}
	detect_defaults(&settings);
	settings.most_sources = SOURCES;
	settings.most_accounts = ACCOUNTS;
	before = resident();
	detect = detect_new(&settings);
	assert_non_null(detect);
	for (unsigned i = 0; i < 5 * ACCOUNTS; i++)
		feed(detect, EVENT_SUCCESS, 0x20000000 + i * 256, i / 5,
		     begin - 3 * 86400 * NS_PER_S + i);
	accounts = resident() - before;
	before = resident();
	for (unsigned i = 0; i < SOURCES; i++)
		feed(detect, EVENT_FAILURE, 0x60000000 + i * 64, i % ACCOUNTS, begin + i * 1000000);
	failures = resident() - before;
	print_message("accounts %.1f MiB, failures %.1f MiB\n", (double)accounts / MIB,
		      (double)failures / MIB);
	assert_true(accounts <= (size_t)ACCOUNTS_MIB * MIB);
	assert_true(failures <= (size_t)FAILURES_MIB * MIB);
	detect_free(detect);
}

static void test_a_name_is_kept_once_and_as_long_as_it_is_used(void **state)
{
	struct string_intern *names = string_intern_new();
	uint32_t first = string_intern_take(names, "bob", 3), other, ids[1000];
	char text[32];

	(void)state;
	assert_int_equal(string_intern_take(names, "bobby", 3), first);
	other = string_intern_take(names, "bo", 2);
	assert_int_not_equal(other, first);
	string_intern_drop(names, first);
	assert_string_equal(string_intern_text(names, first), "bob");
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "user%u", i);
		ids[i] = string_intern_take(names, text, strlen(text));
	}
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "user%u", i);
		assert_string_equal(string_intern_text(names, ids[i]), text);
		if (i % 2)
			string_intern_drop(names, ids[i]);
	}
	string_intern_drop(names, first);
	/* A place is used again, and those that are used are not. */
	for (unsigned i = 0; i < 501; i++) {
		snprintf(text, sizeof(text), "again%u", i);
		assert_within(string_intern_take(names, text, strlen(text)), 1, 1002);
	}
	for (unsigned i = 0; i < 1000; i += 2) {
		snprintf(text, sizeof(text), "user%u", i);
		assert_string_equal(string_intern_text(names, ids[i]), text);
	}
	assert_null(string_intern_text(names, 0));
	string_intern_drop(names, 0);
	string_intern_free(names);
}

/* What was kept beyond the process; a store of one row of each kind. */
struct kept {
	struct prefix network;
	int64_t last_ns;
	unsigned told;
	char account[32];
	struct detect_habit habit;
};

static void keep_sender(const struct prefix *network, int64_t last_ns, void *context)
{
	struct kept *kept = context;

	kept->network = *network;
	kept->last_ns = last_ns;
	kept->told++;
}

static bool kept_sender(const struct prefix *network, int64_t *last_ns, void *context)
{
	const struct kept *kept = context;

	*last_ns = kept->last_ns;
	return kept->told && !memcmp(network, &kept->network, sizeof(*network));
}

static void keep_habit(const char *account, const struct detect_habit *habit, void *context)
{
	struct kept *kept = context;

	if (!*account)
		return;
	snprintf(kept->account, sizeof(kept->account), "%s", account);
	kept->habit = *habit;
	kept->told++;
}

static bool kept_habit(const char *account, struct detect_habit *habit, void *context)
{
	const struct kept *kept = context;

	if (!kept->told || strcmp(account, kept->account))
		return false;
	*habit = kept->habit;
	return true;
}

static void kept_owner(const char *account,
		       void (*take)(const struct detect_known *known, void *to), void *to,
		       void *context)
{
	struct detect_known known = { .first_ns = T0 - 5 * DAY, .last_ns = T0 };

	(void)account;
	(void)context;
	assert_int_equal(prefix_parse("192.0.2.1/32", 12, &known.source), 0);
	take(&known, to);
}

static struct room *restarted(struct room *old, struct kept *kept)
{
	struct room *room = room_open();

	if (old)
		room_close(old);
	room->settings.store = (struct detect_store){ .context = kept,
						      .recall_account = kept_owner,
						      .recall_sender = kept_sender,
						      .recall_habit = kept_habit,
						      .sender = keep_sender,
						      .habit = keep_habit };
	room_apply(room);
	return room;
}

static void guess_at_port_25(struct room *room, const char *source, int64_t wall_ns)
{
	for (int i = 0; i < 5; i++)
		room_event_of(room, EVENT_FAILURE, EVENT_SERVICE_SMTP, 0, source, wall_ns + i * S);
}

static void test_who_delivered_before_a_restart_still_does(void **state)
{
	struct kept kept = { 0 };
	struct room *room = restarted(NULL, &kept);

	(void)state;
	for (int i = 0; i < 100; i++)
		room_event_of(room, EVENT_ACCEPTED, EVENT_SERVICE_SMTP, 0, "198.51.100.7",
			      T0 + i * MINUTE);
	assert_int_equal(kept.told, 1); /* once a day */
	room = restarted(room, &kept);
	guess_at_port_25(room, "198.51.100.9", T0 + 20 * DAY);
	assert_int_equal(room->bans, 1);
	assert_int_equal(last(room)->services, BAN_LOGIN);
	room = restarted(room, &kept);
	guess_at_port_25(room, "198.51.100.9", T0 + 31 * DAY);
	assert_int_equal(room->bans, 1);
	assert_true(last(room)->services & BAN_SMTP);
	room_close(room);
}

/* Fifty messages in an hour, before the restart. */
static void test_what_is_usual_outlasts_a_restart(void **state)
{
	struct kept kept = { 0 };
	struct room *room = restarted(NULL, &kept);

	(void)state;
	for (int i = 0; i < 50; i++)
		room_event(room, EVENT_MESSAGE, "192.0.2.1", "shop", T0 + i * S);
	assert_int_equal(kept.told, 0);
	room_event(room, EVENT_MESSAGE, "192.0.2.1", "shop", T0 + DAY);
	assert_int_equal(kept.told, 1);
	assert_int_equal(kept.habit.messages, 50);
	room = restarted(room, &kept);
	room_event(room, EVENT_MESSAGE, "192.0.2.1", "shop", T0 + 2 * DAY);
	room_event(room, EVENT_MESSAGE, "192.0.2.1", "shop", T0 + 3 * DAY);
	assert_within(kept.habit.messages, 44, 50); /* faded by three days */
	room_close(room);
}

static void kept_by_full_name(const char *account,
			      void (*take)(const struct detect_known *known, void *to), void *to,
			      void *context)
{
	if (!strcmp(account, "bob@example.org"))
		kept_owner(account, take, to, context);
}

/* Kept as bob@example.org: bob is known by it, where that is the default realm. */
static void test_an_account_is_recalled_by_its_other_name(void **state)
{
	for (int with = 0; with < 2; with++) {
		struct room *room = room_open();

		room->settings.store.recall_account = kept_by_full_name;
		strcpy(room->settings.realm, with ? "example.org" : "example.net");
		room_apply(room);
		for (int i = 0; i < 6; i++)
			room_event(room, EVENT_FAILURE, "192.0.2.1", "bob", T0 + i * S);
		assert_int_equal(room->bans, !with);
		room_close(room);
	}
	(void)state;
}

/* Six accounts send too much: three alerts at once, the others in one, though nothing more comes. */
static void test_a_sum_is_said_when_it_is_due_without_an_event(void **state)
{
	struct room *room = room_open();
	char name[16];

	(void)state;
	for (int account = 0; account < 6; account++) {
		snprintf(name, sizeof(name), "bob%d", account);
		knows(room, name, "192.0.2.1", T0 - DAY);
	}
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "bob%d", i % 6);
		room_event(room, EVENT_MESSAGE, "192.0.2.1", name, T0 + i * S / 10);
	}
	assert_int_equal(room->alerts, 3);
	detect_say_held(room->detect, T0 + 5 * MINUTE, room_note, room);
	assert_int_equal(room->alerts, 3);
	detect_say_held(room->detect, T0 + 12 * MINUTE, room_note, room);
	assert_int_equal(room->alerts, 4);
	detect_say_held(room->detect, T0 + 13 * MINUTE, room_note, room);
	assert_int_equal(room->alerts, 4);
	room_close(room);
}

static void test_a_sum_names_as_many_as_fit(void **state)
{
	struct summing *summing = summing_new();
	struct decision decision = { .rule = RULE_ACCOUNT_SIEGE,
				     .action = ACTION_ALERT,
				     .has_account = true };
	struct decision due = { 0 };

	(void)state;
	assert_non_null(summing);
	for (unsigned i = 0; i < SUMMING_SINGLE + 6; i++) {
		struct prefix key = { .address = address_from4(i), .length = 128 };

		snprintf(decision.account, sizeof(decision.account),
			 "somebody-with-a-long-name-%u@example.org", i);
		decision.wall_ns = T0 + i;
		assert_int_equal(summing_admit(summing, &key, 3600, true, &decision),
				 i < SUMMING_SINGLE);
	}
	assert_true(summing_due(summing, T0 + 11 * MINUTE, &due));
	assert_string_equal(due.reason,
			    "6 more alerts of this rule: somebody-with-a-long-name-3@example.org, "
			    "somebody-with-a-long-name-4@example.org, ...");
	summing_free(summing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_tables_take_no_more_than_is_stated),
		cmocka_unit_test(test_a_name_is_kept_once_and_as_long_as_it_is_used),
		cmocka_unit_test(test_who_delivered_before_a_restart_still_does),
		cmocka_unit_test(test_what_is_usual_outlasts_a_restart),
		cmocka_unit_test(test_an_account_is_recalled_by_its_other_name),
		cmocka_unit_test(test_a_sum_is_said_when_it_is_due_without_an_event),
		cmocka_unit_test(test_a_sum_names_as_many_as_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
