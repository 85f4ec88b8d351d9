// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines as the daemons write them, with hostile texts of all shapes in whatever a client chooses:
 * no event names an address that nobody is connected from, and no message of Exim's an account that
 * did not log in. FORGED_LINES (a number) and FORGED_SEED choose how many and which; the seed is
 * printed. tests/forge/run runs it long.
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
#include "log/parse.h"
#include "log_forge.h"

#define DEFAULT_LINES 60000
#define LINE_SIZE     (8 * LOG_LINE_MAX)

struct tally {
	uint64_t lines, events, wrong, wrong_accounts;
	const char *account; /* as in struct shape */
};

/* Whether this message's account, or that it is one, comes from a client's text. */
static bool is_forged_message(const struct tally *tally, const struct event *event)
{
	if (!tally->account || event->daemon != EVENT_DAEMON_EXIM || event->kind != EVENT_MESSAGE)
		return false;
	return !*tally->account ||
	       (event->has_account && strcmp(event->account, tally->account) != 0);
}

static void check(struct tally *tally, const struct event *event, const char *line, size_t size)
{
	char source[ADDRESS_TEXT_SIZE];

	tally->events++;
	if (is_forged_message(tally, event) && tally->wrong_accounts++ < 5)
		print_error("account '%s', of: %.*s\n", event->account, (int)size, line);
	if (!event->has_source)
		return;
	address_format(&event->source, source);
	if (!strcmp(source, TRUE_ADDRESS))
		return;
	if (tally->wrong++ < 5)
		print_error("%s, of: %.*s\n", source, (int)size, line);
}

static void give(struct log_parser *parser, struct tally *tally, const char *line, size_t size)
{
	struct event event;

	tally->lines++;
	if (log_parser_line(parser, line, size, &event))
		check(tally, &event, line, size);
}

/* A message behind a syslog's head, in pieces as the daemon hands it over. */
static void give_pieces(struct log_parser *parser, struct tally *tally, const char *line,
			size_t size, size_t piece, bool marked)
{
	const char *text = memmem(line, size, ": ", 2);
	size_t head = text ? (size_t)(text + 2 - line) : 0, left = size - head, all;
	char copy[LINE_SIZE];

	all = (left + piece - 1) / piece;
	memcpy(copy, line, head);
	for (size_t i = 0; i < all; i++) {
		size_t used = head, part = left < piece ? left : piece;

		if (marked && all > 1)
			used += (size_t)sprintf(copy + used, "[%zu/%zu] ", i + 1, all);
		memcpy(copy + used, line + size - left, part);
		left -= part;
		give(parser, tally, copy, used + part);
	}
}

static void give_line(struct log_parser *parser, struct tally *tally, const struct shape *shape,
		      bool strict)
{
	bool syslog = !strncmp(shape->line, MX, strlen(MX));
	char line[LINE_SIZE];
	size_t size = make_line(line, shape, strict);

	tally->account = shape->account;
	if (shape->before)
		give(parser, tally, shape->before, strlen(shape->before));
	if (syslog && shape->writer == EXIM)
		give_pieces(parser, tally, line, size, 870, true);
	else if (shape->writer == COURIER)
		give_pieces(parser, tally, line, size, 511, false);
	else if (syslog && size > 1024 && pick(2)) /* some syslogs cut here */
		give(parser, tally, line, 1024);
	else
		give(parser, tally, line, size);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

/* Kinds of logs: of anything, or of one Exim in its own file, which writes ports or does not, and
 * refuses a given name that could be none of a host (EXIM_STRICT; the others take any). */
enum family { ANY, EXIM_PORTS, EXIM_PLAIN, EXIM_STRICT, FAMILIES };

static bool is_of(const struct shape *shape, enum family family)
{
	const char *behind = strstr(shape->line, TRUE_ADDRESS "]");

	if (family == ANY)
		return true;
	if (shape->writer != EXIM || !strncmp(shape->line, MX, strlen(MX)) || !behind)
		return false;
	if (family == EXIM_STRICT)
		return strncmp(shape->line, "2026", 4) == 0 && !strstr(shape->line, "(x{}");
	behind += strlen(TRUE_ADDRESS "]");
	return (*behind == ':' && behind[1] >= '0' && behind[1] <= '9') == (family == EXIM_PORTS);
}

static const struct shape *pick_shape(enum family family)
{
	const struct shape *shape;

	do
		shape = any_shape();
	while (!is_of(shape, family));
	return shape;
}

static void no_forged_line_names_another(void **state)
{
	uint64_t lines = number_of("FORGED_LINES", DEFAULT_LINES), first;
	struct log_parser *parser = NULL;
	static const char refused[] = "2026-11-21 10:00:00 rejected EHLO from h " AT
				      ": syntactically invalid argument(s): a b";
	struct tally tally = { 0 };
	enum family family;
	struct event event;

	(void)state;
	seed = first = number_of("FORGED_SEED", (uint64_t)time(NULL));
	print_message("FORGED_SEED=%llu\n", (unsigned long long)first);
	for (unsigned n = 0; tally.lines < lines; n++) {
		if (n % 500 == 0) {
			log_parser_free(parser);
			parser = log_parser_new();
			assert_non_null(parser);
			log_parser_set_reference(parser, 1795348800 * NS_PER_S);
		}
		family = (enum family)(n / 500 % FAMILIES);
		if (family == EXIM_STRICT && n % 20 == 0)
			give(parser, &tally, refused, strlen(refused));
		give_line(parser, &tally, pick_shape(family), family == EXIM_STRICT);
	}
	assert_non_null(parser);
	tally.account = NULL;
	while (log_parser_rest(parser, INT64_MAX, &event))
		check(&tally, &event, "", 0);
	log_parser_free(parser);
	print_message("%llu lines, %llu events, %llu of them of an address that never connected\n",
		      (unsigned long long)tally.lines, (unsigned long long)tally.events,
		      (unsigned long long)tally.wrong);
	assert_int_equal(tally.wrong, 0);
	assert_int_equal(tally.wrong_accounts, 0);
	/* It would be easy to name nobody, by reading nothing. */
	assert_true(tally.events > tally.lines / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(no_forged_line_names_another) };

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
