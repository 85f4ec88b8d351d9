// SPDX-License-Identifier: GPL-2.0-or-later
/* The fleet process's status file: what `sekisho fleet status` and the metrics show. Schema:
 * docs/json.md. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/time.h"
#include "fleet/fleet_process.h"
#include "show/fleet_status.h"

static json_t *number(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *time_or_null(int64_t wall_ms)
{
	char text[TIME_TEXT_SIZE];

	if (!wall_ms)
		return json_null();
	time_format(wall_ms * NS_PER_MS, text);
	return json_string(text);
}

static json_t *engine_to_json(const struct fleet_process *process)
{
	struct engine_state state;

	engine_get_state(process->engine, &state);
	return json_pack("{s:s,s:b,s:b,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "server",
			 state.server, "reads", state.reads, "appends", state.appends, "caught_up",
			 state.caught_up, "connects", number(state.connects), "failures",
			 number(state.failures), "bytes_read", number(state.bytes_read),
			 "entries_read", number(state.entries_read), "appended",
			 number(state.appended), "refused", number(state.refused), "in_flight",
			 number(state.in_flight), "fault",
			 *state.fault ? json_stringn_nocheck(state.fault, strlen(state.fault))
				      : json_null());
}

static json_t *counts_to_json(const char *(*name)(unsigned row), const uint64_t *counts,
			      unsigned rows)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < rows; i++)
		json_object_set_new(object, name(i), number(counts[i]));
	return object;
}

static const char *verdict_name(unsigned row)
{
	return adoption_verdict_name((enum adoption_verdict)row);
}

static const char *trouble_name(unsigned row)
{
	return node_trouble_name((enum node_trouble)row);
}

static const char *outcome_name(unsigned row)
{
	return channel_outcome_name((enum channel_outcome)row);
}

static json_t *member_to_json(const struct fleet_process *process, uint16_t index)
{
	const struct config_member *member = &process->config->fleet.members[index];
	const struct node_counts *counts = node_counts_of(process->node, index);

	return json_pack("{s:s,s:s,s:b,s:b,s:b,s:o,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "name",
			 member->name, "site", member->site, "self",
			 index == process->settings.self, "revoked", member->revoked, "suspended",
			 counts->suspended, "last", time_or_null(counts->last_ms), "lag_ms",
			 (json_int_t)(counts->last_ms - counts->made_ms), "batches",
			 number(counts->batches), "statements", number(counts->statements),
			 "sightings", number(counts->sightings), "sightings_refused",
			 number(counts->too_many), "missing", number(counts->missing), "repeated",
			 number(counts->repeated), "verdicts",
			 counts_to_json(verdict_name, counts->verdicts, ADOPTION_VERDICTS),
			 "refused", counts_to_json(trouble_name, counts->refused, NODE_TROUBLES));
}

static bool has_daemon(const struct fleet_process *process)
{
	for (size_t i = 0; i < FLEET_CLIENTS; i++)
		if (process->clients[i].is_daemon)
			return true;
	return false;
}

static json_t *process_to_json(const struct fleet_process *process)
{
	struct adoption_usage usage;
	json_t *members = json_array();
	size_t own;

	for (uint16_t i = 0; i < process->settings.member_count; i++)
		json_array_append_new(members, member_to_json(process, i));
	node_get_usage(process->node, &usage, &own);
	return json_pack("{s:o,s:o,s:s,s:b,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}",
			 "written", time_or_null(FLEET_CLOCK_MS()), "since",
			 time_or_null(process->begun_ms), "member", process->config->fleet.member,
			 "daemon", has_daemon(process), "quorum",
			 (json_int_t)process->settings.quorum, "budget",
			 (json_int_t)process->settings.budget, "backlog",
			 number(node_waiting(process->node)), "lost",
			 number(node_lost(process->node)), "own_bans", number(own), "claims",
			 number(usage.claims), "prefixes", number(usage.prefixes),
			 "unknown_accounts", number(process->unknown), "sightings_dropped",
			 number(process->untold), "outcomes",
			 counts_to_json(outcome_name, process->outcomes, OUTCOMES), "engine",
			 engine_to_json(process), "members", members);
}

static void free_json(json_t **object)
{
	json_decref(*object);
}

void fleet_report(const struct fleet_process *process)
{
	_cleanup_(free_json) json_t *object = process_to_json(process);
	_cleanup_free_ char *text = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII)
					   : NULL;

	if (text)
		(void)file_replace(process->status_path, text, strlen(text), NULL);
}
