// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines that are told to be nothing by their first bytes: the long way finds nothing in them
 * either, in all the logs that real daemons wrote and in all lines of the other tests. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "log/parse.h"
#include "log/quick.h"

/* Events of a parser as text. */
struct way {
	struct log_parser *parser;
	char *text;
	size_t size;
	FILE *out;
};

static void open_way(struct way *way, bool deliveries)
{
	*way = (struct way){ .parser = log_parser_new() };
	assert_non_null(way->parser);
	log_parser_set_reference(way->parser, 1795348800 * NS_PER_S);
	log_parser_set_deliveries(way->parser, deliveries);
	way->out = open_memstream(&way->text, &way->size);
	assert_non_null(way->out);
}

static void put(struct way *way, const struct event *event)
{
	_cleanup_free_ char *json = NULL;

	json = event_to_json(event);
	fprintf(way->out, "%d %s\n", event->kind, json);
}

static void close_way(struct way *way)
{
	struct event event;

	while (log_parser_rest(way->parser, INT64_MAX, &event))
		put(way, &event);
	fclose(way->out);
	log_parser_free(way->parser);
}

static void give(struct way *way, const char *line, size_t size)
{
	struct event event;

	if (log_parser_line(way->parser, line, size, &event))
		put(way, &event);
}

/* What begins with a byte order mark goes the long way. */
static void compare(const char *path, bool deliveries, size_t *lines, size_t *told)
{
	static char marked[4 * LOG_LINE_MAX] = "\xef\xbb\xbf", *const line = marked + 3;
	struct way quick, full;
	gzFile in = gzopen(path, "rb");

	assert_non_null(in);
	open_way(&quick, deliveries);
	open_way(&full, deliveries);
	while (gzgets(in, line, sizeof(marked) - 3)) {
		struct span text = { line, strcspn(line, "\n") };
		struct stamp clock;
		bool missed;

		++*lines;
		give(&quick, line, text.size);
		give(&full, marked, text.size + 3);
		if (!quick_is_nothing(text, deliveries, &clock, &missed))
			continue;
		++*told;
		if (log_parser_missed(quick.parser) != log_parser_missed(full.parser) ||
		    log_parser_line_time(quick.parser) != log_parser_line_time(full.parser))
			fail_msg("%s: another way, another word: %s", path, line);
	}
	gzclose(in);
	close_way(&quick);
	close_way(&full);
	if (quick.size != full.size || memcmp(quick.text, full.text, quick.size) != 0)
		fail_msg("%s: other events than on the long way", path);
	free(quick.text);
	free(full.text);
}

static void what_is_told_quickly_is_nothing(void **state)
{
	size_t lines = 0, told = 0;
	glob_t found;

	(void)state;
	assert_int_equal(glob("tests/unit/data/real/*.log.gz", 0, NULL, &found), 0);
	assert_int_equal(glob("tests/unit/data/log/*.txt", GLOB_APPEND, NULL, &found), 0);
	for (size_t i = 0; i < 2 * found.gl_pathc; i++)
		compare(found.gl_pathv[i / 2], i % 2, &lines, &told);
	globfree(&found);
	print_message("%zu of %zu lines\n", told, lines);
	assert_true(told > 1000);
}

/* The line as a string of JSON, with what Docker escapes; NULL: it has other bytes. */
static char *escape(const char *line, size_t size, char *at)
{
	for (size_t i = 0; i < size; i++) {
		if (line[i] < ' ' || line[i] > '~')
			return NULL;
		if (line[i] == '"' || line[i] == '\\')
			*at++ = '\\';
		if (line[i] == '<' || line[i] == '>' || line[i] == '&')
			at += sprintf(at, "\\u%04x", (unsigned)line[i]);
		else
			*at++ = line[i];
	}
	return at;
}

enum wrapper { BY_ANYBODY, BY_DOCKER, SPACED, BY_COMPOSE, BY_SYSLOG, WRAPPER_COUNT };

/* How it is wrapped; 0: it cannot be. */
static size_t wrap(enum wrapper wrapper, const char *line, size_t size, char *out)
{
	static const char *const before[WRAPPER_COUNT] = {
		[BY_ANYBODY] = "{\"log\":\"",
		[BY_DOCKER] = "{\"log\":\"",
		[SPACED] = "{ \"log\": \"",
		[BY_COMPOSE] = "postfix-1  | ",
		[BY_SYSLOG] = " node docker/mail[812]: ",
	};
	static const char *const behind[WRAPPER_COUNT] = {
		[BY_ANYBODY] = "\\n\",\"stream\":\"stdout\"}",
		[BY_DOCKER] = "\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T10:00:00.12Z\"}",
		[SPACED] = "\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T10:00:00.12Z\"}",
		[BY_COMPOSE] = "",
		[BY_SYSLOG] = "",
	};
	char *at = out;

	if (wrapper == BY_SYSLOG && size < 15)
		return 0;
	if (wrapper == BY_SYSLOG)
		at = mempcpy(at, line, 15);
	at = stpcpy(at, before[wrapper]);
	at = wrapper < BY_COMPOSE ? escape(line, size, at) : mempcpy(at, line, size);
	return at ? (size_t)(stpcpy(at, behind[wrapper]) - out) : 0;
}

/* Gives all lines in two ways, which must say the same. `one`: WRAPPER_COUNT is the line alone. */
static void compare_wrapped(const char *path, enum wrapper one, enum wrapper other)
{
	static char line[LOG_LINE_MAX], first[8 * LOG_LINE_MAX], second[8 * LOG_LINE_MAX];
	gzFile in = gzopen(path, "rb");
	struct way left, right;

	assert_non_null(in);
	open_way(&left, false);
	open_way(&right, false);
	while (gzgets(in, line, sizeof(line))) {
		size_t size = strcspn(line, "\n"), first_size = size;
		size_t second_size = wrap(other, line, size, second);

		memcpy(first, line, size);
		if (one < WRAPPER_COUNT)
			first_size = wrap(one, line, size, first);
		if (!first_size || !second_size || first_size > LOG_LINE_MAX ||
		    second_size > LOG_LINE_MAX)
			continue;
		give(&left, first, first_size);
		give(&right, second, second_size);
		if (log_parser_missed(left.parser) != log_parser_missed(right.parser))
			fail_msg("%s: wrapped by %d, another word: %s", path, other, line);
	}
	gzclose(in);
	close_way(&left);
	close_way(&right);
	assert_true(left.size > 1000);
	assert_int_equal(left.size, right.size);
	assert_memory_equal(left.text, right.text, left.size);
	free(left.text);
	free(right.text);
}

static const char *const wrapped_paths[] = {
	"tests/unit/data/real/postfix-3.7-dovecot-verbose-2db-syslog.log.gz",
	"tests/unit/data/real/dovecot-2.3.19-verbose-syslog-2db.log.gz",
};

/* Of those that are told quickly within their wrapping, too. */
static void a_container_s_lines_say_what_they_say_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		compare_wrapped(wrapped_paths[i], WRAPPER_COUNT, BY_ANYBODY);
		compare_wrapped(wrapped_paths[i], WRAPPER_COUNT, BY_COMPOSE);
		compare_wrapped(wrapped_paths[i], WRAPPER_COUNT, BY_SYSLOG);
	}
}

/* Docker's own objects are read without looking for names. */
static void an_object_says_the_same_however_it_is_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		compare_wrapped(wrapped_paths[i], SPACED, BY_DOCKER);
}

static bool says(const char *line)
{
	struct log_parser *parser = log_parser_new();
	struct event event;
	bool found;

	assert_non_null(parser);
	found = log_parser_line(parser, line, strlen(line), &event) &&
		event.kind == EVENT_FAILURE && event.has_source &&
		address_to4(&event.source) == 0xc0000205;
	log_parser_free(parser);
	return found;
}

struct said {
	const char *line;
	bool says;
};

static void check_said(const struct said *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (says(lines[i].line) != lines[i].says)
			fail_msg("%s: %s", lines[i].says ? "says nothing" : "is believed",
				 lines[i].line);
}

/* What only looks like Docker's own object: an end of the text that is escaped, or none, members
 * that come twice, a stream that is none. */
static void only_docker_s_own_objects_are_read_so(void **state)
{
#define LINE                                                                                      \
	"Nov 21 10:00:00 mx postfix/smtpd[12]: warning: h[192.0.2.5]: SASL LOGIN authentication " \
	"failed: x"
#define FORGED                                                                        \
	"Nov 21 10:00:00 mx postfix/smtpd[12]: warning: h[198.51.100.9]: SASL LOGIN " \
	"authentication failed: x"
#define END "\",\"stream\":\"stdout\",\"time\":\"2026-11-21T10:00:00.1Z\"}"
	static const struct said lines[] = {
		{ "{\"log\":\"" LINE "\\n" END, true },
		{ "{\"log\":\"" LINE "\\n\",\"stream\":\"stderr\",\"time\":\"x\"}", true },
		{ "{\"log\":\"" LINE "\\\\\\n" END, true },
		{ "{\"log\":\"" LINE "\\u000a" END, true },
		/* Without its newline it is a part of one. */
		{ "{\"log\":\"" LINE END, false },
		{ "{\"log\":\"" LINE "\\\\n" END, false },
		/* One that is escaped ends no string. */
		{ "{\"log\":\"" LINE "\\n\\" END, false },
		{ "{\"log\":\"" LINE "\\n\",\"stream\":\"stdout\",\"time\":\"1\\\"}", false },
		/* The first of two counts. */
		{ "{\"log\":\"" LINE "\\n\",\"stream\":\"stdout\",\"time\":\"1\","
		  "\"log\":\"" FORGED "\\n\"}",
		  true },
		{ "{\"log\":\"" LINE "\\n\",\"stream\":\"stdout\",\"time\":\"1\"}}", false },
		{ "{\"log\":\"" LINE "\\n\",\"stream\":\"stdout\",\"time\":\"1\",\"}", false },
	};

	(void)state;
	check_said(lines, sizeof(lines) / sizeof(*lines));
}

/* Where a stranger's text may have ended a string, or no object is where a collector writes one. */
static void a_collector_s_object_is_sure_or_says_nothing(void **state)
{
	static const struct said lines[] = {
		{ "{\"message\":\"" LINE "\",\"process\":{\"name\":\"x\"}}", false },
		{ "{\"message\":\"" LINE "\",\"host\":{\"name\"}}", true },
		{ "{\"message\":\"" LINE "\",\"process\":{\"name\"}}", false },
		{ "{\"message\":\"" LINE "\",\"other\":\"a b=c\"}", false },
		{ "{\"other\":\"a b [c\",\"message\":\"" LINE "\"}", false },
		{ "{\"message\":\"" LINE "\",\"_HOSTNAME\":\"a b=c\"}", false },
		{ "{\"message\":\"" LINE "\",\"other\":\"ab=c\",\"inner\":{\"a\":\"a b=c\"}}",
		  true },
	};

	(void)state;
	check_said(lines, sizeof(lines) / sizeof(*lines));
}

/* A digit is one of ten: each of the other characters that are like one in four bits is none. */
static void a_stamp_has_digits(void **state)
{
	static const char shape[] = "2026-11-21T10:00:00.12345678901Z ";

	(void)state;
	for (size_t at = 0; shape[at] && shape[at] != 'Z'; at++)
		for (int c = 1; c < 256; c++) {
			char text[] = "2026-11-21T10:00:00.12345678901Z mx";
			struct span line = { text, strlen(text) };
			struct stamp stamp;
			bool right = c >= '0' && c <= '9';

			if (!(shape[at] >= '0' && shape[at] <= '9'))
				continue;
			text[at] = (char)c;
			if ((stamp_read(&line, &stamp) && stamp.kind == STAMP_DATE && stamp.zoned &&
			     stamp.text.size == strlen(shape) - 1 && span_is(line, "mx")) != right)
				fail_msg("%s", text);
		}
}

static void words_that_only_begin_so_are_read(void **state)
{
	static const char *const lines[] = {
		"Nov 21 10:00:00 mx postfix/smtpd[12]: disconnect from h[192.0.2.5] ehlo=1 "
		"auth=0/1 "
		"quit=1 commands=2/3",
		"Nov 21 10:00:00 mx postfix/cleanup[12]: 4F1A2B3C4D: milter-reject: END-OF-MESSAGE "
		"from "
		"h[192.0.2.5]: 5.7.1 no; from=<a@b> to=<c@d> proto=ESMTP helo=<h>",
		"Nov 21 10:00:00 mx postfix/smtp[12]: 4F1A2: to=<x@example.net>, "
		"relay=mx[198.51.100.7]:25, "
		"dsn=5.1.1, status=bounced (status=sent (no))",
		"Nov 21 10:00:00 mx postfix/smtp[12]: 4F1A2: to=<\"x>, status=sent "
		"(\"@example.net>, "
		"relay=mx[198.51.100.7]:25, dsn=5.1.1, status=bounced (no)",
		"Nov 21 10:00:00 mx dovecot: imap-login: Login: user=<bob>, method=PLAIN, "
		"rip=192.0.2.6, "
		"lip=192.0.2.1, session=<abc>",
		"Nov 21 10:00:00 mx webapp/smtpd[12]: connect from h[192.0.2.5] and so on and so "
		"on",
		"@4000000065647c3b1dcd6500 mx postfix/smtpd[12]: connect from h[192.0.2.5]",
		/* Only a container's lines are looked into. */
		"Nov 21 10:00:00 mx webapp[12]: Nov 21 10:00:00 mx postfix/smtpd[12]: connect from "
		"h[192.0.2.5]",
		"postfix-1 Nov 21 10:00:00 mx postfix/smtpd[12]: connect from h[192.0.2.5] and so "
		"on",
		"<22>2 2026-11-21T10:00:00Z mx postfix/smtpd 12 - - connect from h[192.0.2.5]",
		"<22>1 2026-11-21T10:00:00Z mx postfix/smtpd 12 - [a b=\"c\"] connect from "
		"h[192.0.2.5]",
	};
	struct stamp clock;
	bool missed;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (quick_is_nothing(span_of(lines[i]), false, &clock, &missed))
			fail_msg("told to be nothing: %s", lines[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_quickly_is_nothing),
		cmocka_unit_test(a_container_s_lines_say_what_they_say_alone),
		cmocka_unit_test(an_object_says_the_same_however_it_is_written),
		cmocka_unit_test(only_docker_s_own_objects_are_read_so),
		cmocka_unit_test(a_collector_s_object_is_sure_or_says_nothing),
		cmocka_unit_test(a_stamp_has_digits),
		cmocka_unit_test(words_that_only_begin_so_are_read),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
