// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Zone files as ipdeny publishes them: one prefix a line; the country is in the file's name
 * ("jp.zone", "jp-aggregated.zone", "jp.cidr", each also packed: .gz, .xz, .bz2, .zst).
 */
#include <string.h>

#include "lists/country_reader.h"

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

/* The country in a file's name; -EINVAL: there is none. */
static int country_of_name(const char *path)
{
	static const char *const kinds[] = { ".zone", ".cidr", "-aggregated.zone", NULL };
	static const char *const packed[] = { "", ".gz", ".xz", ".bz2", ".zst", NULL };
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	if (strlen(name) < 2)
		return -EINVAL;
	for (const char *const *kind = kinds; *kind; kind++)
		if (!strncmp(name + 2, *kind, strlen(*kind)) &&
		    is_one_of(name + 2 + strlen(*kind), packed))
			return country_normal(name, 2);
	return -EINVAL;
}

struct country_zone {
	struct ranges *ranges;
	uint32_t country;
};

static const char *read_line(const char *line, size_t size, void *context, int *error)
{
	struct country_zone *zone = context;
	struct prefix prefix;

	if (prefix_parse(line, size, &prefix))
		return "not a prefix";
	*error = ranges_add_prefix(zone->ranges, &prefix, zone->country);
	return *error ? "no memory" : NULL;
}

static bool detect(const struct country_file *file)
{
	return country_of_name(file->name) >= 0;
}

static int read_file(const struct country_file *file, struct ranges *ranges, struct fault *fault)
{
	struct country_zone zone = { ranges, (uint32_t)country_of_name(file->name) };

	return country_lines(file, read_line, &zone, fault);
}

const struct country_format country_zone = { detect, read_file };
