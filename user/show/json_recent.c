// SPDX-License-Identifier: GPL-2.0-or-later
/* Rates and top talkers as the JSON of `stats`; schema: docs/json.md. Pure. */
#include "show/json_recent.h"

#include "base/cleanup.h"
#include "base/time.h"
#include "show/json.h"

static json_t *rate(uint64_t count, uint64_t ns)
{
	return json_real((double)count * 1e9 / (double)ns);
}

static json_t *rates(const struct snapshot_sum *sum, uint64_t ns)
{
	return json_pack("{s:o,s:o,s:o,s:o}", "attempts", rate(sum->attempts, ns), "dropped",
			 rate(sum->dropped, ns), "would_drop", rate(sum->would_drop, ns),
			 "handshakes", rate(sum->handshakes, ns));
}

/* `services` are by id; NULL: use the sums of the snapshot's services. */
static json_t *rates_over(const struct snapshot *snapshot, uint64_t ns,
			  const struct snapshot_sum *total, const struct snapshot_sum *services)
{
	_cleanup_(cleanup_json) json_t *object = json_object();

	if (!ns)
		return json_null();
	for (unsigned id = 1; id <= snapshot->service_count; id++)
		if (json_object_set_new(
			    object, snapshot->services[id].name,
			    rates(services ? &services[id] : &snapshot->services[id].sum, ns)))
			return NULL;
	return json_pack("{s:f,s:o,s:O}", "seconds", (double)ns / 1e9, "total", rates(total, ns),
			 "services", object);
}

json_t *json_rates(const struct snapshot *snapshot)
{
	uint64_t ns = snapshot_counted_ns(snapshot);

	return json_pack("{s:o,s:o}", "since_load", rates_over(snapshot, ns, &snapshot->sum, NULL),
			 "last_minute",
			 rates_over(snapshot, snapshot->has_minute ? snapshot->minute_ns : 0,
				    &snapshot->minute_sum, snapshot->minute));
}

static json_t *services_of(const struct snapshot *snapshot, uint32_t services)
{
	_cleanup_(cleanup_json) json_t *names = json_array();

	for (unsigned id = 1; id <= snapshot->service_count; id++)
		if (services & 1U << id && !json_add(names, json_text(snapshot->services[id].name)))
			return NULL;
	return TAKE_PTR(names);
}

static json_t *talker_to_json(const struct snapshot *snapshot, const struct talker *talker)
{
	uint64_t ago = snapshot->now_boot_ns > talker->last_boot_ns
			       ? snapshot->now_boot_ns - talker->last_boot_ns
			       : 0;
	char prefix[PREFIX_TEXT_SIZE], country[COUNTRY_TEXT_SIZE];

	prefix_format(&talker->prefix, prefix);
	country_to_text(talker->country, country);
	return json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "prefix", prefix, "country",
			 country, "provider", json_provider_number(talker->provider), "services",
			 services_of(snapshot, talker->services), "attempts",
			 json_count(talker->attempts), "dropped", json_count(talker->dropped),
			 "handshakes", json_count(talker->handshakes), "open",
			 json_count(talker->open), "last",
			 json_time(snapshot->now_wall_ns - (int64_t)ago));
}

json_t *json_top(const struct snapshot *snapshot, enum gate_meters table)
{
	_cleanup_(cleanup_json) json_t *talkers = json_array();

	if (!snapshot->has_top)
		return json_null();
	for (size_t i = 0; i < snapshot->top[table].count; i++)
		if (!json_add(talkers, talker_to_json(snapshot, &snapshot->top[table].talkers[i])))
			return NULL;
	return TAKE_PTR(talkers);
}
