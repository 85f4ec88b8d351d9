// SPDX-License-Identifier: GPL-2.0-or-later
/* The lists and the country of a struct why (why.h), without the gate's table. */
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "conf/ban_services.h"
#include "lists/country.h"
#include "show/why_internal.h"

static int take_list(const struct store_list *list, void *pointer)
{
	struct why_filling *filling = pointer;
	struct why *why = filling->why;
	struct why_list *entry;

	if (why->list_count == LIST_MAX)
		return 0;
	entry = &why->lists[why->list_count++];
	snprintf(entry->name, sizeof(entry->name), "%s", list->name);
	snprintf(entry->source, sizeof(entry->source), "%s", list->source);
	entry->id = list->id;
	entry->allow = list->allow;
	entry->code = list->code;
	entry->services =
		config_list_services(filling->instance->config, list->name, list->services);
	return 0;
}

/* Takes all lists, then keeps those that contain the address: one statement of SQL at a time. */
void why_fill_lists(struct why_filling *filling)
{
	struct why *why = filling->why;
	size_t kept = 0;
	struct fault fault;

	if (store_list_each(filling->instance->store, take_list, filling, &fault))
		why_remember(why, &fault);
	for (size_t i = 0; i < why->list_count; i++) {
		_cleanup_(ranges_free) struct ranges ranges = { 0 };
		struct store_list list;
		int error = store_list_get(filling->instance->store, why->lists[i].name, &list,
					   &ranges, &fault);

		if (error && error != -ENOENT)
			why_remember(why, &fault);
		if (!error && ranges_find(&ranges, &why->address) >= 0)
			why->lists[kept++] = why->lists[i];
	}
	why->list_count = kept;
}

/* The list that decides for a service: lists that allow come first, then the lowest id. */
static void choose_list(const struct why *why, unsigned service, struct lookup *lookup)
{
	for (int allow = 1; allow >= 0 && !lookup->list; allow--) {
		for (size_t i = 0; i < why->list_count; i++) {
			const struct why_list *list = &why->lists[i];

			if (list->code || list->allow != allow || !(list->services & 1U << service))
				continue;
			lookup->flags |= allow ? LOOKUP_ALLOW : LOOKUP_DENY;
			if (!lookup->list || list->id < lookup->list)
				lookup->list = list->id;
		}
	}
}

/* As in the compiled table: of several lists the one with the lowest id. */
static __u16 choose_code(const struct why *why)
{
	const struct why_list *chosen = NULL;

	for (size_t i = 0; i < why->list_count; i++)
		if (why->lists[i].code && (!chosen || why->lists[i].id < chosen->id))
			chosen = &why->lists[i];
	return (__u16)(chosen ? (chosen->code - COUNTRY_XA + 1) << LOOKUP_CODE_SHIFT : 0);
}

/* The country data that a start would take: what the store has, else the configured files. Without
 * data every country is unknown, which is no fault where nobody named a file. */
static void load_countries(struct why_filling *filling, struct ranges *countries)
{
	const struct config *config = filling->instance->config;
	struct store *store = filling->instance->store;
	struct fault fault = { 0 };
	int error = store ? store_countries_get(store, NULL, 0, NULL, countries, &fault) : -ENOENT;

	if (error && error != -ENOENT)
		why_remember(filling->why, &fault);
	if (error != -ENOENT || !config->country_file_count)
		return;
	error = country_load(config->country_files, config->country_file_count, countries, &fault);
	if (error && !(error == -ENOENT && config->country_files_default))
		why_remember(filling->why, &fault);
}

void why_leaves_without_gate(struct why_filling *filling)
{
	_cleanup_(ranges_free) struct ranges countries = { 0 };
	struct why *why = filling->why;
	int64_t country;

	load_countries(filling, &countries);
	country = address_is_lan(&why->address) ? COUNTRY_LAN
						: ranges_find(&countries, &why->address);
	for (unsigned service = 0; service < SERVICE_MAX; service++) {
		struct lookup *lookup = &filling->leaves[service];

		if (country >= 0 && country < COUNTRY_COUNT)
			lookup->country = (__u16)country;
		if (service && country != COUNTRY_LAN)
			lookup->country |= choose_code(why);
		choose_list(why, service, lookup);
	}
}
