// SPDX-License-Identifier: GPL-2.0-or-later
/* See daemon_status.h. The file is the daemon's own, yet read as if it were not: everything in it
 * is checked, and a member that is missing is zero. */
#include "show/daemon_status.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

	return json_pack("{s:o,s:o,s:b,s:o,s:o,s:o,s:o,s:o,s:o}", "name", json_text(log->name),
			 "path", json_text(log->path), "missing", state->missing, "lines",
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
	return json_pack("{s:o,s:i,s:b,s:o,s:o,s:b,s:o}", "device", json_text(at->device),
			 "ifindex", (int)at->ifindex, "attached", at->attached, "hook",
			 json_text(at->attached ? hook_name(at->hook) : NULL), "why",
			 json_text(*at->why ? at->why : NULL), "outflow", at->outflow,
			 "outflow_why", json_text(*at->outflow_why ? at->outflow_why : NULL));
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

static json_t *status_to_json(const struct daemon_status *status)
{
	return json_pack(
		"{s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:{s:o,s:o,s:o,s:o,s:o,s:o,s:"
		"o}}",
		"pid", (json_int_t)status->pid, "pid_start", json_count(status->pid_start),
		"written", json_time(status->written_wall_ns), "written_boot_ns",
		json_count(status->written_boot_ns), "started", json_time(status->started_wall_ns),
		"since", json_time(status->since_wall_ns), "last_fault", fault_to_json(status),
		"accounts", accounts_to_json(status), "devices", devices_to_json(status), "logs",
		logs_to_json(status), "events", events_to_json(status), "decisions",
		json_count(status->decisions), "bans", json_count(status->bans), "detect", "used",
		json_count(status->detect.sources), "size", json_count(status->detect.sources_size),
		"forgotten", json_count(status->detect.forgotten), "accounts",
		json_count(status->detect.accounts), "accounts_size",
		json_count(status->detect.accounts_size), "known", json_count(status->detect.known),
		"known_size", json_count(status->detect.known_size));
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

static uint64_t read_count(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (uint64_t)value : 0;
}

static int64_t read_time(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	int64_t wall_ns;

	if (!text || time_parse(text, strlen(text), &wall_ns, NULL))
		return 0;
	return wall_ns;
}

static void read_text(const json_t *object, const char *key, char *text, size_t size)
{
	const char *value = json_string_value(json_object_get(object, key));

	snprintf(text, size, "%s", value ? value : "");
}

static int read_logs(const json_t *array, struct daemon_status *status)
{
	size_t count = json_array_size(array);

	if (!count)
		return 0;
	status->logs = calloc(count, sizeof(*status->logs));
	if (!status->logs)
		return -ENOMEM;
	status->log_count = count;
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(array, i);
		struct daemon_log *log = &status->logs[i];

		read_text(item, "name", log->name, sizeof(log->name));
		read_text(item, "path", log->path, sizeof(log->path));
		log->state.missing = json_is_true(json_object_get(item, "missing"));
		log->state.lines = read_count(item, "lines");
		log->state.bytes = read_count(item, "bytes");
		log->state.lag_bytes = read_count(item, "lag_bytes");
		log->state.cut = read_count(item, "cut");
		log->state.rotations = read_count(item, "rotations");
		log->events = read_count(item, "events");
	}
	return 0;
}

static enum gate_hook hook_from_name(const char *name)
{
	for (enum gate_hook hook = HOOK_XDP; hook <= HOOK_GENERIC; hook++)
		if (name && !strcmp(name, hook_name(hook)))
			return hook;
	return HOOK_AUTO;
}

static int read_devices(const json_t *array, struct daemon_status *status)
{
	size_t count = json_array_size(array);

	if (!count)
		return 0;
	status->devices = calloc(count, sizeof(*status->devices));
	if (!status->devices)
		return -ENOMEM;
	status->device_count = count;
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(array, i);
		struct attachment *at = &status->devices[i];

		read_text(item, "device", at->device, sizeof(at->device));
		read_text(item, "why", at->why, sizeof(at->why));
		at->ifindex = (unsigned)read_count(item, "ifindex");
		read_text(item, "outflow_why", at->outflow_why, sizeof(at->outflow_why));
		at->outflow = json_is_true(json_object_get(item, "outflow"));
		at->attached = json_is_true(json_object_get(item, "attached"));
		at->hook = hook_from_name(json_string_value(json_object_get(item, "hook")));
	}
	return 0;
}

static int read_accounts(const json_t *array, struct daemon_status *status)
{
	size_t count = json_array_size(array);

	if (!count)
		return 0;
	status->accounts = calloc(count, sizeof(*status->accounts));
	if (!status->accounts)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(array, i);
		struct daemon_account *at = &status->accounts[status->account_count];
		const char *rule = json_string_value(json_object_get(item, "rule"));
		int number = rule ? rule_from_name(rule) : -EINVAL;

		if (number < 0)
			continue; /* of a newer daemon */
		at->rule = (enum ban_rule)number;
		read_text(item, "account", at->account, sizeof(at->account));
		at->last_wall_ns = read_time(item, "last");
		status->account_count++;
	}
	return 0;
}

static int status_from_json(const json_t *root, struct daemon_status *status)
{
	const json_t *last = json_object_get(root, "last_fault");
	const json_t *events = json_object_get(root, "events");
	const json_t *detect = json_object_get(root, "detect");
	uint64_t pid = read_count(root, "pid");

	if (!pid || pid > INT32_MAX)
		return -EBADMSG;
	status->pid = (pid_t)pid;
	status->pid_start = read_count(root, "pid_start");
	status->written_boot_ns = read_count(root, "written_boot_ns");
	status->written_wall_ns = read_time(root, "written");
	status->started_wall_ns = read_time(root, "started");
	status->since_wall_ns = read_time(root, "since");
	if (json_is_object(last)) {
		uint64_t number = read_count(last, "error");

		status->last_fault.error = number && number < 4096 ? -(int)number : -EIO;
		read_text(last, "text", status->last_fault.text, sizeof(status->last_fault.text));
		status->last_fault_wall_ns = read_time(last, "time");
	}
	for (enum event_kind kind = EVENT_NONE + 1; kind < EVENT_KIND_COUNT; kind++)
		status->events[kind] = read_count(events, event_kind_name(kind));
	status->decisions = read_count(root, "decisions");
	status->bans = read_count(root, "bans");
	status->detect.sources = read_count(detect, "used");
	status->detect.sources_size = read_count(detect, "size");
	status->detect.forgotten = read_count(detect, "forgotten");
	if (read_devices(json_object_get(root, "devices"), status) ||
	    read_accounts(json_object_get(root, "accounts"), status))
		return -ENOMEM;
	status->detect.accounts = read_count(detect, "accounts");
	status->detect.accounts_size = read_count(detect, "accounts_size");
	status->detect.known = read_count(detect, "known");
	status->detect.known_size = read_count(detect, "known_size");
	return read_logs(json_object_get(root, "logs"), status);
}

static int read_whole(const char *path, char **text, size_t *size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	_cleanup_free_ char *buffer = NULL;
	struct stat stat;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat))
		return -errno;
	if (!S_ISREG(stat.st_mode) || stat.st_size > STATUS_BYTES_MAX)
		return -EBADMSG;
	buffer = malloc((size_t)stat.st_size + 1);
	if (!buffer)
		return -ENOMEM;
	for (*size = 0; *size < (size_t)stat.st_size;) {
		ssize_t got = read(fd, buffer + *size, (size_t)stat.st_size - *size);

		if (got < 0)
			return -errno;
		if (!got)
			break;
		*size += (size_t)got;
	}
	*text = TAKE_PTR(buffer);
	return 0;
}

void daemon_status_free(struct daemon_status *status)
{
	if (!status)
		return;
	free(status->devices);
	free(status->accounts);
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
	error = read_whole(path, &text, &size);
	if (!error) {
		root = json_loadb(text, size, 0, NULL);
		error = root ? status_from_json(root, fresh) : -EBADMSG;
	}
	if (error == -EBADMSG)
		return fault_set(fault, error,
				 "%s is not a status file of sekisho; remove it, the daemon "
				 "writes a new one",
				 path);
	if (error)
		return fault_set(fault, error, "cannot read %s: %s", path, strerror(-error));
	*status = TAKE_PTR(fresh);
	return 0;
}
