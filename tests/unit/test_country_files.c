// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every file of tests/unit/data/countries against its expected result. Beside NAME, NAME.expected
 * has a line for each address that is asked, "192.0.2.1 JP", or "error WORDS" where the file as a
 * whole is refused. MaxMind DB files are binary: test_country_formats.c makes its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <glob.h>
#include <cmocka.h>

#include <linux/types.h>
#include "contract.h"
#include "lists/country.h"
#include "lists/input.h"

#define DATA "tests/unit/data/countries/"

static void expect_refused(const char *path, int error, const char *text, char *words)
{
	char *end = strchr(words, '\n');

	if (end)
		*end = '\0';
	if (error != -EBADMSG || !strstr(text, words))
		fail_msg("%s: expected '%s', got %d '%s'", path, words, error, text);
}

static size_t expect_answers(const char *path, const struct ranges *ranges, char *expected)
{
	char *at = expected, *line;
	size_t count = 0;

	while ((line = strsep(&at, "\n")) && *line) {
		char *code = strchr(line, ' ');
		struct address address;
		int64_t found;

		assert_non_null(code);
		assert_int_equal(address_parse(line, (size_t)(code - line), &address), 0);
		found = ranges_find(ranges, &address);
		if ((found < 0 ? COUNTRY_ZZ : found) != country_normal(code + 1, 2))
			fail_msg("%s: not '%s', but %d", path, line, (int)found);
		count++;
	}
	return count;
}

static void check_file(const char *path)
{
	struct input data = { 0 }, expected = { 0 };
	struct ranges ranges = { 0 };
	struct fault fault = { 0 };
	char other[512], *text;
	int error;

	snprintf(other, sizeof(other), "%s.expected", path);
	if (input_read(path, &data, &fault) || input_read(other, &expected, &fault)) {
		fail_msg("%s", fault.text);
		return; /* clang's analyser does not know that it is not reached */
	}
	text = strndup(expected.text, expected.size);
	assert_non_null(text);
	error = country_read(strrchr(path, '/') + 1, data.text, data.size, &ranges, &fault);
	if (!strncmp(text, "error ", 6) || !strcmp(text, "error\n")) {
		expect_refused(path, error, fault.text, text + (text[5] == ' ' ? 6 : 5));
	} else {
		assert_int_equal(error, 0);
		assert_int_equal(ranges_normalise(&ranges), 0);
		assert_true(expect_answers(path, &ranges, text) >= 5);
	}
	ranges_free(&ranges);
	free(text);
	input_free(&data);
	input_free(&expected);
}

static void every_file_answers_as_is_expected(void **state)
{
	glob_t found;
	size_t checked = 0;

	(void)state;
	assert_int_equal(glob(DATA "*", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *end = strrchr(found.gl_pathv[i], '.');

		if (end && !strcmp(end, ".expected"))
			continue;
		check_file(found.gl_pathv[i]);
		checked++;
	}
	assert_true(checked >= 8);
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_answers_as_is_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
