// SPDX-License-Identifier: GPL-2.0-or-later
/* Gathers which lists of the store had a section and have none now. Judges nothing. */
#include <stdio.h>
#include <string.h>

#include "conf/ban_services.h"
#include "doctor/checks.h"

struct gathering {
	struct doctor_facts *facts;
	const struct config *config;
};

static bool is_declared(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->list_count; i++)
		if (!strcmp(config->lists[i].name, name))
			return true;
	return false;
}

static int take_list(const struct store_list *list, void *context)
{
	const struct gathering *gathering = context;
	struct doctor_facts *facts = gathering->facts;
	struct doctor_left_list *left = &facts->left_lists[facts->left_list_count];

	/* Only a section gives a list a code, and only a list of a section has kept services. */
	if (is_declared(gathering->config, list->name) || (!*list->services && !list->code))
		return 0;
	snprintf(left->name, sizeof(left->name), "%s", list->name);
	left->has_code = list->code;
	left->for_all = !strcmp(list->services, KEPT_ALL);
	snprintf(left->services, sizeof(left->services), "%.199s", list->services);
	return ++facts->left_list_count == sizeof(facts->left_lists) / sizeof(*facts->left_lists);
}

void doctor_take_lists(const struct instance *instance, struct doctor_facts *facts)
{
	struct gathering gathering = { facts, instance->config };
	struct fault ignored = { 0 }; /* the store's own finding tells it */

	if (instance->store)
		store_list_each(instance->store, take_list, &gathering, &ignored);
}
