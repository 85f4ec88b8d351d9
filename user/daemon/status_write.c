// SPDX-License-Identifier: GPL-2.0-or-later
/* What the daemon tells about itself: the status file, the service manager's line, the terminal's
 * line. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/notify.h"
#include "daemon/policy_server.h"
#include "show/daemon_status.h"

static void fill_logs(const struct daemon *daemon, struct daemon_log *logs)
{
	for (size_t i = 0; i < daemon->log_count; i++) {
		const struct log_source *log = daemon->logs[i];

		snprintf(logs[i].name, sizeof(logs[i].name), "%s", log->config.name);
		snprintf(logs[i].path, sizeof(logs[i].path), "%s", log->file);
		snprintf(logs[i].container, sizeof(logs[i].container), "%s", log->container);
		log_parser_form(log->parser, logs[i].form);
		logs[i].offset_s = log->drift.offset_ns / NS_PER_S;
		logs[i].timeless = log->timeless;
		logs[i].events = log->events;
		if (log->follow)
			follow_get_state(log->follow, &logs[i].state);
		else
			logs[i].state.missing = true;
	}
}

static void fill_alerts(const struct daemon *daemon, struct daemon_alerts *alerts)
{
	struct alerts_usage usage;

	alerts_get_usage(daemon->alerts, &usage);
	*alerts = (struct daemon_alerts){ .raised = daemon->alerts_raised,
					  .has_program = daemon->instance.config->alert_program,
					  .running = usage.running,
					  .waiting = usage.waiting,
					  .run = usage.run,
					  .failed = usage.failed,
					  .dropped = usage.dropped,
					  .succeeded = usage.succeeded };
}

void status_write(struct daemon *daemon)
{
	_cleanup_free_ struct daemon_log *logs = calloc(daemon->log_count + 1, sizeof(*logs));
	struct daemon_status status = {
		.pid = getpid(),
		.written_boot_ns = clock_boot_ns(),
		.written_wall_ns = clock_wall_ns(),
		.started_wall_ns = daemon->started_wall_ns,
		.since_wall_ns = daemon->since_wall_ns,
		.last_fault = daemon->last_fault,
		.last_fault_wall_ns = daemon->last_fault_wall_ns,
		.devices = daemon->attachments,
		.device_count = daemon->attachment_count,
		.logs = logs,
		.log_count = daemon->log_count,
		.decisions = daemon->decisions,
		.bans = daemon->bans,
		.last_ban_wall_ns = daemon->last_ban_wall_ns,
		.metrics = daemon->metrics	    ? DAEMON_METRICS_OPEN
			   : daemon->metrics_wait_s ? DAEMON_METRICS_CLOSED
						    : DAEMON_METRICS_OFF,
	};
	struct fault fault = { 0 };

	if (!logs)
		return;
	daemon->reported = daemon->bans + daemon->alerts_raised;
	memcpy(status.unseen, daemon->unseen, sizeof(status.unseen));
	process_start(status.pid, &status.pid_start);
	fill_logs(daemon, logs);
	memcpy(status.events, daemon->events, sizeof(status.events));
	detect_get_usage(daemon->detect, &status.detect);
	status.account_count = incidents_list(daemon, status.written_wall_ns, &status.accounts);
	fill_alerts(daemon, &status.alerts);
	policy_fill_status(daemon, &status.policy);
	if (daemon_status_write(daemon->instance.config->paths.runtime, &status, &fault) &&
	    strcmp(fault.text, daemon->last_fault.text))
		daemon_fault(daemon, "%s", fault.text);
}

/* Attempts and drops of all services. */
static void sum_counts(struct daemon *daemon, uint64_t *attempts, uint64_t *dropped,
		       uint64_t *would_drop)
{
	_cleanup_free_ struct gate_counts *counts = malloc(sizeof(*counts));

	*attempts = *dropped = *would_drop = 0;
	if (!counts || gate_counts_read(daemon->instance.gate, counts, NULL))
		return;
	for (size_t service = 0; service < SERVICE_MAX; service++) {
		for (size_t country = 0; country < COUNTRY_COUNT; country++)
			*attempts += counts->countries[service][country].attempts;
		for (size_t reason = 1; reason < REASON_COUNT; reason++) {
			*would_drop += counts->reasons[service][reason][GATE_MONITOR].packets;
			*dropped += counts->reasons[service][reason][GATE_ENFORCE].packets;
		}
	}
}

void status_write_terminal(struct daemon *daemon)
{
	uint64_t attempts, dropped, would_drop, now = (uint64_t)clock_wall_ns();
	struct gate_usage usage = gate_ban_usage(daemon->instance.gate);
	size_t guarded = 0;
	char line[512];

	sum_counts(daemon, &attempts, &dropped, &would_drop);
	for (size_t i = 0; i < daemon->attachment_count; i++)
		guarded += daemon->attachments[i].attached;
	snprintf(line, sizeof(line),
		 "%s mode, %zu device%s, %zu of %zu logs; %" PRIu64 " attempts, %" PRIu64
		 " packets %s, %" PRIu64 " failures, %" PRIu64 " %s",
		 gate_mode_name(daemon->instance.config->mode), guarded, guarded == 1 ? "" : "s",
		 logs_following(daemon), daemon->log_count, attempts,
		 daemon->instance.config->mode == GATE_ENFORCE ? dropped : would_drop,
		 daemon->instance.config->mode == GATE_ENFORCE ? "dropped" : "would be dropped",
		 daemon->events[EVENT_FAILURE], usage.used,
		 daemon->instance.config->mode == GATE_ENFORCE ? "bans" : "would-be bans");
	if (daemon->on_terminal) {
		time_t seconds = (time_t)(now / NS_PER_S);
		struct tm tm;

		localtime_r(&seconds, &tm);
		printf("\r\033[K%02d:%02d:%02d  %s", tm.tm_hour, tm.tm_min, tm.tm_sec, line);
	} else {
		printf("sekisho: status: %s\n", line);
	}
	fflush(stdout);
}
