// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines as they may be stored: without passwords. Where it is unclear how far a password reaches,
 * the rest of the line goes. Pure.
 */
#include "log/parse.h"

#include <ctype.h>
#include <string.h>
#include "log/scan.h"

#define REMOVED "[removed]"

/* Without regard to case. */
static bool is_word(struct span line, size_t at, const char *word)
{
	size_t size = strlen(word);

	return at + size <= line.size && !strncasecmp(line.at + at, word, size);
}

static size_t find_word(struct span line, size_t from, const char *word)
{
	for (size_t at = from; at < line.size; at++)
		if (is_word(line, at, word))
			return at;
	return SPAN_NONE;
}

static size_t end_of_word(struct span line, size_t at)
{
	while (at < line.size && (unsigned char)line.at[at] > ' ' && line.at[at] != '\\')
		at++;
	return at;
}

struct cut { /* bytes to leave out; begin == SPAN_NONE: none */
	size_t begin, end;
};

/* vchkpw: "(pass: 'x') ", where x may hold "') " itself: up to the last one. */
static struct cut cut_vpopmail(struct span line)
{
	size_t at = span_find(line, "password fail (pass: '"), end;

	if (at == SPAN_NONE)
		return (struct cut){ SPAN_NONE, 0 };
	at += strlen("password fail (pass: '");
	end = span_find_last(line, "') ");
	return (struct cut){ at, end == SPAN_NONE || end < at ? line.size : end };
}

/* Dovecot: "(given password: x)", "(SHA1 of given password: x)", "PLAIN(x) != '...'": to the end,
 * since x may hold any bracket. */
static struct cut cut_dovecot(struct span line)
{
	size_t at = span_find(line, "given password: ");

	if (at != SPAN_NONE)
		return (struct cut){ at + strlen("given password: "), line.size };
	at = span_find(line, ") != '");
	if (at != SPAN_NONE) {
		size_t from = span_find(line, "): ");

		return (struct cut){ from == SPAN_NONE || from > at ? 0 : from + 3, line.size };
	}
	return (struct cut){ SPAN_NONE, 0 };
}

/*
 * What a client sent, in protocol errors: "AUTH PLAIN AGJvYgBzZWNyZXQ=" to the end of that word,
 * "AUTH LOGIN\r\nYm9i\r\nc2VjcmV0\r\n" (escaped so by the logging daemon) to the end of the line.
 * "AUTH LOGIN bob" is a name, which stays.
 */
static struct cut cut_protocol(struct span line)
{
	for (size_t at = 0; (at = find_word(line, at, "AUTH")) != SPAN_NONE;) {
		size_t name, end;

		at += strlen("AUTH");
		name = at + (is_word(line, at, "ENTICATE") ? strlen("ENTICATE") : 0);
		if (name >= line.size || line.at[name] != ' ')
			continue;
		name++;
		end = end_of_word(line, name);
		if (end < line.size && line.at[end] == '\\')
			return (struct cut){ end, line.size };
		if (end < line.size && line.at[end] == ' ' && !is_word(line, name, "LOGIN"))
			return (struct cut){ end + 1, end_of_word(line, end + 1) };
	}
	return (struct cut){ SPAN_NONE, 0 };
}

/* Dovecot's debug lines of the SASL exchange: "resp=AGJvYgBzZWNyZXQ=". */
static struct cut cut_response(struct span line)
{
	size_t at = span_find(line, "resp=");

	if (at == SPAN_NONE || !at || (line.at[at - 1] != ' ' && line.at[at - 1] != '\t'))
		return (struct cut){ SPAN_NONE, 0 };
	return (struct cut){ at + strlen("resp="), end_of_word(line, at + strlen("resp=")) };
}

void log_line_clean(const char *line, size_t size, char *text)
{
	static struct cut (*const cuts[])(struct span) = { cut_vpopmail, cut_dovecot, cut_protocol,
							   cut_response };
	char copy[LOG_LINE_MAX];
	struct span rest = { copy, size < LOG_LINE_MAX ? size : LOG_LINE_MAX };

	memcpy(copy, line, rest.size);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		struct cut cut = cuts[i](rest);
		size_t tail, mark = strlen(REMOVED);

		if (cut.begin == SPAN_NONE || cut.begin + mark > LOG_LINE_MAX)
			continue;
		tail = rest.size - cut.end;
		if (cut.begin + mark + tail > LOG_LINE_MAX)
			tail = LOG_LINE_MAX - cut.begin - mark;
		memmove(copy + cut.begin + mark, copy + cut.end, tail);
		mempcpy(copy + cut.begin, REMOVED, mark);
		rest.size = cut.begin + mark + tail;
	}
	span_visible(rest, text, LOG_LINE_MAX + 1);
}
