// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries of a list that end by themselves: which formats say so, and what overlaps make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "lists/ends.h"
#include "lists/text.h"

#define NOW 1700000000LL

static struct ranges read_text(const char *text, struct list_report *report)
{
	struct list_options options = { .now_s = NOW };
	struct ranges ranges;
	struct fault fault;

	if (list_read(text, strlen(text), &options, NULL, &ranges, report, &fault))
		fail_msg("%s: %s", text, fault.text);
	return ranges;
}

/* When the address's entry ends, seconds from NOW; END_NEVER; -1: it is not in the list. */
static int64_t end_in(const struct ranges *ranges, const char *text)
{
	struct address address;
	int64_t value, end;

	assert_int_equal(address_parse(text, strlen(text), &address), 0);
	value = ranges_find(ranges, &address);
	if (value < 0)
		return -1;
	end = end_of_value((uint32_t)value);
	return end == END_NEVER ? end : end - NOW;
}

static void check(const char *text, int64_t seconds)
{
	struct list_report report;
	struct ranges ranges = read_text(text, &report);

	if (end_in(&ranges, "203.0.113.9") != seconds)
		fail_msg("%s: ends in %lld s", text, (long long)end_in(&ranges, "203.0.113.9"));
	assert_true(report.timed || seconds == END_NEVER);
	ranges_free(&ranges);
}

static void formats_say_when_an_entry_ends(void **state)
{
	char text[512];

	(void)state;
	check("add s 203.0.113.9 timeout 60\n", 60);
	check("add s 203.0.113.9 timeout 0\n", END_NEVER);
	check("Name: s\nMembers:\n203.0.113.9 timeout 61 comment \"timeout 7\"\n", 61);
	check("add element ip f s { 203.0.113.9 timeout 1h expires 59m3s200ms }\n", 3543);
	check("add element ip f s { 203.0.113.9 expires 5m timeout 1h }\n", 300);
	check("add element ip f s { 203.0.113.0/24 timeout 1h, 203.0.113.9 }\n", END_NEVER);
	check("{\"nftables\":[{\"set\":{\"type\":\"ipv4_addr\",\"elem\":[{\"elem\":{\"val\":"
	      "\"203.0.113.9\",\"timeout\":90,\"expires\":80}}]}}]}",
	      80);
	check("/ip firewall address-list\nadd list=bad address=203.0.113.9 timeout=1w2d03:04:05\n",
	      9 * 86400 + 3 * 3600 + 4 * 60 + 5);
	check("[{\"duration\":\"3h59m58.6s\",\"scope\":\"Ip\",\"type\":\"ban\",\"value\":"
	      "\"203.0.113.9\"}]",
	      4 * 3600 - 2);
	check("7,crowdsec,Ip:203.0.113.9,x,ban,,,0,90m1s,false,3\n", 5401);
	snprintf(text, sizeof(text), "%lld|203.0.113.9|*|in|3600|lfd\n", NOW - 600);
	check(text, 3000);
	snprintf(text, sizeof(text), "ip,expires\n203.0.113.9,%lld\n", NOW + 76);
	check(text, 76);
	check("ip,expires\n203.0.113.9,2023-11-15T07:14:37+09:00\n", 77);
	snprintf(text, sizeof(text),
		 "[{\"network\":\"198.51.100.1\",\"ip\":\"203.0.113.9\",\"expires_at\":%lld000}]",
		 NOW + 78);
	check(text, 78);
	check("ip,expires\n203.0.113.9,never\n203.0.113.7,2099-01-01T00:00:00Z\n", END_NEVER);
	setenv("TZ", "UTC", 1);
	check("203.0.113.9 \t2023-11-14 22:00:00 + 3600 = 2023-11-14 23:00:00\n", 2800);
	check("203.0.113.9 \t2023-11-14 22:00:00 + -1 = 9999-12-31 23:59:59\n", END_NEVER);
}

static void what_has_ended_is_skipped(void **state)
{
	struct list_report report;
	struct ranges ranges;

	(void)state;
	setenv("TZ", "UTC", 1);
	ranges = read_text("1699990000|203.0.113.9|*|in|3600|lfd\n"
			   "203.0.113.10 \t2023-11-14 21:00:00 + 60 = 2023-11-14 21:01:00\n"
			   "203.0.113.11\n",
			   &report);
	assert_int_equal(report.skipped, 2);
	assert_int_equal(report.taken, 1);
	assert_int_equal(end_in(&ranges, "203.0.113.9"), -1);
	assert_int_equal(end_in(&ranges, "203.0.113.10"), -1);
	assert_int_equal(end_in(&ranges, "203.0.113.11"), END_NEVER);
	ranges_free(&ranges);
}

/* A short entry within a long one makes no hole, and no exception is forgotten. */
static void overlaps_end_with_the_last(void **state)
{
	struct list_report report;
	struct ranges ranges =
		read_text("add s 203.0.113.0/24\n"
			  "add s 203.0.113.9 timeout 60\n"
			  "add s 198.51.100.0/24 timeout 600\n"
			  "add s 198.51.100.9 timeout 60\n"
			  "add s 198.51.100.64/26 nomatch\n"
			  "add t 192.0.2.0/24 timeout 60\n"
			  "add t 192.0.2.0/25 timeout 600\n"
			  "add t 192.0.2.128 timeout 0\n"
			  "add u 203.0.113.10 timeout 60\n" /* within one of another set */
			  "add u 198.51.100.10 timeout 60\n",
			  &report);
	size_t ended;

	(void)state;
	assert_int_equal(end_in(&ranges, "203.0.113.9"), END_NEVER);
	assert_int_equal(end_in(&ranges, "203.0.113.10"), END_NEVER);
	assert_int_equal(end_in(&ranges, "198.51.100.9"), 600);
	assert_int_equal(end_in(&ranges, "198.51.100.10"), 600);
	assert_int_equal(end_in(&ranges, "198.51.100.65"), -1);
	assert_int_equal(end_in(&ranges, "192.0.2.1"), 600);
	assert_int_equal(end_in(&ranges, "192.0.2.200"), 60);
	assert_int_equal(end_in(&ranges, "192.0.2.128"), END_NEVER);

	assert_int_equal(ends_prune(&ranges, NOW, &ended), NOW + 60);
	assert_int_equal(ended, 0);
	assert_int_equal(ends_prune(&ranges, NOW + 60, &ended), NOW + 600);
	assert_int_not_equal(ended, 0);
	assert_int_equal(end_in(&ranges, "192.0.2.200"), -1);
	assert_int_equal(end_in(&ranges, "192.0.2.1"), 600);
	assert_int_equal(ends_prune(&ranges, NOW + 600, &ended), END_NEVER);
	assert_int_equal(end_in(&ranges, "192.0.2.1"), -1);
	assert_int_equal(end_in(&ranges, "192.0.2.128"), END_NEVER);
	assert_int_equal(end_in(&ranges, "203.0.113.9"), END_NEVER);
	ranges_free(&ranges);
}

/* A database of these statements, as fail2ban's file is; sqlite3_free() ends it. */
static unsigned char *database_of(const char *sql, size_t *size)
{
	sqlite3 *database;
	sqlite3_int64 bytes;
	unsigned char *image;

	assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
	image = sqlite3_serialize(database, "main", &bytes, 0);
	assert_non_null(image);
	sqlite3_close(database);
	*size = (size_t)bytes;
	return image;
}

#define FAIL2BAN                                                                              \
	"CREATE TABLE jails(name TEXT NOT NULL UNIQUE, enabled INTEGER NOT NULL DEFAULT 1);"  \
	"CREATE TABLE bips(ip TEXT NOT NULL, jail TEXT NOT NULL, timeofban INTEGER NOT NULL," \
	" bantime INTEGER NOT NULL, bancount INTEGER NOT NULL default 1, data JSON,"          \
	" PRIMARY KEY(ip, jail));"                                                            \
	"INSERT INTO bips VALUES('203.0.113.9', 'postfix', 1699999990, 600, 1, '{}'),"        \
	"('203.0.113.10', 'postfix', 1699990000, 600, 1, '{}'),"                              \
	"('2001:db8::5', 'dovecot', 1600000000, -1, 1, '{}'),"                                \
	"('203.0.113.9', 'dovecot', 1699999990, 60, 1, '{}');"

static void the_database_of_fail2ban_is_read(void **state)
{
	struct list_options options = { .now_s = NOW };
	struct list_report report;
	struct ranges ranges;
	struct fault fault;
	size_t size;
	unsigned char *image = database_of(FAIL2BAN, &size);

	(void)state;
	assert_int_equal(list_read((char *)image, size, &options, NULL, &ranges, &report, &fault),
			 0);
	assert_int_equal(end_in(&ranges, "203.0.113.9"), 590);
	assert_int_equal(end_in(&ranges, "203.0.113.10"), -1);
	assert_int_equal(end_in(&ranges, "2001:db8::5"), END_NEVER);
	assert_int_equal(report.skipped, 1);
	assert_int_equal(report.timed, 2);
	ranges_free(&ranges);
	options.allow = true;
	assert_int_not_equal(
		list_read((char *)image, size, &options, NULL, &ranges, &report, &fault), 0);
	sqlite3_free(image);
}

/* Another program's, one that counts for ever in a view, and one that is damaged anywhere. */
static void other_databases_are_refused_and_damage_is_survived(void **state)
{
	static const char *const others[] = {
		"CREATE TABLE bans(x); INSERT INTO bans VALUES(1);",
		"CREATE VIEW bips AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM "
		"c)"
		" SELECT '203.0.113.9' AS ip, x AS timeofban, 1 AS bantime FROM c;",
	};
	struct list_options options = { .now_s = NOW };
	struct list_report report;
	struct ranges ranges;
	struct fault fault;
	uint32_t random = 1;
	size_t size;
	unsigned char *image;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		image = database_of(others[i], &size);
		assert_int_not_equal(list_read((char *)image, size, &options, NULL, &ranges,
					       &report, &fault),
				     0);
		sqlite3_free(image);
	}
	for (size_t round = 0; round < 300; round++) {
		image = database_of(FAIL2BAN, &size);
		for (size_t i = 0; i < 3; i++) {
			random = random * 1664525 + 1013904223;
			image[(random >> 8) % size] = (unsigned char)(random >> 3);
		}
		if (!list_read((char *)image, round % 3 ? size : (random >> 8) % size, &options,
			       NULL, &ranges, &report, &fault))
			ranges_free(&ranges);
		sqlite3_free(image);
	}
}

static void lengths_of_time_are_read_strictly(void **state)
{
	static const char *const wrong[] = { "",    "x",  "1x",	   "h",		"1h2",
					     "1:2", "-1", "1h-1m", "99999999w", "1..5s" };
	uint64_t seconds;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (!ends_duration(wrong[i], strlen(wrong[i]), &seconds))
			fail_msg("'%s' is %llu s", wrong[i], (unsigned long long)seconds);
	assert_int_equal(ends_duration("00:30:00", 8, &seconds), 0);
	assert_int_equal(seconds, 1800);
	assert_int_equal(ends_duration("500ms", 5, &seconds), 0);
	assert_int_equal(seconds, 0);
	/* beyond what a value can hold: never; before 1970: has ended */
	assert_int_equal(end_value(UINT32_MAX), 0);
	assert_int_equal(end_of_value(end_value(UINT32_MAX - 1LL)), UINT32_MAX - 1LL);
	assert_int_equal(end_of_value(end_value(-5)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_say_when_an_entry_ends),
		cmocka_unit_test(what_has_ended_is_skipped),
		cmocka_unit_test(overlaps_end_with_the_last),
		cmocka_unit_test(the_database_of_fail2ban_is_read),
		cmocka_unit_test(other_databases_are_refused_and_damage_is_survived),
		cmocka_unit_test(lengths_of_time_are_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
