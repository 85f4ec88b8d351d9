// SPDX-License-Identifier: GPL-2.0-or-later
/* The provider of the address that `why` is about, from the files that the rules use. */
#include "lists/providers.h"
#include "show/why.h"

uint32_t why_provider(const struct config *config, const struct address *address)
{
	struct providers *providers = NULL;
	struct fault ignored = { 0 };
	uint32_t number = 0;

	if (!providers_load(config->provider_files, config->provider_file_count,
			    config->provider_files_default, &providers, &ignored))
		number = providers_find(providers, address);
	providers_free(providers);
	return number;
}
