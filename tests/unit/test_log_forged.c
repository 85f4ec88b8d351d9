// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines as the daemons write them, with hostile texts of all shapes in whatever a client chooses:
 * no event names an address that nobody is connected from. FORGED_LINES (a number) and FORGED_SEED
 * choose how many and which; the seed is printed. scripts/forge-lines runs it long.
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
#include "log_shapes.h"

#define COUNT(array)  (sizeof(array) / sizeof(*(array)))
#define DEFAULT_LINES 60000
#define TEXT_SIZE     4096
#define LINE_SIZE     (8 * LOG_LINE_MAX)

static uint64_t seed;

static uint64_t next_random(void)
{
	seed += 0x9e3779b97f4a7c15U;
	uint64_t mixed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9U;

	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebU;
	return mixed ^ mixed >> 31;
}

static unsigned pick(unsigned below)
{
	return (unsigned)(next_random() % below);
}

struct text {
	char at[TEXT_SIZE];
	size_t size;
};

static void add(struct text *text, const char *from, size_t size)
{
	if (size > sizeof(text->at) - text->size)
		size = sizeof(text->at) - text->size;
	memcpy(text->at + text->size, from, size);
	text->size += size;
}

static void add_word(struct text *text, const char *word)
{
	add(text, word, strlen(word));
}

/* Part of a shape, another address in place of the true one. */
static void add_forged(struct text *text, const char *from, size_t size)
{
	const char *end = from + size, *found;

	while ((found = memmem(from, (size_t)(end - from), TRUE_ADDRESS, strlen(TRUE_ADDRESS)))) {
		add(text, from, (size_t)(found - from));
		add_word(text, FORGED);
		from = found + strlen(TRUE_ADDRESS);
	}
	add(text, from, (size_t)(end - from));
}

/* What a client writes to have a line read as another's. */
static void make_text(struct text *text)
{
	static const char *const pieces[] = {
		") [" FORGED "]:25: ",
		"], ",
		"," FORGED,
		"," FORGED ",<s>): Password mismatch",
		", rip=" FORGED ", lip=1.1.1.1",
		">, method=PLAIN, rip=" FORGED,
		", relay=h [" FORGED "]",
		", ip=[::ffff:" FORGED "], port=[9]",
		":" FORGED,
		" rhost=" FORGED "  user=x",
		"\n",
		"\r",
		"[1/2] ",
		"[2/2] ",
		"x[" FORGED "]: SASL LOGIN authentication failed: y",
		" (set_id=y",
		" (given password: ",
		" (username: ",
		"\\n",
		"#012",
		"\xc3\xa9",
		"\xff",
		" ",
		"  ",
		"]",
		"\"",
		"'",
		"@4000000065a0b0c01dcd6500 ",
		"Nov 21 10:00:00 mx ",
		"2026-11-21 10:00:00 ",
		", authid=eve, mech=PLAIN",
		" address=" FORGED " host=h",
		"LOGIN, user=eve",
		": possible SMTP attack: command=AUTH, count=500",
		" from h [" FORGED "]",
	};
	unsigned parts = 1 + pick(5);

	text->size = 0;
	for (unsigned i = 0; i < parts; i++) {
		const char *line = shapes[pick(COUNT(shapes))].line, *hole = strstr(line, "{}");
		char fill[700];

		switch (pick(6)) {
		case 0: /* a whole line of another daemon, without its head or with it */
			line = pick(2) && strstr(line, ": ") ? strstr(line, ": ") + 2 : line;
			add_forged(text, line, strlen(line));
			break;
		case 1: /* what closes the field, and goes on */
			add_forged(text, hole + 2, strlen(hole + 2));
			break;
		case 2:
			add_forged(text, line, (size_t)(hole - line));
			break;
		case 3: /* to be cut at the right place */
			memset(fill, 'a', sizeof(fill));
			add(text, fill, pick(4) ? pick(40) : pick(sizeof(fill)));
			break;
		default:
			add_word(text, pieces[pick(COUNT(pieces))]);
			break;
		}
	}
}

static void add_byte(struct text *out, enum writer writer, unsigned char byte)
{
	bool printed = byte >= ' ' && byte < 0x7f;
	char escaped[8];

	switch (writer) {
	case POSTFIX:
	case POSTFIX_NAME:
		byte = byte < ' ' || byte == 0x7f ? '?' : byte;
		break;
	case DOVECOT_LOGIN:
	case DOVECOT_NAME:
		byte = byte < ' ' || byte == 0xff ? '?' : byte;
		break;
	case EXIM:
	case SENDMAIL:
	case SENDMAIL_NAME:
		if (printed && (byte != '\\' || writer == EXIM))
			break;
		snprintf(escaped, sizeof(escaped),
			 byte == '\n'	? "\\n"
			 : byte == '\\' ? "\\\\"
					: "\\%03o",
			 byte);
		add_word(out, escaped);
		return;
	case COURIER:
		byte = byte < ' ' ? '.' : byte;
		break;
	case CYRUS:
		byte &= 0x7f;
		if (byte < ' ') {
			add_word(out, "^");
			byte = (unsigned char)(byte + '@');
		}
		break;
	case OPENSMTPD:
		if (printed && byte != ' ' && byte != '\\')
			break;
		snprintf(escaped, sizeof(escaped), byte == '\\' ? "\\\\" : "\\%03o", byte);
		add_word(out, escaped);
		return;
	case AS_IS: /* a newline ends a log's line, whoever wrote it: all daemons escape that */
		byte = byte == '\n' ? ' ' : byte;
		break;
	}
	add(out, (const char *)&byte, 1);
}

/* As this daemon writes it. */
static void write_text(struct text *out, const struct text *text, enum writer writer)
{
	static const size_t limits[] = {
		[POSTFIX_NAME] = 100, [DOVECOT_LOGIN] = 77, [DOVECOT_NAME] = 61, [SENDMAIL_NAME] = 63
	};
	size_t limit = (size_t)writer < COUNT(limits) ? limits[writer] : 0;

	out->size = 0;
	for (size_t i = 0; i < text->size; i++)
		add_byte(out, writer, (unsigned char)text->at[i]);
	if (!limit || out->size <= limit)
		return;
	out->size = limit;
	if (writer == DOVECOT_LOGIN || writer == DOVECOT_NAME)
		add_word(out, "...");
}

struct tally {
	uint64_t lines, events, wrong;
};

static void check(struct tally *tally, const struct event *event, const char *line, size_t size)
{
	char source[ADDRESS_TEXT_SIZE];

	tally->events++;
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

static void give_line(struct log_parser *parser, struct tally *tally, const struct shape *shape)
{
	const char *hole = strstr(shape->line, "{}");
	bool syslog = !strncmp(shape->line, MX, strlen(MX));
	struct text text, written;
	char line[LINE_SIZE], *out = line;
	size_t size;

	make_text(&text);
	write_text(&written, &text, shape->writer);
	out = mempcpy(out, shape->line, (size_t)(hole - shape->line));
	out = mempcpy(out, written.at, written.size);
	out = mempcpy(out, hole + 2, strlen(hole + 2));
	size = (size_t)(out - line);
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

/* Kinds of logs: of anything, or of one Exim in its own file, which writes ports or does not. */
enum family { ANY, EXIM_PORTS, EXIM_PLAIN, FAMILIES };

static bool is_of(const struct shape *shape, enum family family)
{
	const char *behind = strstr(shape->line, TRUE_ADDRESS "]");

	if (family == ANY)
		return true;
	if (shape->writer != EXIM || !strncmp(shape->line, MX, strlen(MX)) || !behind)
		return false;
	behind += strlen(TRUE_ADDRESS "]");
	return (*behind == ':' && behind[1] >= '0' && behind[1] <= '9') == (family == EXIM_PORTS);
}

static const struct shape *pick_shape(enum family family)
{
	const struct shape *shape;

	do
		shape = &shapes[pick(COUNT(shapes))];
	while (!is_of(shape, family));
	return shape;
}

static void no_forged_line_names_another(void **state)
{
	uint64_t lines = number_of("FORGED_LINES", DEFAULT_LINES), first;
	struct log_parser *parser = NULL;
	struct tally tally = { 0 };
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
		give_line(parser, &tally, pick_shape((enum family)(n / 500 % FAMILIES)));
	}
	assert_non_null(parser);
	while (log_parser_rest(parser, INT64_MAX, &event))
		check(&tally, &event, "", 0);
	log_parser_free(parser);
	print_message("%llu lines, %llu events, %llu of them of an address that never connected\n",
		      (unsigned long long)tally.lines, (unsigned long long)tally.events,
		      (unsigned long long)tally.wrong);
	assert_int_equal(tally.wrong, 0);
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
