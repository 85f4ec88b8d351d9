// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plain lists: one address, prefix or range "a-b" a line, with a comment behind '#' or ';'. FireHOL
 * .ipset and .netset, blocklist.de, Spamhaus DROP text. Not here: columns behind the address.
 */
#include "lists/list_reader.h"

#include <stdio.h>
#include <string.h>

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && blank(*at))
		at++;
	return at;
}

/* The position behind the characters that addresses and prefixes consist of. */
static const char *skip_address(const char *at, const char *end)
{
	while (at < end && *at && strchr("0123456789abcdefABCDEF:./", *at))
		at++;
	return at;
}

/* Whether nothing but a comment follows. */
static bool at_end(const char *at, const char *end)
{
	const char *text = skip_blanks(at, end);

	return text == end || *text == '#' || *text == ';' ||
	       (text > at && end - text > 1 && !memcmp(text, "//", 2));
}

/* Reads "[2001:db8::1]", "[2001:db8::]/32", and entries in quotes, perhaps with a comma behind
 * them. */
static bool enclosed(struct list_reader *reader, const struct list_line *line)
{
	const char *begin = line->text + 1, *end = line->text + line->size, *close;
	char text[96], closing = *line->text == '[' ? ']' : *line->text;
	int rest = 0;

	close = memchr(begin, closing, (size_t)(end - begin));
	if (!close || close - begin > 80 || memchr(begin, '\0', (size_t)(close - begin)))
		return false;
	if (closing == ']' && close + 1 < end && close[1] == '/')
		for (rest = 1; rest < 4 && close + 1 + rest < end && close[1 + rest] >= '0' &&
			       close[1 + rest] <= '9';)
			rest++;
	snprintf(text, sizeof(text), "%.*s%.*s", (int)(close - begin), begin, rest, close + 1);
	close += 1 + rest;
	if (closing != ']' && close < end && *close == ',')
		close++;
	if (!at_end(close, end) || !list_is_entry(&(struct list_word){ text, strlen(text) }))
		return false;
	list_take_entry(reader, line->number, text, strlen(text));
	return true;
}

/* Whether a word can only be meant as an address, because it begins like one. */
static bool looks_like_address(const char *text, size_t size)
{
	if (!size)
		return false;
	return (*text >= '0' && *text <= '9') || memchr(text, ':', size);
}

bool list_plain(struct list_reader *reader, const struct list_line *line)
{
	const char *at = line->text, *end = at + line->size;
	const char *first_end = skip_address(at, end), *second, *second_end;
	struct address address;

	if (*at == '[' || *at == '"' || *at == '\'')
		return enclosed(reader, line);
	if (!looks_like_address(at, (size_t)(first_end - at)))
		return false;
	if (at_end(first_end, end) && (first_end == end || *first_end != '-')) {
		list_take_prefix(reader, line->number, at, (size_t)(first_end - at));
		return true;
	}
	second = skip_blanks(first_end, end);
	if (second == end || *second != '-')
		return false;
	second = skip_blanks(second + 1, end);
	second_end = skip_address(second, end);
	if (second == second_end || !at_end(second_end, end))
		return false;
	/* A name of a P2P list may consist of such letters: "ACE:192.0.2.0-192.0.2.9". */
	if (memchr(at, ':', (size_t)(first_end - at)) &&
	    memchr(at, '.', (size_t)(first_end - at)) &&
	    address_parse(at, (size_t)(first_end - at), &address))
		return false;
	list_take_range(reader, line->number, at, (size_t)(first_end - at), second,
			(size_t)(second_end - second));
	return true;
}
