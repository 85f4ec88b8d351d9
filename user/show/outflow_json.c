// SPDX-License-Identifier: GPL-2.0-or-later
/* The outflow breaker as JSON (outflow_view.h); schema: docs/json.md. Pure. */
#include "show/outflow_view.h"

#include "base/cleanup.h"
#include "base/time.h"
#include "conf/config.h"
#include "net/address.h"
#include "show/json.h"

/* "who", "id" and "name" as a new object. */
static json_t *key_to_json(const struct outflow_key *key, const char *name)
{
	bool has_id = key->origin != OUTFLOW_OTHER && key->id != UINT32_MAX;

	return json_pack("{s:s,s:o,s:o}", "who", outflow_origin_name(key->origin), "id",
			 has_id ? json_integer(key->id) : json_null(), "name",
			 json_text(*name ? name : NULL));
}

/* Adds the members of `more` (a new reference, or NULL) to `object`, and returns that; frees both
 * if out of memory, and returns NULL. */
static json_t *joined(json_t *object, json_t *more)
{
	_cleanup_(cleanup_json) json_t *owned = object, *added = more;

	if (!owned || !added || json_object_update(owned, added))
		return NULL;
	return TAKE_PTR(owned);
}

static json_t *address_to_json(const struct address *address)
{
	char text[ADDRESS_TEXT_SIZE];

	address_format(address, text);
	return json_string(text);
}

static json_t *suspect_to_json(const struct outflow_suspect *suspect)
{
	_cleanup_(cleanup_json) json_t *destinations = json_array();

	for (size_t i = 0; i < suspect->destination_count; i++)
		if (!json_add(destinations, address_to_json(&suspect->destinations[i])))
			return NULL;
	return joined(key_to_json(&suspect->who, suspect->name),
		      json_pack("{s:o,s:o,s:o,s:O}", "cgroup",
				json_text(*suspect->cgroup_path ? suspect->cgroup_path : NULL),
				"attempts", json_count(suspect->attempts), "held",
				json_count(suspect->held), "destinations", destinations));
}

json_t *outflow_suspects_to_json(const struct outflow_suspect *suspects, size_t count)
{
	_cleanup_(cleanup_json) json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		if (!json_add(array, suspect_to_json(&suspects[i])))
			return NULL;
	return TAKE_PTR(array);
}

static json_t *breakers_to_json(const struct outflow_view *view)
{
	_cleanup_(cleanup_json) json_t *breakers = json_array();

	for (size_t i = 0; i < view->state->breaker_count; i++) {
		const struct gate_breaker *breaker = &view->state->breakers[i];
		const struct outflow_breaker *state = &breaker->state;
		json_t *item;

		/* The breaker of senders that found no room is listed only if there were any. */
		if (breaker->key.origin == OUTFLOW_OTHER && !state->attempts)
			continue;
		item = json_pack("{s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "tripped", breaker->tripped,
				 "since", json_time(outflow_wall_ns(view, state->since_ns)),
				 "last_held", json_time(outflow_wall_ns(view, state->last_held_ns)),
				 "held", json_count(state->trip_held), "trips",
				 json_count(state->trips), "attempts", json_count(state->attempts),
				 "held_total", json_count(state->held), "suspects",
				 outflow_suspects_to_json(view->suspects[i].list,
							  view->suspects[i].count));
		if (!json_add(breakers,
			      joined(key_to_json(&breaker->key, view->breaker_names[i]), item)))
			return NULL;
	}
	return TAKE_PTR(breakers);
}

static json_t *count_to_json(const struct outflow_view *view, const struct outflow_count *count)
{
	const __u64 *verdicts = count->verdicts;
	uint64_t stopped =
		verdicts[OUTFLOW_HELD] + verdicts[OUTFLOW_USER] + verdicts[OUTFLOW_UNREADABLE];

	return joined(members_to_json(outflow_count_members, count),
		      json_pack("{s:o,s:o}", "would_drop",
				json_count(stopped > count->dropped ? stopped - count->dropped : 0),
				"last", json_time(outflow_wall_ns(view, count->last_ns))));
}

static json_t *counts_to_json(const struct outflow_view *view)
{
	_cleanup_(cleanup_json) json_t *counts = json_array();

	for (size_t i = 0; i < view->state->count_count; i++) {
		const struct gate_outflow_count *found = &view->state->counts[i];
		json_t *key;

		if (!found->count.attempts)
			continue;
		key = joined(key_to_json(&found->key, view->count_names[i]),
			     json_pack("{s:i}", "port", (int)found->key.port));
		if (!json_add(counts, joined(key, count_to_json(view, &found->count))))
			return NULL;
	}
	return TAKE_PTR(counts);
}

static json_t *ports_to_json(const struct outflow_view *view)
{
	_cleanup_(cleanup_json) json_t *ports = json_object();

	for (unsigned i = 0; i < view->state->rules.port_count && i < OUTFLOW_PORTS; i++) {
		struct outflow_count sum = outflow_sum(view, (int)view->state->rules.ports[i]);
		char name[16];

		snprintf(name, sizeof(name), "%u", view->state->rules.ports[i]);
		if (json_object_set_new(ports, name, count_to_json(view, &sum)))
			return NULL;
	}
	return TAKE_PTR(ports);
}

static json_t *limit_to_json(__u64 interval_ns, __u32 burst)
{
	if (!interval_ns)
		return json_null();
	return json_pack("{s:f,s:o}", "per_minute", 60.0 * NS_PER_S / (double)interval_ns, "burst",
			 json_count(burst));
}

static json_t *users_to_json(const struct outflow_rules *rules)
{
	_cleanup_(cleanup_json) json_t *users = json_array();

	if (!rules->users_only)
		return json_null();
	for (unsigned i = 0; i < rules->user_count && i < OUTFLOW_USERS; i++)
		if (!json_add(users, json_integer(rules->users[i])))
			return NULL;
	return TAKE_PTR(users);
}

static json_t *prefixes_to_json(const struct outflow_prefix *prefixes, unsigned count)
{
	_cleanup_(cleanup_json) json_t *array = json_array();

	for (unsigned i = 0; i < count && i < OUTFLOW_PREFIXES; i++) {
		struct prefix prefix = { prefixes[i].address, prefixes[i].length };
		char text[PREFIX_TEXT_SIZE];

		prefix_format(&prefix, text);
		if (!json_add(array, json_string(text)))
			return NULL;
	}
	return TAKE_PTR(array);
}

static json_t *recent_to_json(const struct outflow_view *view)
{
	_cleanup_(cleanup_json) json_t *array = json_array();

	for (size_t i = 0; i < view->state->recent_count; i++) {
		const struct outflow_recent *recent = &view->state->recent[i];
		json_t *item = json_pack("{s:o,s:o,s:o,s:i,s:s,s:s}", "time",
					 json_time(outflow_wall_ns(view, recent->time_ns)),
					 "source", address_to_json(&recent->source), "destination",
					 address_to_json(&recent->destination), "port",
					 (int)recent->who.port, "verdict",
					 outflow_verdict_name(recent->verdict), "mode",
					 gate_mode_name(recent->mode));

		if (!json_add(array,
			      joined(key_to_json(&recent->who, view->recent_names[i]), item)))
			return NULL;
	}
	return TAKE_PTR(array);
}

static json_t *table_to_json(uint64_t used, uint64_t size, uint64_t overflows)
{
	return json_pack("{s:o,s:o,s:o}", "used", json_count(used), "size", json_count(size),
			 "overflows", json_count(overflows));
}

static json_t *tables_to_json(const struct outflow_control *control)
{
	return json_pack("{s:o,s:o}", "breakers",
			 table_to_json(control->breaker_used, OUTFLOW_BREAKERS - 2,
				       control->breaker_overflows),
			 "senders",
			 table_to_json(control->count_used, OUTFLOW_COUNTS - OUTFLOW_PORTS - 1,
				       control->count_overflows));
}

static json_t *rules_to_json(const struct outflow_rules *rules)
{
	return json_pack("{s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "mode", gate_mode_name(rules->mode),
			 "limit", limit_to_json(rules->interval_ns, rules->burst), "guest_limit",
			 limit_to_json(rules->guest_interval_ns, rules->guest_burst), "users",
			 users_to_json(rules), "except",
			 prefixes_to_json(rules->excepts, rules->except_count), "guests",
			 prefixes_to_json(rules->guests, rules->guest_count), "calm_seconds",
			 json_count(rules->calm_ns / NS_PER_S));
}

json_t *outflow_to_json(const struct outflow_view *view, bool recent)
{
	struct outflow_count sum;
	struct outflow_trip trip;
	json_t *object;

	if (!view)
		return json_null();
	trip = outflow_trip(view);
	sum = outflow_sum(view, -1);
	object = joined(json_pack("{s:s}", "state", outflow_state_name(outflow_state(view))),
			json_pack("{s:o,s:o}", "since",
				  json_time(outflow_wall_ns(view, trip.since_ns)), "held",
				  json_count(trip.held)));
	object = joined(object,
			json_pack("{s:o}", "released_until",
				  view->state->control.released_until_ns > view->state->now_boot_ns
					  ? json_time(outflow_wall_ns(
						    view, view->state->control.released_until_ns))
					  : json_null()));
	object = joined(object, rules_to_json(&view->state->rules));
	object = joined(object,
			json_pack("{s:o,s:o,s:o,s:o,s:o}", "total", count_to_json(view, &sum),
				  "ports", ports_to_json(view), "breakers", breakers_to_json(view),
				  "senders", counts_to_json(view), "tables",
				  tables_to_json(&view->state->control)));
	if (recent)
		object = joined(object, json_pack("{s:o}", "recent", recent_to_json(view)));
	return object;
}
