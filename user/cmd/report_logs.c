// SPDX-License-Identifier: GPL-2.0-or-later
/* An incident from logs: the events and decisions of old_logs.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/cleanup.h"
#include "cmd/old_logs.h"
#include "cmd/report_facts.h"
#include "cmd/report_lines.h"

struct report_logs_reading {
	struct old_logs logs;
	const char *account;
	struct collection *collection;
};

static void on_event(const struct event *event, uint64_t tag, bool out, void *context)
{
	struct report_logs_reading *reading = context;

	(void)tag;
	collect_event(reading->collection, event, out);
}

static void on_decision(const struct decision *decision, void *context)
{
	struct report_logs_reading *reading = context;

	collect_decision(reading->collection, decision);
}

static unsigned country(const struct address *address, void *context)
{
	const struct report_logs_reading *reading = context;

	return old_logs_country(&reading->logs, address);
}

static uint64_t provider(const struct address *address, void *context)
{
	const struct report_logs_reading *reading = context;

	return old_logs_provider(&reading->logs, address);
}

/* Whether the accounts are one, as the rules see it: bob is bob@example.net once they know the
 * realm. */
static bool same(const char *account, void *context)
{
	const struct report_logs_reading *reading = context;
	struct prefix a, b;

	if (!strcasecmp(account, reading->account))
		return true;
	if (!strchr(account, '@') == !strchr(reading->account, '@'))
		return false;
	a = detect_account_key(reading->logs.detect, account);
	b = detect_account_key(reading->logs.detect, reading->account);
	return !memcmp(&a, &b, sizeof(a));
}

static void add_lines(const struct report_logs_reading *reading, char *const *paths,
		      struct incident *incident)
{
	struct wanted_line lines[INCIDENT_LINES] = { 0 };

	for (size_t i = 0; i < incident->line_count; i++) {
		const char *path;

		lines[i].number =
			past_logs_where(reading->logs.past_logs, incident->evidence[i].tag, &path);
		lines[i].path = path ? path : paths[0];
	}
	report_lines_read(lines, incident->line_count);
	for (size_t i = 0; i < incident->line_count; i++) {
		incident->evidence[i].text = lines[i].text;
		if (!lines[i].text &&
		    asprintf(&incident->evidence[i].text, "%s:%llu", lines[i].path,
			     (unsigned long long)lines[i].number) < 0)
			incident->evidence[i].text = NULL;
	}
}

int report_from_logs(const struct command *command, const struct config *config,
		     const char *account, char **paths, struct incident **incident)
{
	struct report_logs_reading reading = { .account = account,
					       .logs = { .command = command,
							 .config = config,
							 .on_event = on_event,
							 .on_decision = on_decision } };
	const struct incident_world world = {
		.country = country,
		.provider = provider,
		.same = same,
		.context = &reading,
		.source_length6 = config->detect.source_length6,
		.network_length4 = config->detect.network_length4,
		.network_length6 = config->detect.network_length6,
	};
	struct past_logs_counts counts;
	struct fault fault = { 0 };
	int status = EXIT_FAILED;

	*incident = NULL;
	reading.logs.context = &reading;
	reading.collection = collect_new(account, &world);
	if (!reading.collection)
		fault_set(&fault, -ENOMEM, "out of memory");
	if (fault.error || old_logs_open(&reading.logs, &fault)) {
		cmd_failed(command, &fault);
	} else {
		status = old_logs_read(&reading.logs, paths, &counts);
		if (reading.logs.opened)
			*incident = collect_end(reading.collection);
		if (*incident) {
			(*incident)->lines = counts.lines;
			add_lines(&reading, paths, *incident);
		} else if (reading.logs.opened) {
			status = cmd_failed(command, &(struct fault){ -ENOMEM, "out of memory" });
		}
	}
	collect_free(reading.collection);
	old_logs_close(&reading.logs);
	return status;
}
