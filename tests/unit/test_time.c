// SPDX-License-Identifier: GPL-2.0-or-later
/* Durations, rates and time stamps as text. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/time.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void durations_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} cases[] = {
		{ "1s", 1 },	   { "10s", 10 },
		{ "5m", 300 },	   { "1h", 3600 },
		{ "7d", 604800 },  { "2w", 1209600 },
		{ "1h30m", 5400 }, { "1d1h1m1s", 90061 },
		{ "090s", 90 },	   { "36600d", 3162240000 },
		{ "0h5m", 300 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t seconds = 0;

		assert_int_equal(duration_parse(cases[i].text, &seconds), 0);
		assert_int_equal(seconds, cases[i].seconds);
	}
}

static void wrong_durations_are_refused(void **state)
{
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{ "", -EINVAL },
		{ "5", -EINVAL },
		{ "s", -EINVAL },
		{ "1 h", -EINVAL },
		{ "1h ", -EINVAL },
		{ " 1h", -EINVAL },
		{ "-1h", -EINVAL },
		{ "+1h", -EINVAL },
		{ "1.5h", -EINVAL },
		{ "1y", -EINVAL },
		{ "1H", -EINVAL },
		{ "1h30", -EINVAL },
		{ "1e3s", -EINVAL },
		{ "0s", -ERANGE },
		{ "0h0m", -ERANGE },
		{ "36601d", -ERANGE },
		{ "36600d1s", -ERANGE },
		{ "999999999999w", -ERANGE },
		{ "9999999999999s", -EINVAL },
		{ "18446744073709551617s", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t seconds;

		if (duration_parse(cases[i].text, &seconds) != cases[i].error)
			fail_msg("'%s' was not refused as it should", cases[i].text);
	}
}

static void durations_are_written_as_they_read_back(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "0s" },	 { 1, "1s" },	   { 60, "1m" },	  { 5400, "1h30m" },
		{ 86400, "1d" }, { 604800, "7d" }, { 90061, "1d1h1m1s" },
	};
	char text[TIME_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		duration_format(cases[i].seconds, text);
		assert_string_equal(text, cases[i].text);
	}
	for (uint64_t seconds = 1; seconds < 3000000000; seconds = seconds * 3 + 7) {
		uint64_t again = 0;

		duration_format(seconds, text);
		assert_int_equal(duration_parse(text, &again), 0);
		assert_int_equal(again, seconds);
	}
	duration_format(UINT64_MAX, text); /* fits */
	assert_string_equal(text, "213503982334601d7h15s");
}

static void rates_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t interval_ns;
	} cases[] = {
		{ "30/m", 2000000000 },	   { "5/s", 200000000 },       { "1000/h", 3600000000 },
		{ "20/d", 4320000000000 }, { "1/w", 604800000000000 }, { "1000000/s", 1000 },
		{ "3/s", 333333333 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t interval_ns = 0;

		assert_int_equal(rate_parse(cases[i].text, &interval_ns), 0);
		assert_int_equal(interval_ns, cases[i].interval_ns);
	}
}

static void wrong_rates_are_refused(void **state)
{
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{ "", -EINVAL },      { "30", -EINVAL },     { "30/", -EINVAL },
		{ "/m", -EINVAL },    { "30/min", -EINVAL }, { "30 / m", -EINVAL },
		{ "30/y", -EINVAL },  { "-1/m", -EINVAL },   { "0.5/s", -EINVAL },
		{ "30/m ", -EINVAL }, { "0/m", -ERANGE },    { "1000001/s", -ERANGE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t interval_ns;

		if (rate_parse(cases[i].text, &interval_ns) != cases[i].error)
			fail_msg("'%s' was not refused as it should", cases[i].text);
	}
}

static void days_agree_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t day = -800000; day < 800000; day += 13) {
		time_t t = (time_t)(day * 86400);
		struct tm tm;

		gmtime_r(&t, &tm);
		assert_int_equal(days_from_civil(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1,
						 (unsigned)tm.tm_mday),
				 day);
	}
}

static void stamps_are_read_with_any_offset(void **state)
{
	static const struct {
		const char *text;
		int64_t wall_ns;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-21T10:00:00Z", 1795255200 * NS_PER_S },
		{ "2026-11-21t10:00:00z", 1795255200 * NS_PER_S },
		{ "2026-11-21 10:00:00Z", 1795255200 * NS_PER_S },
		{ "2026-11-21T19:00:00+09:00", 1795255200 * NS_PER_S },
		{ "2026-11-21T19:00:00+0900", 1795255200 * NS_PER_S },
		{ "2026-11-21T04:30:00-05:30", 1795255200 * NS_PER_S },
		{ "2026-11-22T00:30:00+14:30", 1795255200 * NS_PER_S },
		{ "2026-11-21T10:00:00.5Z", 1795255200 * NS_PER_S + 500000000 },
		{ "2026-11-21T10:00:00.123456789012Z", 1795255200 * NS_PER_S + 123456789 },
		{ "1970-01-01T00:30:00+01:00", -1800 * NS_PER_S },
		{ "2024-02-29T00:00:00Z", 1709164800 * NS_PER_S },
		{ "2000-02-29T12:00:00Z", 951825600 * NS_PER_S },
		{ "2016-12-31T23:59:60Z", 1483228800 * NS_PER_S }, /* a leap second */
		{ "2200-12-31T23:59:59Z", 7289654399 * NS_PER_S },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t wall_ns = -1;
		size_t used = 0;

		if (time_parse(cases[i].text, strlen(cases[i].text), &wall_ns, &used))
			fail_msg("'%s' was refused", cases[i].text);
		if (wall_ns != cases[i].wall_ns)
			fail_msg("'%s' is not %lld", cases[i].text, (long long)wall_ns);
		assert_int_equal(used, strlen(cases[i].text));
	}
}

static void what_follows_a_stamp_is_left(void **state)
{
	const char *line = "2026-11-21T10:00:00+09:00 mail postfix/smtpd[1]: x";
	int64_t wall_ns;
	size_t used;

	(void)state;
	assert_int_equal(time_parse(line, strlen(line), &wall_ns, &used), 0);
	assert_string_equal(line + used, " mail postfix/smtpd[1]: x");
	assert_int_equal(time_parse(line, 20, &wall_ns, NULL), -EINVAL); /* not beyond `size` */
}

static void what_is_no_stamp_is_refused(void **state)
{
	static const char *const refused[] = {
		"",
		"2026-11-21",
		"2026-11-21T10:00:00", /* no offset: whose time? */
		"2026-11-21T10:00Z",
		"26-11-21T10:00:00Z",
		"2026-00-21T10:00:00Z",
		"2026-13-21T10:00:00Z",
		"2026-11-00T10:00:00Z",
		"2026-11-31T10:00:00Z",
		"2025-02-29T10:00:00Z",
		"2100-02-29T10:00:00Z",
		"2026-02-30T10:00:00Z",
		"2026-11-21T24:00:00Z",
		"2026-11-21T10:60:00Z",
		"2026-11-21T10:00:61Z",
		"2026-11-21T10:00:00.Z",
		"2026-11-21T10:00:00,5Z",
		"2026-11-21T10:00:00+9",
		"2026-11-21T10:00:00+24:00",
		"2026-11-21T10:00:00+09:60",
		"2026-11-21_10:00:00Z",
		"1969-12-31T23:59:59Z",
		"2201-01-01T00:00:00Z",
		" 2026-11-21T10:00:00Z",
		"2026-1-21T10:00:00Z",
		"Nov 21 10:00:00",
	};
	int64_t wall_ns;

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++)
		if (time_parse(refused[i], strlen(refused[i]), &wall_ns, NULL) != -EINVAL)
			fail_msg("'%s' was read as a time stamp", refused[i]);
}

static void stamps_are_written_in_utc(void **state)
{
	static const struct {
		int64_t wall_ns;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 1795255200 * NS_PER_S, "2026-11-21T10:00:00Z" },
		{ 1795255200 * NS_PER_S + 999, "2026-11-21T10:00:00Z" },
		{ 1795255200 * NS_PER_S + 1000, "2026-11-21T10:00:00.000001Z" },
		{ 1795255200 * NS_PER_S + 120000000, "2026-11-21T10:00:00.120000Z" },
		{ -500000000, "1969-12-31T23:59:59.500000Z" },
		{ -NS_PER_S, "1969-12-31T23:59:59Z" },
		{ INT64_MAX, "2262-04-11T23:47:16.854775Z" },
		{ INT64_MIN, "1677-09-21T00:12:43.145224Z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[TIME_TEXT_SIZE];

		time_format(cases[i].wall_ns, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void any_time_is_written_as_gmtime_has_it(void **state)
{
	int64_t seconds = -40LL * 86400;

	(void)state;
	/* Forth and back, within days and over them, before 1970 and after. */
	for (unsigned i = 0; i < 3000; i++) {
		char text[TIME_TEXT_SIZE], expected[TIME_TEXT_SIZE];
		time_t at = (time_t)seconds;
		struct tm tm;

		gmtime_r(&at, &tm);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%SZ", &tm);
		time_format(seconds * NS_PER_S, text);
		assert_string_equal(text, expected);
		seconds += i % 3 ? 43199 : -21599;
	}
}

static void zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

static void people_see_local_time_and_utc_as_utc(void **state)
{
	static const struct {
		const char *zone;
		int64_t wall_ns;
		const char *text;
	} cases[] = {
		{ "UTC0", 1794996000 * NS_PER_S, "2026-11-18T10:00:00Z" },
		{ "JST-9", 1794996000 * NS_PER_S, "2026-11-18 19:00:00" },
		{ "JST-9", 1794960000 * NS_PER_S + 5000, "2026-11-18 09:00:00.000005" },
		{ "EST5EDT,M3.2.0,M11.1.0", 1794996000 * NS_PER_S, "2026-11-18 05:00:00" },
		{ "EST5EDT,M3.2.0,M11.1.0", 1783677600 * NS_PER_S, "2026-07-10 06:00:00" },
		{ "NPT-5:45", 1794996000 * NS_PER_S, "2026-11-18 15:45:00" },
		{ "JST-9", INT64_MIN, "1677-09-21 09:12:43.145224" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[TIME_TEXT_SIZE];
		int64_t wall_ns = 0;

		zone(cases[i].zone);
		time_show(cases[i].wall_ns, text);
		assert_string_equal(text, cases[i].text);
		if (cases[i].wall_ns == INT64_MIN) /* such years are not read */
			continue;
		assert_int_equal(time_read(text, &wall_ns), 0);
		assert_int_equal(wall_ns, cases[i].wall_ns);
	}
}

static void a_time_of_either_form_is_read_and_nothing_else(void **state)
{
	static const char *const wrong[] = { "",
					     "2026-11-18",
					     "2026-11-18 10:00",
					     "2026-11-18 10:00:00x",
					     "2026-11-18T10:00:00ZZ",
					     "2026-11-18 10:00:00.0000000000000000000000000000" };
	int64_t wall_ns = 0;

	(void)state;
	zone("JST-9");
	assert_int_equal(time_read("2026-11-18T10:00:00Z", &wall_ns), 0);
	assert_int_equal(wall_ns, 1794996000 * NS_PER_S);
	assert_int_equal(time_read("2026-11-18T19:00:00+09:00", &wall_ns), 0);
	assert_int_equal(wall_ns, 1794996000 * NS_PER_S);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(time_read(wrong[i], &wall_ns), -EINVAL);
	/* The last case: what --utc sets holds for the rest of the program. */
	time_show_utc();
	assert_int_equal(time_read("2026-11-18 10:00:00", &wall_ns), 0);
	assert_int_equal(wall_ns, 1794996000 * NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read),
		cmocka_unit_test(wrong_durations_are_refused),
		cmocka_unit_test(durations_are_written_as_they_read_back),
		cmocka_unit_test(rates_are_read),
		cmocka_unit_test(wrong_rates_are_refused),
		cmocka_unit_test(days_agree_with_the_c_library),
		cmocka_unit_test(stamps_are_read_with_any_offset),
		cmocka_unit_test(what_follows_a_stamp_is_left),
		cmocka_unit_test(what_is_no_stamp_is_refused),
		cmocka_unit_test(stamps_are_written_in_utc),
		cmocka_unit_test(any_time_is_written_as_gmtime_has_it),
		cmocka_unit_test(people_see_local_time_and_utc_as_utc),
		cmocka_unit_test(a_time_of_either_form_is_read_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
