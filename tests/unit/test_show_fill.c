// SPDX-License-Identifier: GPL-2.0-or-later
/* Filling a snapshot and a why from gate and store, both played by this file. Each fake is all that
 * the module under test calls, so that nothing of the real ones is linked. */
#include "show_example.h"

#include <sys/stat.h>
#include "net/address.h"
#include "show/why.h"

#define BOOT_NS (1000 * (uint64_t)NS_PER_S)
#define WALL_NS (NOW_S * NS_PER_S)

struct gate {
	struct policy policy;
	int policy_error, counts_error, table_error, ban_error;
	struct gate_counts counts;
	struct {
		struct prefix prefix;
		struct ban ban;
	} bans[4];
	size_t ban_count;
	struct leaf leaf;
};

struct store {
	struct {
		struct prefix prefix;
		int64_t since_wall_ns, until_wall_ns;
		const char *reason;
	} bans[4];
	size_t ban_count;
	struct store_list lists[4];
	bool contains[4];
	size_t list_count;
	int error;
	size_t evidence_count;
	bool has_countries;
};

/* ---- the gate ---- */

int gate_policy_get(struct gate *gate, struct policy *policy, struct fault *fault)
{
	*policy = gate->policy;
	return fault_set(fault, gate->policy_error, "policy");
}

int gate_counts_read(struct gate *gate, struct gate_counts *counts, struct fault *fault)
{
	*counts = gate->counts;
	return fault_set(fault, gate->counts_error, "counts");
}

int gate_ban_usage(struct gate *gate, struct gate_usage *usage, struct fault *fault)
{
	*usage = (struct gate_usage){ gate->ban_count, 100, 7 };
	return fault_set(fault, gate->ban_error, "ban usage");
}

int gate_table_state(struct gate *gate, struct gate_table_state *state, struct fault *fault)
{
	*state = (struct gate_table_state){ 12, 1500, 860000, 8 << 20 };
	return fault_set(fault, gate->table_error, "table");
}

int gate_table_find(struct gate *gate, const struct address *address, struct leaf *leaf,
		    struct fault *fault)
{
	(void)address;
	*leaf = gate->leaf;
	return fault_set(fault, gate->table_error, "table");
}

int gate_ban_get(struct gate *gate, const struct prefix *prefix, struct ban *ban,
		 struct fault *fault)
{
	for (size_t i = 0; i < gate->ban_count; i++) {
		if (memcmp(&gate->bans[i].prefix, prefix, sizeof(*prefix)))
			continue;
		*ban = gate->bans[i].ban;
		return 0;
	}
	return fault_set(fault, gate->ban_error ? gate->ban_error : -ENOENT, "ban");
}

int gate_memory(struct gate *gate, struct gate_memory *maps, size_t room, struct fault *fault)
{
	(void)gate;
	(void)fault;
	for (size_t i = 0; i < room; i++)
		maps[i] = (struct gate_memory){ "map", 1, 2 };
	return (int)room + 5; /* there are more than fit */
}

int attach_list(struct gate *gate, struct attachment *attachments, size_t room, struct fault *fault)
{
	(void)gate;
	(void)attachments;
	(void)room;
	return fault_set(fault, -ENODEV, "devices");
}

/* ---- the store ---- */

int store_list_each(struct store *store, int (*each)(const struct store_list *, void *),
		    void *context, struct fault *fault)
{
	for (size_t i = 0; i < store->list_count; i++)
		each(&store->lists[i], context);
	return fault_set(fault, store->error, "lists");
}

int store_list_get(struct store *store, const char *name, struct store_list *list,
		   struct ranges *ranges, struct fault *fault)
{
	for (size_t i = 0; i < store->list_count; i++) {
		if (strcmp(store->lists[i].name, name))
			continue;
		*list = store->lists[i];
		ranges->count4 = store->contains[i];
		return 0;
	}
	return fault_set(fault, -ENOENT, "no such list");
}

int64_t ranges_find(const struct ranges *ranges, const struct address *address)
{
	(void)address;
	return ranges->count4 ? (int64_t)ranges->count6 : -1;
}

void ranges_free(struct ranges *ranges)
{
	(void)ranges;
}

int store_countries_get(struct store *store, char *source, size_t size, int64_t *updated_wall_ns,
			struct ranges *ranges, struct fault *fault)
{
	if (!store->has_countries)
		return fault_set(fault, -ENOENT, "no countries");
	if (source)
		snprintf(source, size, "/usr/share/tor/geoip");
	if (updated_wall_ns)
		*updated_wall_ns = WALL_NS;
	if (ranges)
		ranges->count4 = 1, ranges->count6 = country("BR");
	return 0;
}

int store_generation(struct store *store, uint64_t *generation, struct fault *fault)
{
	*generation = 13;
	return fault_set(fault, store->error, "generation");
}

int store_ban_get(struct store *store, const struct prefix *prefix, struct store_ban *ban,
		  char *reason, size_t size, struct fault *fault)
{
	for (size_t i = 0; i < store->ban_count; i++) {
		if (memcmp(&store->bans[i].prefix, prefix, sizeof(*prefix)))
			continue;
		ban->prefix = *prefix;
		ban->since_wall_ns = store->bans[i].since_wall_ns;
		ban->until_wall_ns = store->bans[i].until_wall_ns;
		ban->rule = RULE_SOURCE_FAILURES;
		snprintf(reason, size, "%s", store->bans[i].reason);
		return 0;
	}
	return fault_set(fault, -ENOENT, "no such ban");
}

int store_evidence_each(struct store *store, const struct prefix *prefix, size_t most,
			int (*each)(const struct store_evidence *, void *), void *context,
			struct fault *fault)
{
	const struct store_evidence evidence = { .wall_ns = WALL_NS, .line = "line" };

	(void)prefix;
	(void)most; /* a store that gives more than asked for */
	(void)fault;
	for (size_t i = 0; i < store->evidence_count; i++)
		if (each(&evidence, context))
			return 1;
	return 0;
}

void config_to_policy(const struct config *config, struct policy *policy)
{
	policy->service_count = (__u32)config->service_count;
	policy->mode = config->mode;
	policy->source_length6 = 64;
	policy->port_service[25] = 1;
	policy->port_service[587] = 2;
	memset(policy->country_class[2], CLASS_DENY, COUNTRY_COUNT);
}

/* ---- the instance ---- */

struct world {
	struct config config;
	struct gate gate;
	struct store store;
	struct instance instance;
};

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct config *config = &world->config;

	config->paths.runtime = "/nonexistent";
	config->mode = GATE_ENFORCE;
	config->service_count = 2;
	strcpy(config->services[0].name, "smtp");
	strcpy(config->services[1].name, "submission");
	config_to_policy(config, &world->gate.policy);
	world->gate.leaf.country = COUNTRY_ZZ;
	world->instance =
		(struct instance){ .config = config, .store = &world->store, .gate = &world->gate };
	*state = world;
	return 0;
}

static int remove_world(void **state)
{
	free(*state);
	return 0;
}

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
	assert_false(snapshot->tables[SNAPSHOT_TABLE_SOURCES].known);
	assert_int_equal(snapshot->table.generation, 12);
	assert_int_equal(snapshot->generation, 13);
	assert_int_equal(snapshot->map_count, 64);
	assert_int_equal(snapshot->daemon_state, DAEMON_NOT_RUNNING);
}

static void what_cannot_be_read_is_named(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;

	world->gate.ban_error = -EIO;
	world->store.error = -EIO;
	snapshot = filled(world);
	assert_false(snapshot->tables[SNAPSHOT_TABLE_BANS].known);
	assert_false(snapshot->has_generation);
	assert_int_equal(snapshot->fault_count, 4); /* bans, lists, devices, generation */
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

/* ---- why ---- */

static void gate_ban(struct world *world, const char *text, int64_t for_s)
{
	size_t at = world->gate.ban_count++;
	struct ban ban = { .since_ns = BOOT_NS - 10 * (uint64_t)NS_PER_S,
			   .expires_ns = BOOT_NS + (uint64_t)(for_s * NS_PER_S),
			   .rule = RULE_SOURCE_FAILURES };

	prefix_parse(text, strlen(text), &world->gate.bans[at].prefix);
	world->gate.bans[at].ban = ban;
}

static void store_ban(struct world *world, const char *text, int64_t until_wall_ns)
{
	size_t at = world->store.ban_count++;

	prefix_parse(text, strlen(text), &world->store.bans[at].prefix);
	world->store.bans[at].since_wall_ns = WALL_NS - 10 * NS_PER_S;
	world->store.bans[at].until_wall_ns = until_wall_ns;
	world->store.bans[at].reason = "5 failed logins";
}

static struct why *asked(struct world *world, const char *text)
{
	struct why *why = NULL;
	struct address address;

	assert_int_equal(address_parse(text, strlen(text), &address), 0);
	assert_int_equal(why_fill(&world->instance, &address, WALL_NS, BOOT_NS, &why, NULL), 0);
	return why;
}

static void why_finds_every_running_ban_over_the_address(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_why) struct why *why = NULL;

	gate_ban(world, "192.0.2.5/32", 60);
	gate_ban(world, "192.0.2.0/24", 3600);
	gate_ban(world, "192.0.0.0/16", 0); /* ends now */
	gate_ban(world, "198.51.100.0/24", 3600);
	store_ban(world, "192.0.2.5/32", WALL_NS + 61 * NS_PER_S);   /* as announced */
	store_ban(world, "192.0.2.0/24", WALL_NS + 9000 * NS_PER_S); /* not what is in force */
	why = asked(world, "192.0.2.5");
	assert_int_equal(why->ban_count, 2);
	assert_int_equal(why->bans[0].prefix.length, 120);
	assert_int_equal(why->bans[0].until_wall_ns, WALL_NS + 3600 * NS_PER_S);
	assert_string_equal(why->bans[0].reason, "5 failed logins");
	assert_int_equal(why->bans[0].since_wall_ns, WALL_NS - 10 * NS_PER_S);
	assert_int_equal(why->bans[1].until_wall_ns, WALL_NS + 61 * NS_PER_S);
	assert_int_equal(why->services[0].verdict.reason, REASON_BANNED);
}

static void why_does_not_take_an_ipv6_ban_for_one_of_ipv4(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_why) struct why *four = NULL, *six = NULL;

	gate_ban(world, "::/16", 60);
	gate_ban(world, "2001:db8::/48", 60);
	four = asked(world, "192.0.2.5");
	assert_int_equal(four->ban_count, 0);
	six = asked(world, "2001:db8::1");
	assert_int_equal(six->ban_count, 1);
	assert_int_equal(six->source.length, 64);
}

static void why_names_all_lists_and_the_one_that_decides(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_why) struct why *why = NULL;
	static const char *const names[] = { "a", "b", "c" };

	world->store.list_count = 3;
	for (size_t i = 0; i < 3; i++) {
		strcpy(world->store.lists[i].name, names[i]);
		world->store.lists[i].id = (uint8_t)(9 - i);
		world->store.contains[i] = i != 1;
	}
	world->gate.leaf = (struct leaf){ (__u16)country("JP"), 7, LEAF_DENY };
	why = asked(world, "192.0.2.5");
	assert_int_equal(why->list_count, 2);
	assert_int_equal(why->country, country("JP"));
	assert_int_equal(why->services[0].verdict.reason, REASON_LISTED);
	assert_string_equal(why_list_name(why, why->services[0].verdict.list), "c");
	assert_null(why_list_name(why, 8));
	assert_null(why_list_name(why, 0));
}

static void why_asks_the_store_when_no_gate_is_loaded(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_why) struct why *why = NULL, *allowed = NULL;

	world->instance.gate = NULL;
	world->store.has_countries = true;
	store_ban(world, "192.0.2.0/24", WALL_NS + 1);
	store_ban(world, "192.0.2.5/32", WALL_NS); /* has ended */
	world->store.list_count = 2;
	strcpy(world->store.lists[0].name, "deny");
	world->store.lists[0].id = 1;
	world->store.contains[0] = true;
	strcpy(world->store.lists[1].name, "home");
	world->store.lists[1].id = 2;
	world->store.lists[1].allow = true;
	why = asked(world, "192.0.2.5");
	assert_false(why->loaded);
	assert_int_equal(why->country, country("BR"));
	assert_int_equal(why->ban_count, 1);
	assert_int_equal(why->services[1].verdict.reason, REASON_BANNED);
	world->store.contains[1] = true;
	allowed = asked(world, "192.0.2.5");
	assert_false(allowed->services[1].verdict.drop);
	assert_string_equal(why_list_name(allowed, allowed->services[1].verdict.list), "home");
}

static void why_takes_no_more_evidence_than_it_shows(void **state)
{
	struct world *world = *state;
	_cleanup_(cleanup_why) struct why *why = NULL;

	world->store.evidence_count = 1000;
	why = asked(world, "192.0.2.5");
	assert_int_equal(why->evidence_count, WHY_EVIDENCE_MAX);
	assert_int_equal(why->fault_count, 0);
}

static void why_does_not_guess_when_the_gate_does_not_answer(void **state)
{
	struct world *world = *state;
	struct address address = address_from4(0xc0000205);
	struct why *why = NULL;
	struct fault fault;

	world->gate.ban_error = -EIO;
	assert_int_equal(why_fill(&world->instance, &address, WALL_NS, BOOT_NS, &why, &fault),
			 -EIO);
	assert_null(why);
	world->gate.ban_error = 0;
	world->gate.table_error = -ENOENT; /* no table yet is an answer */
	why = asked(world, "192.0.2.5");
	assert_int_equal(why->country, COUNTRY_ZZ);
	why_free(why);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, make_world, remove_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_snapshot_takes_counters_lists_and_tables),
		WORLD_TEST(what_cannot_be_read_is_named),
		WORLD_TEST(a_changed_configuration_is_noticed),
		WORLD_TEST(a_broken_policy_of_the_gate_stays_within_bounds),
		WORLD_TEST(a_snapshot_without_gate_and_store_says_so),
		WORLD_TEST(counters_that_cannot_be_read_are_not_shown_as_zero),
		WORLD_TEST(why_finds_every_running_ban_over_the_address),
		WORLD_TEST(why_does_not_take_an_ipv6_ban_for_one_of_ipv4),
		WORLD_TEST(why_names_all_lists_and_the_one_that_decides),
		WORLD_TEST(why_asks_the_store_when_no_gate_is_loaded),
		WORLD_TEST(why_takes_no_more_evidence_than_it_shows),
		WORLD_TEST(why_does_not_guess_when_the_gate_does_not_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
