// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plain lists: one address, prefix or range "a-b" a line, with a comment behind '#' or ';'. FireHOL
 * .ipset and .netset, blocklist.de, Spamhaus DROP text. Not here: columns behind the address.
 */
#include "lists/list_reader.h"

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

/* Behind the characters that an address or prefix is made of. */
static const char *skip_address(const char *at, const char *end)
{
	while (at < end && *at && strchr("0123456789abcdefABCDEF:./", *at))
		at++;
	return at;
}

/* Nothing but a comment from here on. */
static bool at_end(const char *at, const char *end)
{
	at = skip_blanks(at, end);
	return at == end || *at == '#' || *at == ';';
}

/* A word that can only be meant as an address: it begins like one. */
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
	list_take_range(reader, line->number, at, (size_t)(first_end - at), second,
			(size_t)(second_end - second));
	return true;
}
