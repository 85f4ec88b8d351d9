// SPDX-License-Identifier: GPL-2.0-or-later
/* See publish.h. */
#include "enforce/publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "conf/ban_services.h"
#include "lists/compile.h"
#include "lists/ends.h"

/* A change, of one thing at most: a list to store, or one to remove. */
struct change {
	struct store_list *list; /* its id is known */
	const struct ranges *ranges;
	const char *removed;
};

/* All that goes into one table. */
struct contents {
	struct store_list lists[LIST_MAX];
	struct ranges ranges[LIST_MAX];
	size_t count;
	struct ranges countries;
	bool has_countries;
};

static void contents_free(struct contents **contents)
{
	if (!*contents)
		return;
	for (size_t i = 0; i < (*contents)->count; i++)
		ranges_free(&(*contents)->ranges[i]);
	ranges_free(&(*contents)->countries);
	free(*contents);
	*contents = NULL;
}

static int note_list(const struct store_list *list, void *context)
{
	struct contents *contents = context;

	if (contents->count == LIST_MAX)
		return -ENOSPC;
	contents->lists[contents->count++] = *list;
	return 0;
}

static bool is_changed(const struct change *change, const struct store_list *list)
{
	return (change->list && !strcmp(change->list->name, list->name)) ||
	       (change->removed && !strcmp(change->removed, list->name));
}

/* Loads the lists that do not change. A list that could not be read has no ranges. */
static int load_lists(struct store *store, const struct change *change, struct contents *contents,
		      struct fault *fault)
{
	int64_t now_s = clock_wall_ns() / NS_PER_S;
	size_t kept = 0, ended;
	int error = store_list_each(store, note_list, contents, fault);

	if (error == -ENOSPC)
		fault_set(fault, error, "the store holds more than %d lists", LIST_MAX - 1);
	for (size_t i = 0; i < contents->count && !error; i++) {
		if (is_changed(change, &contents->lists[i]))
			continue;
		contents->lists[kept] = contents->lists[i];
		error = store_list_get(store, contents->lists[kept].name, &contents->lists[kept],
				       &contents->ranges[kept], fault);
		ends_prune(&contents->ranges[kept], now_s, &ended);
		kept += !error;
	}
	contents->count = kept;
	return error;
}

/* Loads everything that the store holds and that does not change. */
static int contents_load(struct store *store, const struct change *change,
			 struct contents **contents, struct fault *fault)
{
	_cleanup_(contents_free) struct contents *loaded = calloc(1, sizeof(*loaded));
	struct fault missing = { 0 };
	int error;

	if (!loaded)
		return fault_set(fault, -ENOMEM, "no memory for the lists");
	error = load_lists(store, change, loaded, fault);
	if (error)
		return error;
	error = store_countries_get(store, NULL, 0, NULL, &loaded->countries, &missing);
	if (error && error != -ENOENT)
		return fault_set(fault, error, "%s", missing.text);
	loaded->has_countries = !error;
	*contents = TAKE_PTR(loaded);
	return 0;
}

static uint16_t services_of(const struct instance *instance, const struct store_list *list)
{
	return config_list_services(instance->config, list->name, list->services);
}

static struct compile_list to_compile(const struct instance *instance,
				      const struct store_list *list, const struct ranges *ranges)
{
	return (struct compile_list){ .name = list->name,
				      .id = list->id,
				      .allow = list->allow,
				      .code = list->code,
				      .services = list->code ? 0 : services_of(instance, list),
				      .ranges = ranges };
}

/* Whether the list applies: a list with a code only if it is declared, since nothing else tells
 * what its code stands for; one without section only if one of its services is left. */
static bool is_in_force(const struct instance *instance, const struct store_list *list)
{
	const struct config *config = instance->config;

	for (size_t i = 0; list->code && i < config->list_count; i++)
		if (config->lists[i].code == list->code &&
		    !strcmp(config->lists[i].name, list->name))
			return true;
	return !list->code && services_of(instance, list);
}

/* Compiles what the store will hold, and puts it beside the table in force. The caller owns
 * *table. */
static int prepare(struct instance *instance, const struct change *change, uint64_t generation,
		   struct gate_table **table, struct fault *fault)
{
	_cleanup_(table_image_free) struct table_image image = { 0 };
	_cleanup_(contents_free) struct contents *contents = NULL;
	struct compile_list lists[LIST_MAX + 1];
	size_t count = 0, at;
	int error = contents_load(instance->store, change, &contents, fault);

	if (error || !contents)
		return error ? error : -ENOMEM;
	for (at = 0; at < contents->count; at++)
		if (is_in_force(instance, &contents->lists[at]))
			lists[count++] =
				to_compile(instance, &contents->lists[at], &contents->ranges[at]);
	if (change->list && is_in_force(instance, change->list))
		lists[count++] = to_compile(instance, change->list, change->ranges);
	error = table_compile(contents->has_countries ? &contents->countries : NULL, lists, count,
			      generation, &image, fault);
	return error ? error : gate_table_prepare(&image, table, fault);
}

static void free_table(struct gate_table **table)
{
	if (*table)
		gate_table_free(*table);
}

/* Makes the change in one short transaction: what takes long was done before. */
static int store_change(struct store *store, const struct change *change, struct fault *fault)
{
	if (change->list)
		return store_list_put(store, change->list, change->ranges, fault);
	return store_list_remove(store, change->removed, fault);
}

/* Puts the new table into the kernel beside the one in force, the change into the store, and swaps
 * the tables. */
static int publish(struct instance *instance, const struct change *change, struct fault *fault)
{
	_cleanup_(free_table) struct gate_table *table = NULL;
	uint64_t generation = 0, stored = 0;
	int error = 0;

	if (instance->gate) {
		error = store_generation(instance->store, &generation, fault);
		if (!error)
			error = prepare(instance, change, generation + 1, &table, fault);
	}
	if (!error)
		error = store_change(instance->store, change, fault);
	if (error || !table)
		return error;
	/* On a disk where no lock can be made, another import may have come between. */
	error = store_generation(instance->store, &stored, fault);
	if (!error && stored != generation + 1)
		error = fault_set(fault, -EAGAIN, "another import came between");
	if (!error)
		error = gate_table_publish(instance->gate, table, fault);
	if (error)
		fault_prefix(fault, "stored, but not yet in force; the next import or load, or "
				    "the daemon, tries again");
	return error;
}

static int check_store(struct instance *instance, struct fault *fault)
{
	if (instance->store)
		return 0;
	return fault_set(
		fault, instance->store_fault.error ? instance->store_fault.error : -ENOENT, "%s",
		instance->store_fault.error ? instance->store_fault.text : "the store is not open");
}

/* The services that the section names, or those that the list has kept. */
static void take_services(const struct instance *instance, struct store_list *list)
{
	struct store_list before = { 0 };
	struct fault ignored = { 0 };

	store_list_get(instance->store, list->name, &before, NULL, &ignored);
	memcpy(list->services, before.services, sizeof(list->services));
	config_keep_services(instance->config, list->name, list->services);
}

int publish_list(struct instance *instance, struct store_list *list, const struct ranges *ranges,
		 struct fault *fault)
{
	struct change change = { .list = list, .ranges = ranges };
	int error = check_store(instance, fault);

	if (!error)
		error = store_list_id(instance->store, list, fault);
	if (error)
		return error;
	list->prefixes = ranges_count_prefixes(ranges);
	take_services(instance, list);
	return publish(instance, &change, fault);
}

int publish_list_removal(struct instance *instance, const char *name, struct fault *fault)
{
	struct change change = { .removed = name };
	struct store_list list;
	int error = check_store(instance, fault);

	if (!error)
		error = store_list_get(instance->store, name, &list, NULL, fault);
	return error ? error : publish(instance, &change, fault);
}

/* Notes in the store which services the sections name today, for the day when one of them is gone.
 * What cannot be written now, on a full disk, the next one writes. */
static void keep_services(struct instance *instance, struct contents *contents)
{
	struct fault ignored = { 0 };

	for (size_t i = 0; i < contents->count; i++)
		if (config_keep_services(instance->config, contents->lists[i].name,
					 contents->lists[i].services))
			store_list_keep_services(instance->store, &contents->lists[i], &ignored);
}

/* The services that the head of a table would have, with the store's lists and today's
 * configuration. */
static int services_now(struct instance *instance, uint64_t *services, struct fault *fault)
{
	_cleanup_(contents_free) struct contents *contents = calloc(1, sizeof(*contents));
	struct compile_list lists[LIST_MAX];
	size_t count = 0;
	int error;

	if (!contents)
		return fault_set(fault, -ENOMEM, "no memory for the lists");
	error = store_list_each(instance->store, note_list, contents, fault);
	for (size_t i = 0; i < contents->count; i++)
		if (is_in_force(instance, &contents->lists[i]))
			lists[count++] = to_compile(instance, &contents->lists[i], NULL);
	*services = compile_services(lists, count);
	if (!error)
		keep_services(instance, contents);
	return error;
}

int publish_sync(struct instance *instance, bool *published, struct fault *fault)
{
	_cleanup_(free_table) struct gate_table *table = NULL;
	struct gate_table_state state;
	struct change none = { 0 };
	uint64_t generation, services = 0;
	int error;

	if (published)
		*published = false;
	if (!instance->gate || !instance->store)
		return 0;
	error = store_generation(instance->store, &generation, fault);
	if (!error)
		error = services_now(instance, &services, fault);
	if (error)
		return error;
	error = gate_table_state(instance->gate, &state, fault);
	/* A store that never had a list is a new one in place of another: the kernel has more. */
	if (!error &&
	    ((state.generation == generation && state.services == services) || !generation))
		return 0;
	if (error && error != -ENOENT)
		return error;
	error = prepare(instance, &none, generation, &table, fault);
	if (!error)
		error = gate_table_publish(instance->gate, table, fault);
	if (!error && published)
		*published = true;
	return error;
}
