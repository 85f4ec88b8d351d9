/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client writes to have a line read as another's, and the line that the daemon then writes.
 * Of test_log_forged.c alone.
 */
#ifndef LOG_FORGE_H
#define LOG_FORGE_H

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "log_crowded.h"
#include "log_shapes.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define TEXT_SIZE    4096

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
	static const char *const forms[] = { FORGED,	       FORGED,
					     FORGED,	       ("::ffff:" FORGED),
					     "2001:db8::9",    "IPv6:2001:db8::9",
					     "203.0.113.9:25", TRUE_ADDRESS };
	const char *end = from + size, *found;

	while ((found = memmem(from, (size_t)(end - from), TRUE_ADDRESS, strlen(TRUE_ADDRESS)))) {
		add(text, from, (size_t)(found - from));
		add_word(text, forms[pick(COUNT(forms))]);
		from = found + strlen(TRUE_ADDRESS);
	}
	add(text, from, (size_t)(end - from));
}

static const struct shape *any_shape(void)
{
	unsigned at = pick(COUNT(shapes) + COUNT(crowded));

	return at < COUNT(shapes) ? &shapes[at] : &crowded[at - COUNT(shapes)];
}

/* What a client writes into a hole of `into` to have a line read as another's. */
static void make_text(struct text *text, const struct shape *into)
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
		"\",\"message\":\"warning: x[" FORGED "]: SASL LOGIN authentication failed: y",
		"\",\"msg\":\"",
		"\",\"programname\":\"postfix/smtpd\",\"a\":\"",
		"\",\"syslogtag\":\"postfix/smtpd[1]:",
		"\",\"a\":\"",
		">, method=PLAIN, rip=" FORGED ", lip=192.0.2.1\",\"a\":\"b",
		"\"}",
		/* what is quoted in one hole ends in another */
		"=\"",
		" id=\"",
		" T=\"",
		" SNI=\"",
		"\" A=login:eve S=1 id=",
		" H=[" FORGED "] P=esmtpsa A=login:eve S=1",
		") [" FORGED "] P=esmtpsa A=login:eve S=1 id=",
		") [" TRUE_ADDRESS "] P=esmtpsa A=login:eve S=1 id=",
	};
	unsigned parts = 1 + pick(5);

	text->size = 0;
	for (unsigned i = 0; i < parts; i++) {
		const char *line = (pick(3) ? into : any_shape())->line, *hole = line;
		char fill[700];

		for (unsigned holes = 1 + pick(4); holes && strstr(hole, "{}"); holes--)
			hole = strstr(hole, "{}") + 2;
		switch (pick(6)) {
		case 0: /* a whole line of another daemon, without its head or with it */
			line = pick(2) && strstr(line, ": ") ? strstr(line, ": ") + 2 : line;
			add_forged(text, line, strlen(line));
			break;
		case 1: /* what closes the field, and goes on */
			add_forged(text, hole, strlen(hole));
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

/* What is in quotes has others only behind a backslash, if at all. */
static void quote_text(struct text *text)
{
	bool escapes = pick(2);
	struct text from = *text;

	text->size = 0;
	for (size_t i = 0; i < from.size; i++) {
		bool special = from.at[i] == '"' || from.at[i] == '\\';

		if (special && escapes)
			add_word(text, "\\");
		add(text, special && !escapes ? "_" : &from.at[i], 1);
	}
	/* No half of a pair where there was no more room. */
	if (text->size == sizeof(text->at))
		text->size = 0;
}

/* The name of an address in the DNS. */
static char *put_host(char *out, const struct shape *shape)
{
	static const char *const names[] = { "h", "unknown", "localhost", FORGED,
					     ("h." FORGED ".example") };
	struct text text;

	if (pick(4))
		return stpcpy(out, names[pick(COUNT(names))]);
	make_text(&text, shape);
	*out++ = 'h';
	for (size_t i = 0; i < text.size && i < 200; i++)
		if (isalnum((unsigned char)text.at[i]) || strchr(".-_", text.at[i]))
			*out++ = text.at[i];
	return out;
}

/* Its head: as it stands, or as other syslogs write it. */
static const char *put_head(char **out, const struct shape *shape)
{
	static const char *const heads[] = { MX, MX, "2026-11-21T10:00:00.123456+00:00 mx ",
					     "<22>Nov 21 10:00:00 mx ",
					     ("2026-11-21T10:00:00.123456789Z stdout F " MX) };

	if (strncmp(shape->line, MX, strlen(MX)) != 0)
		return shape->line;
	*out = stpcpy(*out, heads[pick(COUNT(heads))]);
	return shape->line + strlen(MX);
}

/* `strict`: of an Exim that takes no name for a host but one that could be one. */
static size_t make_line(char *line, const struct shape *shape, bool strict)
{
	struct text text, written;
	char *out = line, *shown = line;

	for (const char *at = put_head(&out, shape); *at;) {
		bool quoted = !strncmp(at, "{q}", 3), word = !strncmp(at, "{w}", 3);

		if (strict && !strncmp(at, "({}", 3)) {
			*out++ = '(';
			out = put_host(out, shape);
			at += 3;
		} else if (quoted || word || !strncmp(at, "{}", 2)) {
			make_text(&text, shape);
			if (quoted)
				quote_text(&text);
			for (size_t i = 0; i < text.size && word; i++)
				if (text.at[i] == ' ')
					text.at[i] = '\t'; /* which is escaped */
			write_text(&written, &text, shape->writer);
			out = mempcpy(out, written.at, written.size);
			at += quoted || word ? 3 : 2;
		} else if (!strncmp(at, "{h}", 3)) {
			out = put_host(out, shape);
			at += 3;
		} else if (!strncmp(at, "{<}", 3)) {
			shown = out;
			at += 3;
		} else if (!strncmp(at, "{>}", 3)) {
			out = out - shown > 100 ? shown + 100 : out;
			at += 3;
		} else {
			*out++ = *at++;
		}
	}
	return (size_t)(out - line);
}

#endif
