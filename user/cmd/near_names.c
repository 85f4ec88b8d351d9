// SPDX-License-Identifier: GPL-2.0-or-later
/* See near_names.h. */
#include "cmd/near_names.h"

#include <errno.h>
#include <stdio.h>

#include "base/nearest.h"

/* `name` keeps a copy: the store's rows are gone after each call. */
struct near_names_search {
	struct nearest nearest;
	size_t most; /* changes */
	char name[EVENT_ACCOUNT_SIZE];
};

static void offer(struct near_names_search *search, const char *name)
{
	struct nearest before = search->nearest;

	nearest_offer(&search->nearest, name);
	if (search->nearest.found != name)
		return;
	if (search->nearest.distance > search->most) {
		search->nearest = before;
		return;
	}
	snprintf(search->name, sizeof(search->name), "%s", name);
	search->nearest.found = search->name;
}

static int offer_list(const struct store_list *list, void *context)
{
	offer(context, list->name);
	return 0;
}

const char *near_list(const struct instance *instance, const char *name, char text[NEAR_LIST_SIZE])
{
	struct near_names_search search = { .nearest.word = name, .most = NEAREST_WORD_MAX };
	struct fault ignored = { 0 };

	for (size_t i = 0; i < instance->config->list_count; i++)
		offer(&search, instance->config->lists[i].name);
	if (instance->store)
		store_list_each(instance->store, offer_list, &search, &ignored);
	*text = '\0';
	if (search.nearest.found)
		snprintf(text, NEAR_LIST_SIZE, "; did you mean '%.*s'?", CONFIG_NAME_SIZE,
			 search.name);
	return text;
}

int near_list_fault(const struct instance *instance, const char *name, struct fault *fault)
{
	char near[NEAR_LIST_SIZE];

	near_list(instance, name, near);
	return fault_set(fault, -ENOENT, "there is no list '%.60s'%s", name,
			 *near ? near : "; `sekisho lists` shows them");
}

static void offer_account(const char *account, uint64_t sources, int64_t first_wall_ns,
			  int64_t last_wall_ns, void *context)
{
	(void)sources;
	(void)first_wall_ns;
	(void)last_wall_ns;
	offer(context, account);
}

bool near_account(const struct instance *instance, const char *name,
		  char nearest[EVENT_ACCOUNT_SIZE])
{
	struct near_names_search search = { .nearest.word = name, .most = 2 };
	struct fault ignored = { 0 };

	if (instance->store)
		store_account_each(instance->store, offer_account, &search, &ignored);
	snprintf(nearest, EVENT_ACCOUNT_SIZE, "%s", search.name);
	return search.nearest.found && search.nearest.distance;
}
