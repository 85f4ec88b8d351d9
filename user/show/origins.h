/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The country and the provider of addresses, from the data in force, for commands that show many.
 * Not here: the data's formats (lists/country.h, lists/providers.h). */
#ifndef SEKISHO_ORIGINS_H
#define SEKISHO_ORIGINS_H

#include <stdio.h>

#include "enforce/instance.h"
#include "lists/providers.h"
#include "lists/ranges.h"

#define PROVIDER_TEXT_SIZE 16

struct origins {
	bool countries_known;
	struct ranges countries;
	struct providers *providers; /* NULL: no data */
};

/* Loads the data of the store and of the configuration's files; data that cannot be read is not
 * known. */
void origins_load(const struct instance *instance, struct origins *origins);
void origins_free(struct origins *origins);

/* Two letters, "LAN" or "ZZ" of a known country; "-": no country data. Returns `text`. */
const char *origins_country(const struct origins *origins, const struct address *address,
			    char text[COUNTRY_TEXT_SIZE]);
/* "AS64500"; "-": 0, which is not known. Returns `text`. */
static inline const char *provider_to_text(uint32_t number, char text[PROVIDER_TEXT_SIZE])
{
	if (number)
		snprintf(text, PROVIDER_TEXT_SIZE, "AS%u", number);
	else
		snprintf(text, PROVIDER_TEXT_SIZE, "-");
	return text;
}
/* The same for the address. */
const char *origins_provider(const struct origins *origins, const struct address *address,
			     char text[PROVIDER_TEXT_SIZE]);

#endif
