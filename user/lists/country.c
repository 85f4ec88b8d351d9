// SPDX-License-Identifier: GPL-2.0-or-later
/* See country.h. The table of formats; each format is in a file of its own. */
#include "lists/country_reader.h"

#include <stdbool.h>
#include <string.h>

/* Tried in this order; the last takes any file, or says what is wrong with it. */
static const struct country_format *const formats[] = {
	&country_mmdb, &country_rir, &country_zone, &country_named, &country_csv,
};

unsigned country_find(const struct ranges *countries, const struct address *address)
{
	int64_t country = address_is_lan(address) ? COUNTRY_LAN : ranges_find(countries, address);

	return country < 0 || country >= COUNTRY_COUNT ? COUNTRY_ZZ : (unsigned)country;
}

int country_add_lan(struct ranges *ranges)
{
	int error = 0;

	for (size_t i = 0; i < LAN_PREFIXES && !error; i++)
		error = ranges_add_prefix(ranges, &lan_prefixes[i], COUNTRY_LAN);
	return error;
}

int country_read(const char *name, const char *text, size_t size, struct ranges *ranges,
		 struct fault *fault)
{
	struct country_file file = { name, text, size };
	size_t before = ranges->count4 + ranges->count6;

	if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		file.text += 3;
		file.size -= 3;
	}
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		int error;

		if (!formats[i]->detect(&file))
			continue;
		error = formats[i]->read(&file, ranges, fault);
		if (error)
			return error;
		break;
	}
	if (ranges->count4 + ranges->count6 == before)
		return fault_set(fault, -EBADMSG, "%s:1: holds no country ranges; fetch it again",
				 name);
	return 0;
}
