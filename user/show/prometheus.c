// SPDX-License-Identifier: GPL-2.0-or-later
/* A snapshot as Prometheus text (render.h). No series per source, and countries only where
 * something was counted. Pure. */
#include "show/render.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "show/visible.h"

static void family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Escapes what the format wants escaped; bytes that are not UTF-8 would make a scraper refuse the
 * whole text, and are replaced. Out of memory the label is "?", which beats no metrics. */
static void label(FILE *out, const char *separator, const char *name, const char *value)
{
	_cleanup_free_ char *clean = utf8_clean(value);

	fprintf(out, "%s%s=\"", separator, name);
	for (const char *at = clean ? clean : "?"; *at; at++) {
		if (*at == '\n')
			fputs("\\n", out);
		else if (*at == '\\' || *at == '"')
			fprintf(out, "\\%c", *at);
		else
			fputc(*at, out);
	}
	fputc('"', out);
}

static void sample(FILE *out, const char *name, uint64_t value)
{
	fprintf(out, "%s %" PRIu64 "\n", name, value);
}

static void sample1(FILE *out, const char *name, const char *key, const char *text, uint64_t value)
{
	fputs(name, out);
	label(out, "{", key, text);
	fprintf(out, "} %" PRIu64 "\n", value);
}

/* Seconds since 1970. */
static void sample_time(FILE *out, const char *name, int64_t wall_ns)
{
	fprintf(out, "%s %" PRId64 "\n", name, (int64_t)(wall_ns / NS_PER_S));
}

/* ---- attempts and handshakes ---- */

static const struct sum_member {
	const char *service_metric, *country_metric, *help;
	size_t offset;
} sum_members[] = {
#define MEMBER(member, metric, help)                                                          \
	{                                                                                     \
		"sekisho_service_" metric "_total", "sekisho_country_" metric "_total", help, \
			offsetof(struct snapshot_sum, member)                                 \
	}
	MEMBER(attempts, "attempts", "connection attempts (SYNs)"),
	MEMBER(passed, "passed_attempts", "connection attempts that passed"),
	MEMBER(dropped, "dropped_attempts", "connection attempts dropped"),
	MEMBER(would_drop, "would_drop_attempts",
	       "connection attempts that enforce mode would have dropped"),
	MEMBER(handshakes, "handshakes", "completed TCP handshakes"),
#undef MEMBER
};

static uint64_t member_of(const struct snapshot_sum *sum, const struct sum_member *member)
{
	uint64_t value;

	memcpy(&value, (const char *)sum + member->offset, sizeof(value));
	return value;
}

static void write_services(FILE *out, const struct snapshot *snapshot,
			   const struct sum_member *member)
{
	fprintf(out, "# HELP %s Per service: %s.\n# TYPE %s counter\n", member->service_metric,
		member->help, member->service_metric);
	for (unsigned id = 1; id <= snapshot->service_count; id++)
		sample1(out, member->service_metric, "service", snapshot->services[id].name,
			member_of(&snapshot->services[id].sum, member));
}

static void write_countries(FILE *out, const struct snapshot *snapshot,
			    const struct sum_member *member)
{
	fprintf(out, "# HELP %s Per service and country seen: %s.\n# TYPE %s counter\n",
		member->country_metric, member->help, member->country_metric);
	for (unsigned id = 1; id <= snapshot->service_count; id++) {
		const struct snapshot_service *service = &snapshot->services[id];

		for (unsigned country = 0; country < COUNTRY_COUNT; country++) {
			struct snapshot_sum sum = snapshot_country_sum(service, country);
			char name[3];

			if (snapshot_sum_is_zero(&sum))
				continue;
			country_to_text(country, name);
			fputs(member->country_metric, out);
			label(out, "{", "service", service->name);
			label(out, ",", "country", name);
			fprintf(out, "} %" PRIu64 "\n", member_of(&sum, member));
		}
	}
}

static void write_open(FILE *out, const struct snapshot *snapshot)
{
	family(out, "sekisho_service_connections", "gauge", "Per service: connections open now.");
	for (unsigned id = 1; id <= snapshot->service_count; id++)
		sample1(out, "sekisho_service_connections", "service", snapshot->services[id].name,
			snapshot->services[id].sum.open);
	if (!snapshot->since_wall_ns)
		return;
	family(out, "sekisho_counters_start_timestamp_seconds", "gauge", "Since when is counted.");
	sample_time(out, "sekisho_counters_start_timestamp_seconds", snapshot->since_wall_ns);
}

/* ---- reasons ---- */

static void write_reason(FILE *out, const struct snapshot *snapshot, const char *metric,
			 enum gate_mode mode, bool attempts)
{
	/* Id 0, no known port, has only what could not be read, and only if there was any. */
	for (unsigned id = 0; id <= snapshot->service_count; id++) {
		const struct snapshot_service *service = &snapshot->services[id];

		for (enum reason reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
			const struct reason_counts *counts = &service->reasons[reason][mode];

			if (!id && !counts->packets)
				continue;
			fputs(metric, out);
			label(out, "{", "service", id ? service->name : "-");
			label(out, ",", "reason", reason_name(reason));
			fprintf(out, "} %llu\n", attempts ? counts->attempts : counts->packets);
		}
	}
}

static void write_reasons(FILE *out, const struct snapshot *snapshot)
{
	static const struct {
		const char *metric, *help;
		enum gate_mode mode;
		bool attempts;
	} rows[] = {
		{ "sekisho_dropped_packets_total", "Packets dropped, attempts included, by reason.",
		  GATE_ENFORCE, false },
		{ "sekisho_dropped_attempts_total", "Connection attempts dropped, by reason.",
		  GATE_ENFORCE, true },
		{ "sekisho_would_drop_packets_total",
		  "Packets that enforce mode would have dropped, by reason.", GATE_MONITOR, false },
		{ "sekisho_would_drop_attempts_total",
		  "Connection attempts that enforce mode would have dropped, by reason.",
		  GATE_MONITOR, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		family(out, rows[i].metric, "counter", rows[i].help);
		write_reason(out, snapshot, rows[i].metric, rows[i].mode, rows[i].attempts);
	}
}

/* ---- lists and tables ---- */

static void list_sample(FILE *out, const char *metric, const struct snapshot_list *list,
			uint64_t value)
{
	fputs(metric, out);
	label(out, "{", "list", list->name);
	label(out, ",", "action", !list->known ? "unknown" : list->allow ? "allow" : "deny");
	fprintf(out, "} %" PRIu64 "\n", value);
}

static void write_lists(FILE *out, const struct snapshot *snapshot)
{
	const struct snapshot_list *lists = snapshot->lists;

	if (!snapshot->list_count)
		return;
	family(out, "sekisho_list_packets_total", "counter", "Packets that the list decided.");
	for (size_t i = 0; i < snapshot->list_count; i++)
		list_sample(out, "sekisho_list_packets_total", &lists[i], lists[i].hits.packets);
	family(out, "sekisho_list_attempts_total", "counter",
	       "Connection attempts that the list decided.");
	for (size_t i = 0; i < snapshot->list_count; i++)
		list_sample(out, "sekisho_list_attempts_total", &lists[i], lists[i].hits.attempts);
	family(out, "sekisho_list_prefixes", "gauge", "Prefixes in the list.");
	for (size_t i = 0; i < snapshot->list_count; i++)
		if (lists[i].known)
			list_sample(out, "sekisho_list_prefixes", &lists[i], lists[i].prefixes);
	family(out, "sekisho_list_updated_timestamp_seconds", "gauge",
	       "When the list was last replaced.");
	for (size_t i = 0; i < snapshot->list_count; i++)
		if (lists[i].known)
			list_sample(out, "sekisho_list_updated_timestamp_seconds", &lists[i],
				    (uint64_t)(lists[i].updated_wall_ns / NS_PER_S));
}

static void write_tables(FILE *out, const struct snapshot *snapshot)
{
	static const struct {
		const char *metric, *type, *help;
		size_t offset;
	} rows[] = {
		{ "sekisho_table_entries", "gauge", "Entries in use.",
		  offsetof(struct gate_usage, used) },
		{ "sekisho_table_entries_max", "gauge", "Entries that the table has room for.",
		  offsetof(struct gate_usage, size) },
		{ "sekisho_table_overflows_total", "counter",
		  "Entries that found no room in the table.",
		  offsetof(struct gate_usage, overflows) },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		family(out, rows[i].metric, rows[i].type, rows[i].help);
		for (enum snapshot_table table = 0; table < SNAPSHOT_TABLE_COUNT; table++) {
			const struct snapshot_usage *usage = &snapshot->tables[table];
			uint64_t value;

			if (!usage->known)
				continue;
			memcpy(&value, (const char *)&usage->usage + rows[i].offset, sizeof(value));
			sample1(out, rows[i].metric, "table", snapshot_table_name(table), value);
		}
	}
}

/* ---- outflow ---- */

static uint64_t outflow_number(const struct outflow_count *count, size_t row)
{
	return row < OUTFLOW_VERDICTS	     ? count->verdicts[row]
	       : row == OUTFLOW_VERDICTS     ? count->dropped
	       : row == OUTFLOW_VERDICTS + 1 ? count->late
					     : count->attempts;
}

/* By port, never by sender: there may be many. */
static void write_outflow_ports(FILE *out, const struct outflow_view *view)
{
	static const struct {
		const char *metric, *help;
	} rows[] = {
#define ROW(name, text) { "sekisho_outflow_" name "_total", "Attempts to leave " text "." }
		ROW("passed", "that passed within the limit"),
		ROW("excepted", "to an excepted destination"),
		ROW("released", "that passed because of a release"),
		ROW("held", "over the limit, also in monitor mode"),
		ROW("refused", "by users who may not send, also in monitor mode"),
		ROW("unreadable", "made so that they cannot be read"),
		ROW("dropped", "whose first packet was dropped"),
		ROW("late", "that were held back and passed later"),
		ROW("attempts", "for a mail port"),
#undef ROW
	};
	const struct outflow_rules *rules = &view->state->rules;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		family(out, rows[i].metric, "counter", rows[i].help);
		for (unsigned j = 0; j < rules->port_count && j < OUTFLOW_PORTS; j++) {
			struct outflow_count sum = outflow_sum(view, (int)rules->ports[j]);
			char port[16];

			snprintf(port, sizeof(port), "%u", rules->ports[j]);
			sample1(out, rows[i].metric, "port", port, outflow_number(&sum, i));
		}
	}
}

static void write_outflow(FILE *out, const struct outflow_view *view)
{
	const struct gate_outflow *state;
	uint64_t held = 0, tripped = 0;

	if (!view || outflow_state(view) == OUTFLOW_IS_OFF)
		return;
	state = view->state;
	for (size_t i = 0; i < state->breaker_count; i++) {
		tripped += state->breakers[i].tripped;
		held += state->breakers[i].tripped ? state->breakers[i].state.trip_held : 0;
	}
	family(out, "sekisho_outflow_tripped", "gauge",
	       "Outflow breakers that are tripped: this machine's, guests', refused users'.");
	sample(out, "sekisho_outflow_tripped", tripped);
	family(out, "sekisho_outflow_trip_held", "gauge",
	       "Attempts that the present trips held back, or would have.");
	sample(out, "sekisho_outflow_trip_held", held);
	family(out, "sekisho_outflow_is_released", "gauge", "1 while a release by hand lasts.");
	sample(out, "sekisho_outflow_is_released",
	       state->control.released_until_ns > state->now_boot_ns);
	family(out, "sekisho_outflow_overflows_total", "counter",
	       "Attempts whose sender found no room in the breaker's tables.");
	sample1(out, "sekisho_outflow_overflows_total", "table", "breakers",
		state->control.breaker_overflows);
	sample1(out, "sekisho_outflow_overflows_total", "table", "senders",
		state->control.count_overflows);
	write_outflow_ports(out, view);
}

/* ---- status ---- */

static void write_gate(FILE *out, const struct snapshot *snapshot)
{
	family(out, "sekisho_build_info", "gauge", "Always 1; the version is in the label.");
	sample1(out, "sekisho_build_info", "version", SEKISHO_VERSION, 1);
	family(out, "sekisho_gate_loaded", "gauge", "1 if a gate is loaded.");
	sample(out, "sekisho_gate_loaded", snapshot->loaded);
	family(out, "sekisho_gate_enforcing", "gauge", "1 in enforce mode, 0 in monitor mode.");
	sample(out, "sekisho_gate_enforcing",
	       snapshot->has_policy && snapshot->mode == GATE_ENFORCE);
	family(out, "sekisho_gate_policy_differs", "gauge",
	       "1 if the configuration was changed and not yet reloaded.");
	sample(out, "sekisho_gate_policy_differs", snapshot->policy_differs);
	if (snapshot->has_table) {
		family(out, "sekisho_gate_table_generation", "gauge",
		       "Which lists and countries the gate has.");
		sample(out, "sekisho_gate_table_generation", snapshot->table.generation);
	}
	if (snapshot->has_generation) {
		family(out, "sekisho_store_generation", "gauge",
		       "Which lists and countries the store has.");
		sample(out, "sekisho_store_generation", snapshot->generation);
	}
	if (snapshot->has_countries) {
		family(out, "sekisho_countries_updated_timestamp_seconds", "gauge",
		       "When the country data was last replaced.");
		sample_time(out, "sekisho_countries_updated_timestamp_seconds",
			    snapshot->countries_updated_wall_ns);
	}
	if (snapshot->map_count)
		family(out, "sekisho_map_memory_bytes", "gauge", "Memory of the kernel's maps.");
	for (size_t i = 0; i < snapshot->map_count; i++)
		sample1(out, "sekisho_map_memory_bytes", "map", snapshot->maps[i].name,
			snapshot->maps[i].bytes);
	if (snapshot->device_count)
		family(out, "sekisho_device_attached", "gauge", "1 if the gate is on the device.");
	for (size_t i = 0; i < snapshot->device_count; i++)
		sample1(out, "sekisho_device_attached", "device", snapshot->devices[i].device,
			snapshot->devices[i].attached);
}

static void write_logs(FILE *out, const struct daemon_status *daemon)
{
	static const struct {
		const char *metric, *type, *help;
		size_t offset;
	} rows[] = {
#define STATE(member) offsetof(struct daemon_log, state.member)
		{ "sekisho_log_lines_total", "counter", "Lines read.", STATE(lines) },
		{ "sekisho_log_read_bytes_total", "counter", "Bytes read.", STATE(bytes) },
		{ "sekisho_log_cut_lines_total", "counter", "Lines too long to be read whole.",
		  STATE(cut) },
		{ "sekisho_log_lag_bytes", "gauge", "Written to the log and not yet read.",
		  STATE(lag_bytes) },
		{ "sekisho_log_rotations_total", "counter", "Rotations followed.",
		  STATE(rotations) },
		{ "sekisho_log_events_total", "counter", "Events found in the log.",
		  offsetof(struct daemon_log, events) },
#undef STATE
	};

	for (size_t i = 0; daemon->log_count && i < sizeof(rows) / sizeof(*rows); i++) {
		family(out, rows[i].metric, rows[i].type, rows[i].help);
		for (size_t j = 0; j < daemon->log_count; j++) {
			uint64_t value;

			memcpy(&value, (const char *)&daemon->logs[j] + rows[i].offset,
			       sizeof(value));
			sample1(out, rows[i].metric, "log", daemon->logs[j].name, value);
		}
	}
	if (daemon->log_count)
		family(out, "sekisho_log_missing", "gauge", "1 if there is no file at the path.");
	for (size_t j = 0; j < daemon->log_count; j++)
		sample1(out, "sekisho_log_missing", "log", daemon->logs[j].name,
			daemon->logs[j].state.missing);
}

static void write_daemon(FILE *out, const struct snapshot *snapshot)
{
	const struct daemon_status *daemon = snapshot->daemon;

	family(out, "sekisho_daemon_running", "gauge", "1 if the daemon runs and reports.");
	sample(out, "sekisho_daemon_running", snapshot->daemon_state == DAEMON_RUNNING);
	if (!daemon || snapshot->daemon_state == DAEMON_NOT_RUNNING)
		return;
	family(out, "sekisho_daemon_start_timestamp_seconds", "gauge", "When it was started.");
	sample_time(out, "sekisho_daemon_start_timestamp_seconds", daemon->started_wall_ns);
	write_logs(out, daemon);
	family(out, "sekisho_events_total", "counter", "Events by kind.");
	for (enum event_kind kind = EVENT_NONE + 1; kind < EVENT_KIND_COUNT; kind++)
		sample1(out, "sekisho_events_total", "kind", event_kind_name(kind),
			daemon->events[kind]);
	family(out, "sekisho_decisions_total", "counter", "Decisions of the rules.");
	sample(out, "sekisho_decisions_total", daemon->decisions);
	family(out, "sekisho_bans_made_total", "counter", "Bans that the daemon made.");
	sample(out, "sekisho_bans_made_total", daemon->bans);
	family(out, "sekisho_detect_sources", "gauge", "Sources that the rules remember.");
	sample(out, "sekisho_detect_sources", daemon->detect.sources);
	family(out, "sekisho_detect_sources_max", "gauge", "Sources that they have room for.");
	sample(out, "sekisho_detect_sources_max", daemon->detect.sources_size);
	family(out, "sekisho_detect_forgotten_total", "counter",
	       "Sources given up for room while still inside a window.");
	sample(out, "sekisho_detect_forgotten_total", daemon->detect.forgotten);
}

void prometheus_stats(FILE *out, const struct snapshot *snapshot)
{
	size_t members = sizeof(sum_members) / sizeof(*sum_members);

	write_gate(out, snapshot);
	for (size_t i = 0; i < members; i++)
		write_services(out, snapshot, &sum_members[i]);
	for (size_t i = 0; i < members; i++)
		write_countries(out, snapshot, &sum_members[i]);
	write_open(out, snapshot);
	write_reasons(out, snapshot);
	write_lists(out, snapshot);
	write_tables(out, snapshot);
	write_outflow(out, snapshot->outflow);
	write_daemon(out, snapshot);
}
