// SPDX-License-Identifier: GPL-2.0-or-later
/* The counters of a snapshot as Prometheus text (render.h). There is no series per source, and one
 * per country only where something was counted. Pure. */
#include "show/prometheus.h"
#include "show/render.h"

#include "base/time.h"
#include "conf/codes.h"

/* ---- attempts and handshakes ---- */

/* One sample for each service: the uint64_t at `offset`. */
static void write_service_counts(FILE *out, const struct snapshot *snapshot, const char *metric,
				 const char *help, size_t offset)
{
	prometheus_family(out, metric, help);
	for (unsigned id = 1; id <= snapshot->service_count; id++) {
		const struct snapshot_service *service = &snapshot->services[id];

		prometheus_sample1(out, metric, "service", service->name,
				   *(const uint64_t *)((const char *)service + offset));
	}
}

static void write_services(FILE *out, const struct snapshot *snapshot, const struct member *member)
{
	char metric[64], help[128];

	snprintf(metric, sizeof(metric), "sekisho_service_%s", member->metric);
	snprintf(help, sizeof(help), "Per service: %s.", member->help);
	write_service_counts(out, snapshot, metric, help,
			     offsetof(struct snapshot_service, sum) + member->offset);
}

static void write_countries(FILE *out, const struct snapshot *snapshot, const struct member *member)
{
	char metric[64], help[128];

	snprintf(metric, sizeof(metric), "sekisho_country_%s", member->metric);
	snprintf(help, sizeof(help), "Per service and country seen: %s.", member->help);
	prometheus_family(out, metric, help);
	for (unsigned id = 1; id <= snapshot->service_count; id++) {
		const struct snapshot_service *service = &snapshot->services[id];

		for (unsigned country = 0; country < COUNTRY_COUNT; country++) {
			struct snapshot_sum sum = snapshot_country_sum(service, country);
			char name[COUNTRY_TEXT_SIZE];

			if (snapshot_sum_is_zero(&sum))
				continue;
			country_to_text(country, name);
			prometheus_sample2(out, metric, "service", service->name, "country", name,
					   member_count(member, &sum));
		}
	}
}

/* ---- reasons ---- */

static void write_reason(FILE *out, const struct snapshot *snapshot, const char *metric,
			 enum gate_mode mode, bool attempts)
{
	/* Id 0, no known port, counts packets that could not be read; it is listed only if there
	 * were any. */
	for (unsigned id = 0; id <= snapshot->service_count; id++) {
		const struct snapshot_service *service = &snapshot->services[id];

		for (enum reason reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
			const struct reason_counts *counts = &service->reasons[reason][mode];

			if (!id && !counts->packets)
				continue;
			prometheus_sample2(out, metric, "service", id ? service->name : "-",
					   "reason", reason_name(reason),
					   attempts ? counts->attempts : counts->packets);
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
		prometheus_family(out, rows[i].metric, rows[i].help);
		write_reason(out, snapshot, rows[i].metric, rows[i].mode, rows[i].attempts);
	}
}

/* ---- lists and tables ---- */

static void list_sample(FILE *out, const char *metric, const struct snapshot_list *list,
			uint64_t value)
{
	char code[COUNTRY_TEXT_SIZE];

	prometheus_sample2(
		out, metric, "list", list->name, "action",
		list->known ? list_action_name(list->allow, list->code, code) : "unknown", value);
}

static void write_lists(FILE *out, const struct snapshot *snapshot)
{
	const struct snapshot_list *lists = snapshot->lists;

	if (!snapshot->list_count)
		return;
	prometheus_family(out, "sekisho_list_packets_total", "Packets that the list decided.");
	for (size_t i = 0; i < snapshot->list_count; i++)
		list_sample(out, "sekisho_list_packets_total", &lists[i], lists[i].hits.packets);
	prometheus_family(out, "sekisho_list_attempts_total",
			  "Connection attempts that the list decided.");
	for (size_t i = 0; i < snapshot->list_count; i++)
		list_sample(out, "sekisho_list_attempts_total", &lists[i], lists[i].hits.attempts);
	prometheus_family(out, "sekisho_list_prefixes", "Prefixes in the list.");
	for (size_t i = 0; i < snapshot->list_count; i++)
		if (lists[i].known)
			list_sample(out, "sekisho_list_prefixes", &lists[i], lists[i].prefixes);
	prometheus_family(out, "sekisho_list_updated_timestamp_seconds",
			  "When the list was last replaced.");
	for (size_t i = 0; i < snapshot->list_count; i++)
		if (lists[i].known)
			list_sample(out, "sekisho_list_updated_timestamp_seconds", &lists[i],
				    (uint64_t)(lists[i].updated_wall_ns / NS_PER_S));
}

static void write_feeds(FILE *out, const struct snapshot *snapshot)
{
	static const char checked[] = "sekisho_feed_checked_timestamp_seconds";
	static const char every[] = "sekisho_feed_interval_seconds";

	if (!snapshot->feed_count)
		return;
	prometheus_family(out, checked, "When the list's server last answered, 0 for never.");
	for (size_t i = 0; i < snapshot->feed_count; i++)
		prometheus_sample1(out, checked, "list", snapshot->feeds[i].name,
				   (uint64_t)snapshot->feeds[i].checked_s);
	prometheus_family(out, every, "How often the list's server is to be asked.");
	for (size_t i = 0; i < snapshot->feed_count; i++)
		prometheus_sample1(out, every, "list", snapshot->feeds[i].name,
				   snapshot->feeds[i].every_s);
}

static void write_tables(FILE *out, const struct snapshot *snapshot)
{
	for (const struct member *at = snapshot_usage_members; at->name; at++) {
		prometheus_family(out, at->metric, at->help);
		for (enum snapshot_table table = 0; table < SNAPSHOT_TABLE_COUNT; table++) {
			const struct snapshot_usage *usage = &snapshot->tables[table];

			if (usage->known)
				prometheus_sample1(out, at->metric, "table",
						   snapshot_table_name(table),
						   member_count(at, &usage->usage));
		}
	}
}

void prometheus_stats(FILE *out, const struct snapshot *snapshot)
{
	prometheus_gate(out, snapshot);
	for (const struct member *at = snapshot_sum_members; at->name; at++)
		if (at->metric)
			write_services(out, snapshot, at);
	for (const struct member *at = snapshot_sum_members; at->name; at++)
		if (at->metric)
			write_countries(out, snapshot, at);
	write_service_counts(out, snapshot, "sekisho_service_connections",
			     "Per service: connections open now.",
			     offsetof(struct snapshot_service, sum.open));
	if (snapshot->since_wall_ns)
		prometheus_value(out, "sekisho_counters_start_timestamp_seconds",
				 "Since when is counted.",
				 (uint64_t)(snapshot->since_wall_ns / NS_PER_S));
	write_service_counts(out, snapshot, "sekisho_service_syn_cookies_total",
			     "Per service: SYNs answered with a cookie on the device.",
			     offsetof(struct snapshot_service, cookies));
	write_service_counts(out, snapshot, "sekisho_service_would_syn_cookies_total",
			     "Per service: SYNs that enforce mode would have answered there.",
			     offsetof(struct snapshot_service, would_cookies));
	write_reasons(out, snapshot);
	write_lists(out, snapshot);
	write_feeds(out, snapshot);
	write_tables(out, snapshot);
	prometheus_outflow(out, snapshot->outflow);
	prometheus_daemon(out, snapshot);
}
