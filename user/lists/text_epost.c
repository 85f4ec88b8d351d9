// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * E-Post's rejectsmtpip.dat: address, time, lock, separated by tabs. "true" lets the address
 * through; an entry without a time is permanent. E-Post itself decides when an entry with a time
 * ends, so such an entry is taken. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <errno.h>
#include <strings.h>

static bool is(const struct list_word *word, const char *text, size_t size)
{
	return word->size == size && !strncasecmp(word->text, text, size);
}

bool list_epost(struct list_reader *reader, const struct list_line *line)
{
	struct list_word fields[3] = { { "", 0 }, { "", 0 }, { "", 0 } };
	size_t count = list_fields(line, '\t', false, fields, 3);
	char reason[LIST_REASON_SIZE];
	struct prefix prefix;
	bool allows;

	if (count < 2 || count > 3 || !list_is_entry(&fields[0]))
		return false;
	allows = is(&fields[2], "true", 4);
	/* A FILETIME (100 ns since 1601) of present times has 18 digits. */
	if ((fields[1].size && !list_is_number(&fields[1], 17, 19)) ||
	    (fields[2].size && !allows && !is(&fields[2], "false", 5)))
		return false;
	if (allows == reader->options->allow) {
		list_take_entry(reader, line->number, fields[0].text, fields[0].size);
	} else if (!allows) {
		list_give_up(reader,
			     "line %zu of rejectsmtpip.dat denies; import the file with "
			     "--deny",
			     line->number);
	} else if (list_parse_prefix(reader, fields[0].text, fields[0].size, &prefix, reason)) {
		list_refuse(reader, line->number, "an exception that cannot be honoured: %s",
			    reason);
	} else {
		list_skip(reader);
		if (ranges_add_prefix(&reader->except, &prefix, 0))
			reader->error = -ENOMEM;
	}
	return true;
}
