// SPDX-License-Identifier: GPL-2.0-or-later
/* [list NAME] providers: the numbers of autonomous systems. Not here: their prefixes
 * (lists/providers.h). */
#include "conf/load.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST 1000

void conf_clear_list_providers(struct conf_load *load, void *base)
{
	struct config_list *list = base;

	(void)load;
	free(list->providers);
	list->providers = NULL;
	list->provider_count = 0;
}

/* Inserts sorted by number, so that another order makes no other list. */
static void insert(struct config_list *list, uint32_t number)
{
	size_t at = list->provider_count - 1;

	for (; at && list->providers[at - 1] > number; at--)
		list->providers[at] = list->providers[at - 1];
	list->providers[at] = number;
}

void conf_list_provider(struct conf_load *load, const struct conf_key *key, void *base,
			const char *value)
{
	struct config_list *list = base;
	uint32_t *grown;
	uint64_t number;

	(void)key;
	if (strncasecmp(value, "AS", 2) || !conf_read_number(value + 2, 1, UINT32_MAX, &number)) {
		conf_fault(load, NULL, "'%s' is no provider; write it as AS64500", value);
		return;
	}
	for (size_t i = 0; i < list->provider_count; i++)
		if (list->providers[i] == number)
			return;
	if (list->provider_count == MOST) {
		conf_fault(load, NULL, "a list has at most %d providers; make two of it", MOST);
		return;
	}
	grown = conf_append(load, list->providers, &list->provider_count, sizeof(*grown));
	if (!grown)
		return;
	list->providers = grown;
	insert(list, (uint32_t)number);
}
