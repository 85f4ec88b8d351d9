/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A snapshot made by hand, for the tests of user/show/; and the names that other modules own, so
 * that nothing of user/kernel/ is linked. Not a test by itself. */
#ifndef SEKISHO_SHOW_EXAMPLE_H
#define SEKISHO_SHOW_EXAMPLE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "net/address.h"
#include "show/render.h"

/* Each test file uses some of these. */
#pragma GCC diagnostic ignored "-Wunused-function"

const char *reason_name(enum reason reason)
{
	static const char *const names[] = { "pass",
					     "banned",
					     "listed",
					     "country",
					     "source-connections",
					     "network-connections",
					     "source-rate",
					     "network-rate",
					     "country-rate",
					     "unreadable" };

	_Static_assert(sizeof(names) / sizeof(*names) == REASON_COUNT, "one name each");
	return names[reason];
}

const char *event_kind_name(enum event_kind kind)
{
	static const char *const names[] = { "none",	"failure", "success",
					     "message", "bounce",  "abuse" };

	_Static_assert(sizeof(names) / sizeof(*names) == EVENT_KIND_COUNT, "one name each");
	return names[kind];
}

const char *rule_name(enum ban_rule rule)
{
	return rule == RULE_MANUAL	     ? "manual"
	       : rule == RULE_ACCOUNT_SIEGE  ? "account-siege"
	       : rule == RULE_ACCOUNT_SPREAD ? "account-spread"
					     : "source-failures";
}

int rule_from_name(const char *name)
{
	for (int rule = RULE_MANUAL; rule < RULE_COUNT; rule++)
		if (!strcmp(name, rule_name((enum ban_rule)rule)))
			return rule;
	return -EINVAL;
}

#define NOW_S 1795255200LL /* 2026-11-21T10:00:00Z */

static unsigned country(const char *text)
{
	return (unsigned)country_from_text(text, 2);
}

#define _cleanup_text_ _cleanup_(cleanup_text)

static void cleanup_text(char **text)
{
	free(*text);
}

static char *rendered(void (*render)(FILE *, const struct snapshot *),
		      const struct snapshot *snapshot)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	render(out, snapshot);
	assert_int_equal(fclose(out), 0);
	return text;
}

static struct talker example_talker(const char *prefix, const char *of, unsigned ago_s,
				    struct meter meter)
{
	struct talker talker = { .services = 1U << 2,
				 .open = meter.open,
				 .handshakes = meter.handshakes,
				 .attempts = meter.attempts,
				 .dropped = meter.dropped,
				 .last_boot_ns = (1000 - ago_s) * (uint64_t)NS_PER_S,
				 .country = country(of) };

	assert_int_equal(prefix_parse(prefix, strlen(prefix), &talker.prefix), 0);
	return talker;
}

/* smtp and submission, three countries, one list of each action, bans known. */
static struct snapshot *example(void)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));
	struct snapshot_service *smtp, *submission;

	assert_non_null(snapshot);
	snapshot->now_wall_ns = NOW_S * NS_PER_S;
	snapshot->loaded = snapshot->has_policy = true;
	snapshot->service_count = 2;
	smtp = &snapshot->services[1];
	submission = &snapshot->services[2];
	strcpy(smtp->name, "smtp");
	smtp->ports[0] = 25;
	smtp->port_count = 1;
	strcpy(submission->name, "submission");
	submission->ports[0] = 465;
	submission->ports[1] = 587;
	submission->port_count = 2;
	smtp->countries[country("JP")] =
		(struct country_counts){ .attempts = 1234567, .handshakes = 1200000 };
	submission->countries[country("JP")] =
		(struct country_counts){ .attempts = 10, .handshakes = 9 };
	submission->countries[country("BR")] =
		(struct country_counts){ .attempts = 300, .dropped = 100, .would_drop = 200 };
	submission->reasons[REASON_COUNTRY][GATE_ENFORCE] = (struct reason_counts){ 100, 100 };
	submission->reasons[REASON_COUNTRY][GATE_MONITOR] = (struct reason_counts){ 200, 200 };
	submission->cookies = 41;
	submission->would_cookies = 42;
	submission->reasons[REASON_BANNED][GATE_MONITOR] = (struct reason_counts){ 7, 0 };
	snapshot->services[0].reasons[REASON_UNREADABLE][GATE_ENFORCE] =
		(struct reason_counts){ 3, 0 };
	submission->open[country("BR")] = 12;
	snapshot_sum_up(snapshot);
	snapshot->now_boot_ns = 1000 * (uint64_t)NS_PER_S;
	snapshot->since_wall_ns = (NOW_S - 600) * NS_PER_S;
	snapshot->has_minute = snapshot->has_top = true;
	snapshot->minute_ns = 60 * (uint64_t)NS_PER_S * 100;
	snapshot->minute[2] = (struct snapshot_sum){ 6000, 5999, 1, 0, 9000, 0 };
	snapshot->minute_sum = snapshot->minute[2];
	snapshot->top[METERS_SOURCES].count = 2;
	snapshot->top[METERS_SOURCES].talkers[0] = example_talker(
		"192.0.2.5/32", "BR", 5,
		(struct meter){ .attempts = 300, .dropped = 100, .handshakes = 20, .open = 12 });
	snapshot->top[METERS_SOURCES].talkers[0].provider = 64500;
	snapshot->top[METERS_SOURCES].talkers[1] =
		example_talker("2001:db8:1111:2222:3333:4444:5555:6666/128", "JP", 120,
			       (struct meter){ .attempts = 1, .handshakes = 1 });
	snapshot->lists = calloc(2, sizeof(*snapshot->lists));
	snapshot->list_count = 2;
	snapshot->lists[0] = (struct snapshot_list){ .name = "drop",
						     .known = true,
						     .prefixes = 1500,
						     .updated_wall_ns = NOW_S * NS_PER_S,
						     .hits = { .packets = 12, .attempts = 11 } };
	snapshot->lists[1] = (struct snapshot_list){ .name = "#7", .hits = { .packets = 1 } };
	snapshot->tables[SNAPSHOT_TABLE_BANS] =
		(struct snapshot_usage){ true, { .used = 3, .size = 131072, .overflows = 1 } };
	snapshot->tables[SNAPSHOT_TABLE_PREFIXES] =
		(struct snapshot_usage){ true, { .used = 1500, .size = 67092480 } };
	snapshot->tables[SNAPSHOT_TABLE_CONNECTIONS] =
		(struct snapshot_usage){ true, { .used = 12, .size = 131072 } };
	snapshot->tables[SNAPSHOT_TABLE_OVER_LIMIT] =
		(struct snapshot_usage){ true, { .size = 2520, .overflows = 7 } };
	return snapshot;
}

static struct daemon_status *example_daemon(void)
{
	struct daemon_status *daemon = calloc(1, sizeof(*daemon));
	struct daemon_account *accounts = calloc(2, sizeof(*accounts));

	assert_non_null(daemon);
	daemon->pid = 123;
	daemon->pid_start = 456;
	daemon->written_boot_ns = 5000;
	daemon->written_wall_ns = NOW_S * NS_PER_S;
	daemon->started_wall_ns = daemon->since_wall_ns = (NOW_S - 3600) * NS_PER_S;
	fault_set(&daemon->last_fault, -EACCES, "cannot read /var/log/\033[2Jmail.log");
	daemon->last_fault_wall_ns = (NOW_S - 60) * NS_PER_S;
	daemon->logs = calloc(1, sizeof(*daemon->logs));
	daemon->log_count = 1;
	strcpy(daemon->logs[0].name, "mail");
	strcpy(daemon->logs[0].path, "/var/log/mail.log");
	daemon->logs[0].state = (struct follow_state){
		.lines = 12345, .bytes = 999999, .lag_bytes = 2048, .cut = 2, .rotations = 1
	};
	daemon->logs[0].events = 42;
	daemon->events[EVENT_FAILURE] = 40;
	daemon->events[EVENT_SUCCESS] = 2;
	daemon->decisions = 3;
	daemon->bans = 2;
	daemon->last_ban_wall_ns = (NOW_S - 200) * NS_PER_S;
	accounts[0] = (struct daemon_account){ "bob\033@example.com", RULE_ACCOUNT_SIEGE,
					       (NOW_S - 120) * NS_PER_S };
	accounts[1] = (struct daemon_account){ "alice", RULE_ACCOUNT_SPREAD, NOW_S * NS_PER_S };
	daemon->accounts = accounts;
	daemon->account_count = 2;
	daemon->alerts = (struct daemon_alerts){ 1234, true, 4, 7, 1000, 3, 2 };
	daemon->metrics = DAEMON_METRICS_CLOSED;
	daemon->policy = (struct daemon_policy){
		DAEMON_LISTENER_OPEN,
		DAEMON_LISTENER_CLOSED,
		{ 100, 90, 80, 7, 6, 5, 4, 3, 2, 1, 9, 8, 11, 12, 13, 14, (NOW_S - 60) * NS_PER_S,
		  0, 12 },
	};
	daemon->detect = (struct detect_usage){ 17, 100000, 5, 3, 1000, 12, 5000 };
	return daemon;
}

static void add_status(struct snapshot *snapshot)
{
	snapshot->has_table = snapshot->has_generation = snapshot->has_countries = true;
	snapshot->table = (struct gate_table_state){ 12, 1500, 860000, 8 << 20 };
	snapshot->generation = 13;
	strcpy(snapshot->countries_source, "/usr/share/tor/geoip");
	snapshot->countries_updated_wall_ns = (NOW_S - 5 * 86400) * NS_PER_S;
	snapshot->devices = calloc(2, sizeof(*snapshot->devices));
	snapshot->device_count = 2;
	snapshot->devices[0] = (struct attachment){ .device = "eth0",
						    .ifindex = 2,
						    .attached = true,
						    .hook = HOOK_XDP,
						    .outflow = true,
						    .answers = true };
	snapshot->devices[1] = (struct attachment){ .device = "wg0",
						    .ifindex = 5,
						    .attached = true,
						    .hook = HOOK_TC,
						    .why = "no native XDP",
						    .outflow_why = "no clsact",
						    .answers_why = "tc answers nothing" };
	snapshot->maps = calloc(2, sizeof(*snapshot->maps));
	snapshot->map_count = 2;
	snapshot->maps[0] = (struct gate_memory){ "bans", 131072, 12 << 20 };
	snapshot->maps[1] = (struct gate_memory){ "table", 4096, 8 << 20 };
	snapshot->daemon = example_daemon();
	snapshot->daemon_state = DAEMON_RUNNING;
}

#endif
