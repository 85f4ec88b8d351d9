// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See country.h. The format is looked up in a table, so that a further one is a further row; now
 * tor-geoipdb's: "FIRST,LAST,CC" with decimal or textual addresses.
 */
#include "lists/country.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "lists/input.h"

struct country_format {
	const char *name;
	bool (*detect)(const char *text, size_t size);
	int (*read)(const char *name, const char *text, size_t size, struct ranges *ranges,
		    struct fault *fault);
};

/* A decimal number of 32 bits without leading zeros, or a textual address. */
static int read_end(const char *text, size_t size, struct address *address)
{
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

int country_normal(const char *text, size_t size)
{
	if (size == 2 && !memcmp(text, "??", 2))
		return COUNTRY_ZZ;
	if (size == 2 && (text[0] | 0x20) == 'u' && (text[1] | 0x20) == 'k')
		return country_from_text("GB", 2);
	return country_from_text(text, size);
}

/* NULL, or what is wrong with the line; *error is then -EBADMSG, or -ENOMEM. */
static const char *read_line(const char *line, size_t size, struct ranges *ranges, int *error)
{
	const char *comma = memchr(line, ',', size), *second;
	struct address first, last;
	int country;

	*error = -EBADMSG;
	second = comma ? memchr(comma + 1, ',', size - (size_t)(comma + 1 - line)) : NULL;
	if (!second)
		return "not of the form FIRST,LAST,COUNTRY";
	country = country_normal(second + 1, size - (size_t)(second + 1 - line));
	if (country < 0)
		return "the country is not two letters";
	if (read_end(line, (size_t)(comma - line), &first) ||
	    read_end(comma + 1, (size_t)(second - comma - 1), &last))
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

static int read_csv(const char *name, const char *text, size_t size, struct ranges *ranges,
		    struct fault *fault)
{
	const char *at = text, *end = text + size;
	size_t before = ranges->count4 + ranges->count6;

	for (size_t number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end, *wrong;
		size_t length;
		int error;

		while (stop > at && (stop[-1] == '\r' || stop[-1] == ' ' || stop[-1] == '\t'))
			stop--;
		length = (size_t)(stop - at);
		wrong = length && *at != '#' ? read_line(at, length, ranges, &error) : NULL;
		if (wrong)
			return fault_set(fault, error, "%s:%zu: %s; the file is damaged or not %s",
					 name, number, wrong, "country data of a known format");
		at = newline ? newline + 1 : end;
	}
	if (ranges->count4 + ranges->count6 == before)
		return fault_set(fault, -EBADMSG, "%s:1: holds no country ranges; fetch it again",
				 name);
	return 0;
}

static bool any_text(const char *text, size_t size)
{
	(void)text;
	(void)size;
	return true;
}

static const struct country_format formats[] = {
	{ "FIRST,LAST,COUNTRY lines", any_text, read_csv },
};

int country_read(const char *name, const char *text, size_t size, struct ranges *ranges,
		 struct fault *fault)
{
	if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		size -= 3;
	}
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (formats[i].detect(text, size))
			return formats[i].read(name, text, size, ranges, fault);
	return fault_set(fault, -EBADMSG, "%s:1: not country data of a known format", name);
}

static int load_file(const char *path, struct ranges *ranges, struct fault *fault)
{
	_cleanup_(input_free) struct input input = { 0 };
	int error = input_read(path, &input, fault);

	return error ? error : country_read(path, input.text, input.size, ranges, fault);
}

int country_load(char *const *files, size_t count, struct ranges *ranges, struct fault *fault)
{
	_cleanup_(ranges_free) struct ranges read = { 0 };

	for (size_t i = 0; i < count; i++) {
		int error = load_file(files[i], &read, fault);

		if (error)
			return error;
	}
	if (ranges_normalise(&read))
		return fault_set(fault, -ENOMEM, "no memory for the country data");
	*ranges = read;
	read = (struct ranges){ 0 };
	return 0;
}
