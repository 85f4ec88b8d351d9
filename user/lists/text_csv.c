// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CSV with a row of titles that names the column of the address (AbuseIPDB, StopForumSpam and
 * others), and without titles where the address alone stands first. A line of addresses only, with
 * commas or blanks between them, is one entry each. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <string.h>
#include <strings.h>

#define COLUMNS_MOST 32

static bool is_title(const struct list_word *field)
{
	static const char *const titles[] = { "ip",	   "ipaddress", "ip address", "ip_address",
					      "address",   "network",	"cidr",	      "prefix",
					      "ip_prefix", "src_ip",	"source_ip",  "subnet" };

	for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++)
		if (field->size == strlen(titles[i]) &&
		    !strncasecmp(field->text, titles[i], field->size))
			return true;
	return false;
}

static bool titles(struct list_reader *reader, const struct list_word *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list_is_entry(&fields[i]))
			return false;
	for (size_t i = 0; i < count; i++) {
		if (!is_title(&fields[i]))
			continue;
		reader->csv_column = i + 1;
		reader->csv_columns = count;
		list_skip(reader);
		return true;
	}
	return false;
}

/* Two addresses may be a range's ends, or an address and its mask; a mask has such a beginning. */
static bool may_be_several(const struct list_word *word)
{
	return list_is_entry(word) && (word->size < 4 || memcmp(word->text, "255.", 4) != 0) &&
	       (word->size < 2 || memcmp(word->text, "0.", 2) != 0);
}

/* Three or more fields, every one an entry; each is taken. */
static bool several(struct list_reader *reader, const struct list_line *line,
		    const struct list_word *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (count < 3 || !may_be_several(&fields[i]))
			return false;
	for (size_t i = 0; i < count; i++)
		list_take_entry(reader, line->number, fields[i].text, fields[i].size);
	return true;
}

/* Each word of a line that has nothing but addresses between blanks. */
static bool words(struct list_reader *reader, const struct list_line *line)
{
	size_t count = 0;

	for (unsigned pass = 0; pass < 2; pass++) {
		for (const char *at = line->text, *end = at + line->size; at < end;) {
			struct list_word word = { at, 0 };

			while (at < end && *at != ' ' && *at != '\t')
				at++;
			word.size = (size_t)(at - word.text);
			while (at < end && (*at == ' ' || *at == '\t'))
				at++;
			if (!may_be_several(&word))
				return false;
			count += !pass;
			if (pass)
				list_take_entry(reader, line->number, word.text, word.size);
		}
		if (count < 3)
			return false;
	}
	return true;
}

bool list_csv(struct list_reader *reader, const struct list_line *line)
{
	struct list_word fields[COLUMNS_MOST];
	size_t count = list_fields(line, ',', true, fields, COLUMNS_MOST);

	if (count == 1)
		return words(reader, line);
	if (reader->csv_column && count == reader->csv_columns && count <= COLUMNS_MOST) {
		const struct list_word *field = &fields[reader->csv_column - 1];

		list_take_entry(reader, line->number, field->text, field->size);
		return true;
	}
	if (reader->csv_column) {
		list_refuse(reader, line->number,
			    "%zu columns where the titles are %zu; fetch the file again", count,
			    reader->csv_columns);
		return true;
	}
	if (count > COLUMNS_MOST || titles(reader, fields, count) ||
	    several(reader, line, fields, count))
		return count <= COLUMNS_MOST;
	for (size_t i = 1; i < count; i++)
		if (list_is_entry(&fields[i]))
			return false; /* two addresses: which is meant? */
	if (!list_is_entry(&fields[0]))
		return false;
	list_take_entry(reader, line->number, fields[0].text, fields[0].size);
	return true;
}
