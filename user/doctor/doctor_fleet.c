// SPDX-License-Identifier: GPL-2.0-or-later
/* Doctor on [fleet]: whether its process runs, reaches engine and daemon, and trusts the other
 * members. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "doctor/checks.h"
#include "fleet/adoption.h"
#include "show/fleet_status.h"

/* ---- the status of the fleet process ---- */

/* Takes a text of the file, which may be anybody's words, so that it is safe for a terminal. */
static void take_text(const json_t *object, const char *key, char *to, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	snprintf(to, size, "%s", text ? text : "");
	for (char *at = to; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

static uint64_t count_of(const json_t *object, const char *key)
{
	json_int_t count = json_integer_value(json_object_get(object, key));

	return count > 0 ? (uint64_t)count : 0;
}

/* Counts what the member signed itself but may not say. Not counted: what was only late, or had
 * been lifted already. */
static uint64_t too_much(const json_t *member)
{
	static const enum adoption_verdict rows[] = { ADOPTION_WIDE, ADOPTION_BUDGET,
						      ADOPTION_FULL };
	uint64_t sum = count_of(member, "sightings_refused");

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		sum += count_of(json_object_get(member, "verdicts"),
				adoption_verdict_name(rows[i]));
	return sum;
}

static void take_member(struct doctor_fleet *fleet, const json_t *from)
{
	const char *row;
	struct doctor_member member = { 0 };
	json_t *count;

	take_text(from, "name", member.name, sizeof(member.name));
	member.revoked = json_is_true(json_object_get(from, "revoked"));
	member.suspended = !member.revoked && json_is_true(json_object_get(from, "suspended"));
	json_object_foreach (json_object_get(from, "refused"), row, count)
		member.refused +=
			json_integer_value(count) > 0 ? (uint64_t)json_integer_value(count) : 0;
	member.too_much = too_much(from);
	if (json_is_string(json_object_get(from, "last")) && !member.suspended)
		member.lag_ms = json_integer_value(json_object_get(from, "lag_ms"));
	if (member.lag_ms <= FLEET_OLD_MS && member.lag_ms >= -FLEET_AHEAD_MS)
		member.lag_ms = 0;
	if (!member.revoked &&
	    (member.suspended || member.refused || member.too_much || member.lag_ms) &&
	    fleet->member_count < DOCTOR_MEMBERS_MOST)
		fleet->members[fleet->member_count++] = member;
}

void doctor_take_fleet(const struct config *config, int64_t now_wall_ns, struct doctor_fleet *fleet)
{
	const json_t *engine, *members;
	json_t *status = NULL;

	fleet->wanted = config->fleet.server;
	if (!fleet->wanted || fleet_status_read(config->paths.runtime, &status, NULL))
		return;
	fleet->runs = fleet_status_is_fresh(status, now_wall_ns);
	engine = json_object_get(status, "engine");
	members = json_object_get(status, "members");
	fleet->has_daemon = json_is_true(json_object_get(status, "daemon"));
	fleet->has_engine = json_is_true(json_object_get(engine, "reads")) &&
			    json_is_true(json_object_get(engine, "appends"));
	take_text(engine, "fault", fleet->fault, sizeof(fleet->fault));
	for (size_t i = 0; i < json_array_size(members); i++)
		take_member(fleet, json_array_get(members, i));
	json_decref(status);
}

/* ---- findings ---- */

static void check_member(const struct doctor_member *member, struct doctor_report *report)
{
	int64_t off_ms = member->lag_ms < 0 ? -member->lag_ms : member->lag_ms;
	char off[TIME_TEXT_SIZE];

	if (member->suspended)
		doctor_add(report, FIND_FLEET_SUSPENDED, member->name,
			   "nothing of member %s is taken any more", member->name);
	else if (member->refused || member->too_much)
		doctor_add(report, FIND_FLEET_REFUSED, member->name,
			   "%" PRIu64 " batches in the stream of member %s, and %" PRIu64
			   " statements of its own, were refused",
			   member->refused, member->name, member->too_much);
	if (!off_ms)
		return;
	duration_format((uint64_t)off_ms / 1000, off);
	doctor_add(report, FIND_FLEET_CLOCK, member->name,
		   "the clock of member %s is %s %s this server's", member->name, off,
		   member->lag_ms < 0 ? "ahead of" : "behind");
}

void doctor_check_fleet(const struct doctor_facts *facts, struct doctor_report *report)
{
	const struct doctor_fleet *fleet = &facts->fleet;

	if (!fleet->wanted)
		return;
	if (!fleet->runs) {
		doctor_add(report, FIND_FLEET_DOWN, "", "sekisho-fleet does not run");
		return;
	}
	if (!fleet->has_engine)
		doctor_add(report, FIND_FLEET_NO_ENGINE, "", "the engine is not reached%s%s",
			   *fleet->fault ? ": " : "", fleet->fault);
	if (!fleet->has_daemon && facts->daemon_state == DAEMON_RUNNING)
		doctor_add(report, FIND_FLEET_NO_DAEMON, "",
			   "the daemon is not connected to sekisho-fleet");
	for (size_t i = 0; i < fleet->member_count; i++)
		check_member(&fleet->members[i], report);
}
