// SPDX-License-Identifier: GPL-2.0-or-later
/* A snapshot as the JSON of `stats` and `status` (render.h); schema: docs/json.md. Pure. */
#include "show/render.h"

#include <errno.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "conf/codes.h"
#include "show/country_files.h"
#include "show/json.h"
#include "show/json_recent.h"

static json_t *mode_to_json(const struct snapshot *snapshot)
{
	return snapshot->has_policy ? json_string(gate_mode_name(snapshot->mode)) : json_null();
}

/* ---- common to both ---- */

static json_t *usage_to_json(const struct snapshot_usage *table)
{
	if (!table->known)
		return json_pack("{s:n,s:n,s:n}", "used", "size", "overflows");
	return members_to_json(snapshot_usage_members, &table->usage);
}

static json_t *tables_to_json(const struct snapshot *snapshot)
{
	_cleanup_(cleanup_json) json_t *tables = json_object();

	for (enum snapshot_table table = 0; table < SNAPSHOT_TABLE_COUNT; table++)
		if (json_object_set_new(tables, snapshot_table_name(table),
					usage_to_json(&snapshot->tables[table])))
			return NULL;
	return TAKE_PTR(tables);
}

static json_t *faults_to_json(const struct snapshot *snapshot)
{
	_cleanup_(cleanup_json) json_t *faults = json_array();

	if (!snapshot->loaded && snapshot->gate_fault.error &&
	    !json_add(faults, json_text(snapshot->gate_fault.text)))
		return NULL;
	if (snapshot->store_fault.error && !json_add(faults, json_text(snapshot->store_fault.text)))
		return NULL;
	for (size_t i = 0; i < snapshot->fault_count; i++)
		if (!json_add(faults, json_text(snapshot->faults[i].text)))
			return NULL;
	return TAKE_PTR(faults);
}

/* ---- stats ---- */

static json_t *countries_to_json(const struct snapshot_service *service)
{
	_cleanup_(cleanup_json) json_t *countries = json_object();

	for (unsigned country = 0; country < COUNTRY_COUNT; country++) {
		struct snapshot_sum sum = snapshot_country_sum(service, country);
		char name[COUNTRY_TEXT_SIZE];

		if (snapshot_sum_is_zero(&sum))
			continue;
		country_to_text(country, name);
		if (json_object_set_new(countries, name,
					members_to_json(snapshot_sum_members, &sum)))
			return NULL;
	}
	return TAKE_PTR(countries);
}

static json_t *reason_to_json(const struct reason_counts *counts)
{
	return json_pack("{s:o,s:o}", "packets", json_count(counts->packets), "attempts",
			 json_count(counts->attempts));
}

static json_t *reasons_to_json(const struct snapshot_service *service)
{
	_cleanup_(cleanup_json) json_t *reasons = json_object();

	for (enum reason reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
		const struct reason_counts *counts = service->reasons[reason];
		json_t *item = json_pack("{s:o,s:o}", "dropped",
					 reason_to_json(&counts[GATE_ENFORCE]), "would_drop",
					 reason_to_json(&counts[GATE_MONITOR]));

		if (json_object_set_new(reasons, reason_name(reason), item))
			return NULL;
	}
	return TAKE_PTR(reasons);
}

/* The service's sum, with its countries and reasons. */
static json_t *service_to_json(const struct snapshot_service *service)
{
	_cleanup_(cleanup_json)
		json_t *object = members_to_json(snapshot_sum_members, &service->sum);

	if (json_object_set_new(object, "syn_cookies",
				json_pack("{s:o,s:o}", "answered", json_count(service->cookies),
					  "would_answer", json_count(service->would_cookies))) ||
	    json_object_set_new(object, "countries", countries_to_json(service)) ||
	    json_object_set_new(object, "reasons", reasons_to_json(service)))
		return NULL;
	return TAKE_PTR(object);
}

static json_t *services_to_json(const struct snapshot *snapshot)
{
	_cleanup_(cleanup_json) json_t *services = json_object();

	for (unsigned id = 1; id <= snapshot->service_count; id++)
		if (json_object_set_new(services, snapshot->services[id].name,
					service_to_json(&snapshot->services[id])))
			return NULL;
	return TAKE_PTR(services);
}

static json_t *list_to_json(const struct snapshot_list *list)
{
	char code[COUNTRY_TEXT_SIZE];

	return json_pack(
		"{s:o,s:o,s:o,s:o,s:o,s:o}", "name", json_text(list->name), "action",
		json_text(list->known ? list_action_name(list->allow, list->code, code) : NULL),
		"prefixes", list->known ? json_count(list->prefixes) : json_null(), "updated",
		json_time(list->updated_wall_ns), "packets", json_count(list->hits.packets),
		"attempts", json_count(list->hits.attempts));
}

static json_t *lists_to_json(const struct snapshot *snapshot)
{
	_cleanup_(cleanup_json) json_t *lists = json_array();

	for (size_t i = 0; i < snapshot->list_count; i++)
		if (!json_add(lists, list_to_json(&snapshot->lists[i])))
			return NULL;
	return TAKE_PTR(lists);
}

static json_t *feeds_to_json(const struct snapshot *snapshot)
{
	_cleanup_(cleanup_json) json_t *feeds = json_array();

	for (size_t i = 0; i < snapshot->feed_count; i++) {
		const struct snapshot_feed *feed = &snapshot->feeds[i];

		if (!json_add(feeds,
			      json_pack("{s:o,s:o,s:o}", "list", json_text(feed->name), "checked",
					json_time(feed->checked_s * (int64_t)NS_PER_S),
					"every_seconds", json_count(feed->every_s))))
			return NULL;
	}
	return TAKE_PTR(feeds);
}

char *json_stats(const struct snapshot *snapshot)
{
	return json_line(json_pack(
		"{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "time",
		json_time(snapshot->now_wall_ns), "since", json_time(snapshot->since_wall_ns),
		"rates", json_rates(snapshot), "sources", json_top(snapshot, METERS_SOURCES),
		"networks", json_top(snapshot, METERS_NETWORKS), "mode", mode_to_json(snapshot),
		"total", members_to_json(snapshot_sum_members, &snapshot->sum), "services",
		services_to_json(snapshot), "no_service", service_to_json(&snapshot->services[0]),
		"lists", lists_to_json(snapshot), "feeds", feeds_to_json(snapshot), "outflow",
		outflow_to_json(snapshot->outflow, false), "tables", tables_to_json(snapshot),
		"faults", faults_to_json(snapshot)));
}

/* ---- status ---- */

static json_t *ports_to_json(const struct snapshot *snapshot)
{
	_cleanup_(cleanup_json) json_t *services = json_object();

	for (unsigned id = 1; id <= snapshot->service_count; id++) {
		const struct snapshot_service *service = &snapshot->services[id];
		json_t *ports;

		if (service->removed && !service->port_count)
			continue;
		ports = json_array();
		/* The object owns the array at once, so nothing else has to free it. */
		if (json_object_set_new(services, service->name, ports))
			return NULL;
		for (size_t i = 0; i < service->port_count; i++)
			if (!json_add(ports, json_integer(service->ports[i])))
				return NULL;
	}
	return TAKE_PTR(services);
}

static json_t *memory_to_json(const struct snapshot *snapshot)
{
	_cleanup_(cleanup_json) json_t *maps = json_array();
	uint64_t total = 0;

	if (!snapshot->loaded)
		return json_null();
	for (size_t i = 0; i < snapshot->map_count; i++) {
		const struct gate_memory *map = &snapshot->maps[i];
		json_t *item = json_pack("{s:o,s:o,s:o}", "name", json_text(map->name), "entries",
					 json_count(map->entries_max), "bytes",
					 json_count(map->bytes));

		if (!json_add(maps, item))
			return NULL;
		total += map->bytes;
	}
	return json_pack("{s:o,s:O}", "bytes", json_count(total), "maps", maps);
}

static json_t *country_files_to_json(const struct snapshot *snapshot)
{
	_cleanup_(cleanup_json) json_t *files = json_array();
	struct country_source read[8];
	size_t count = country_files_read(snapshot->countries_source, read, 8);

	for (size_t i = 0; i < count; i++)
		if (!json_add(files, json_pack("{s:o,s:o,s:o}", "path", json_text(read[i].path),
					       "modified", json_time(read[i].modified_wall_ns),
					       "bytes", json_count(read[i].bytes))))
			return NULL;
	return TAKE_PTR(files);
}

static json_t *countries_status(const struct snapshot *snapshot)
{
	if (!snapshot->has_countries)
		return json_null();
	return json_pack("{s:o,s:o,s:o,s:o}", "source", json_text(snapshot->countries_source),
			 "files", country_files_to_json(snapshot), "updated",
			 json_time(snapshot->countries_updated_wall_ns), "ranges",
			 snapshot->has_table ? json_count(snapshot->table.ranges) : json_null());
}

static json_t *generation_to_json(const struct snapshot *snapshot)
{
	return json_pack("{s:o,s:o}", "gate",
			 snapshot->has_table ? json_count(snapshot->table.generation) : json_null(),
			 "store",
			 snapshot->has_generation ? json_count(snapshot->generation) : json_null());
}

static json_t *names_to_json(const struct snapshot *snapshot)
{
	_cleanup_(cleanup_json) json_t *names = json_array();

	for (size_t i = 0; i < snapshot->name_count; i++) {
		const struct dns_name *name = &snapshot->names[i];
		_cleanup_(cleanup_json) json_t *addresses = json_array();
		char text[ADDRESS_TEXT_SIZE];

		for (size_t j = 0; j < name->count; j++) {
			address_format(&name->addresses[j], text);
			if (!json_add(addresses, json_text(text)))
				return NULL;
		}
		if (!json_add(names,
			      json_pack("{s:o,s:O,s:o,s:o,s:o}", "name", json_text(name->name),
					"addresses", addresses, "answered",
					json_time(name->answered_s * (int64_t)NS_PER_S), "refused",
					json_count(name->refused), "problem",
					json_text(*name->problem ? name->problem : NULL))))
			return NULL;
	}
	return TAKE_PTR(names);
}

char *json_status(const struct snapshot *snapshot)
{
	bool known = snapshot->has_policy;
	/* If the gate cannot be asked, say because it has another contract, it may still be
	 * loaded. */
	json_t *loaded = snapshot->loaded || snapshot->gate_fault.error == -ENOENT
				 ? json_boolean(snapshot->loaded)
				 : json_null();

	return json_line(json_pack(
		"{s:o,s:s,s:i,s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "time",
		json_time(snapshot->now_wall_ns), "version", SEKISHO_VERSION, "contract",
		CONTRACT_VERSION, "loaded", loaded, "mode", mode_to_json(snapshot),
		"configured_mode", gate_mode_name(snapshot->configured_mode), "policy_differs",
		known ? json_boolean(snapshot->policy_differs) : json_null(), "services",
		ports_to_json(snapshot), "devices",
		devices_to_json(snapshot->devices, snapshot->device_count), "outflow",
		outflow_to_json(snapshot->outflow, false), "tables", tables_to_json(snapshot),
		"memory", memory_to_json(snapshot), "countries", countries_status(snapshot),
		"generation", generation_to_json(snapshot), "never_ban_names",
		names_to_json(snapshot), "daemon",
		daemon_status_to_json(snapshot->daemon, snapshot->daemon_state), "stand_in",
		stand_in_to_json(&snapshot->stand_in), "faults", faults_to_json(snapshot)));
}
