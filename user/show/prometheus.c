// SPDX-License-Identifier: GPL-2.0-or-later
/* The counters of a snapshot as Prometheus text (render.h). No series per source, and countries
 * only where something was counted. Pure. */
#include "show/prometheus.h"
#include "show/render.h"

#include <inttypes.h>
#include <string.h>
#include "base/time.h"

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
		prometheus_sample1(out, member->service_metric, "service",
				   snapshot->services[id].name,
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
			char name[COUNTRY_TEXT_SIZE];

			if (snapshot_sum_is_zero(&sum))
				continue;
			country_to_text(country, name);
			fputs(member->country_metric, out);
			prometheus_label(out, "{", "service", service->name);
			prometheus_label(out, ",", "country", name);
			fprintf(out, "} %" PRIu64 "\n", member_of(&sum, member));
		}
	}
}

static void write_open(FILE *out, const struct snapshot *snapshot)
{
	prometheus_family(out, "sekisho_service_connections", "gauge",
			  "Per service: connections open now.");
	for (unsigned id = 1; id <= snapshot->service_count; id++)
		prometheus_sample1(out, "sekisho_service_connections", "service",
				   snapshot->services[id].name, snapshot->services[id].sum.open);
	if (!snapshot->since_wall_ns)
		return;
	prometheus_family(out, "sekisho_counters_start_timestamp_seconds", "gauge",
			  "Since when is counted.");
	prometheus_time(out, "sekisho_counters_start_timestamp_seconds", snapshot->since_wall_ns);
}

static void write_cookies(FILE *out, const struct snapshot *snapshot)
{
	prometheus_family(out, "sekisho_service_syn_cookies_total", "counter",
			  "Per service: SYNs answered with a cookie on the device.");
	for (unsigned id = 1; id <= snapshot->service_count; id++)
		prometheus_sample1(out, "sekisho_service_syn_cookies_total", "service",
				   snapshot->services[id].name, snapshot->services[id].cookies);
	prometheus_family(out, "sekisho_service_would_syn_cookies_total", "counter",
			  "Per service: SYNs that enforce mode would have answered there.");
	for (unsigned id = 1; id <= snapshot->service_count; id++)
		prometheus_sample1(out, "sekisho_service_would_syn_cookies_total", "service",
				   snapshot->services[id].name,
				   snapshot->services[id].would_cookies);
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
			prometheus_label(out, "{", "service", id ? service->name : "-");
			prometheus_label(out, ",", "reason", reason_name(reason));
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
		prometheus_family(out, rows[i].metric, "counter", rows[i].help);
		write_reason(out, snapshot, rows[i].metric, rows[i].mode, rows[i].attempts);
	}
}

/* ---- lists and tables ---- */

static void list_sample(FILE *out, const char *metric, const struct snapshot_list *list,
			uint64_t value)
{
	fputs(metric, out);
	prometheus_label(out, "{", "list", list->name);
	prometheus_label(out, ",", "action",
			 !list->known  ? "unknown"
			 : list->allow ? "allow"
				       : "deny");
	fprintf(out, "} %" PRIu64 "\n", value);
}

static void write_lists(FILE *out, const struct snapshot *snapshot)
{
	const struct snapshot_list *lists = snapshot->lists;

	if (!snapshot->list_count)
		return;
	prometheus_family(out, "sekisho_list_packets_total", "counter",
			  "Packets that the list decided.");
	for (size_t i = 0; i < snapshot->list_count; i++)
		list_sample(out, "sekisho_list_packets_total", &lists[i], lists[i].hits.packets);
	prometheus_family(out, "sekisho_list_attempts_total", "counter",
			  "Connection attempts that the list decided.");
	for (size_t i = 0; i < snapshot->list_count; i++)
		list_sample(out, "sekisho_list_attempts_total", &lists[i], lists[i].hits.attempts);
	prometheus_family(out, "sekisho_list_prefixes", "gauge", "Prefixes in the list.");
	for (size_t i = 0; i < snapshot->list_count; i++)
		if (lists[i].known)
			list_sample(out, "sekisho_list_prefixes", &lists[i], lists[i].prefixes);
	prometheus_family(out, "sekisho_list_updated_timestamp_seconds", "gauge",
			  "When the list was last replaced.");
	for (size_t i = 0; i < snapshot->list_count; i++)
		if (lists[i].known)
			list_sample(out, "sekisho_list_updated_timestamp_seconds", &lists[i],
				    (uint64_t)(lists[i].updated_wall_ns / NS_PER_S));
}

static void feed_sample(FILE *out, const char *metric, const struct snapshot_feed *feed,
			uint64_t value)
{
	fputs(metric, out);
	prometheus_label(out, "{", "list", feed->name);
	fprintf(out, "} %" PRIu64 "\n", value);
}

static void write_feeds(FILE *out, const struct snapshot *snapshot)
{
	static const char checked[] = "sekisho_feed_checked_timestamp_seconds";
	static const char every[] = "sekisho_feed_interval_seconds";

	if (!snapshot->feed_count)
		return;
	prometheus_family(out, checked, "gauge",
			  "When the list's server last answered, 0 for never.");
	for (size_t i = 0; i < snapshot->feed_count; i++)
		feed_sample(out, checked, &snapshot->feeds[i],
			    (uint64_t)snapshot->feeds[i].checked_s);
	prometheus_family(out, every, "gauge", "How often the list's server is to be asked.");
	for (size_t i = 0; i < snapshot->feed_count; i++)
		feed_sample(out, every, &snapshot->feeds[i], snapshot->feeds[i].every_s);
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
		prometheus_family(out, rows[i].metric, rows[i].type, rows[i].help);
		for (enum snapshot_table table = 0; table < SNAPSHOT_TABLE_COUNT; table++) {
			const struct snapshot_usage *usage = &snapshot->tables[table];
			uint64_t value;

			if (!usage->known)
				continue;
			memcpy(&value, (const char *)&usage->usage + rows[i].offset, sizeof(value));
			prometheus_sample1(out, rows[i].metric, "table", snapshot_table_name(table),
					   value);
		}
	}
}

void prometheus_stats(FILE *out, const struct snapshot *snapshot)
{
	size_t members = sizeof(sum_members) / sizeof(*sum_members);

	prometheus_gate(out, snapshot);
	for (size_t i = 0; i < members; i++)
		write_services(out, snapshot, &sum_members[i]);
	for (size_t i = 0; i < members; i++)
		write_countries(out, snapshot, &sum_members[i]);
	write_open(out, snapshot);
	write_cookies(out, snapshot);
	write_reasons(out, snapshot);
	write_lists(out, snapshot);
	write_feeds(out, snapshot);
	write_tables(out, snapshot);
	prometheus_outflow(out, snapshot->outflow);
	prometheus_daemon(out, snapshot);
}
