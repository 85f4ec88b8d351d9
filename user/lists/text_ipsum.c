// SPDX-License-Identifier: GPL-2.0-or-later
/* ipsum: an address, a tab, and the number of lists that have it. The number is not used. See
 * list_reader.h. */
#include "lists/list_reader.h"

#include <string.h>

bool list_ipsum(struct list_reader *reader, const struct list_line *line)
{
	struct list_word fields[2];

	if (list_fields(line, '\t', false, fields, 2) != 2 || !list_is_entry(&fields[0]) ||
	    !list_is_number(&fields[1], 1, 3) || reader->postfix)
		return false;
	if (!strncmp(fields[1].text, "000", fields[1].size)) {
		list_refuse(reader, line->number, "a score of 0: it is on no list");
		return true;
	}
	reader->scores++; /* to Postfix, a number as the action permits: not both in one file */
	list_take_entry(reader, line->number, fields[0].text, fields[0].size);
	return true;
}
