// SPDX-License-Identifier: GPL-2.0-or-later
/* The order of a publication, and what is left when a step of it fails. Store and gate are fakes
 * that note each call; the compiler is the real one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "enforce/publish.h"

struct store {
	struct store_list lists[4];
	struct ranges ranges[4];
	size_t count;
	struct ranges countries;
	bool has_countries;
	uint64_t generation;
	bool disturbed; /* another import comes before the next put */
};

struct gate {
	uint64_t generation; /* of the table in force; 0: none */
	struct table_image image;
};

struct gate_table {
	struct table_image image;
};

static struct {
	char calls[256];
	const char *fails; /* the call that fails */
	struct store store;
	struct gate gate;
	struct config config;
} fake;

static int call(const char *name, struct fault *fault)
{
	size_t used = strlen(fake.calls);

	snprintf(fake.calls + used, sizeof(fake.calls) - used, "%s%s", used ? " " : "", name);
	if (fake.fails && !strcmp(fake.fails, name))
		return fault_set(fault, -EIO, "%s failed", name);
	return 0;
}

static struct store_list *find(struct store *store, const char *name)
{
	for (size_t i = 0; i < store->count; i++)
		if (!strcmp(store->lists[i].name, name))
			return &store->lists[i];
	return NULL;
}

int store_list_id(struct store *store, struct store_list *list, struct fault *fault)
{
	struct store_list *old = find(store, list->name);

	list->id = old ? old->id : (uint8_t)(store->count + 1);
	return call("id", fault);
}

int store_list_put(struct store *store, struct store_list *list, const struct ranges *ranges,
		   struct fault *fault)
{
	struct store_list *old = find(store, list->name);
	int error = call("put", fault);

	if (error)
		return error;
	store->generation += store->disturbed;
	if (old) {
		list->id = old->id;
	} else {
		old = &store->lists[store->count++];
		list->id = (uint8_t)store->count;
	}
	*old = *list;
	store->generation++;
	ranges_free(&store->ranges[old - store->lists]);
	return ranges_add_all(&store->ranges[old - store->lists], ranges);
}

int store_list_keep_services(struct store *store, const struct store_list *list,
			     struct fault *fault)
{
	(void)fault;
	*find(store, list->name) = *list;
	return 0;
}

int store_list_remove(struct store *store, const char *name, struct fault *fault)
{
	if (!find(store, name))
		return fault_set(fault, -ENOENT, "no list %s", name);
	store->count--;
	store->generation++;
	return call("remove", fault);
}

int store_list_get(struct store *store, const char *name, struct store_list *list,
		   struct ranges *ranges, struct fault *fault)
{
	struct store_list *found = find(store, name);

	if (!found)
		return fault_set(fault, -ENOENT, "no list %s", name);
	*list = *found;
	if (!ranges)
		return 0;
	*ranges = (struct ranges){ 0 };
	call("get", fault);
	return ranges_add_all(ranges, &store->ranges[found - store->lists]);
}

int store_list_each(struct store *store, int (*each)(const struct store_list *list, void *context),
		    void *context, struct fault *fault)
{
	int result = 0;

	(void)fault;
	for (size_t i = 0; i < store->count && !result; i++)
		result = each(&store->lists[i], context);
	return result;
}

int store_countries_get(struct store *store, char *source, size_t size, int64_t *updated_wall_ns,
			struct ranges *ranges, struct fault *fault)
{
	(void)source;
	(void)size;
	(void)updated_wall_ns;
	if (!store->has_countries)
		return fault_set(fault, -ENOENT, "no countries");
	return ranges_add_all(ranges, &store->countries);
}

int store_generation(struct store *store, uint64_t *generation, struct fault *fault)
{
	(void)fault;
	*generation = store->generation;
	return 0;
}

int gate_table_prepare(const struct table_image *image, struct gate_table **table,
		       struct fault *fault)
{
	int error = call("prepare", fault);

	if (error)
		return error;
	*table = calloc(1, sizeof(**table));
	(*table)->image.data = malloc((size_t)image->blocks * TABLE_BLOCK);
	(*table)->image.blocks = image->blocks;
	memcpy((*table)->image.data, image->data, (size_t)image->blocks * TABLE_BLOCK);
	return 0;
}

int gate_table_publish(struct gate *gate, struct gate_table *table, struct fault *fault)
{
	int error = call("publish", fault);

	if (error)
		return error;
	table_image_free(&gate->image);
	gate->image = table->image;
	table->image = (struct table_image){ 0 };
	gate->generation = ((struct table_head *)gate->image.data)->generation;
	return 0;
}

void gate_table_free(struct gate_table *table)
{
	table_image_free(&table->image);
	free(table);
	call("free", NULL);
}

int gate_table_state(struct gate *gate, struct gate_table_state *state, struct fault *fault)
{
	if (!gate->image.data)
		return fault_set(fault, -ENOENT, "no table yet");
	state->generation = gate->generation;
	state->services = ((const struct table_head *)gate->image.data)->services;
	return 0;
}

static int start(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		ranges_free(&fake.store.ranges[i]);
	ranges_free(&fake.store.countries);
	table_image_free(&fake.gate.image);
	return 0;
}

static int put(struct instance *instance, const char *name, bool allow, uint32_t address,
	       struct fault *fault)
{
	struct store_list list = { .allow = allow };
	struct ranges ranges = { 0 };
	int error;

	snprintf(list.name, sizeof(list.name), "%s", name);
	ranges_add4(&ranges, address, address, 0);
	error = publish_list(instance, &list, &ranges, fault);
	ranges_free(&ranges);
	return error;
}

static uint8_t flags_at(uint32_t address)
{
	struct address key = address_from4(address);

	return table_image_find(&fake.gate.image, &key, 1).flags;
}

static struct instance both(void)
{
	return (struct instance){
		.config = &fake.config, .store = &fake.store, .gate = &fake.gate, .lock_fd = -1
	};
}

static void the_table_is_prepared_before_it_is_stored_and_swapped_after(void **state)
{
	struct instance instance = both();
	struct fault fault = { 0 };

	(void)state;
	assert_int_equal(put(&instance, "a", false, 1, &fault), 0);
	assert_string_equal(fake.calls, "id prepare put publish free");
	assert_int_equal(flags_at(1), LOOKUP_DENY);
	assert_int_equal(fake.gate.generation, fake.store.generation);
}

static void every_list_of_the_store_is_in_the_table(void **state)
{
	struct instance instance = both();
	struct address key = address_from4(3);
	struct fault fault = { 0 };

	(void)state;
	fake.store.has_countries = true;
	ranges_add4(&fake.store.countries, 3, 3, 77);
	assert_int_equal(put(&instance, "a", false, 1, &fault), 0);
	assert_int_equal(put(&instance, "b", true, 2, &fault), 0);
	assert_int_equal(flags_at(1), LOOKUP_DENY);
	assert_int_equal(flags_at(2), LOOKUP_ALLOW);
	assert_int_equal(table_image_find(&fake.gate.image, &key, 1).country, 77);
	assert_int_equal(put(&instance, "a", false, 9, &fault), 0);
	assert_int_equal(flags_at(1), 0);
	assert_int_equal(flags_at(9), LOOKUP_DENY);
	assert_int_equal(table_image_find(&fake.gate.image, &key, 1).country, 77);
	assert_int_equal(publish_list_removal(&instance, "b", &fault), 0);
	assert_int_equal(flags_at(2), 0);
}

static void a_failure_before_it_is_stored_changes_nothing(void **state)
{
	static const struct {
		const char *fails, *calls;
	} cases[] = {
		{ "id", "id" },
		{ "prepare", "id prepare" },
		{ "put", "id prepare put free" },
	};
	struct instance instance = both();
	struct fault fault = { 0 };

	(void)state;
	assert_int_equal(put(&instance, "a", false, 1, &fault), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		fake.calls[0] = '\0';
		fake.fails = cases[i].fails;
		assert_int_equal(put(&instance, "a", false, 2, &fault), -EIO);
		assert_string_equal(fake.calls, cases[i].calls);
		assert_int_equal(flags_at(1), LOOKUP_DENY);
		assert_int_equal(flags_at(2), 0);
	}
}

static uint16_t services_at(uint32_t address)
{
	struct address key = address_from4(address);
	uint16_t services = 0;

	for (unsigned i = 0; i < SERVICE_MAX; i++)
		if (table_image_find(&fake.gate.image, &key, i).flags & LOOKUP_DENY)
			services |= (uint16_t)(1U << i);
	return services;
}

/* A section that is removed, renamed or faulty, or a configuration without it. */
static void a_list_without_its_section_keeps_its_services(void **state)
{
	struct config_list lists[] = { { .name = "a", .services = 1 << 2 | 1 << 3 },
				       { .name = "all" } };
	struct instance instance = both();
	struct fault fault = { 0 };
	bool published;

	(void)state;
	strcpy(fake.config.services[0].name, "one");
	strcpy(fake.config.services[1].name, "two");
	strcpy(fake.config.services[2].name, "three");
	fake.config.service_count = 3;
	fake.config.lists = lists;
	fake.config.list_count = 2;
	assert_int_equal(put(&instance, "a", false, 1, &fault), 0);
	assert_int_equal(put(&instance, "all", false, 2, &fault), 0);
	assert_int_equal(services_at(1), 1 << 2 | 1 << 3);
	assert_int_equal(services_at(2), 0xffff);
	fake.config.list_count = 0;
	assert_int_equal(publish_sync(&instance, &published, &fault), 0);
	assert_false(published);
	assert_int_equal(put(&instance, "hand", false, 3, &fault), 0);
	assert_int_equal(put(&instance, "a", false, 1, &fault), 0);
	assert_int_equal(services_at(1), 1 << 2 | 1 << 3);
	assert_int_equal(services_at(2), 0xffff);
	assert_int_equal(services_at(3), 0xffff);
	/* What the section says later is kept too, and goes with the names. */
	fake.config.list_count = 2;
	lists[0].services = 1 << 2;
	assert_int_equal(publish_sync(&instance, &published, &fault), 0);
	assert_true(published);
	lists[0].services_said = true;
	lists[0].services = 0; /* a fault */
	strcpy(fake.config.services[1].name, "three");
	strcpy(fake.config.services[2].name, "two");
	assert_int_equal(publish_sync(&instance, &published, &fault), 0);
	assert_true(published);
	assert_int_equal(services_at(1), 1 << 3);
	/* If none of its services is left, it is for none. */
	fake.config.service_count = 2;
	assert_int_equal(publish_sync(&instance, &published, &fault), 0);
	assert_true(published);
	assert_int_equal(services_at(1), 0);
	assert_int_equal(services_at(2), 0xffff);
}

static void a_swap_that_fails_is_made_up_by_the_next_sync(void **state)
{
	struct instance instance = both();
	struct fault fault = { 0 };
	bool published;

	(void)state;
	assert_int_equal(put(&instance, "a", false, 1, &fault), 0);
	fake.fails = "publish";
	assert_int_equal(put(&instance, "a", false, 2, &fault), -EIO);
	assert_non_null(strstr(fault.text, "not yet in force"));
	assert_int_equal(flags_at(1), LOOKUP_DENY);
	fake.fails = NULL;
	assert_int_equal(publish_sync(&instance, &published, &fault), 0);
	assert_true(published);
	assert_int_equal(flags_at(2), LOOKUP_DENY);
	assert_int_equal(publish_sync(&instance, &published, &fault), 0);
	assert_false(published);
}

static void a_table_that_another_import_made_old_is_not_published(void **state)
{
	struct instance instance = both();
	struct fault fault = { 0 };
	bool published;

	(void)state;
	fake.store.disturbed = true;
	assert_int_equal(put(&instance, "a", false, 1, &fault), -EAGAIN);
	assert_string_equal(fake.calls, "id prepare put free");
	assert_int_equal(publish_sync(&instance, &published, &fault), 0);
	assert_true(published);
	assert_int_equal(flags_at(1), LOOKUP_DENY);
}

static void a_gate_without_a_table_gets_one(void **state)
{
	struct instance instance = both();
	struct fault fault = { 0 };
	bool published;

	(void)state;
	assert_int_equal(publish_sync(&instance, &published, &fault), 0);
	assert_true(published);
	assert_int_equal(flags_at(1), 0);
	assert_int_equal(publish_sync(&instance, NULL, &fault), 0);
}

static void without_a_gate_only_the_store_changes(void **state)
{
	struct instance instance = { .config = &fake.config, .store = &fake.store, .lock_fd = -1 };
	struct fault fault = { 0 };

	(void)state;
	assert_int_equal(put(&instance, "a", false, 1, &fault), 0);
	assert_string_equal(fake.calls, "id put");
	assert_int_equal(publish_list_removal(&instance, "zz", &fault), -ENOENT);
	assert_int_equal(fake.store.count, 1);
}

static void without_a_store_its_fault_is_told(void **state)
{
	struct instance instance = { .gate = &fake.gate, .lock_fd = -1 };
	struct fault fault = { 0 };

	(void)state;
	fault_set(&instance.store_fault, -EACCES, "no right to it");
	assert_int_equal(put(&instance, "a", false, 1, &fault), -EACCES);
	assert_string_equal(fault.text, "no right to it");
	assert_string_equal(fake.calls, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_table_is_prepared_before_it_is_stored_and_swapped_after, start, end),
		cmocka_unit_test_setup_teardown(every_list_of_the_store_is_in_the_table, start,
						end),
		cmocka_unit_test_setup_teardown(a_failure_before_it_is_stored_changes_nothing,
						start, end),
		cmocka_unit_test_setup_teardown(a_swap_that_fails_is_made_up_by_the_next_sync,
						start, end),
		cmocka_unit_test_setup_teardown(
			a_table_that_another_import_made_old_is_not_published, start, end),
		cmocka_unit_test_setup_teardown(a_list_without_its_section_keeps_its_services,
						start, end),
		cmocka_unit_test_setup_teardown(a_gate_without_a_table_gets_one, start, end),
		cmocka_unit_test_setup_teardown(without_a_gate_only_the_store_changes, start, end),
		cmocka_unit_test_setup_teardown(without_a_store_its_fault_is_told, start, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
