// SPDX-License-Identifier: GPL-2.0-or-later
/* See publish.h. */
#include "enforce/publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "lists/compile.h"

/* What a change has in hand, so that it is not read back from the store. */
struct fresh {
	const char *name;	     /* of the list; NULL: none */
	const struct ranges *ranges; /* of that list */
	const struct ranges *countries;
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

static bool is_fresh(const struct fresh *fresh, const struct store_list *list)
{
	return fresh->name && !strcmp(fresh->name, list->name);
}

/* Everything the store holds, within a transaction what it will hold, but for what is fresh. */
static int contents_load(struct store *store, const struct fresh *fresh, struct contents **contents,
			 struct fault *fault)
{
	_cleanup_(contents_free) struct contents *loaded = calloc(1, sizeof(*loaded));
	struct fault missing = { 0 };
	int error;

	if (!loaded) {
		fault_set(fault, -ENOMEM, "no memory for the lists");
		return -ENOMEM;
	}
	error = store_list_each(store, note_list, loaded, fault);
	if (error == -ENOSPC)
		fault_set(fault, error, "the store holds more than %d lists", LIST_MAX - 1);
	for (size_t i = 0; i < loaded->count && !error; i++)
		if (!is_fresh(fresh, &loaded->lists[i]))
			error = store_list_get(store, loaded->lists[i].name, &loaded->lists[i],
					       &loaded->ranges[i], fault);
	if (error)
		return error;
	if (!fresh->countries)
		error = store_countries_get(store, NULL, 0, NULL, &loaded->countries, &missing);
	if (error && error != -ENOENT) {
		fault_set(fault, error, "%s", missing.text);
		return error;
	}
	loaded->has_countries = !error && !fresh->countries;
	*contents = TAKE_PTR(loaded);
	return 0;
}

/* Compiles what the store holds and puts it beside the table in force. *table is the caller's. */
static int prepare(struct instance *instance, const struct fresh *fresh, struct gate_table **table,
		   struct fault *fault)
{
	_cleanup_(table_image_free) struct table_image image = { 0 };
	_cleanup_(contents_free) struct contents *contents = NULL;
	struct compile_list lists[LIST_MAX];
	uint64_t generation;
	int error = store_generation(instance->store, &generation, fault);

	if (!error)
		error = contents_load(instance->store, fresh, &contents, fault);
	if (error)
		return error;
	for (size_t i = 0; i < contents->count; i++)
		lists[i] = (struct compile_list){ .name = contents->lists[i].name,
						  .id = contents->lists[i].id,
						  .allow = contents->lists[i].allow,
						  .ranges = is_fresh(fresh, &contents->lists[i])
								    ? fresh->ranges
								    : &contents->ranges[i] };
	error = table_compile(contents->has_countries ? &contents->countries : fresh->countries,
			      lists, contents->count, generation, &image, fault);
	return error ? error : gate_table_prepare(instance->gate, &image, table, fault);
}

static void free_table(struct gate_table **table)
{
	if (*table)
		gate_table_free(*table);
}

/* Ends the transaction that a change opened: into the kernel beside the table in force, commit,
 * swap. `error` is that of the change. */
static int finish(struct instance *instance, const struct fresh *fresh, int error,
		  struct fault *fault)
{
	_cleanup_(free_table) struct gate_table *table = NULL;

	if (!error && instance->gate)
		error = prepare(instance, fresh, &table, fault);
	if (!error)
		error = store_commit(instance->store, fault);
	if (error) {
		store_rollback(instance->store);
		return error;
	}
	if (!table)
		return 0;
	error = gate_table_publish(instance->gate, table, fault);
	if (error)
		fault_prefix(fault, "stored, but not yet in force; the next command that writes "
				    "tries again");
	return error;
}

static int begin(struct instance *instance, struct fault *fault)
{
	if (!instance->store)
		return fault_set(
			fault, instance->store_fault.error ? instance->store_fault.error : -ENOENT,
			"%s",
			instance->store_fault.error ? instance->store_fault.text
						    : "the store is not open");
	return store_begin(instance->store, fault);
}

int publish_list(struct instance *instance, struct store_list *list, const struct ranges *ranges,
		 struct fault *fault)
{
	struct fresh fresh = { .name = list->name, .ranges = ranges };
	int error = begin(instance, fault);

	if (error)
		return error;
	list->prefixes = ranges_count_prefixes(ranges);
	return finish(instance, &fresh, store_list_put(instance->store, list, ranges, fault),
		      fault);
}

int publish_list_removal(struct instance *instance, const char *name, struct fault *fault)
{
	struct fresh none = { 0 };
	int error = begin(instance, fault);

	if (error)
		return error;
	return finish(instance, &none, store_list_remove(instance->store, name, fault), fault);
}

int publish_countries(struct instance *instance, const char *source, int64_t now_wall_ns,
		      const struct ranges *ranges, struct fault *fault)
{
	struct fresh fresh = { .countries = ranges };
	int error = begin(instance, fault);

	if (error)
		return error;
	return finish(instance, &fresh,
		      store_countries_put(instance->store, source, now_wall_ns, ranges, fault),
		      fault);
}

int publish_sync(struct instance *instance, bool *published, struct fault *fault)
{
	_cleanup_(free_table) struct gate_table *table = NULL;
	struct gate_table_state state;
	struct fresh none = { 0 };
	uint64_t generation;
	int error;

	if (published)
		*published = false;
	if (!instance->gate || !instance->store)
		return 0;
	error = store_generation(instance->store, &generation, fault);
	if (error)
		return error;
	error = gate_table_state(instance->gate, &state, fault);
	if (!error && state.generation == generation)
		return 0;
	if (error && error != -ENOENT)
		return error;
	error = prepare(instance, &none, &table, fault);
	if (!error)
		error = gate_table_publish(instance->gate, table, fault);
	if (!error && published)
		*published = true;
	return error;
}
