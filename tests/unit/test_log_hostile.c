// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hostile text: whatever a client calls itself, logs in as, or sends, no event names an address
 * that it is not from, and no line costs more than its size. Each line here has a hole for such
 * text; what is put in is made of the same lines, the address replaced: the rest of a line, so as
 * to close the field and forge the next, a whole line, many of them, and enough to be cut at the
 * right place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/time.h"
#include "checked.h"
#include "log/parse.h"
#include "log_shapes.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define LINE_SIZE    (4 * LOG_LINE_MAX)

static char *put(char *out, const char *text, size_t size)
{
	return mempcpy(out, text, size);
}

/* The text with the true address replaced, ended by NUL. */
static char *put_forged(char *out, const char *text, size_t size)
{
	char copy[1024], *at = copy, *found;

	memcpy(copy, text, size);
	copy[size] = '\0';
	while ((found = strstr(at, TRUE_ADDRESS))) {
		out = put(out, at, (size_t)(found - at));
		out = put(out, FORGED, strlen(FORGED));
		at = found + strlen(TRUE_ADDRESS);
	}
	out = put(out, at, strlen(at));
	*out = '\0';
	return out;
}

enum payload {
	REST,		/* closes the field as this daemon does */
	REST_AND_BEGIN, /* and opens it again */
	REST_ESCAPED_LINE,
	REST_NEWLINE_LINE,
	LINE,
	PAYLOAD_COUNT,
};

static char *put_payload(char *out, enum payload payload, const struct shape *shape)
{
	const char *hole = strstr(shape->line, "{}"), *rest = hole + 2;
	size_t begin = (size_t)(hole - shape->line);

	if (payload == LINE || payload == REST_ESCAPED_LINE || payload == REST_NEWLINE_LINE) {
		if (payload != LINE)
			out = put_forged(out, rest, strlen(rest));
		out = payload == REST_ESCAPED_LINE   ? put(out, "\\n", 2)
		      : payload == REST_NEWLINE_LINE ? put(out, "\n", 1)
						     : out;
		out = put_forged(out, shape->line, begin);
		out = put(out, "eve", 3);
		return put_forged(out, rest, strlen(rest));
	}
	out = put_forged(out, rest, strlen(rest));
	if (payload == REST_AND_BEGIN)
		out = put_forged(out, shape->line, begin);
	return out;
}

static int new_parser(void **state)
{
	*state = log_parser_new();
	log_parser_set_reference(*state, 1795348800 * NS_PER_S);
	return *state ? 0 : -1;
}

static int free_parser(void **state)
{
	log_parser_free(*state);
	return 0;
}

/* Whether there is an event from the true address; none may be from another. */
static bool parse(struct log_parser *parser, const struct shape *shape, const char *line,
		  size_t size)
{
	struct event event;
	bool found;

	if (shape->before)
		assert_false(log_parser_line(parser, shape->before, strlen(shape->before), &event));
	found = log_parser_line(parser, line, size, &event) ||
		log_parser_rest(parser, INT64_MAX, &event);
	if (found && event.has_source) {
		char source[ADDRESS_TEXT_SIZE];

		address_format(&event.source, source);
		if (strcmp(source, TRUE_ADDRESS) != 0)
			fail_msg("%s, of: %.*s", source, (int)size, line);
	}
	return found && (event.has_source || shape->no_address);
}

static void each_shape_is_understood_without_harm(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(shapes); i++) {
		const char *hole = strstr(shapes[i].line, "{}");
		char line[LINE_SIZE], *out = line;
		void *parser; /* of its own: the same attempt would not count again */

		new_parser(&parser);
		out = put(out, shapes[i].line, (size_t)(hole - shapes[i].line));
		out = put(out, "bob", 3);
		out = put(out, hole + 2, strlen(hole + 2));
		if (!parse(parser, &shapes[i], line, (size_t)(out - line)) && !shapes[i].quiet)
			fail_msg("no event: %s", shapes[i].line);
		free_parser(&parser);
	}
}

/* `pad` bytes, then `times` the payload of `from`, in the hole of `into`. */
static void try_one(struct log_parser *parser, const struct shape *into, const struct shape *from,
		    enum payload payload, size_t pad, unsigned times)
{
	const char *hole = strstr(into->line, "{}");
	char line[LINE_SIZE], *out = line, *after;

	out = put(out, into->line, (size_t)(hole - into->line));
	memset(out, 'a', pad);
	out += pad;
	for (unsigned i = 0; i < times && out < line + LOG_LINE_MAX; i++)
		out = put_payload(out, payload, from);
	after = out;
	out = put(out, hole + 2, strlen(hole + 2));
	parse(parser, into, line, (size_t)(out - line));
	/* Some syslogs cut at 1024 bytes; a daemon's own file does not. */
	if (after - line >= 1024 && !strncmp(into->line, MX, strlen(MX)))
		parse(parser, into, line, (size_t)(after - line));
}

static void text_of_a_client_forges_no_address(void **state)
{
	static const size_t pads[] = { 0, 1, 500, 900, 1024 };

	for (size_t i = 0; i < COUNT(shapes); i++)
		for (size_t j = 0; j < COUNT(shapes); j++)
			for (enum payload payload = 0; payload < PAYLOAD_COUNT; payload++)
				for (size_t pad = 0; pad < COUNT(pads); pad++)
					try_one(*state, &shapes[i], &shapes[j], payload, pads[pad],
						1);
}

static void many_forged_places_in_a_line_forge_none(void **state)
{
	static const unsigned times[] = { 2, 63, 64, 65, 66, 200 };

	for (size_t i = 0; i < COUNT(shapes); i++)
		for (enum payload payload = 0; payload < PAYLOAD_COUNT; payload++)
			for (size_t n = 0; n < COUNT(times); n++)
				try_one(*state, &shapes[i], &shapes[i], payload, 0, times[n]);
}

static void a_line_cut_anywhere_forges_no_address(void **state)
{
	for (size_t i = 0; i < COUNT(shapes); i++) {
		char line[LINE_SIZE], payload[2048], *end;
		const char *hole = strstr(shapes[i].line, "{}");
		size_t begin = (size_t)(hole - shapes[i].line), size;

		end = put_payload(payload, REST, &shapes[i]);
		size = (size_t)(end - payload);
		/* The reader's own limit: exactly behind what is forged. */
		memcpy(line, shapes[i].line, begin);
		memset(line + begin, 'a', LOG_LINE_MAX);
		memcpy(line + LOG_LINE_MAX - size, payload, size);
		memcpy(line + LOG_LINE_MAX, hole + 2, strlen(hole + 2));
		parse(*state, &shapes[i], line, LOG_LINE_MAX + strlen(hole + 2));
	}
}

/* CPU time of one line, the least of some runs. */
static int64_t cost_ns(const struct shape *shape, const char *line, size_t size)
{
	struct log_parser *parser = log_parser_new();
	char clean[LOG_LINE_MAX + 1];
	int64_t least = INT64_MAX;
	struct event event;

	assert_non_null(parser);
	if (shape->before)
		log_parser_line(parser, shape->before, strlen(shape->before), &event);
	for (unsigned run = 0; run < 8; run++) {
		struct timespec begin, end;
		int64_t took;

		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
		for (unsigned i = 0; i < 4; i++) {
			log_parser_line(parser, line, size, &event);
			log_line_clean(line, size, clean);
		}
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
		took = (end.tv_sec - begin.tv_sec) * NS_PER_S + end.tv_nsec - begin.tv_nsec;
		least = took < least ? took : least;
	}
	log_parser_free(parser);
	return least / 4;
}

/* Eight times the size may cost eight times as much; a quadratic step would cost 64 times. */
static void the_cost_of_a_line_is_that_of_its_size(void **state)
{
	static const char *const fills[] = {
		"[",	  "] ",
		", rip=", "): ",
		")<",	  " (",
		") [",	  ", relay=",
		"AUTH",	  "AUTH ",
		"auth x", "\\x0",
		"=\"",	  "' (password len=",
		", ip=[", ",1.2.3.4): ",
		"') ",	  ") [1.2.3.4]: 535 Incorrect authentication data"
	};

	(void)state;
	if (is_checked())
		skip();
	for (size_t i = 0; i < COUNT(shapes); i++)
		for (size_t fill = 0; fill < COUNT(fills); fill++) {
			const char *hole = strstr(shapes[i].line, "{}");
			char line[2][LOG_LINE_MAX];
			int64_t small, big;

			for (size_t n = 0; n < 2; n++) {
				size_t size = n ? LOG_LINE_MAX : LOG_LINE_MAX / 8;
				size_t tail = strlen(hole + 2), used = strlen(fills[fill]);
				char *out = line[n];

				out = put(out, shapes[i].line, (size_t)(hole - shapes[i].line));
				for (size_t at = (size_t)(out - line[n]); at < size; at++)
					line[n][at] = fills[fill][at % used];
				memcpy(line[n] + size - tail, hole + 2, tail);
			}
			small = cost_ns(&shapes[i], line[0], LOG_LINE_MAX / 8);
			big = cost_ns(&shapes[i], line[1], LOG_LINE_MAX);
			if (big > 30 * small + 100000)
				fail_msg("'%s' in %s: %lld ns, eight times as long %lld ns",
					 fills[fill], shapes[i].line, (long long)small,
					 (long long)big);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_shape_is_understood_without_harm, new_parser,
						free_parser),
		cmocka_unit_test_setup_teardown(text_of_a_client_forges_no_address, new_parser,
						free_parser),
		cmocka_unit_test_setup_teardown(many_forged_places_in_a_line_forge_none, new_parser,
						free_parser),
		cmocka_unit_test_setup_teardown(a_line_cut_anywhere_forges_no_address, new_parser,
						free_parser),
		cmocka_unit_test(the_cost_of_a_line_is_that_of_its_size),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
