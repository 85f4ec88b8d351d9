// SPDX-License-Identifier: GPL-2.0-or-later
/* Gate and daemon as Prometheus text: what is attached, followed, decided and alerted. Pure. */
#include "show/prometheus.h"

#include <string.h>
#include "base/time.h"

static void write_devices(FILE *out, const struct snapshot *snapshot)
{
	if (!snapshot->device_count)
		return;
	prometheus_family(out, "sekisho_device_attached", "gauge",
			  "1 if the gate is on the device.");
	for (size_t i = 0; i < snapshot->device_count; i++)
		prometheus_sample1(out, "sekisho_device_attached", "device",
				   snapshot->devices[i].device, snapshot->devices[i].attached);
	if (!snapshot->outflow || outflow_state(snapshot->outflow) == OUTFLOW_IS_OFF)
		return;
	prometheus_family(out, "sekisho_device_outflow_attached", "gauge",
			  "1 if the outflow breaker is on the device's egress.");
	for (size_t i = 0; i < snapshot->device_count; i++)
		prometheus_sample1(out, "sekisho_device_outflow_attached", "device",
				   snapshot->devices[i].device, snapshot->devices[i].outflow);
}

void prometheus_gate(FILE *out, const struct snapshot *snapshot)
{
	prometheus_family(out, "sekisho_build_info", "gauge",
			  "Always 1; the version is in the label.");
	prometheus_sample1(out, "sekisho_build_info", "version", SEKISHO_VERSION, 1);
	prometheus_family(out, "sekisho_gate_loaded", "gauge", "1 if a gate is loaded.");
	prometheus_sample(out, "sekisho_gate_loaded", snapshot->loaded);
	prometheus_family(out, "sekisho_gate_enforcing", "gauge",
			  "1 in enforce mode, 0 in monitor mode.");
	prometheus_sample(out, "sekisho_gate_enforcing",
			  snapshot->has_policy && snapshot->mode == GATE_ENFORCE);
	prometheus_family(out, "sekisho_gate_policy_differs", "gauge",
			  "1 if the configuration was changed and not yet reloaded.");
	prometheus_sample(out, "sekisho_gate_policy_differs", snapshot->policy_differs);
	if (snapshot->has_table) {
		prometheus_family(out, "sekisho_gate_table_generation", "gauge",
				  "Which lists and countries the gate has.");
		prometheus_sample(out, "sekisho_gate_table_generation", snapshot->table.generation);
	}
	if (snapshot->has_generation) {
		prometheus_family(out, "sekisho_store_generation", "gauge",
				  "Which lists and countries the store has.");
		prometheus_sample(out, "sekisho_store_generation", snapshot->generation);
	}
	if (snapshot->has_countries) {
		prometheus_family(out, "sekisho_countries_updated_timestamp_seconds", "gauge",
				  "When the country data was last replaced.");
		prometheus_time(out, "sekisho_countries_updated_timestamp_seconds",
				snapshot->countries_updated_wall_ns);
	}
	write_devices(out, snapshot);
	if (snapshot->map_count)
		prometheus_family(out, "sekisho_map_memory_bytes", "gauge",
				  "Memory of the kernel's maps.");
	for (size_t i = 0; i < snapshot->map_count; i++)
		prometheus_sample1(out, "sekisho_map_memory_bytes", "map", snapshot->maps[i].name,
				   snapshot->maps[i].bytes);
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
		prometheus_family(out, rows[i].metric, rows[i].type, rows[i].help);
		for (size_t j = 0; j < daemon->log_count; j++) {
			uint64_t value;

			memcpy(&value, (const char *)&daemon->logs[j] + rows[i].offset,
			       sizeof(value));
			prometheus_sample1(out, rows[i].metric, "log", daemon->logs[j].name, value);
		}
	}
	if (daemon->log_count)
		prometheus_family(out, "sekisho_log_missing", "gauge",
				  "1 if there is no file at the path.");
	for (size_t j = 0; j < daemon->log_count; j++)
		prometheus_sample1(out, "sekisho_log_missing", "log", daemon->logs[j].name,
				   daemon->logs[j].state.missing);
}

/* Accounts are never a label: strangers choose their names. */
static void write_accounts(FILE *out, const struct daemon_status *daemon)
{
	static const enum ban_rule rules[] = { RULE_ACCOUNT_SIEGE, RULE_ACCOUNT_SPREAD };

	prometheus_family(out, "sekisho_accounts_in_trouble", "gauge",
			  "Accounts under siege or in a spread now, by rule.");
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		uint64_t count = 0;

		for (size_t j = 0; j < daemon->account_count; j++)
			count += daemon->accounts[j].rule == rules[i];
		prometheus_sample1(out, "sekisho_accounts_in_trouble", "rule", rule_name(rules[i]),
				   count);
	}
}

static void write_alerts(FILE *out, const struct daemon_alerts *alerts)
{
	static const struct {
		const char *metric, *type, *help;
		size_t offset;
	} rows[] = {
#define MEMBER(member) offsetof(struct daemon_alerts, member)
		{ "sekisho_alerts_total", "counter", "Alerts raised.", MEMBER(raised) },
		{ "sekisho_alert_programs_total", "counter", "Alert programs run.", MEMBER(run) },
		{ "sekisho_alert_program_failures_total", "counter",
		  "Alert programs that could not be run, failed or were killed.", MEMBER(failed) },
		{ "sekisho_alerts_dropped_total", "counter",
		  "Alerts for which the program was not run: too many waited.", MEMBER(dropped) },
		{ "sekisho_alert_programs_running", "gauge", "Alert programs that run now.",
		  MEMBER(running) },
		{ "sekisho_alerts_waiting", "gauge", "Alerts that wait for the program.",
		  MEMBER(waiting) },
#undef MEMBER
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t value;

		memcpy(&value, (const char *)alerts + rows[i].offset, sizeof(value));
		prometheus_family(out, rows[i].metric, rows[i].type, rows[i].help);
		prometheus_sample(out, rows[i].metric, value);
	}
}

void prometheus_daemon(FILE *out, const struct snapshot *snapshot)
{
	const struct daemon_status *daemon = snapshot->daemon;

	prometheus_family(out, "sekisho_daemon_running", "gauge",
			  "1 if the daemon runs and reports.");
	prometheus_sample(out, "sekisho_daemon_running", snapshot->daemon_state == DAEMON_RUNNING);
	if (!daemon || snapshot->daemon_state == DAEMON_NOT_RUNNING)
		return;
	prometheus_family(out, "sekisho_daemon_start_timestamp_seconds", "gauge",
			  "When it was started.");
	prometheus_time(out, "sekisho_daemon_start_timestamp_seconds", daemon->started_wall_ns);
	write_logs(out, daemon);
	prometheus_family(out, "sekisho_events_total", "counter", "Events by kind.");
	for (enum event_kind kind = EVENT_NONE + 1; kind < EVENT_KIND_COUNT; kind++)
		prometheus_sample1(out, "sekisho_events_total", "kind", event_kind_name(kind),
				   daemon->events[kind]);
	prometheus_family(out, "sekisho_decisions_total", "counter", "Decisions of the rules.");
	prometheus_sample(out, "sekisho_decisions_total", daemon->decisions);
	prometheus_family(out, "sekisho_bans_made_total", "counter", "Bans that the daemon made.");
	prometheus_sample(out, "sekisho_bans_made_total", daemon->bans);
	prometheus_family(out, "sekisho_detect_sources", "gauge",
			  "Sources that the rules remember.");
	prometheus_sample(out, "sekisho_detect_sources", daemon->detect.sources);
	prometheus_family(out, "sekisho_detect_sources_max", "gauge",
			  "Sources that they have room for.");
	prometheus_sample(out, "sekisho_detect_sources_max", daemon->detect.sources_size);
	prometheus_family(out, "sekisho_detect_forgotten_total", "counter",
			  "Sources given up for room while still inside a window.");
	prometheus_sample(out, "sekisho_detect_forgotten_total", daemon->detect.forgotten);
	write_accounts(out, daemon);
	write_alerts(out, &daemon->alerts);
	prometheus_policy(out, &daemon->policy);
}
