// SPDX-License-Identifier: GPL-2.0-or-later
/* See daemon_status.h. The daemon writes the file, but it is read like a stranger's: all its
 * content is checked, and a missing member is zero. */
#include "show/daemon_status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/file.h"
#include "base/time.h"
#include "show/json.h"

#define STATUS_BYTES_MAX (4U << 20)

int process_start(pid_t pid, uint64_t *ticks)
{
	_cleanup_(cleanup_file) FILE *file = NULL;
	char path[64], line[1024];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	file = fopen(path, "re");
	if (!file || !fgets(line, sizeof(line), file))
		return -ESRCH;
	/* The name, in parentheses, may hold anything: count the fields from its end. */
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

/* ---- the members ---- */

#define LOG(member, name, kind) MEMBER(daemon_log, member, name, kind)
#define LOG_METRIC(member, name, kind, metric, help) \
	MEMBER_METRIC(daemon_log, member, name, kind, "sekisho_log_" metric, help)
const struct member daemon_log_members[] = {
	LOG(name, "name", TEXT),
	LOG(container, "container", TEXT),
	LOG(form, "format", TEXT),
	LOG(offset_s, "offset_s", OFFSET),
	LOG(timeless, "timeless", COUNT),
	LOG(path, "path", TEXT),
	LOG_METRIC(state.missing, "missing", BOOL, "missing", "1 if there is no file at the path."),
	LOG_METRIC(state.lines, "lines", COUNT, "lines_total", "Lines read."),
	LOG_METRIC(state.bytes, "bytes", COUNT, "read_bytes_total", "Bytes read."),
	LOG_METRIC(state.lag_bytes, "lag_bytes", COUNT, "lag_bytes",
		   "Written to the log and not yet read."),
	LOG_METRIC(state.cut, "cut", COUNT, "cut_lines_total", "Lines too long to be read whole."),
	LOG_METRIC(state.rotations, "rotations", COUNT, "rotations_total", "Rotations followed."),
	LOG_METRIC(events, "events", COUNT, "events_total", "Events found in the log."),
	{ 0 },
};

#define DEVICE(member, name, kind) MEMBER(attachment, member, name, kind)
static const struct member device_members[] = {
	DEVICE(device, "device", TEXT),
	DEVICE(ifindex, "ifindex", COUNT),
	DEVICE(attached, "attached", BOOL),
	DEVICE(why, "why", TEXT),
	DEVICE(outflow, "outflow", BOOL),
	DEVICE(outflow_why, "outflow_why", TEXT),
	DEVICE(tcx, "tcx", BOOL),
	DEVICE(open, "open", TEXT),
	DEVICE(stray, "stray", TEXT),
	DEVICE(answers, "syn_cookies", BOOL),
	DEVICE(answers_why, "syn_cookies_why", TEXT),
	{ 0 },
};

static const struct member account_members[] = {
	MEMBER(daemon_account, account, "account", TEXT),
	MEMBER(daemon_account, last_wall_ns, "last", TIME),
	{ 0 },
};

#define ALERTS(member, metric, help) \
	MEMBER_METRIC(daemon_alerts, member, #member, COUNT, "sekisho_alert" metric, help)
const struct member daemon_alerts_members[] = {
	ALERTS(raised, "s_total", "Alerts raised."),
	MEMBER(daemon_alerts, has_program, "program", BOOL),
	ALERTS(running, "_programs_running", "Alert programs that run now."),
	ALERTS(waiting, "s_waiting", "Alerts that wait for the program."),
	ALERTS(run, "_programs_total", "Alert programs run."),
	ALERTS(failed, "_program_failures_total",
	       "Alert programs that could not be run, failed or were killed."),
	ALERTS(dropped, "s_dropped_total",
	       "Alerts for which the program was not run: too many waited."),
	MEMBER(daemon_alerts, succeeded, "succeeded_since", COUNT),
	{ 0 },
};

#define DETECT(member, name) MEMBER(detect_usage, member, name, COUNT)
#define DETECT_METRIC(member, name, metric, help) \
	MEMBER_METRIC(detect_usage, member, name, COUNT, "sekisho_detect_" metric, help)
const struct member daemon_detect_members[] = {
	DETECT_METRIC(sources, "used", "sources", "Sources that the rules remember."),
	DETECT_METRIC(sources_size, "size", "sources_max", "Sources that they have room for."),
	DETECT_METRIC(forgotten, "forgotten", "forgotten_total",
		      "Sources given up for room while still inside a window."),
	DETECT(accounts, "accounts"),
	DETECT(accounts_size, "accounts_size"),
	DETECT(known, "known"),
	DETECT(known_size, "known_size"),
	{ 0 },
};

#define STATUS(member, name, kind) MEMBER(daemon_status, member, name, kind)
#define STATUS_METRIC(member, name, kind, metric, help) \
	MEMBER_METRIC(daemon_status, member, name, kind, "sekisho_" metric, help)
const struct member daemon_status_members[] = {
	STATUS(pid_start, "pid_start", COUNT),
	STATUS(written_wall_ns, "written", TIME),
	STATUS(written_boot_ns, "written_boot_ns", COUNT),
	STATUS_METRIC(started_wall_ns, "started", TIME, "daemon_start_timestamp_seconds",
		      "When it was started."),
	STATUS(since_wall_ns, "since", TIME),
	STATUS_METRIC(decisions, "decisions", COUNT, "decisions_total", "Decisions of the rules."),
	STATUS_METRIC(bans, "bans", COUNT, "bans_made_total", "Bans that the daemon made."),
	STATUS(last_ban_wall_ns, "last_ban", TIME),
	STATUS(unseen, "unseen", TEXT),
	{ 0 },
};

/* ---- writing ---- */

const char *hook_name(enum gate_hook hook)
{
	static const char *const names[] = { "auto", "xdp", "tc", "generic" };

	return (size_t)hook < sizeof(names) / sizeof(*names) ? names[hook] : "?";
}

static json_t *device_to_json(const struct attachment *at)
{
	_cleanup_(cleanup_json) json_t *device = members_to_json(device_members, at);

	if (json_object_set_new(device, "hook",
				json_text(at->attached ? hook_name(at->hook) : NULL)))
		return NULL;
	return TAKE_PTR(device);
}

json_t *devices_to_json(const struct attachment *devices, size_t count)
{
	_cleanup_(cleanup_json) json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		if (!json_add(array, device_to_json(&devices[i])))
			return NULL;
	return TAKE_PTR(array);
}

static json_t *account_to_json(const struct daemon_account *at)
{
	_cleanup_(cleanup_json) json_t *account = members_to_json(account_members, at);

	if (json_object_set_new(account, "rule", json_string(rule_name(at->rule))))
		return NULL;
	return TAKE_PTR(account);
}

static json_t *accounts_to_json(const struct daemon_status *status)
{
	_cleanup_(cleanup_json) json_t *accounts = json_array();

	for (size_t i = 0; i < status->account_count; i++)
		if (!json_add(accounts, account_to_json(&status->accounts[i])))
			return NULL;
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

static json_t *metrics_to_json(enum daemon_metrics metrics)
{
	if (metrics == DAEMON_METRICS_OFF)
		return json_null();
	return json_pack("{s:b}", "open", metrics == DAEMON_METRICS_OPEN);
}

static json_t *status_to_json(const struct daemon_status *status)
{
	_cleanup_(cleanup_json) json_t *object = json_pack(
		"{s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "pid", (json_int_t)status->pid,
		"last_fault", fault_to_json(status), "accounts", accounts_to_json(status),
		"devices", devices_to_json(status->devices, status->device_count), "logs",
		members_to_array(daemon_log_members, status->logs, status->log_count,
				 sizeof(*status->logs)),
		"events", events_to_json(status), "detect",
		members_to_json(daemon_detect_members, &status->detect), "alerts",
		members_to_json(daemon_alerts_members, &status->alerts), "metrics",
		metrics_to_json(status->metrics), "policy", policy_to_json(&status->policy));

	return members_add(object, daemon_status_members, status) ? TAKE_PTR(object) : NULL;
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

/* ---- reading ---- */

static enum gate_hook hook_from_name(const char *name)
{
	for (enum gate_hook hook = HOOK_XDP; hook <= HOOK_GENERIC; hook++)
		if (name && !strcmp(name, hook_name(hook)))
			return hook;
	return HOOK_AUTO;
}

static int read_devices(const json_t *array, struct daemon_status *status)
{
	if (members_from_array(device_members, array, sizeof(*status->devices),
			       (void **)&status->devices, &status->device_count))
		return -ENOMEM;
	for (size_t i = 0; i < status->device_count; i++)
		status->devices[i].hook = hook_from_name(
			json_string_value(json_object_get(json_array_get(array, i), "hook")));
	return 0;
}

static int read_accounts(const json_t *array, struct daemon_status *status)
{
	struct daemon_account *accounts = calloc(json_array_size(array) + 1, sizeof(*accounts));

	if (!accounts)
		return -ENOMEM;
	status->accounts = accounts;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);
		const char *rule = json_string_value(json_object_get(item, "rule"));
		int number = rule ? rule_from_name(rule) : -EINVAL;

		if (number < 0)
			continue; /* a member of a newer daemon */
		members_from_json(account_members, item, &accounts[status->account_count]);
		accounts[status->account_count++].rule = (enum ban_rule)number;
	}
	return 0;
}

static enum daemon_metrics read_metrics(const json_t *object)
{
	if (!json_is_object(object))
		return DAEMON_METRICS_OFF;
	return json_is_true(json_object_get(object, "open")) ? DAEMON_METRICS_OPEN
							     : DAEMON_METRICS_CLOSED;
}

static void read_fault(const json_t *object, struct daemon_status *status)
{
	uint64_t number = json_count_value(json_object_get(object, "error"));
	const char *text = json_string_value(json_object_get(object, "text"));

	if (!json_is_object(object))
		return;
	status->last_fault_wall_ns = json_time_value(json_object_get(object, "time"));
	fault_set(&status->last_fault, number && number < 4096 ? -(int)number : -EIO, "%s",
		  text ? text : "");
}

static int status_from_json(const json_t *root, struct daemon_status *status)
{
	const json_t *events = json_object_get(root, "events");
	uint64_t pid = json_count_value(json_object_get(root, "pid"));

	if (!pid || pid > INT32_MAX)
		return -EBADMSG;
	status->pid = (pid_t)pid;
	members_from_json(daemon_status_members, root, status);
	read_fault(json_object_get(root, "last_fault"), status);
	for (enum event_kind kind = EVENT_NONE + 1; kind < EVENT_KIND_COUNT; kind++)
		status->events[kind] =
			json_count_value(json_object_get(events, event_kind_name(kind)));
	members_from_json(daemon_detect_members, json_object_get(root, "detect"), &status->detect);
	members_from_json(daemon_alerts_members, json_object_get(root, "alerts"), &status->alerts);
	policy_from_json(json_object_get(root, "policy"), &status->policy);
	status->metrics = read_metrics(json_object_get(root, "metrics"));
	if (read_devices(json_object_get(root, "devices"), status) ||
	    read_accounts(json_object_get(root, "accounts"), status))
		return -ENOMEM;
	return members_from_array(daemon_log_members, json_object_get(root, "logs"),
				  sizeof(*status->logs), (void **)&status->logs,
				  &status->log_count);
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

static void cleanup_status(struct daemon_status **status)
{
	daemon_status_free(*status);
}

int daemon_status_read(const char *directory, struct daemon_status **status, struct fault *fault)
{
	_cleanup_(cleanup_status) struct daemon_status *fresh = calloc(1, sizeof(*fresh));
	_cleanup_(cleanup_json) json_t *root = NULL;
	_cleanup_free_ char *path = NULL, *text = NULL;
	size_t size = 0;
	int error;

	if (!fresh || asprintf(&path, "%s/" DAEMON_STATUS_FILE, directory) < 0)
		return fault_set(fault, -ENOMEM, "out of memory");
	error = file_read_regular(path, STATUS_BYTES_MAX, &text, &size);
	if (!error) {
		root = json_loadb(text, size, 0, NULL);
		error = root ? status_from_json(root, fresh) : -EBADMSG;
	}
	if (error == -EBADMSG || error == -EISDIR || error == -EFBIG)
		return fault_set(fault, error,
				 "%s is not a status file of sekisho; remove it, the daemon "
				 "writes a new one",
				 path);
	if (error)
		return fault_set(fault, error, "cannot read %s: %s", path, strerror(-error));
	*status = TAKE_PTR(fresh);
	return 0;
}
