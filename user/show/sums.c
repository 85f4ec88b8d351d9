// SPDX-License-Identifier: GPL-2.0-or-later
/* Arithmetic and names of a snapshot (snapshot.h), and its freeing. Pure: filling it is kept apart,
 * so that the renderers can be used and tested without a kernel. */
#include "show/snapshot.h"

#include <stdlib.h>
#include <string.h>

#define ROW(member, metric, help) MEMBER_METRIC(snapshot_sum, member, #member, COUNT, metric, help)
const struct member snapshot_sum_members[] = {
	ROW(attempts, "attempts_total", "connection attempts (SYNs)"),
	MEMBER(snapshot_sum, open, "open", COUNT),
	ROW(passed, "passed_attempts_total", "connection attempts that passed"),
	ROW(dropped, "dropped_attempts_total", "connection attempts dropped"),
	ROW(would_drop, "would_drop_attempts_total",
	    "connection attempts that enforce mode would have dropped"),
	ROW(handshakes, "handshakes_total", "completed TCP handshakes"),
	{ 0 },
};

#undef ROW
#define ROW(member, metric, help) MEMBER_METRIC(gate_usage, member, #member, COUNT, metric, help)
const struct member snapshot_usage_members[] = {
	ROW(used, "sekisho_table_entries", "Entries in use."),
	ROW(size, "sekisho_table_entries_max", "Entries that the table has room for."),
	ROW(overflows, "sekisho_table_overflows_total", "Entries that found no room in the table."),
	{ 0 },
};

const char *snapshot_table_name(enum snapshot_table table)
{
	static const char *const names[] = { "sources",	 "networks",	"bans",
					     "prefixes", "connections", "over_limit" };

	_Static_assert(sizeof(names) / sizeof(*names) == SNAPSHOT_TABLE_COUNT, "one name each");
	return table < SNAPSHOT_TABLE_COUNT ? names[table] : "?";
}

struct snapshot_sum snapshot_country_sum(const struct snapshot_service *service, unsigned country)
{
	const struct country_counts *counts = &service->countries[country];
	struct snapshot_sum sum = { .attempts = counts->attempts,
				    .open = service->open[country],
				    .dropped = counts->dropped,
				    .would_drop = counts->would_drop,
				    .handshakes = counts->handshakes };

	/* The counters of one packet are not read together: a drop may be seen before its
	 * attempt. */
	sum.passed = sum.attempts > sum.dropped ? sum.attempts - sum.dropped : 0;
	return sum;
}

bool snapshot_sum_is_zero(const struct snapshot_sum *sum)
{
	return !sum->attempts && !sum->dropped && !sum->would_drop && !sum->handshakes &&
	       !sum->open;
}

void snapshot_sum_add(struct snapshot_sum *sum, const struct snapshot_sum *other)
{
	sum->attempts += other->attempts;
	sum->passed += other->passed;
	sum->dropped += other->dropped;
	sum->would_drop += other->would_drop;
	sum->handshakes += other->handshakes;
	sum->open += other->open;
}

uint64_t snapshot_counted_ns(const struct snapshot *snapshot)
{
	if (!snapshot->since_wall_ns || snapshot->now_wall_ns <= snapshot->since_wall_ns)
		return 0;
	return (uint64_t)(snapshot->now_wall_ns - snapshot->since_wall_ns);
}

void snapshot_sum_up(struct snapshot *snapshot)
{
	memset(&snapshot->sum, 0, sizeof(snapshot->sum));
	for (unsigned id = 0; id <= snapshot->service_count; id++) {
		struct snapshot_service *service = &snapshot->services[id];

		memset(&service->sum, 0, sizeof(service->sum));
		for (unsigned country = 0; country < COUNTRY_COUNT; country++) {
			struct snapshot_sum sum = snapshot_country_sum(service, country);

			snapshot_sum_add(&service->sum, &sum);
		}
		snapshot_sum_add(&snapshot->sum, &service->sum);
	}
}

void snapshot_free(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	daemon_status_free(snapshot->daemon);
	outflow_view_free(snapshot->outflow);
	free(snapshot->lists);
	free(snapshot->feeds);
	free(snapshot->devices);
	free(snapshot->maps);
	free(snapshot);
}
