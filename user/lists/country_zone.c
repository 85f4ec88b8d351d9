// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Zone files as ipdeny publishes them: one prefix a line; the country is in the file's name
 * ("jp.zone", "jp-aggregated.zone", "jp.cidr", each also .gz).
 */
#include <string.h>

#include "lists/country_reader.h"

/* The country in a file's name; -EINVAL: there is none. */
static int country_of_name(const char *path)
{
	static const char *const ends[] = { ".zone",	".cidr",    "-aggregated.zone",
					    ".zone.gz", ".cidr.gz", "-aggregated.zone.gz" };
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	if (strlen(name) < 2)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (!strcmp(name + 2, ends[i]))
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
