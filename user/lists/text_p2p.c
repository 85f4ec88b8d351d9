// SPDX-License-Identifier: GPL-2.0-or-later
/* P2P text: "Name: with colons:1.2.3.4-1.2.3.9", where the last colon ends the name. And
 * ipfilter.dat: "1.2.3.4 - 1.2.3.9 , 100 , Name", where a level of 128 or more lets through. See
 * list_reader.h. */
#include "lists/list_reader.h"

#include <stdlib.h>
#include <string.h>

/* Whether it is four numbers, strict or not: some programs pad with zeros, which others read as
 * octal. What begins like an address is read as one, or refused. */
static bool resembles_quad(const char *at, const char *end)
{
	unsigned dots = 0;

	if (at == end || *at == '.')
		return false;
	for (; at < end; at++) {
		if (*at == '.')
			dots++;
		else if (*at < '0' || *at > '9')
			return false;
	}
	return dots == 3;
}

static bool read_dat(struct list_reader *reader, const struct list_line *line)
{
	struct list_word fields[2];
	size_t count = list_fields(line, ',', false, fields, 2);
	const char *dash = fields[0].size ? memchr(fields[0].text, '-', fields[0].size) : NULL;
	const char *first_end = dash, *last, *end = fields[0].text + fields[0].size;

	if (count < 2 || !dash || dash == fields[0].text || dash[-1] != ' ' ||
	    !list_is_number(&fields[1], 1, 3))
		return false;
	while (first_end > fields[0].text && first_end[-1] == ' ')
		first_end--;
	for (last = dash + 1; last < end && *last == ' ';)
		last++;
	if (!resembles_quad(fields[0].text, first_end) || !resembles_quad(last, end))
		return false;
	if (fields[1].size == 3 && memcmp(fields[1].text, "127", 3) > 0)
		list_skip(reader);
	else
		list_take_range(reader, line->number, fields[0].text,
				(size_t)(first_end - fields[0].text), last, (size_t)(end - last));
	return true;
}

bool list_p2p(struct list_reader *reader, const struct list_line *line)
{
	const char *colon = memrchr(line->text, ':', line->size), *end = line->text + line->size;
	const char *dash = colon ? memchr(colon, '-', (size_t)(end - colon)) : NULL;

	if (!dash || !resembles_quad(colon + 1, dash) || !resembles_quad(dash + 1, end))
		return read_dat(reader, line);
	list_take_range(reader, line->number, colon + 1, (size_t)(dash - colon - 1), dash + 1,
			(size_t)(end - dash - 1));
	return true;
}
