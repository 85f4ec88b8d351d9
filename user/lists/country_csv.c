// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "FIRST,LAST,CC" lines, both ends inclusive: tor-geoipdb (IPv4 as decimal numbers), ip-location-db
 * and DB-IP (addresses as text), with or without quotes. Files that no other format takes are read
 * here.
 */
#include <string.h>

#include "lists/country_reader.h"

/* A decimal number of 32 bits without leading zeros, or a textual address. */
static int read_end(const struct country_field *field, struct address *address)
{
	const char *text = field->text;
	size_t size = field->size;
	uint64_t number = 0;

	if (!size)
		return -EINVAL;
	if (memchr(text, '.', size) || memchr(text, ':', size))
		return address_parse(text, size, address);
	if (size > 10 || (size > 1 && *text == '0'))
		return -EINVAL;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		number = number * 10 + (uint64_t)(text[i] - '0');
	}
	if (number > UINT32_MAX)
		return -EINVAL;
	*address = address_from4((uint32_t)number);
	return 0;
}

static void unquote(struct country_field *field)
{
	if (field->size >= 2 && *field->text == '"' && field->text[field->size - 1] == '"') {
		field->text++;
		field->size -= 2;
	}
}

static const char *read_line(const char *line, size_t size, void *context, int *error)
{
	struct ranges *ranges = context;
	struct country_field fields[3];
	struct address first, last;
	int country;

	if (country_fields(line, size, ',', fields, 3) != 3)
		return "not of the form FIRST,LAST,COUNTRY";
	for (size_t i = 0; i < 3; i++)
		unquote(&fields[i]);
	country = country_normal(fields[2].text, fields[2].size);
	if (country < 0)
		return "the country is not two letters";
	if (read_end(&fields[0], &first) || read_end(&fields[1], &last))
		return "not a pair of addresses";
	if (address_is4(&first) != address_is4(&last))
		return "the range begins in one address family and ends in the other";
	if (address_compare(&first, &last) > 0)
		return "the range ends before it begins";
	if (address_is4(&first))
		*error = ranges_add4(ranges, address_to4(&first), address_to4(&last),
				     (uint32_t)country);
	else
		*error = ranges_add6(ranges, (u128)address_high(&first) << 64 | address_low(&first),
				     (u128)address_high(&last) << 64 | address_low(&last),
				     (uint32_t)country);
	return *error ? "no memory" : NULL;
}

static bool detect(const struct country_file *file)
{
	(void)file;
	return true;
}

static int read_file(const struct country_file *file, struct ranges *ranges, struct fault *fault)
{
	return country_lines(file, read_line, ranges, fault);
}

const struct country_format country_csv = { detect, read_file };
