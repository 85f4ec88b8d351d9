// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every file of tests/unit/data/lists against its expected result. NAME.txt is the list,
 * NAME.expected says what becomes of it:
 *
 *   allow                the list allows (default: it denies)
 *   prefix 192.0.2.0/24  one for each, in order
 *   refused 12 words     line, and words of the reason; one for each, in order
 *   skipped 3            how many lines say nothing for the list (default: not looked at)
 *   error words          the file as a whole is refused, with these words
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

#include "lists/input.h"
#include "lists/text.h"

#define DATA "tests/unit/data/lists/"

struct result {
	char *text; /* in the form of the expected file */
	size_t size;
	FILE *out;
};

static void note_refused(size_t line, const char *reason, void *context)
{
	struct result *result = context;

	fprintf(result->out, "refused %zu %s\n", line, reason);
}

static int note_prefix(const struct prefix *prefix, uint32_t value, void *context)
{
	struct result *result = context;
	char text[PREFIX_TEXT_SIZE];

	(void)value;
	prefix_format(prefix, text);
	fprintf(result->out, "prefix %s\n", text);
	return 0;
}

static struct list_report read_list(const struct input *input, bool allow, struct result *result)
{
	struct list_callbacks callbacks = { .refused = note_refused, .context = result };
	struct list_options options = { .allow = allow };
	struct list_report report;
	struct ranges ranges;
	struct fault fault;
	/* a copy that ends where the memory ends: a step too far is seen */
	char *copy = malloc(input->size ? input->size : 1);

	assert_non_null(copy);
	memcpy(copy, input->text, input->size);
	result->out = open_memstream(&result->text, &result->size);
	assert_non_null(result->out);
	if (list_read(copy, input->size, &options, &callbacks, &ranges, &report, &fault))
		fprintf(result->out, "error %s\n", fault.text);
	else
		ranges_each_prefix(&ranges, note_prefix, result);
	fclose(result->out);
	ranges_free(&ranges);
	free(copy);
	return report;
}

static char *next_line(char **at)
{
	char *line = *at, *newline = strchr(line, '\n');

	if (!*line)
		return NULL;
	*at = newline ? newline + 1 : line + strlen(line);
	if (newline)
		*newline = '\0';
	return line;
}

/* The same kind and number, and the words of `expected` within `got`. */
static bool agrees(const char *expected, const char *got)
{
	int same = 0;

	if (!strncmp(expected, "prefix ", 7))
		return !strcmp(expected, got);
	if (!strncmp(expected, "refused ", 8))
		same = (int)strcspn(expected + 8, " ") + 8;
	else if (!strncmp(expected, "error ", 6))
		same = 6;
	return same && !strncmp(expected, got, (size_t)same) &&
	       (!expected[same] || strstr(got, expected + same + (expected[same] == ' ')));
}

/* Compares in two walks: refusals come before prefixes in what was got. */
static void compare(const char *name, char *expected, struct result *result)
{
	const char *kinds[] = { "refused ", "prefix ", "error " };

	for (size_t kind = 0; kind < 3; kind++) {
		char *wanted = strdup(expected), *got = strdup(result->text);
		char *at = wanted, *at_got = got, *line, *found;
		size_t size = strlen(kinds[kind]);

		do {
			do
				line = next_line(&at);
			while (line && strncmp(line, kinds[kind], size) != 0);
			do
				found = next_line(&at_got);
			while (found && strncmp(found, kinds[kind], size) != 0);
			if ((line || found) && (!line || !found || !agrees(line, found)))
				fail_msg("%s: expected '%s', got '%s'", name, line ? line : "end",
					 found ? found : "end");
		} while (line);
		free(wanted);
		free(got);
	}
}

static void check_file(const char *path)
{
	char other[512];
	struct input list = { 0 }, expected = { 0 };
	struct result result = { 0 };
	struct list_report report;
	struct fault fault;
	const char *skipped;
	char *text;

	snprintf(other, sizeof(other), "%.*s.expected", (int)(strlen(path) - 4), path);
	if (input_read(path, &list, &fault) || input_read(other, &expected, &fault)) {
		fail_msg("%s", fault.text);
		return; /* clang's analyser does not know that it is not reached */
	}
	text = strndup(expected.text, expected.size);
	assert_non_null(text);
	report = read_list(&list, !strncmp(text, "allow\n", 6) || strstr(text, "\nallow\n"),
			   &result);
	compare(path, text, &result);
	skipped = strstr(text, "skipped ");
	if (skipped && report.skipped != strtoul(skipped + 8, NULL, 10))
		fail_msg("%s: skipped %zu", path, report.skipped);
	free(text);
	free(result.text);
	input_free(&list);
	input_free(&expected);
}

static void every_file_becomes_what_is_expected(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(glob(DATA "*.txt", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_file(found.gl_pathv[i]);
	assert_true(found.gl_pathc >= 20);
	globfree(&found);
}

/* Whatever a file is cut to or spoilt by, nothing is read beyond it, and it never becomes a prefix
 * wider than what a list may have. */
static void cut_and_spoilt_files_are_read_safely(void **state)
{
	struct list_options options = { 0 };
	uint32_t random = 1;
	glob_t found;

	(void)state;
	assert_int_equal(glob(DATA "*.txt", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct input list;
		struct fault fault;

		assert_int_equal(input_read(found.gl_pathv[i], &list, &fault), 0);
		for (size_t round = 0; round < 200; round++) {
			struct list_report report;
			struct ranges ranges;
			size_t size = list.size;
			char *copy, *tight;

			random = random * 1664525 + 1013904223;
			if (round % 2)
				size = (random >> 8) % list.size;
			copy = malloc(size + 1);
			assert_non_null(copy);
			memcpy(copy, list.text, size);
			for (size_t spoilt = 0; spoilt < 3 && size && round % 4 > 1; spoilt++) {
				random = random * 1664525 + 1013904223;
				copy[(random >> 8) % size] = (char)(random >> 5);
			}
			tight = realloc(copy, size ? size : 1); /* a step too far is seen */
			assert_non_null(tight);
			copy = tight;
			if (!list_read(copy, size, &options, NULL, &ranges, &report, &fault))
				for (size_t j = 0; j < ranges.count4; j++)
					assert_true(ranges.v4[j].first >> 24 != 127);
			ranges_free(&ranges);
			free(copy);
		}
		input_free(&list);
	}
	globfree(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_becomes_what_is_expected),
		cmocka_unit_test(cut_and_spoilt_files_are_read_safely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
