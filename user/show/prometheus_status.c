// SPDX-License-Identifier: GPL-2.0-or-later
/* Gate and daemon as Prometheus text: what is attached, followed, decided and alerted. Pure. */
#include "show/prometheus.h"

#include "base/time.h"

static void write_devices(FILE *out, const struct snapshot *snapshot)
{
	if (!snapshot->device_count)
		return;
	prometheus_family(out, "sekisho_device_attached", "1 if the gate is on the device.");
	for (size_t i = 0; i < snapshot->device_count; i++)
		prometheus_sample1(out, "sekisho_device_attached", "device",
				   snapshot->devices[i].device, snapshot->devices[i].attached);
	if (!snapshot->outflow || outflow_state(snapshot->outflow) == OUTFLOW_IS_OFF)
		return;
	prometheus_family(out, "sekisho_device_outflow_attached",
			  "1 if the outflow breaker is on the device's egress.");
	for (size_t i = 0; i < snapshot->device_count; i++)
		prometheus_sample1(out, "sekisho_device_outflow_attached", "device",
				   snapshot->devices[i].device, snapshot->devices[i].outflow);
}

void prometheus_gate(FILE *out, const struct snapshot *snapshot)
{
	prometheus_family(out, "sekisho_build_info", "Always 1; the version is in the label.");
	prometheus_sample1(out, "sekisho_build_info", "version", SEKISHO_VERSION, 1);
	prometheus_value(out, "sekisho_gate_loaded", "1 if a gate is loaded.", snapshot->loaded);
	prometheus_value(out, "sekisho_gate_enforcing", "1 in enforce mode, 0 in monitor mode.",
			 snapshot->has_policy && snapshot->mode == GATE_ENFORCE);
	prometheus_value(out, "sekisho_gate_policy_differs",
			 "1 if the configuration was changed and not yet reloaded.",
			 snapshot->policy_differs);
	if (snapshot->has_table) {
		prometheus_value(out, "sekisho_gate_table_generation",
				 "Which lists and countries the gate has.",
				 snapshot->table.generation);
	}
	if (snapshot->has_generation) {
		prometheus_value(out, "sekisho_store_generation",
				 "Which lists and countries the store has.", snapshot->generation);
	}
	if (snapshot->has_countries) {
		prometheus_value(out, "sekisho_countries_updated_timestamp_seconds",
				 "When the country data was last replaced.",
				 (uint64_t)(snapshot->countries_updated_wall_ns / NS_PER_S));
	}
	write_devices(out, snapshot);
	if (snapshot->map_count)
		prometheus_family(out, "sekisho_map_memory_bytes", "Memory of the kernel's maps.");
	for (size_t i = 0; i < snapshot->map_count; i++)
		prometheus_sample1(out, "sekisho_map_memory_bytes", "map", snapshot->maps[i].name,
				   snapshot->maps[i].bytes);
}

/* Accounts are never a label, since strangers choose their names. */
static void write_accounts(FILE *out, const struct daemon_status *daemon)
{
	static const enum ban_rule rules[] = { RULE_ACCOUNT_SIEGE, RULE_ACCOUNT_SPREAD };

	prometheus_family(out, "sekisho_accounts_in_trouble",
			  "Accounts under siege or in a spread now, by rule.");
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		uint64_t count = 0;

		for (size_t j = 0; j < daemon->account_count; j++)
			count += daemon->accounts[j].rule == rules[i];
		prometheus_sample1(out, "sekisho_accounts_in_trouble", "rule", rule_name(rules[i]),
				   count);
	}
}

void prometheus_daemon(FILE *out, const struct snapshot *snapshot)
{
	const struct daemon_status *daemon = snapshot->daemon;

	prometheus_value(out, "sekisho_daemon_running", "1 if the daemon runs and reports.",
			 snapshot->daemon_state == DAEMON_RUNNING);
	if (!daemon || snapshot->daemon_state == DAEMON_NOT_RUNNING)
		return;
	members_metrics(out, daemon_status_members, daemon);
	members_metrics_each(out, daemon_log_members, "log", daemon->logs, daemon->log_count,
			     sizeof(*daemon->logs));
	prometheus_family(out, "sekisho_events_total", "Events by kind.");
	for (enum event_kind kind = EVENT_NONE + 1; kind < EVENT_KIND_COUNT; kind++)
		prometheus_sample1(out, "sekisho_events_total", "kind", event_kind_name(kind),
				   daemon->events[kind]);
	members_metrics(out, daemon_detect_members, &daemon->detect);
	write_accounts(out, daemon);
	members_metrics(out, daemon_alerts_members, &daemon->alerts);
	prometheus_policy(out, &daemon->policy);
	prometheus_stand_in(out, &snapshot->stand_in);
}
