// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Delegated files of the regional registries (and the NRO's of all of them), plain and extended,
 * versions 2 and 2.x: REGISTRY|CC|TYPE|START|VALUE|DATE|STATUS. VALUE is a number of addresses for
 * ipv4, and a prefix length for ipv6. The summary lines tell how many records there must be.
 */
#include <ctype.h>
#include <string.h>

#include "lists/country_reader.h"

enum type { TYPE_ASN, TYPE_IPV4, TYPE_IPV6, TYPE_COUNT };

static const char *const type_names[TYPE_COUNT] = { "asn", "ipv4", "ipv6" };

struct rir {
	struct ranges *ranges;
	uint64_t seen[TYPE_COUNT], promised[TYPE_COUNT];
	bool summed[TYPE_COUNT];
};

static bool is(const struct country_field *field, const char *text)
{
	return field->size == strlen(text) && !memcmp(field->text, text, field->size);
}

static bool number(const struct country_field *field, uint64_t *value)
{
	*value = 0;
	if (!field->size || field->size > 12)
		return false;
	for (size_t i = 0; i < field->size; i++) {
		if (!isdigit((unsigned char)field->text[i]))
			return false;
		*value = *value * 10 + (uint64_t)(field->text[i] - '0');
	}
	return true;
}

static int type_of(const struct country_field *field)
{
	for (int type = 0; type < TYPE_COUNT; type++)
		if (is(field, type_names[type]))
			return type;
	return -1;
}

/* "2|ripencc|..." or "2.3|nro|...". All records that were announced before a header must have
 * come. */
static bool is_header(const struct country_field *fields)
{
	return fields[0].size && *fields[0].text == '2' &&
	       (fields[0].size == 1 || fields[0].text[1] == '.');
}

static const char *check_counts(const struct rir *rir)
{
	for (int type = 0; type < TYPE_COUNT; type++) {
		if (!rir->summed[type] && rir->seen[type])
			return "a summary line is missing";
		if (rir->summed[type] && rir->seen[type] != rir->promised[type])
			return "there are more or fewer records than the summary lines say: cut "
			       "short";
	}
	return NULL;
}

static const char *add(struct rir *rir, const struct country_field *fields, uint64_t value,
		       int country, int *error)
{
	struct address address;

	if (address_parse(fields[3].text, fields[3].size, &address))
		return "not an address";
	if (is(&fields[2], "ipv4")) {
		uint32_t first = address_is4(&address) ? address_to4(&address) : 0;

		if (!address_is4(&address) || !value || value > (1ULL << 32) - first)
			return "not so many addresses from there on";
		*error = ranges_add4(rir->ranges, first, (uint32_t)(first + value - 1),
				     (uint32_t)country);
	} else {
		struct prefix prefix = { .address = address, .length = (uint32_t)value };
		struct address masked;

		if (address_is4(&address) || !value || value > 128)
			return "not an IPv6 prefix";
		masked = address_mask(&address, prefix.length);
		if (address_compare(&masked, &address))
			return "bits beyond the length are set";
		*error = ranges_add_prefix(rir->ranges, &prefix, (uint32_t)country);
	}
	return *error ? "no memory" : NULL;
}

static const char *record(struct rir *rir, const struct country_field *fields, size_t count,
			  int *error)
{
	int type = type_of(&fields[2]), country;
	uint64_t value;

	if (type < 0 || count < 7)
		return "not a record of registry, country, type, start, value, date and status";
	rir->seen[type]++;
	if (!number(&fields[4], &value))
		return "the value is not a number";
	if (type == TYPE_ASN || (!is(&fields[6], "allocated") && !is(&fields[6], "assigned")))
		return NULL;
	country = country_normal(fields[1].text, fields[1].size);
	if (!fields[1].size)
		return NULL;
	return country < 0 ? "the country is not two letters"
			   : add(rir, fields, value, country, error);
}

static const char *read_line(const char *line, size_t size, void *context, int *error)
{
	struct rir *rir = context;
	struct country_field fields[7];
	size_t count = country_fields(line, size, '|', fields, 7);
	const char *wrong;

	if (count < 6)
		return "not a line of a delegated file";
	if (is(&fields[5], "summary")) {
		int type = type_of(&fields[2]);

		if (type < 0 || !number(&fields[4], &rir->promised[type]))
			return "not a summary of asn, ipv4 or ipv6";
		rir->summed[type] = true;
		return NULL;
	}
	if (!is_header(fields))
		return record(rir, fields, count, error);
	wrong = check_counts(rir);
	*rir = (struct rir){ .ranges = rir->ranges };
	return wrong;
}

/* The header is the first line that is no comment. */
static bool detect(const struct country_file *file)
{
	const char *at = file->text, *end = at + file->size, *newline;
	struct country_field fields[7];

	while (at < end && (*at == '#' || isspace((unsigned char)*at))) {
		newline = memchr(at, '\n', (size_t)(end - at));
		at = newline ? newline + 1 : end;
	}
	if (at == end)
		return false;
	newline = memchr(at, '\n', (size_t)(end - at));
	if (newline)
		end = newline;
	return country_fields(at, (size_t)(end - at), '|', fields, 7) >= 7 && is_header(fields);
}

static int read_file(const struct country_file *file, struct ranges *ranges, struct fault *fault)
{
	struct rir rir = { .ranges = ranges };
	int error = country_lines(file, read_line, &rir, fault);
	const char *wrong = error ? NULL : check_counts(&rir);

	if (!error && !wrong && (!rir.summed[TYPE_IPV4] || !rir.summed[TYPE_IPV6]))
		wrong = "the summary lines are missing";
	return wrong ? fault_set(fault, -EBADMSG, "%s: %s; fetch it again", file->name, wrong)
		     : error;
}

const struct country_format country_rir = { detect, read_file };
