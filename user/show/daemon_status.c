// SPDX-License-Identifier: GPL-2.0-or-later
/* See daemon_status.h: whether the daemon lives, and how its file is written. It is read in
 * daemon_status_read.c. */
#include "show/daemon_status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/file.h"
#include "base/time.h"
#include "show/json.h"

int process_start(pid_t pid, uint64_t *ticks)
{
	_cleanup_(cleanup_file) FILE *file = NULL;
	char path[64], line[1024];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	file = fopen(path, "re");
	if (!file || !fgets(line, sizeof(line), file))
		return -ESRCH;
	/* The name, in parentheses, may hold anything; the fields count from its end. */
	at = strrchr(line, ')');
	if (at && (!strncmp(at, ") Z", 3) || !strncmp(at, ") X", 3)))
		return -ESRCH; /* dead, not yet waited for */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return -ESRCH;
	*ticks = strtoull(at + 1, NULL, 10);
	return 0;
}

enum daemon_state daemon_state(const struct daemon_status *status, uint64_t now_boot_ns)
{
	uint64_t start;

	if (!status || status->pid <= 0 || process_start(status->pid, &start) ||
	    start != status->pid_start)
		return DAEMON_NOT_RUNNING;
	if (now_boot_ns > status->written_boot_ns &&
	    now_boot_ns - status->written_boot_ns > DAEMON_STATUS_STALE_S * (uint64_t)NS_PER_S)
		return DAEMON_STALE;
	return DAEMON_RUNNING;
}

/* ---- writing ---- */

const char *hook_name(enum gate_hook hook)
{
	static const char *const names[] = { "auto", "xdp", "tc", "generic" };

	return (size_t)hook < sizeof(names) / sizeof(*names) ? names[hook] : "?";
}

static json_t *log_to_json(const struct daemon_log *log)
{
	const struct follow_state *state = &log->state;

	return json_pack("{s:o,s:o,s:o,s:I,s:o,s:o,s:b,s:o,s:o,s:o,s:o,s:o,s:o}", "name",
			 json_text(log->name), "container",
			 json_text(*log->container ? log->container : NULL), "format",
			 json_text(*log->form ? log->form : NULL), "offset_s",
			 (json_int_t)log->offset_s, "timeless", json_count(log->timeless), "path",
			 json_text(log->path), "missing", state->missing, "lines",
			 json_count(state->lines), "bytes", json_count(state->bytes), "lag_bytes",
			 json_count(state->lag_bytes), "cut", json_count(state->cut), "rotations",
			 json_count(state->rotations), "events", json_count(log->events));
}

static json_t *logs_to_json(const struct daemon_status *status)
{
	_cleanup_(cleanup_json) json_t *logs = json_array();

	for (size_t i = 0; i < status->log_count; i++)
		if (!json_add(logs, log_to_json(&status->logs[i])))
			return NULL;
	return TAKE_PTR(logs);
}

json_t *attachment_to_json(const struct attachment *at)
{
	return json_pack("{s:o,s:i,s:b,s:o,s:o,s:b,s:o,s:b,s:o,s:o,s:b,s:o}", "device",
			 json_text(at->device), "ifindex", (int)at->ifindex, "attached",
			 at->attached, "hook", json_text(at->attached ? hook_name(at->hook) : NULL),
			 "why", json_text(*at->why ? at->why : NULL), "outflow", at->outflow,
			 "outflow_why", json_text(*at->outflow_why ? at->outflow_why : NULL), "tcx",
			 at->tcx, "open", json_text(*at->open ? at->open : NULL), "stray",
			 json_text(*at->stray ? at->stray : NULL), "syn_cookies", at->answers,
			 "syn_cookies_why", json_text(*at->answers_why ? at->answers_why : NULL));
}

static json_t *devices_to_json(const struct daemon_status *status)
{
	_cleanup_(cleanup_json) json_t *devices = json_array();

	for (size_t i = 0; i < status->device_count; i++)
		if (!json_add(devices, attachment_to_json(&status->devices[i])))
			return NULL;
	return TAKE_PTR(devices);
}

static json_t *accounts_to_json(const struct daemon_status *status)
{
	_cleanup_(cleanup_json) json_t *accounts = json_array();

	for (size_t i = 0; i < status->account_count; i++) {
		const struct daemon_account *at = &status->accounts[i];

		if (!json_add(accounts,
			      json_pack("{s:o,s:s,s:o}", "account", json_text(at->account), "rule",
					rule_name(at->rule), "last", json_time(at->last_wall_ns))))
			return NULL;
	}
	return TAKE_PTR(accounts);
}

static json_t *events_to_json(const struct daemon_status *status)
{
	_cleanup_(cleanup_json) json_t *events = json_object();

	for (enum event_kind kind = EVENT_NONE + 1; kind < EVENT_KIND_COUNT; kind++)
		if (json_object_set_new(events, event_kind_name(kind),
					json_count(status->events[kind])))
			return NULL;
	return TAKE_PTR(events);
}

static json_t *fault_to_json(const struct daemon_status *status)
{
	if (!status->last_fault.error)
		return json_null();
	return json_pack("{s:o,s:o,s:i}", "time", json_time(status->last_fault_wall_ns), "text",
			 json_text(status->last_fault.text), "error", -status->last_fault.error);
}

static json_t *alerts_to_json(const struct daemon_alerts *alerts)
{
	return json_pack("{s:o,s:b,s:o,s:o,s:o,s:o,s:o}", "raised", json_count(alerts->raised),
			 "program", alerts->has_program, "running", json_count(alerts->running),
			 "waiting", json_count(alerts->waiting), "run", json_count(alerts->run),
			 "failed", json_count(alerts->failed), "dropped",
			 json_count(alerts->dropped));
}

static json_t *metrics_to_json(enum daemon_metrics metrics)
{
	if (metrics == DAEMON_METRICS_OFF)
		return json_null();
	return json_pack("{s:b}", "open", metrics == DAEMON_METRICS_OPEN);
}

static json_t *detect_to_json(const struct detect_usage *usage)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "used", json_count(usage->sources),
			 "size", json_count(usage->sources_size), "forgotten",
			 json_count(usage->forgotten), "accounts", json_count(usage->accounts),
			 "accounts_size", json_count(usage->accounts_size), "known",
			 json_count(usage->known), "known_size", json_count(usage->known_size));
}

static json_t *status_to_json(const struct daemon_status *status)
{
	return json_pack(
		"{s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}",
		"pid", (json_int_t)status->pid, "pid_start", json_count(status->pid_start),
		"written", json_time(status->written_wall_ns), "written_boot_ns",
		json_count(status->written_boot_ns), "started", json_time(status->started_wall_ns),
		"since", json_time(status->since_wall_ns), "last_fault", fault_to_json(status),
		"accounts", accounts_to_json(status), "devices", devices_to_json(status), "logs",
		logs_to_json(status), "events", events_to_json(status), "decisions",
		json_count(status->decisions), "bans", json_count(status->bans), "last_ban",
		json_time(status->last_ban_wall_ns), "detect", detect_to_json(&status->detect),
		"alerts", alerts_to_json(&status->alerts), "metrics",
		metrics_to_json(status->metrics), "policy", policy_to_json(&status->policy),
		"unseen", json_text(*status->unseen ? status->unseen : NULL));
}

json_t *daemon_status_to_json(const struct daemon_status *status, enum daemon_state state)
{
	_cleanup_(cleanup_json) json_t *object = NULL, *file = NULL;

	if (!status)
		return json_null();
	object = json_pack("{s:b,s:b}", "running", state != DAEMON_NOT_RUNNING, "stale",
			   state == DAEMON_STALE);
	file = status_to_json(status);
	if (!object || !file || json_object_update(object, file))
		return NULL;
	return TAKE_PTR(object);
}

int daemon_status_write(const char *directory, const struct daemon_status *status,
			struct fault *fault)
{
	_cleanup_free_ char *text = json_line(status_to_json(status));
	_cleanup_free_ char *path = NULL;
	struct fault own;
	int error;

	if (!text || asprintf(&path, "%s/" DAEMON_STATUS_FILE, directory) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	error = file_replace(path, text, strlen(text), &own);
	return error ? fault_set(fault, error, "%.900s; `sekisho status` shows old data", own.text)
		     : 0;
}

void daemon_status_free(struct daemon_status *status)
{
	if (!status)
		return;
	free(status->devices);
	free((void *)(uintptr_t)status->accounts);
	free(status->logs);
	free(status);
}
