// SPDX-License-Identifier: GPL-2.0-or-later
/* What the rules' tables take, at an eighth of the size that docs/rules.md states figures for, and
 * the names that they share. */
#include <malloc.h>
#include <stdlib.h>

#include "detect_room.h"
#include "detect/names.h"

#define SOURCES	 131072
#define ACCOUNTS 12500
#define MIB	 (1 << 20)
/* The figures of docs/rules.md for eight times as much. */
#define FAILURES_MIB 310
#define ACCOUNTS_MIB 90

/* Memory in use, malloc()'s own included; 0 under a checker, which has an allocator of its own. */
static size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.fordblks;
}

static size_t resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long all = 0, pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu %lu", &all, &pages), 2);
	fclose(file);
	return pages * 4096;
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
	assert_true(accounts <= (size_t)ACCOUNTS_MIB * MIB / 8);
	assert_true(failures <= (size_t)FAILURES_MIB * MIB / 8);
	detect_free(detect);
}

static void test_a_name_is_kept_once_and_as_long_as_it_is_used(void **state)
{
	struct names *names = names_new();
	uint32_t first = names_take(names, "bob", 3), other, ids[1000];
	char text[32];

	(void)state;
	assert_int_equal(names_take(names, "bobby", 3), first);
	other = names_take(names, "bo", 2);
	assert_int_not_equal(other, first);
	names_drop(names, first);
	assert_string_equal(names_text(names, first), "bob");
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "user%u", i);
		ids[i] = names_take(names, text, strlen(text));
	}
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "user%u", i);
		assert_string_equal(names_text(names, ids[i]), text);
		if (i % 2)
			names_drop(names, ids[i]);
	}
	names_drop(names, first);
	/* A place is used again, and those that are used are not. */
	for (unsigned i = 0; i < 501; i++) {
		snprintf(text, sizeof(text), "again%u", i);
		assert_in_range(names_take(names, text, strlen(text)), 1, 1002);
	}
	for (unsigned i = 0; i < 1000; i += 2) {
		snprintf(text, sizeof(text), "user%u", i);
		assert_string_equal(names_text(names, ids[i]), text);
	}
	assert_null(names_text(names, 0));
	names_drop(names, 0);
	names_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_tables_take_no_more_than_is_stated),
		cmocka_unit_test(test_a_name_is_kept_once_and_as_long_as_it_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
