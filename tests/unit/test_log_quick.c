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

/* {"log":"LINE\n","stream":"stdout"}, which tells no time of its own; 0: it has other bytes. */
static size_t wrap(const char *line, size_t size, char *out)
{
	char *at = stpcpy(out, "{\"log\":\"");

	for (size_t i = 0; i < size; i++) {
		if (line[i] < ' ' || line[i] > '~')
			return 0;
		if (line[i] == '"' || line[i] == '\\')
			*at++ = '\\';
		*at++ = line[i];
	}
	return (size_t)(stpcpy(at, "\\n\",\"stream\":\"stdout\"}") - out);
}

/* Of those that are told quickly within their wrapping, too. */
static void a_container_s_lines_say_what_they_say_alone(void **state)
{
	static const char *const paths[] = {
		"tests/unit/data/real/postfix-3.7-dovecot-verbose-2db-syslog.log.gz",
		"tests/unit/data/real/dovecot-2.3.19-verbose-syslog-2db.log.gz",
	};
	static char line[LOG_LINE_MAX], wrapped[3 * LOG_LINE_MAX];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		gzFile in = gzopen(paths[i], "rb");
		struct way alone, within;

		assert_non_null(in);
		open_way(&alone, false);
		open_way(&within, false);
		while (gzgets(in, line, sizeof(line))) {
			size_t size = wrap(line, strcspn(line, "\n"), wrapped);

			if (!size || size > LOG_LINE_MAX)
				continue;
			give(&alone, line, strcspn(line, "\n"));
			give(&within, wrapped, size);
		}
		gzclose(in);
		close_way(&alone);
		close_way(&within);
		assert_true(alone.size > 1000);
		assert_int_equal(alone.size, within.size);
		assert_memory_equal(alone.text, within.text, alone.size);
		free(alone.text);
		free(within.text);
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
		cmocka_unit_test(words_that_only_begin_so_are_read),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
