// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * MaxMind's CSV (GeoLite2-Country-CSV, a folder or a zip): "Blocks" has networks, each with the
 * number of its country; "Locations" has the country of each number. A network without such a
 * number has that of the country where it is registered.
 */
#include <stdlib.h>
#include <string.h>

#include "lists/country_reader.h"

struct location {
	uint64_t number;
	uint32_t country;
};

struct locations {
	struct location *items;
	size_t count, room;
	bool titled;
	size_t code; /* column of country_iso_code */
};

struct country_maxmind_blocks {
	const struct locations *locations;
	struct ranges *ranges;
	bool titled;
};

static bool ends_with(const char *name, const char *end)
{
	size_t size = strlen(name);

	return size >= strlen(end) && !strcmp(name + size - strlen(end), end);
}

int country_maxmind_offer(struct country_maxmind *maxmind, const char *path, char *text,
			  size_t size)
{
	static const char *const ends[] = { "-Locations-en.csv", "-Blocks-IPv4.csv",
					    "-Blocks-IPv6.csv" };

	for (size_t i = 0; i < 3; i++) {
		struct country_file *file = i ? &maxmind->blocks[i - 1] : &maxmind->locations;

		if (!ends_with(path, ends[i]) || file->text)
			continue;
		maxmind->names[i] = strdup(path);
		if (!maxmind->names[i])
			return -ENOMEM;
		*file = (struct country_file){ maxmind->names[i], text, size };
		return 1;
	}
	return 0;
}

static bool number(const struct country_field *field, uint64_t *value)
{
	*value = 0;
	if (!field->size || field->size > 12)
		return false;
	for (size_t i = 0; i < field->size; i++) {
		unsigned digit = (unsigned char)field->text[i] - '0';

		if (digit > 9)
			return false;
		*value = *value * 10 + digit;
	}
	return true;
}

static bool is(const struct country_field *field, const char *text)
{
	return field->size == strlen(text) && !memcmp(field->text, text, field->size);
}

static const char *location(const char *line, size_t size, void *context, int *error)
{
	struct locations *locations = context;
	struct country_field fields[16];
	size_t count = country_quoted(line, size, ',', fields, 16);
	struct location found = { .country = COUNTRY_ZZ };
	int country;

	if (!locations->titled) {
		locations->titled = true;
		for (size_t i = 0; i < count && i < 16; i++)
			if (is(&fields[i], "country_iso_code"))
				locations->code = i;
		return locations->code && is(&fields[0], "geoname_id")
			       ? NULL
			       : "no titles geoname_id and country_iso_code";
	}
	if (count <= locations->code || locations->code >= 16 || !number(&fields[0], &found.number))
		return "not a location";
	country = country_normal(fields[locations->code].text, fields[locations->code].size);
	if (country < 0 && fields[locations->code].size) /* a continent has none */
		return "the country is not two letters";
	if (country >= 0)
		found.country = (uint32_t)country;
	if (locations->count == locations->room) {
		size_t room = locations->room ? 2 * locations->room : 512;
		struct location *items = reallocarray(locations->items, room, sizeof(*items));

		if (!items) {
			*error = -ENOMEM;
			return "no memory";
		}
		locations->items = items;
		locations->room = room;
	}
	locations->items[locations->count++] = found;
	return NULL;
}

static int by_number(const void *a, const void *b)
{
	uint64_t one = ((const struct location *)a)->number;
	uint64_t other = ((const struct location *)b)->number;

	return one < other ? -1 : one > other;
}

static const char *block(const char *line, size_t size, void *context, int *error)
{
	struct country_maxmind_blocks *blocks = context;
	struct country_field fields[3];
	size_t count = country_quoted(line, size, ',', fields, 3);
	struct location key, *found = NULL;
	struct prefix prefix;

	if (!blocks->titled) {
		blocks->titled = true;
		return count >= 3 && is(&fields[0], "network") ? NULL : "no title 'network'";
	}
	if (count < 3 || prefix_parse(fields[0].text, fields[0].size, &prefix))
		return "the network is no prefix";
	if (number(&fields[1], &key.number) || number(&fields[2], &key.number)) {
		found = bsearch(&key, blocks->locations->items, blocks->locations->count,
				sizeof(key), by_number);
		if (!found)
			return "its number is not among the locations; the files are of two "
			       "releases";
	}
	*error = ranges_add_prefix(blocks->ranges, &prefix, found ? found->country : COUNTRY_ZZ);
	return *error ? "no memory" : NULL;
}

int country_maxmind_read(const struct country_maxmind *maxmind, const char *path,
			 struct ranges *ranges, struct fault *fault)
{
	struct locations locations = { 0 };
	int error;

	if (!maxmind->locations.text || (!maxmind->blocks[0].text && !maxmind->blocks[1].text))
		return fault_set(fault, -EBADMSG,
				 "%s: has no pair of ...-Blocks-IPv4.csv (or IPv6) and "
				 "...-Locations-en.csv",
				 path);
	error = country_lines(&maxmind->locations, location, &locations, fault);
	if (!error)
		qsort(locations.items, locations.count, sizeof(*locations.items), by_number);
	for (size_t i = 0; i < 2 && !error; i++) {
		struct country_maxmind_blocks blocks = { &locations, ranges, false };

		if (maxmind->blocks[i].text)
			error = country_lines(&maxmind->blocks[i], block, &blocks, fault);
	}
	free(locations.items);
	return error;
}

void country_maxmind_free(struct country_maxmind *maxmind)
{
	free((char *)(uintptr_t)maxmind->locations.text);
	for (size_t i = 0; i < 2; i++)
		free((char *)(uintptr_t)maxmind->blocks[i].text);
	for (size_t i = 0; i < 3; i++)
		free(maxmind->names[i]);
	*maxmind = (struct country_maxmind){ 0 };
}
