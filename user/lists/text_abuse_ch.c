// SPDX-License-Identifier: GPL-2.0-or-later
/* abuse.ch CSV (Feodo, SSLBL): a time stamp, then an address, with or without quotes. See
 * list_reader.h.
 */
#include "lists/list_reader.h"

#include <string.h>

/* Whether it is like "2022-06-04 21:24:53": digits where the pattern has a 0. */
static bool is_stamp(const struct list_word *word)
{
	static const char pattern[] = "0000-00-00 00:00:00";

	if (word->size != sizeof(pattern) - 1)
		return false;
	for (size_t i = 0; i < word->size; i++) {
		bool digit = word->text[i] >= '0' && word->text[i] <= '9';

		if (pattern[i] == '0' ? !digit : word->text[i] != pattern[i])
			return false;
	}
	return true;
}

bool list_abuse_ch(struct list_reader *reader, const struct list_line *line)
{
	struct list_word fields[2];

	if (list_fields(line, ',', true, fields, 2) < 2)
		return false;
	if (list_word_any(&fields[0], "first_seen_utc Firstseen firstseen first_seen") &&
	    list_word_any(&fields[1], "dst_ip DstIP dstip ip_address ip")) {
		list_skip(reader);
		return true;
	}
	if (!is_stamp(&fields[0]))
		return false;
	list_take_prefix(reader, line->number, fields[1].text, fields[1].size);
	return true;
}
