/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gate and store played by hand, for the tests of what user/show/ fills. Each fake is all that the
 * modules under test call, so that nothing of the real ones is linked. Not a test by itself. */
#ifndef SEKISHO_SHOW_FAKES_H
#define SEKISHO_SHOW_FAKES_H

#include "store/policy_rows.h"
#include "show_example.h"

#include "net/address.h"
#include "enforce/start.h"
#include "lists/country.h"
#include "lists/providers.h"
#include "show/why.h"

#define BOOT_NS (1000 * (uint64_t)NS_PER_S)
#define WALL_NS (NOW_S * NS_PER_S)

struct gate {
	struct policy policy;
	int policy_error, counts_error, table_error, ban_error, outflow_error;
	struct gate_counts counts;
	struct {
		struct prefix prefix;
		struct ban ban;
	} bans[4];
	size_t ban_count;
	struct lookup lookup;
	struct {
		struct meter_key key;
		struct meter meter;
	} meters[64];
	size_t meter_count;
	int meter_error;
};

struct store {
	struct ban_record bans[4];
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

struct gate_usage gate_meter_usage(const struct gate *gate, enum gate_meters table)
{
	(void)gate;
	return (struct gate_usage){ .used = 3, .size = table == METERS_SOURCES ? 64 : 32 };
}

int gate_connection_usage(struct gate *gate, struct gate_usage *usage, struct fault *fault)
{
	*usage = (struct gate_usage){ 5, 131072, 2 };
	return fault_set(fault, gate->counts_error, "connections");
}

int gate_over_usage(struct gate *gate, struct gate_usage *usage, struct fault *fault)
{
	(void)gate, (void)fault;
	*usage = (struct gate_usage){ 1, 2520, 9 };
	return 0;
}

struct gate_usage gate_ban_usage(const struct gate *gate)
{
	return (struct gate_usage){ gate->ban_count, 100, 7 };
}

int gate_table_state(struct gate *gate, struct gate_table_state *state, struct fault *fault)
{
	*state = (struct gate_table_state){ 12, 1500, 860000, 8 << 20 };
	return fault_set(fault, gate->table_error, "table");
}

int gate_table_find(struct gate *gate, const struct address *address,
		    struct lookup leaves[SERVICE_MAX], struct fault *fault)
{
	(void)address;
	for (unsigned service = 0; service < SERVICE_MAX; service++)
		leaves[service] = gate->lookup;
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

int gate_outflow_read(struct gate *gate, uint64_t now_boot_ns, struct gate_outflow **outflow,
		      struct fault *fault)
{
	(void)now_boot_ns;
	if (gate->outflow_error)
		return fault_set(fault, gate->outflow_error, "outflow");
	*outflow = calloc(1, sizeof(**outflow));
	return 0;
}

int gate_counted_since(struct gate *gate, int64_t *wall_ns, struct fault *fault)
{
	(void)gate;
	*wall_ns = WALL_NS - 600 * NS_PER_S;
	return fault_set(fault, 0, "since");
}

/* Of any kind but a country's. */
int gate_meter_get(struct gate *gate, enum meter_kind kind, const struct meter_key *key,
		   struct meter *meter)
{
	for (size_t i = 0; i < gate->meter_count && kind != METER_COUNTRY; i++) {
		if (memcmp(&gate->meters[i].key, key, sizeof(*key)))
			continue;
		*meter = gate->meters[i].meter;
		return 0;
	}
	return -ENOENT;
}

bool gate_meters_full(const struct gate *gate)
{
	(void)gate;
	return false;
}

int gate_meter_each(struct gate *gate, enum gate_meters table,
		    int (*each)(const struct meter_key *key, const struct meter *meter,
				void *context),
		    void *context, struct fault *fault)
{
	for (size_t i = 0; i < gate->meter_count; i++)
		if (each(&gate->meters[i].key, &gate->meters[i].meter, context))
			return 0;
	(void)table;
	return fault_set(fault, gate->meter_error, "meters");
}

int gate_memory(struct gate *gate, struct gate_memory *maps, size_t room, struct fault *fault)
{
	(void)gate;
	(void)fault;
	for (size_t i = 0; i < room; i++)
		maps[i] = (struct gate_memory){ "map", 1, 2 };
	strcpy(maps[0].name, "table");
	return (int)room + 5; /* there are more than fit */
}

int attach_list(const char *pins, struct attachment *attachments, size_t room, struct fault *fault)
{
	(void)pins;
	(void)attachments;
	(void)room;
	return fault_set(fault, -ENODEV, "devices");
}

int start_wanted(const struct config *config, struct attachment *attachments, struct fault *fault)
{
	(void)fault;
	for (size_t i = 0; i < config->interface_count; i++)
		snprintf(attachments[i].device, IF_NAMESIZE, "%s", config->interfaces[i]);
	return (int)config->interface_count;
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

/* All that is of IPv4 is of one provider. */
int providers_load(char *const *files, size_t count, bool optional, struct providers **providers,
		   struct fault *fault)
{
	(void)files, (void)count, (void)optional, (void)fault;
	*providers = NULL;
	return 0;
}

uint32_t providers_find(const struct providers *providers, const struct address *address)
{
	(void)providers;
	return address_is4(address) ? 64500 : 0;
}

void providers_free(struct providers *providers)
{
	(void)providers;
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

/* The one file that there is. */
int country_load(char *const *files, size_t count, struct ranges *ranges, struct fault *fault)
{
	if (count != 1 || strcmp(*files, "/geoip") != 0)
		return fault_set(fault, -ENOENT, "cannot read %s", *files);
	ranges->count4 = 1, ranges->count6 = country("JP");
	return 0;
}

int store_generation(struct store *store, uint64_t *generation, struct fault *fault)
{
	*generation = 13;
	return fault_set(fault, store->error, "generation");
}

int store_ban_get(struct store *store, const struct prefix *prefix, enum ban_services services,
		  struct ban_record *ban, struct fault *fault)
{
	for (size_t i = 0; i < store->ban_count; i++) {
		if (memcmp(&store->bans[i].prefix, prefix, sizeof(*prefix)) || !services)
			continue;
		*ban = store->bans[i];
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

int store_stale_each(struct store *store, const struct prefix *within, int64_t from_wall_ns,
		     unsigned most,
		     void (*each)(const char *account, const struct prefix *source,
				  int64_t stale_wall_ns, void *context),
		     void *context, struct fault *fault)
{
	(void)store, (void)from_wall_ns, (void)most, (void)fault;
	each("bob@example.org", within, WALL_NS, context);
	return 0;
}

/* As many as there is evidence. */
int store_past_bans_each(struct store *store, const struct prefix *about, int64_t from_wall_ns,
			 int64_t now_wall_ns, store_ban_each_fn each, void *context,
			 struct fault *fault)
{
	const struct ban_record past = { .prefix = *about,
					 .services = BAN_LOGIN,
					 .since_wall_ns = WALL_NS,
					 .until_wall_ns = WALL_NS + NS_PER_S,
					 .reason = "it was",
					 .lifted = true };

	(void)from_wall_ns;
	(void)now_wall_ns;
	(void)fault;
	for (size_t i = 0; i < store->evidence_count; i++)
		if (each(&past, context))
			break;
	return 0;
}

void config_to_policy(const struct config *config, struct policy *policy)
{
	policy->service_count = (__u32)config->service_count;
	policy->mode = config->mode;
	policy->source_length6 = 64;
	policy->port_service[25] = 1;
	policy->port_service[587] = 2 | PORT_LOGIN;
	memset(policy->country_class[2], CLASS_DENY, COUNTRY_COUNT);
}

/* ---- the instance ---- */

struct world {
	struct config config;
	struct gate gate;
	struct store store;
	struct instance instance;
};

__attribute__((unused)) static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct config *config = &world->config;

	config->paths.runtime = "/nonexistent";
	config->mode = GATE_ENFORCE;
	config->service_count = 2;
	strcpy(config->services[0].name, "smtp");
	strcpy(config->services[1].name, "submission");
	config_to_policy(config, &world->gate.policy);
	world->gate.lookup.country = COUNTRY_ZZ;
	world->instance =
		(struct instance){ .config = config, .store = &world->store, .gate = &world->gate };
	*state = world;
	return 0;
}

__attribute__((unused)) static int remove_world(void **state)
{
	free(*state);
	return 0;
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, make_world, remove_world)

#endif
