// SPDX-License-Identifier: GPL-2.0-or-later
/* Small helpers of the configuration: the nearest known word, UTF-8, country codes, whole files. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "conf/codes.h"
#include "net/address.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void distances_count_single_changes(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} cases[] = {
		{ "", "", 0 },		{ "", "abc", 3 },
		{ "abc", "", 3 },	{ "mode", "mode", 0 },
		{ "mode", "MODE", 0 },	{ "mdoe", "mode", 1 },
		{ "moode", "mode", 1 }, { "mde", "mode", 1 },
		{ "made", "mode", 1 },	{ "kitten", "sitting", 3 },
		{ "ca", "abc", 3 },	{ "burts", "burst", 1 },
		{ "ab", "ba", 1 },	{ "bans", "ports", 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(nearest_distance(cases[i].a, cases[i].b), cases[i].distance);
		assert_int_equal(nearest_distance(cases[i].b, cases[i].a), cases[i].distance);
	}
}

static const char *nearest_of(const char *word)
{
	static const char *const known[] = { "rate", "burst", "network-rate", "connections" };
	struct nearest nearest = { .word = word };

	for (size_t i = 0; i < COUNT(known); i++)
		nearest_offer(&nearest, known[i]);
	return nearest.found;
}

static void only_what_is_near_enough_is_proposed(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("rates"), "rate");
	assert_string_equal(nearest_of("networkrate"), "network-rate");
	assert_string_equal(nearest_of("conections"), "connections");
	assert_null(nearest_of("colour"));
	assert_null(nearest_of(""));
	assert_null(nearest_of("rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrate"));
}

static void utf8_is_told_from_other_bytes(void **state)
{
	static const char *const good[] = { "",
					    "abc",
					    "\xc2\x80",
					    "\xdf\xbf",
					    "\xe0\xa0\x80",
					    "\xed\x9f\xbf",
					    "\xee\x80\x80",
					    "\xef\xbf\xbf",
					    "\xf0\x90\x80\x80",
					    "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = {
		"\x80",
		"\xc0\x80",
		"\xc1\xbf",
		"\xe9",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80",
		"\xff",
		"\xc2",
		"\xe2\x82",
		"\xe2\x28\xa1",
		"\xf0\x9f\x98\x61",
		"a\xc2z",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!utf8_valid(good[i], strlen(good[i])))
			fail_msg("good[%zu] was refused", i);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (utf8_valid(bad[i], strlen(bad[i])))
			fail_msg("bad[%zu] was taken", i);
	assert_true(utf8_valid("a\0b", 3));
	assert_true(utf8_valid("\xc2\x80\xc2", 2)); /* not beyond the size */
}

static bool known(const char *code)
{
	return country_code_known((unsigned)country_from_text(code, 2));
}

static void country_codes_are_those_in_use(void **state)
{
	static const char *const yes[] = { "JP", "AD", "ZW", "SS", "CW", "GB", "XK",
					   "ZZ", "EU", "AP", "AN", "AB", "OS" };
	static const char *const no[] = { "UK", "XX", "AA", "ZX", "QM", "SU", "YU" };
	unsigned count = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++)
		if (!known(yes[i]))
			fail_msg("%s is a country", yes[i]);
	for (size_t i = 0; i < COUNT(no); i++)
		if (known(no[i]))
			fail_msg("%s is none", no[i]);
	for (unsigned country = 0; country < COUNTRY_COUNT + 5; country++)
		count += country_code_known(country);
	assert_int_equal(count, 249 + 7 + 1); /* and LAN */
}

static void whole_files_are_read_up_to_their_limit(void **state)
{
	char path[] = "/tmp/sekisho-words-XXXXXX", *text = NULL, bytes[10000];
	int fd = mkstemp(path);
	size_t size = 0;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	assert_true(fd >= 0);
	assert_int_equal(file_read(path, 0, &text, &size), 0);
	assert_int_equal(size, 0);
	assert_string_equal(text, "");
	free(text);
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	close(fd);
	assert_int_equal(file_read(path, sizeof(bytes), &text, &size), 0);
	assert_int_equal(size, sizeof(bytes));
	assert_memory_equal(text, bytes, size);
	assert_int_equal(text[size], '\0');
	free(text);
	assert_int_equal(file_read(path, sizeof(bytes) - 1, &text, &size), -EFBIG);
	assert_int_equal(file_read("/dev/zero", 100000, &text, &size), -EFBIG);
	assert_int_equal(file_read("/", 100, &text, &size), -EISDIR);
	unlink(path);
	assert_int_equal(file_read(path, 100, &text, &size), -ENOENT);
}

/* A pipe tells no size and hands out its bytes in pieces. */
static void pipes_are_read_to_their_end(void **state)
{
	char path[32], *text = NULL, bytes[30000];
	int ends[2];
	size_t size = 0;

	(void)state;
	memset(bytes, 'y', sizeof(bytes));
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], bytes, sizeof(bytes)), sizeof(bytes));
	close(ends[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	assert_int_equal(file_read(path, 1 << 20, &text, &size), 0);
	assert_int_equal(size, sizeof(bytes));
	assert_memory_equal(text, bytes, size);
	free(text);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances_count_single_changes),
		cmocka_unit_test(only_what_is_near_enough_is_proposed),
		cmocka_unit_test(utf8_is_told_from_other_bytes),
		cmocka_unit_test(country_codes_are_those_in_use),
		cmocka_unit_test(whole_files_are_read_up_to_their_limit),
		cmocka_unit_test(pipes_are_read_to_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
