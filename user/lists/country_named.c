// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Country data as tables other than FIRST,LAST,CC: with titles (IPinfo: network, country_code);
 * IP2Location ("FIRST","LAST","CC","NAME", ends in decimal, IPv6 too); DB-IP's cities, with a
 * continent before the country; iptoasn (FIRST, LAST, CC or
 * FIRST, LAST, AS, CC, NAME, by tabs); geofeed (RFC 8805: PREFIX,CC,REGION,CITY,POSTAL). A row
 * without a country is one of unknown country. Not here: MaxMind's, which are two files.
 */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "lists/country_reader.h"

#define COLUMNS_MOST 32

enum shape { SHAPE_PREFIX, SHAPE_RANGE };

struct table {
	struct ranges *ranges;
	enum shape shape;
	char separator;
	size_t count;			   /* of columns; 0: any */
	size_t network, first, last, code; /* columns; either network, or first and last */
	bool titles;			   /* the first row has titles */
};

static int add(struct ranges *ranges, const struct address *first, const struct address *last,
	       uint32_t country)
{
	if (address_is4(first))
		return ranges_add4(ranges, address_to4(first), address_to4(last), country);
	return ranges_add6(ranges, (u128)address_high(first) << 64 | address_low(first),
			   (u128)address_high(last) << 64 | address_low(last), country);
}

/* Reads a decimal number of up to 128 bits, or an address as text. */
static bool read_end(const struct country_field *field, bool *mapped, struct address *address)
{
	u128 number = 0;

	if (!field->size || field->size > 45)
		return false;
	if (memchr(field->text, '.', field->size) || memchr(field->text, ':', field->size))
		return !address_parse(field->text, field->size, address);
	if (field->size > 39 || (field->size > 1 && *field->text == '0'))
		return false;
	for (size_t i = 0; i < field->size; i++) {
		unsigned digit = (unsigned char)field->text[i] - '0';

		if (digit > 9 || number > ((u128)-1 - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*mapped |= number > UINT32_MAX;
	*address = number > UINT32_MAX ? address_from_key(number) : address_from4((uint32_t)number);
	return true;
}

static bool is_empty(const struct country_field *code)
{
	return !code->size || (code->size == 1 && *code->text == '-') ||
	       (code->size == 4 && !memcmp(code->text, "None", 4));
}

static const char *read_row(const struct table *table, const struct country_field *fields,
			    int *error)
{
	const struct country_field *code = &fields[table->code];
	int country = is_empty(code) ? COUNTRY_ZZ : country_normal(code->text, code->size);
	struct address first, last;
	struct prefix prefix;
	bool wide = false;

	if (country < 0)
		return "the country is not two letters";
	if (table->shape == SHAPE_PREFIX) {
		const struct country_field *network = &fields[table->network];

		if (prefix_parse(network->text, network->size, &prefix))
			return "the network is no prefix";
		*error = ranges_add_prefix(table->ranges, &prefix, (uint32_t)country);
		return *error ? "no memory" : NULL;
	}
	if (!read_end(&fields[table->first], &wide, &first) ||
	    !read_end(&fields[table->last], &wide, &last))
		return "not a pair of addresses";
	if (address_is4(&first) != address_is4(&last))
		return wide ? NULL /* IP2Location's first row: everything below IPv6's addresses */
			    : "the range begins in one address family and ends in the other";
	if (address_compare(&first, &last) > 0)
		return "the range ends before it begins";
	*error = add(table->ranges, &first, &last, (uint32_t)country);
	return *error ? "no memory" : NULL;
}

static const char *read_line(const char *line, size_t size, void *context, int *error)
{
	struct country_field fields[COLUMNS_MOST];
	struct table *table = context;
	size_t count = country_quoted(line, size, table->separator, fields, COLUMNS_MOST);

	if (table->titles) {
		table->titles = false;
		return NULL;
	}
	if (count > COLUMNS_MOST || count <= table->code || (table->count && count != table->count))
		return "not as many columns as in the lines before";
	return read_row(table, fields, error);
}

static bool is(const struct country_field *field, const char *names)
{
	for (const char *at = names; *at;) {
		size_t size = strcspn(at, " ");

		if (size == field->size && !strncasecmp(at, field->text, size))
			return true;
		at += size + (at[size] == ' ');
	}
	return false;
}

/* Reads a row of titles: the columns of the network, or of both ends, and of the country's code. */
static bool read_titles(const struct country_field *fields, size_t count, struct table *table)
{
	enum { UNSEEN = COLUMNS_MOST };

	table->network = table->first = table->last = table->code = UNSEEN;
	for (size_t i = 0; i < count; i++) {
		if (is(&fields[i], "network cidr prefix ip_prefix"))
			table->network = i;
		else if (is(&fields[i], "start_ip ip_from first range_start"))
			table->first = i;
		else if (is(&fields[i], "end_ip ip_to last range_end"))
			table->last = i;
		else if (is(&fields[i], "country_code country_iso_code"))
			table->code = i;
		else if (is(&fields[i], "country") && table->code == UNSEEN)
			table->code = i;
	}
	table->count = count;
	table->titles = true;
	table->shape = table->network != UNSEEN ? SHAPE_PREFIX : SHAPE_RANGE;
	return table->code != UNSEEN &&
	       (table->network != UNSEEN || (table->first != UNSEEN && table->last != UNSEEN));
}

static bool is_code(const struct country_field *field)
{
	return is_empty(field) || country_normal(field->text, field->size) >= 0;
}

static bool is_end(const struct country_field *field)
{
	struct address address;
	bool mapped = false;

	return read_end(field, &mapped, &address);
}

static bool all_digits(const struct country_field *field)
{
	for (size_t i = 0; i < field->size; i++)
		if (field->text[i] < '0' || field->text[i] > '9')
			return false;
	return field->size;
}

/* Decides by the first line with content what table this is. */
static bool look(const char *line, size_t size, struct table *table)
{
	struct country_field fields[COLUMNS_MOST];
	struct prefix prefix;
	size_t count;

	*table = (struct table){ .separator = memchr(line, '\t', size) ? '\t' : ',', .last = 1 };
	count = country_quoted(line, size, table->separator, fields, COLUMNS_MOST);
	if (count < 2 || count > COLUMNS_MOST)
		return false;
	if (table->separator == ',' && read_titles(fields, count, table))
		return true;
	table->network = table->first = 0;
	table->last = 1;
	table->titles = false;
	table->count = 0;
	if (count == 5 && !prefix_parse(fields[0].text, fields[0].size, &prefix) &&
	    memchr(fields[0].text, '/', fields[0].size) && is_code(&fields[1])) {
		table->shape = SHAPE_PREFIX;
		table->code = 1;
		return true;
	}
	table->shape = SHAPE_RANGE;
	table->count = count;
	if (count < 3 || !is_end(&fields[0]) || !is_end(&fields[1]))
		return false;
	table->code = count >= 5 && all_digits(&fields[2]) ? 3 : 2;
	/* Three columns with commas are the common form, which has its own reader
	 * (country_csv.c). */
	return is_code(&fields[table->code]) && (table->separator == '\t' || count > 3);
}

/* The next line with content from *at on; false: none. */
static bool next_line(const char **at, const char *end, const char **line, size_t *size)
{
	while (*at < end) {
		const char *begin = *at, *newline = memchr(begin, '\n', (size_t)(end - begin));
		const char *stop = newline ? newline : end;

		*at = newline ? newline + 1 : end;
		while (stop > begin && (stop[-1] == '\r' || stop[-1] == ' '))
			stop--;
		*line = begin;
		*size = (size_t)(stop - begin);
		if (*size && *begin != '#')
			return true;
	}
	return false;
}

/* Whether the column before the country's has nothing but continents in the whole file (DB-IP's
 * cities): AS, NA, SA and AF are countries, too. */
static bool has_continents(const struct country_file *file, const struct table *table)
{
	const char *at = file->text, *end = at + file->size, *line;
	size_t size;

	while (next_line(&at, end, &line, &size)) {
		struct country_field fields[COLUMNS_MOST];
		size_t count = country_quoted(line, size, table->separator, fields, COLUMNS_MOST);

		if (count < 4 || count > COLUMNS_MOST ||
		    !is(&fields[2], "AF AN AS EU NA OC SA ZZ") || fields[3].size != 2 ||
		    !is_code(&fields[3]))
			return false;
	}
	return true;
}

static bool look_file(const struct country_file *file, struct table *table)
{
	const char *at = file->text, *line;
	size_t size;

	if (!next_line(&at, at + file->size, &line, &size) || !look(line, size, table))
		return false;
	if (table->shape == SHAPE_RANGE && !table->titles && table->code == 2 && table->count > 3 &&
	    has_continents(file, table))
		table->code = 3;
	return true;
}

static bool detect(const struct country_file *file)
{
	struct table table;

	return look_file(file, &table);
}

static int read_file(const struct country_file *file, struct ranges *ranges, struct fault *fault)
{
	struct table table;

	if (!look_file(file, &table))
		return fault_set(fault, -EBADMSG, "%s: no table of countries", file->name);
	table.ranges = ranges;
	return country_lines(file, read_line, &table, fault);
}

const struct country_format country_named = { detect, read_file };
