// SPDX-License-Identifier: GPL-2.0-or-later
/* Filling a snapshot from gate and store (show_fakes.h). */
#include "show_fakes.h"
#include "show/country_files.h"

static struct snapshot *filled(struct world *world)
{
	struct snapshot *snapshot = NULL;

	assert_int_equal(snapshot_fill(&world->instance, SNAPSHOT_COUNTS | SNAPSHOT_STATUS, WALL_NS,
				       BOOT_NS, &snapshot, NULL),
			 0);
	return snapshot;
}

static void a_snapshot_takes_counters_lists_and_tables(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;

	world->gate.counts.countries[2][country("JP")].attempts = 5;
	world->gate.counts.reasons[1][REASON_BANNED][GATE_ENFORCE].packets = 6;
	world->gate.counts.lists[3].packets = 8;
	world->gate.counts.lists[9].packets = 9;
	world->store.list_count = 1;
	strcpy(world->store.lists[0].name, "drop");
	world->store.lists[0].id = 3;
	snapshot = filled(world);
	assert_true(snapshot->loaded && snapshot->has_policy && !snapshot->policy_differs);
	assert_int_equal(snapshot->mode, GATE_ENFORCE);
	assert_string_equal(snapshot->services[2].name, "submission");
	assert_int_equal(snapshot->services[2].sum.attempts, 5);
	assert_int_equal(snapshot->sum.passed, 5);
	assert_int_equal(snapshot->services[1].reasons[REASON_BANNED][GATE_ENFORCE].packets, 6);
	assert_int_equal(snapshot->services[2].ports[0], 587);
	assert_int_equal(snapshot->list_count, 2);
	assert_int_equal(snapshot->lists[0].hits.packets, 8);
	/* Hits of a list that the store does not know are not hidden. */
	assert_string_equal(snapshot->lists[1].name, "#9");
	assert_false(snapshot->lists[1].known);
	assert_int_equal(snapshot->tables[SNAPSHOT_TABLE_BANS].usage.overflows, 7);
	assert_int_equal(snapshot->tables[SNAPSHOT_TABLE_PREFIXES].usage.used, 1500);
	assert_int_equal(snapshot->tables[SNAPSHOT_TABLE_CONNECTIONS].usage.overflows, 2);
	assert_int_equal(snapshot->tables[SNAPSHOT_TABLE_OVER_LIMIT].usage.overflows, 9);
	assert_int_equal(snapshot->tables[SNAPSHOT_TABLE_SOURCES].usage.used, 3);
	assert_int_equal(snapshot->table.generation, 12);
	assert_int_equal(snapshot->generation, 13);
	assert_int_equal(snapshot->map_count, 64);
	/* The map "table" is one slot; what is published in it counts with it. */
	assert_int_equal(snapshot->maps[0].bytes, 2 + (8 << 20));
	assert_int_equal(snapshot->maps[1].bytes, 2);
	assert_int_equal(snapshot->daemon_state, DAEMON_NOT_RUNNING);
}

static void a_device_that_should_be_guarded_and_is_not_is_shown(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;
	char *wanted[] = { "eth7" };

	world->config.interfaces = wanted;
	world->config.interface_count = 1;
	snapshot = filled(world);
	assert_int_equal(snapshot->device_count, 1);
	assert_string_equal(snapshot->devices[0].device, "eth7");
	assert_false(snapshot->devices[0].attached);
	assert_non_null(strstr(snapshot->devices[0].why, "not attached"));
}

static void the_files_of_country_data_are_read_back(void **state)
{
	struct country_source files[3];

	(void)state;
	assert_int_equal(
		country_files_read("/a b/geoip 1000000000 77\n/geoip6\n/x 1\n/y", files, 3), 3);
	assert_string_equal(files[0].path, "/a b/geoip");
	assert_int_equal(files[0].modified_wall_ns, 1000000000);
	assert_int_equal(files[0].bytes, 77);
	assert_string_equal(files[1].path, "/geoip6");
	assert_int_equal(files[1].modified_wall_ns, 0);
	assert_string_equal(files[2].path, "/x 1");
	assert_int_equal(country_files_read("", files, 3), 0);
}

static void what_cannot_be_read_is_named(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;

	world->gate.table_error = -EIO;
	world->store.error = -EIO;
	snapshot = filled(world);
	assert_false(snapshot->tables[SNAPSHOT_TABLE_PREFIXES].known);
	assert_false(snapshot->has_generation);
	assert_int_equal(snapshot->fault_count, 4); /* table, lists, devices, generation */
}

static void a_changed_configuration_is_noticed(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;

	/* The gate still has a third service, which the configuration has no more. */
	world->gate.policy.service_count = 3;
	world->gate.policy.port_service[110] = 3;
	snapshot = filled(world);
	assert_true(snapshot->policy_differs);
	assert_int_equal(snapshot->service_count, 3);
	assert_string_equal(snapshot->services[3].name, "service-3");
	assert_int_equal(snapshot->services[3].ports[0], 110);
}

static void a_broken_policy_of_the_gate_stays_within_bounds(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;

	world->gate.policy.service_count = UINT32_MAX;
	memset(world->gate.policy.port_service, 0xff, PORT_COUNT);
	memset(world->gate.policy.port_service, 1, 1000);
	snapshot = filled(world);
	assert_int_equal(snapshot->service_count, SERVICE_MAX - 1);
	assert_int_equal(snapshot->services[1].port_count, 64);
}

static void a_snapshot_without_gate_and_store_says_so(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;

	world->instance.gate = NULL;
	world->instance.store = NULL;
	fault_set(&world->instance.gate_fault, -ENOENT, "no gate is loaded");
	snapshot = filled(world);
	assert_false(snapshot->loaded);
	assert_false(snapshot->has_policy);
	for (enum snapshot_table i = 0; i < SNAPSHOT_TABLE_COUNT; i++)
		assert_false(snapshot->tables[i].known);
	assert_int_equal(snapshot->services[1].ports[0], 25);
}

static void counters_that_cannot_be_read_are_not_shown_as_zero(void **state)
{
	struct world *world = *state;
	struct snapshot *snapshot = NULL;
	struct fault fault;

	world->gate.counts_error = -EIO;
	assert_int_equal(snapshot_fill(&world->instance, SNAPSHOT_COUNTS, WALL_NS, BOOT_NS,
				       &snapshot, &fault),
			 -EIO);
	assert_null(snapshot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_device_that_should_be_guarded_and_is_not_is_shown),
		cmocka_unit_test(the_files_of_country_data_are_read_back),
		WORLD_TEST(a_snapshot_takes_counters_lists_and_tables),
		WORLD_TEST(what_cannot_be_read_is_named),
		WORLD_TEST(a_changed_configuration_is_noticed),
		WORLD_TEST(a_broken_policy_of_the_gate_stays_within_bounds),
		WORLD_TEST(a_snapshot_without_gate_and_store_says_so),
		WORLD_TEST(counters_that_cannot_be_read_are_not_shown_as_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
