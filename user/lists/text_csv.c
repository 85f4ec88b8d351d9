// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CSV whose row of titles names the column of the address (AbuseIPDB, StopForumSpam and others), or
 * the columns of a range's ends, separated by commas, semicolons or tabs. Without titles a line is
 * taken if its first field is an address, and no other field is. A line of addresses only,
 * separated by commas or blanks, has one entry for each. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <string.h>
#include <strings.h>

#define COLUMNS_MOST LIST_COLUMNS_MOST

static bool is_any(const struct list_word *field, const char *const *titles)
{
	for (; *titles; titles++)
		if (field->size == strlen(*titles) &&
		    !strncasecmp(field->text, *titles, field->size))
			return true;
	return false;
}

static bool is_title(const struct list_word *field)
{
	static const char *const titles[] = { "ip",	   "ipaddress", "ip address", "ip_address",
					      "address",   "network",	"cidr",	      "prefix",
					      "ip_prefix", "src_ip",	"source_ip",  "subnet",
					      NULL };

	return is_any(field, titles);
}

/* Looks for titles of a range's ends, or CrowdSec's "duration,scope,value", as `cscli decisions
 * import` reads it. */
static void other_titles(const struct list_word *fields, size_t count, struct csv_columns *csv)
{
	static const char *const firsts[] = { "start",
					      "start_ip",
					      "startip",
					      "ip_start",
					      "first",
					      "first_ip",
					      "from",
					      "ip_from",
					      "begin",
					      "range_start",
					      "network_start_ip",
					      NULL };
	static const char *const lasts[] = { "end",	  "end_ip",	    "endip", "ip_end",
					     "last",	  "last_ip",	    "to",    "ip_to",
					     "range_end", "network_end_ip", NULL };
	size_t first = 0, value = 0;

	for (size_t i = 0; i < count; i++) {
		if (is_any(&fields[i], firsts))
			first = i + 1;
		else if (is_any(&fields[i], lasts))
			csv->last = i + 1;
		else if (list_word_is(&fields[i], "value"))
			value = i + 1;
		else if (list_word_is(&fields[i], "scope"))
			csv->scope = i + 1;
		else if (list_word_is(&fields[i], "type"))
			csv->type = i + 1;
		else if (list_word_is(&fields[i], "duration"))
			csv->duration = i + 1;
	}
	if (!csv->last)
		first = 0;
	if (first || !value || !(csv->scope || csv->duration))
		csv->scope = csv->type = csv->duration = 0;
	if (!first)
		csv->last = 0;
	csv->address = first ? first : csv->scope || csv->duration ? value : 0;
}

static bool titles(struct list_reader *reader, const struct list_word *fields, size_t count,
		   char separator)
{
	struct csv_columns csv = { .all = count, .separator = separator };

	for (size_t i = 0; i < count; i++)
		if (list_is_entry(&fields[i]))
			return false;
	for (size_t i = 0; i < count && !csv.address; i++)
		if (is_title(&fields[i]))
			csv.address = i + 1;
	if (!csv.address)
		other_titles(fields, count, &csv);
	if (!csv.address)
		return false;
	for (size_t i = 0; i < count; i++)
		if (i + 1 != csv.type)
			csv.tells[i] = (uint8_t)list_tells(&fields[i]);
	reader->csv = csv;
	list_skip(reader);
	return true;
}

/* Reads a row below the titles. */
static void row(struct list_reader *reader, size_t number, const struct list_word *fields)
{
	const struct csv_columns *csv = &reader->csv;
	const struct list_word *field = &fields[csv->address - 1], *last;

	if ((csv->scope || csv->duration) && reader->options->allow) {
		list_refuse(reader, number,
			    "a CrowdSec decision says nothing for an allow list; "
			    "import it with --deny");
		return;
	}
	if ((csv->scope && !list_word_any(&fields[csv->scope - 1], "ip Ip IP range Range")) ||
	    (csv->type && fields[csv->type - 1].size &&
	     !list_word_is(&fields[csv->type - 1], "ban")) ||
	    (csv->duration && fields[csv->duration - 1].size &&
	     *fields[csv->duration - 1].text == '-')) {
		list_skip(reader);
		return;
	}
	if (csv->duration)
		list_ends_in(reader, fields[csv->duration - 1].text,
			     fields[csv->duration - 1].size);
	for (size_t i = 0; i < csv->all; i++)
		if (csv->tells[i] && list_said(reader, number, csv->tells[i], &fields[i]))
			return;
	if (!csv->last) {
		list_take_entry(reader, number, field->text, field->size);
		return;
	}
	last = &fields[csv->last - 1];
	list_take_range(reader, number, field->text, field->size, last->text, last->size);
}

/* Whether the word may be one of several entries. Two addresses may be a range's ends, or an
 * address and its mask: a mask begins like this. */
static bool may_be_several(const struct list_word *word)
{
	return list_is_entry(word) && (word->size < 4 || memcmp(word->text, "255.", 4) != 0) &&
	       (word->size < 2 || memcmp(word->text, "0.", 2) != 0);
}

/* Takes each field of a line of three or more, if every one is an entry. */
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

/* Takes each word of a line that has only addresses, separated by blanks. */
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

/* A word beside the address of a row without titles that may say anything of it but that it is on
 * the list. */
static bool spares(const struct list_word *field)
{
	static const char *const words[] = { "allow",	"allowed",     "accept", "permit",
					     "pass",	"whitelist",   "white",	 "ok",
					     "trusted", "whitelisted", "ignore", "false",
					     "safe",	"off",	       NULL };

	return is_any(field, words);
}

/* A row of titles with other separators than commas. */
static bool other_separators(struct list_reader *reader, const struct list_line *line)
{
	static const char separators[] = ";\t";
	struct list_word fields[COLUMNS_MOST];

	for (size_t i = 0; separators[i]; i++) {
		size_t count = list_fields(line, separators[i], true, fields, COLUMNS_MOST);

		if (count > 1 && count <= COLUMNS_MOST &&
		    titles(reader, fields, count, separators[i]))
			return true;
	}
	return false;
}

bool list_csv_row(struct list_reader *reader, const struct list_line *line)
{
	struct list_word fields[COLUMNS_MOST];
	size_t count;

	if (!reader->csv.address)
		return false;
	count = list_fields(line, reader->csv.separator, true, fields, COLUMNS_MOST);
	if (count == 1)
		return false;
	if (count == reader->csv.all)
		row(reader, line->number, fields);
	else
		list_refuse(reader, line->number,
			    "%zu columns where the titles are %zu; fetch the file again", count,
			    reader->csv.all);
	return true;
}

bool list_csv(struct list_reader *reader, const struct list_line *line)
{
	struct list_word fields[COLUMNS_MOST];
	size_t count = list_fields(line, ',', true, fields, COLUMNS_MOST);

	if (count == 1)
		return words(reader, line) || other_separators(reader, line);
	if (count > COLUMNS_MOST || titles(reader, fields, count, ',') ||
	    several(reader, line, fields, count))
		return count <= COLUMNS_MOST;
	for (size_t i = 1; i < count; i++)
		if (list_is_entry(&fields[i]))
			return false; /* two addresses: it is unclear which one is meant */
	if (!list_is_entry(&fields[0]))
		return false;
	for (size_t i = 1; i < count; i++)
		if (spares(&fields[i]) || (count == 2 && list_word_is(&fields[i], "0"))) {
			list_refuse(reader, line->number,
				    "'%.*s' may mean that the address is none of the list; write a "
				    "row of titles, or the addresses alone",
				    (int)fields[i].size, fields[i].text);
			return true;
		}
	list_take_entry(reader, line->number, fields[0].text, fields[0].size);
	return true;
}
