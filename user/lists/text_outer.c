// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines that no format knows and that begin something: "[allow]", "prefix-list trusted {",
 * "mynetworks =" with its continuation, "<!--". The bare addresses within could mean anything, and
 * are refused. A line that says more than an address ("deny A;", "-A INPUT -s A -j DROP") means the
 * same everywhere. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <ctype.h>
#include <string.h>

static bool opens(char c)
{
	return c == '{' || c == '[' || c == '(';
}

static bool closes(char c)
{
	return c == '}' || c == ']' || c == ')';
}

/* "[name]", not what was to be an address in brackets. */
static bool is_section(const struct list_line *line)
{
	struct list_word inside = { line->text + 1, line->size - 2 };

	return line->size > 2 && *line->text == '[' && line->text[line->size - 1] == ']' &&
	       isalpha((unsigned char)*inside.text) && !memchr(inside.text, ':', inside.size);
}

/* Nothing but an address, prefix or range, as lists and languages write it. */
static bool is_bare(const struct list_line *line)
{
	const char *at = line->text, *end = at + line->size;
	struct list_word word;

	while (at < end && *at && strchr("!-+ \t\"'[", *at))
		at++;
	word.text = at;
	while (at < end && *at && strchr("0123456789abcdefABCDEF:./", *at))
		at++;
	word.size = (size_t)(at - word.text);
	return list_is_entry(&word) && (at == end || (*at && strchr(" \t\"',;]#-", *at)));
}

/* How far a line is indented, in columns. */
static size_t indent_of(const char *at, const char *text)
{
	size_t columns = 0;

	for (; at < text; at++)
		columns = *at == '\t' ? columns / 8 * 8 + 8 : columns + 1;
	return columns;
}

void list_outer_begin(struct list_reader *reader, const struct list_line *line, const char *begin)
{
	struct list_outer *outer = &reader->outer;
	size_t indent = indent_of(begin, line->text);
	char last = line->text[line->size - 1];
	bool within = outer->line && (outer->depth || outer->section || indent > outer->indent);

	if (!within)
		*outer = (struct list_outer){ .line = line->number, .indent = indent };
	if (is_section(line))
		*outer = (struct list_outer){ line->number, indent, .section = true };
	else if (opens(last))
		outer->depth++;
	else if (line->size >= 4 && !memcmp(line->text, "<!--", 4) &&
		 !memmem(line->text, line->size, "-->", 3))
		outer->commented = true;
}

bool list_outer_has(struct list_reader *reader, const struct list_line *line, const char *begin)
{
	struct list_outer *outer = &reader->outer;
	size_t indent;

	if (!outer->line)
		return false;
	indent = indent_of(begin, line->text);
	if (outer->depth && closes(*line->text))
		outer->depth--;
	if (outer->commented && memmem(line->text, line->size, "-->", 3))
		outer->commented = false;
	if (!outer->depth && !outer->section && !outer->commented && indent <= outer->indent) {
		outer->line = 0;
		return false;
	}
	if (!is_bare(line))
		return false;
	list_refuse(reader, line->number,
		    "it belongs to line %zu, which is not understood; write the addresses as a "
		    "list of their own",
		    outer->line);
	return true;
}
