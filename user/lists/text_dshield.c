// SPDX-License-Identifier: GPL-2.0-or-later
/* DShield's block list: first, last, length, attacks, name, country, separated by tabs. See
 * list_reader.h. */
#include <stdio.h>
#include <string.h>

#include "lists/list_reader.h"

/* Whether first, last and length agree; otherwise the line is damaged. */
static bool agrees(const struct list_word fields[3])
{
	struct address first, last;
	struct prefix prefix;
	char text[PREFIX_TEXT_SIZE];
	struct ranges range = { 0 };
	bool same;

	snprintf(text, sizeof(text), "%.*s/%.*s", (int)fields[0].size, fields[0].text,
		 (int)fields[2].size, fields[2].text);
	if (address_parse(fields[0].text, fields[0].size, &first) ||
	    address_parse(fields[1].text, fields[1].size, &last) ||
	    prefix_parse(text, strlen(text), &prefix) || ranges_add_prefix(&range, &prefix, 0))
		return false;
	same = range.count4 == 1 && address_is4(&last) && range.v4[0].last == address_to4(&last);
	ranges_free(&range);
	return same;
}

bool list_dshield(struct list_reader *reader, const struct list_line *line)
{
	struct list_word fields[3];
	size_t count = list_fields(line, '\t', false, fields, 3);

	if (count < 3)
		return false;
	if (list_word_any(&fields[0], "Start start") && list_word_any(&fields[1], "End end")) {
		list_skip(reader);
		return true;
	}
	if (!list_is_entry(&fields[0]) || !list_is_entry(&fields[1]))
		return false;
	if (!list_is_number(&fields[2], 1, 2) || !agrees(fields))
		list_refuse(reader, line->number,
			    "first address, last address and length do not agree; fetch the file "
			    "again");
	else
		list_take_range(reader, line->number, fields[0].text, fields[0].size,
				fields[1].text, fields[1].size);
	return true;
}
