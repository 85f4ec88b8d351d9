// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Removes passwords from lines, so that they may be stored. Where it is unclear how far a password
 * reaches, the rest of the line is removed. Pure.
 */
#include "log/parse.h"

#include <ctype.h>
#include <string.h>
#include "log/scan.h"

#define REMOVED "[removed]"

/* Whether `word` stands at `at`, in capitals or small letters. */
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

/* vchkpw writes "(pass: 'x') ", where x may hold "') " itself: cuts up to the last one. */
static struct cut cut_vpopmail(struct span line, size_t from)
{
	size_t at = from ? SPAN_NONE : span_find(line, "password fail (pass: '"), end;

	if (at == SPAN_NONE)
		return (struct cut){ SPAN_NONE, 0 };
	at += strlen("password fail (pass: '");
	end = span_find_last(line, "') ");
	return (struct cut){ at, end == SPAN_NONE || end < at ? line.size : end };
}

/* Dovecot writes "(given password: x)", "(SHA1 of given password: x)", "PLAIN(x) != '...'": cuts to
 * the end of the line, since x may hold any bracket. */
static struct cut cut_dovecot(struct span line, size_t from)
{
	size_t at = from ? SPAN_NONE : span_find(line, "given password: ");

	if (at != SPAN_NONE)
		return (struct cut){ at + strlen("given password: "), line.size };
	at = from ? SPAN_NONE : span_find(line, ") != '");
	if (at != SPAN_NONE) {
		size_t begin = span_find(line, "): ");

		return (struct cut){ begin == SPAN_NONE || begin > at ? 0 : begin + 3, line.size };
	}
	return (struct cut){ SPAN_NONE, 0 };
}

/* The position behind the escaped ends of lines at `at`. */
static size_t skip_newlines(struct span line, size_t at)
{
	while (at + 1 < line.size && line.at[at] == '\\' && strchr("rn", line.at[at + 1]))
		at += 2;
	return at;
}

/* Whether nothing that the client sent follows, or only a command, which is examined by itself. */
static bool is_end(struct span line, size_t at)
{
	return at >= line.size || (unsigned char)line.at[at] <= ' ' || line.at[at] == '"' ||
	       is_word(line, at, "AUTH ") || is_word(line, at, "QUIT");
}

static bool is_mechanism(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '"';
}

/*
 * Cuts what a client sent, in protocol errors. Of "AUTH PLAIN AGJvYgBzZWNyZXQ=" the last word is
 * cut; of "AUTH LOGIN\r\nYm9i\r\nc2VjcmV0\r\n" (escaped by the logging daemon, or with '?' for each
 * control character) all up to the end of the line. In "AUTH LOGIN bob" the name stays.
 */
static struct cut cut_protocol(struct span line, size_t from)
{
	for (size_t at = from; (at = find_word(line, at, "AUTH")) != SPAN_NONE;) {
		size_t name, end;

		at += strlen("AUTH");
		name = at + (is_word(line, at, "ENTICATE") ? strlen("ENTICATE") : 0);
		if (name >= line.size || line.at[name] != ' ')
			continue;
		for (end = ++name; end < line.size && is_mechanism(line.at[end]);)
			end++;
		if (end < line.size && (line.at[end] == '\\' || line.at[end] == '?'))
			return (struct cut){ end, line.size };
		if (end >= line.size || line.at[end] != ' ')
			continue;
		name = is_word(line, name, "LOGIN") ? end_of_word(line, end + 1) : end + 1;
		end = end_of_word(line, end + 1);
		/* The client sent more at once: the next lines of the exchange. */
		if (!is_end(line, skip_newlines(line, end)))
			return (struct cut){ name, line.size };
		if (end > name)
			return (struct cut){ name, end };
	}
	return (struct cut){ SPAN_NONE, 0 };
}

/* Whether a client's command may begin here: behind "X: ", a quotation mark, an escaped end of
 * line, or a tag ("a1 LOGIN") that stands behind one of these. */
static bool begins_command(struct span line, size_t at, bool tagged)
{
	static const char before[] = "\"'`<?";
	size_t tag = at;

	if (!at || strchr(before, line.at[at - 1]))
		return true;
	if (at > 1 && line.at[at - 2] == '\\' && strchr("nr", line.at[at - 1]))
		return true;
	if (at > 3 && line.at[at - 4] == '\\' && !strncmp(line.at + at - 3, "012", 3))
		return true;
	if (line.at[at - 1] != ' ')
		return false;
	if (at > 1 && line.at[at - 2] == ':')
		return true;
	while (tag > 1 && (isalnum((unsigned char)line.at[tag - 2]) || line.at[tag - 2] == '.'))
		tag--;
	return tagged && tag < at && at - tag < 20 && begins_command(line, tag - 1, false);
}

/* Whether the word behind LOGIN or PASS is the daemon's own text and not what a client sent. */
static bool is_verdict(struct span word)
{
	static const char *const verdicts[] = { "authentication",
						"success",
						"succeeded",
						"failed",
						"failure",
						"attempt",
						"attempts",
						"rejected",
						"denied",
						"disabled",
						"on",
						"from",
						"by",
						"for",
						"as",
						"NEW",
						"OLD" };

	if (!word.size || strchr(":,;]", word.at[word.size - 1]))
		return true;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
		if (word.size == strlen(verdicts[i]) &&
		    !strncasecmp(word.at, verdicts[i], word.size))
			return true;
	return false;
}

/* Cuts "a1 LOGIN bob secret" behind the name, and "PASS secret" behind PASS, to the end of the
 * line: a password may hold blanks. */
static struct cut cut_command(struct span line, size_t from)
{
	for (size_t at = from; at < line.size; at++) {
		bool login = is_word(line, at, "LOGIN "), pass = is_word(line, at, "PASS ");
		size_t word = at + (login ? 6 : 5), end;

		if ((!login && !pass) || !begins_command(line, at, true))
			continue;
		end = end_of_word(line, word);
		if (is_verdict((struct span){ line.at + word, end - word }))
			continue;
		if (pass)
			return (struct cut){ word, line.size };
		if (end < line.size)
			return (struct cut){ end + 1, line.size };
	}
	return (struct cut){ SPAN_NONE, 0 };
}

/* Cuts the response in Dovecot's debug lines of the SASL exchange: "resp=AGJvYgBzZWNyZXQ=". */
static struct cut cut_response(struct span line, size_t from)
{
	size_t at = from ? SPAN_NONE : span_find(line, "resp=");

	if (at == SPAN_NONE || !at || (line.at[at - 1] != ' ' && line.at[at - 1] != '\t'))
		return (struct cut){ SPAN_NONE, 0 };
	return (struct cut){ at + strlen("resp="), end_of_word(line, at + strlen("resp=")) };
}

static size_t remove_cut(char copy[LOG_LINE_MAX], size_t size, struct cut cut)
{
	size_t tail = size - cut.end, mark = strlen(REMOVED);

	if (cut.begin + mark + tail > LOG_LINE_MAX)
		tail = LOG_LINE_MAX - cut.begin - mark;
	memmove(copy + cut.begin + mark, copy + cut.end, tail);
	mempcpy(copy + cut.begin, REMOVED, mark);
	return cut.begin + mark + tail;
}

void log_line_clean(const char *line, size_t size, char *text)
{
	static struct cut (*const cuts[])(struct span, size_t) = { cut_vpopmail, cut_dovecot,
								   cut_protocol, cut_command,
								   cut_response };
	char copy[LOG_LINE_MAX];
	struct span rest = { copy, size < LOG_LINE_MAX ? size : LOG_LINE_MAX };

	memcpy(copy, line, rest.size);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		for (size_t from = 0;;) {
			struct cut cut = cuts[i](rest, from);

			if (cut.begin == SPAN_NONE || cut.begin + strlen(REMOVED) > LOG_LINE_MAX)
				break;
			rest.size = remove_cut(copy, rest.size, cut);
			from = cut.begin + strlen(REMOVED);
		}
	}
	span_visible(rest, text, LOG_LINE_MAX + 1);
}
