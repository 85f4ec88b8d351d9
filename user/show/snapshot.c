// SPDX-License-Identifier: GPL-2.0-or-later
/* Fills a snapshot (snapshot.h) from gate, store and the daemon's status file. Prints nothing. */
#include "show/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "feed/feed.h"

#define MAPS_MAX 64

/* The number of list prefixes that always fit beside the country data, whatever they are: the
 * longest ones need three entries of struct table_long and two of 8 bytes (table.h). */
#define PREFIXES_SIZE ((TABLE_BLOCKS - 1ULL) * TABLE_LONG / 4)

static void remember(struct snapshot *snapshot, const struct fault *fault)
{
	size_t room = sizeof(snapshot->faults) / sizeof(*snapshot->faults);

	if (snapshot->fault_count < room)
		snapshot->faults[snapshot->fault_count++] = *fault;
}

/* ---- the policy ---- */

static void fill_ports(struct snapshot *snapshot, const struct policy *policy)
{
	for (unsigned port = 0; port < PORT_COUNT; port++) {
		unsigned id = policy->port_service[port];
		struct snapshot_service *service = &snapshot->services[id % SERVICE_MAX];

		if (!(id % SERVICE_MAX) || id >= 2 * SERVICE_MAX ||
		    service->port_count == sizeof(service->ports) / sizeof(*service->ports))
			continue;
		service->ports[service->port_count++] = (uint16_t)port;
	}
}

/* Whether the policy that is loaded has another configuration. What gate_policy_publish() adds to a
 * policy is of none. */
static bool policy_differs(struct policy *configured, const struct policy *loaded)
{
	configured->strictest = loaded->strictest;
	return memcmp(configured, loaded, sizeof(*loaded));
}

static int fill_policy(struct snapshot *snapshot, const struct instance *instance)
{
	_cleanup_free_ struct policy *configured = calloc(1, sizeof(*configured));
	_cleanup_free_ struct policy *loaded = calloc(1, sizeof(*loaded));
	const struct config *config = instance->config;
	struct fault fault;
	unsigned count;
	int error = -ENOENT;

	if (!configured || !loaded)
		return -ENOMEM;
	config_to_policy(config, configured);
	if (instance->gate)
		error = gate_policy_get(instance->gate, loaded, &fault);
	if (error && error != -ENOENT)
		remember(snapshot, &fault);
	snapshot->has_policy = !error;
	snapshot->mode = loaded->mode == GATE_ENFORCE ? GATE_ENFORCE : GATE_MONITOR;
	snapshot->policy_differs = !error && policy_differs(configured, loaded);
	/* The configuration has the names. Ids that it does not know have none, but count as
	 * well. */
	count = (unsigned)config->service_count;
	if (!error && loaded->service_count > count)
		count = loaded->service_count;
	snapshot->service_count = count < SERVICE_MAX ? count : SERVICE_MAX - 1;
	for (unsigned id = 1; id <= snapshot->service_count; id++) {
		struct snapshot_service *service = &snapshot->services[id];

		service->removed = id > config->service_count || config->services[id - 1].removed;
		if (id <= config->service_count && *config->services[id - 1].name)
			snprintf(service->name, sizeof(service->name), "%s",
				 config->services[id - 1].name);
		else
			snprintf(service->name, sizeof(service->name), "service-%u", id);
	}
	fill_ports(snapshot, error ? configured : loaded);
	return 0;
}

/* ---- counters and lists ---- */

struct lists_context {
	struct snapshot *snapshot;
	const struct gate_counts *counts; /* NULL: no gate */
	bool seen[LIST_MAX];
};

static struct snapshot_list *list_add(struct snapshot *snapshot)
{
	return &snapshot->lists[snapshot->list_count++];
}

static int take_list(const struct store_list *stored, void *pointer)
{
	struct lists_context *context = pointer;
	struct snapshot_list *list;

	if (context->seen[stored->id])
		return 0;
	context->seen[stored->id] = true;
	list = list_add(context->snapshot);
	snprintf(list->name, sizeof(list->name), "%s", stored->name);
	list->known = true;
	list->allow = stored->allow;
	list->code = stored->code;
	list->prefixes = stored->prefixes;
	list->updated_wall_ns = stored->updated_wall_ns;
	if (context->counts)
		list->hits = context->counts->lists[stored->id];
	return 0;
}

static int fill_lists(struct snapshot *snapshot, const struct instance *instance,
		      const struct gate_counts *counts)
{
	struct lists_context context = { .snapshot = snapshot, .counts = counts };
	struct fault fault;

	snapshot->lists = calloc(LIST_MAX, sizeof(*snapshot->lists));
	if (!snapshot->lists)
		return -ENOMEM;
	if (instance->store && store_list_each(instance->store, take_list, &context, &fault))
		remember(snapshot, &fault);
	for (unsigned id = 1; counts && id < LIST_MAX; id++) {
		struct snapshot_list *list;

		if (context.seen[id] || !(counts->lists[id].packets | counts->lists[id].attempts))
			continue;
		list = list_add(snapshot);
		snprintf(list->name, sizeof(list->name), "#%u", id);
		list->hits = counts->lists[id];
	}
	return 0;
}

static int fill_feeds(struct snapshot *snapshot, const struct config *config)
{
	const struct config_list *list;

	snapshot->feeds = calloc(config->list_count + CONFIG_DATA_COUNT, sizeof(*snapshot->feeds));
	if (!snapshot->feeds)
		return -ENOMEM;
	for (size_t i = 0; (list = config_feed(config, i)); i++) {
		struct snapshot_feed *feed = &snapshot->feeds[snapshot->feed_count];

		snprintf(feed->name, sizeof(feed->name), "%s", list->name);
		feed->checked_s = feed_checked_s(config, list->name);
		feed->every_s = list->every_s;
		snapshot->feed_count++;
	}
	return 0;
}

static int fill_counts(struct snapshot *snapshot, const struct instance *instance,
		       struct fault *fault)
{
	_cleanup_free_ struct gate_counts *counts = calloc(1, sizeof(*counts));
	int error;

	if (!counts)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (instance->gate) {
		error = gate_counts_read(instance->gate, counts, fault);
		if (error)
			return error;
	}
	for (unsigned id = 0; id <= snapshot->service_count; id++) {
		struct snapshot_service *service = &snapshot->services[id];

		memcpy(service->countries, counts->countries[id], sizeof(service->countries));
		memcpy(service->open, counts->open[id], sizeof(service->open));
		memcpy(service->reasons, counts->reasons[id], sizeof(service->reasons));
		service->cookies = counts->cookies.answered[id];
		service->would_cookies = counts->cookies.would_answer[id];
	}
	snapshot_sum_up(snapshot);
	if (fill_lists(snapshot, instance, instance->gate ? counts : NULL) ||
	    fill_feeds(snapshot, instance->config))
		return fault_set(fault, -ENOMEM, "out of memory");
	return 0;
}

/* ---- tables ---- */

static void fill_tables(struct snapshot *snapshot, const struct instance *instance)
{
	struct snapshot_usage *bans = &snapshot->tables[SNAPSHOT_TABLE_BANS];
	struct snapshot_usage *prefixes = &snapshot->tables[SNAPSHOT_TABLE_PREFIXES];
	struct snapshot_usage *connections = &snapshot->tables[SNAPSHOT_TABLE_CONNECTIONS];
	struct snapshot_usage *over = &snapshot->tables[SNAPSHOT_TABLE_OVER_LIMIT];
	struct fault fault;
	int error;

	if (!instance->gate)
		return;
	bans->known = true;
	bans->usage = gate_ban_usage(instance->gate);
	for (int i = METERS_SOURCES; i <= METERS_NETWORKS; i++) {
		struct snapshot_usage *meters =
			&snapshot->tables[i == METERS_SOURCES ? SNAPSHOT_TABLE_SOURCES
							      : SNAPSHOT_TABLE_NETWORKS];

		meters->known = true;
		meters->usage = gate_meter_usage(instance->gate, (enum gate_meters)i);
	}
	connections->known = !gate_connection_usage(instance->gate, &connections->usage, &fault);
	over->known = !gate_over_usage(instance->gate, &over->usage, &fault);
	error = gate_table_state(instance->gate, &snapshot->table, &fault);
	snapshot->has_table = !error;
	if (error && error != -ENOENT) {
		remember(snapshot, &fault);
		return;
	}
	/* No table yet is an empty one. `import` refuses a list that does not fit as a whole, so
	 * nothing ever overflows. */
	prefixes->known = true;
	prefixes->usage.used = error ? 0 : snapshot->table.prefixes;
	prefixes->usage.size = PREFIXES_SIZE;
}

/* ---- status ---- */

/* The inner maps in the slots of the maps of maps "table" and "table_rest" are counted nowhere but
 * in the table's own state. */
static void add_table_memory(struct snapshot *snapshot)
{
	for (size_t i = 0; snapshot->has_table && i < snapshot->map_count; i++)
		if (!strcmp(snapshot->maps[i].name, "table"))
			snapshot->maps[i].bytes += snapshot->table.bytes;
}

static int fill_gate_status(struct snapshot *snapshot, const struct instance *instance)
{
	struct fault fault;
	int count;

	snapshot->maps = calloc(MAPS_MAX, sizeof(*snapshot->maps));
	if (!snapshot->maps)
		return -ENOMEM;
	if (!instance->gate)
		return 0;
	count = gate_memory(instance->gate, snapshot->maps, MAPS_MAX, &fault);
	if (count < 0)
		remember(snapshot, &fault);
	else
		snapshot->map_count = count < MAPS_MAX ? (size_t)count : MAPS_MAX;
	add_table_memory(snapshot);
	return 0;
}

static void fill_store_status(struct snapshot *snapshot, const struct instance *instance)
{
	struct fault fault;
	int error;

	if (!instance->store)
		return;
	error = store_generation(instance->store, &snapshot->generation, &fault);
	snapshot->has_generation = !error;
	if (error)
		remember(snapshot, &fault);
	error = store_countries_get(instance->store, snapshot->countries_source,
				    sizeof(snapshot->countries_source),
				    &snapshot->countries_updated_wall_ns, NULL, &fault);
	snapshot->has_countries = !error;
	if (error && error != -ENOENT)
		remember(snapshot, &fault);
}

static void fill_daemon(struct snapshot *snapshot, const struct instance *instance)
{
	struct fault fault;
	int error = daemon_status_read(instance->config->paths.runtime, &snapshot->daemon, &fault);

	if (error && error != -ENOENT)
		remember(snapshot, &fault);
	snapshot->daemon_state = daemon_state(snapshot->daemon, snapshot->now_boot_ns);
}

int snapshot_fill(const struct instance *instance, unsigned parts, int64_t now_wall_ns,
		  uint64_t now_boot_ns, struct snapshot **snapshot, struct fault *fault)
{
	_cleanup_(cleanup_snapshot) struct snapshot *fresh = calloc(1, sizeof(*fresh));
	int error;

	if (!fresh)
		return fault_set(fault, -ENOMEM, "out of memory");
	fresh->now_wall_ns = now_wall_ns;
	fresh->now_boot_ns = now_boot_ns;
	fresh->loaded = instance->gate;
	fresh->gate_fault = instance->gate_fault;
	fresh->store_fault = instance->store_fault;
	fresh->configured_mode = instance->config->mode;
	snprintf(fresh->config_path, sizeof(fresh->config_path), "%s",
		 instance->config->path ? instance->config->path : "");
	if (fill_policy(fresh, instance))
		return fault_set(fault, -ENOMEM, "out of memory");
	fill_tables(fresh, instance);
	if (parts & SNAPSHOT_COUNTS) {
		error = fill_counts(fresh, instance, fault);
		if (error)
			return error;
	}
	if (parts & SNAPSHOT_STATUS) {
		fill_daemon(fresh, instance);
		if (instance->config->policy.dovecot.kind != LISTEN_OFF)
			stand_in_look("", &fresh->stand_in);
		fresh->name_count =
			dns_names_read(instance->config, now_wall_ns / NS_PER_S, fresh->names);
		if (fill_gate_status(fresh, instance) ||
		    snapshot_fill_devices(fresh, instance, remember))
			return fault_set(fault, -ENOMEM, "out of memory");
		fill_store_status(fresh, instance);
	}
	if (instance->gate &&
	    outflow_view_fill(instance->gate, now_wall_ns, now_boot_ns, &fresh->outflow, fault))
		remember(fresh, fault);
	if (parts & SNAPSHOT_COUNTS)
		snapshot_fill_recent(fresh, instance, remember);
	if (parts & SNAPSHOT_TOP_TALKERS)
		snapshot_fill_top(fresh, instance, remember);
	*snapshot = TAKE_PTR(fresh);
	return 0;
}
