// SPDX-License-Identifier: GPL-2.0-or-later
/* See origins.h. */
#include "show/origins.h"

#include <stdio.h>
#include <string.h>

#include "lists/country.h"

void origins_load(const struct instance *instance, struct origins *origins)
{
	const struct config *config = instance->config;
	struct fault ignored = { 0 };

	*origins = (struct origins){ 0 };
	origins->countries_known =
		instance->store &&
		!store_countries_get(instance->store, NULL, 0, NULL, &origins->countries, &ignored);
	if (providers_load(config->provider_files, config->provider_file_count,
			   config->provider_files_default, &origins->providers, &ignored))
		origins->providers = NULL;
}

void origins_free(struct origins *origins)
{
	ranges_free(&origins->countries);
	providers_free(origins->providers);
}

const char *origins_country(const struct origins *origins, const struct address *address,
			    char text[COUNTRY_TEXT_SIZE])
{
	if (!origins->countries_known)
		return strcpy(text, "-");
	country_to_text(country_find(&origins->countries, address), text);
	return text;
}

const char *origins_provider(const struct origins *origins, const struct address *address,
			     char text[PROVIDER_TEXT_SIZE])
{
	return provider_to_text(providers_find(origins->providers, address), text);
}
