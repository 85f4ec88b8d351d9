// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the daemon's status file (daemon_status.h). It is the daemon's own, yet read as if it were
 * not: everything in it is checked, and a member that is missing is zero. */
#include "show/daemon_status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "show/json.h"

#define STATUS_BYTES_MAX (4U << 20)

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
		read_text(item, "container", log->container, sizeof(log->container));
		read_text(item, "format", log->form, sizeof(log->form));
		log->offset_s = json_integer_value(json_object_get(item, "offset_s"));
		log->timeless = read_count(item, "timeless");
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
		read_text(item, "open", at->open, sizeof(at->open));
		at->outflow = json_is_true(json_object_get(item, "outflow"));
		at->attached = json_is_true(json_object_get(item, "attached"));
		at->hook = hook_from_name(json_string_value(json_object_get(item, "hook")));
	}
	return 0;
}

static int read_accounts(const json_t *array, struct daemon_status *status)
{
	size_t count = json_array_size(array);
	struct daemon_account *accounts;

	if (!count)
		return 0;
	accounts = calloc(count, sizeof(*accounts));
	if (!accounts)
		return -ENOMEM;
	status->accounts = accounts;
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(array, i);
		struct daemon_account *at = &accounts[status->account_count];
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

static void read_alerts(const json_t *object, struct daemon_alerts *alerts)
{
	alerts->raised = read_count(object, "raised");
	alerts->has_program = json_is_true(json_object_get(object, "program"));
	alerts->running = read_count(object, "running");
	alerts->waiting = read_count(object, "waiting");
	alerts->run = read_count(object, "run");
	alerts->failed = read_count(object, "failed");
	alerts->dropped = read_count(object, "dropped");
}

static void read_detect(const json_t *object, struct detect_usage *usage)
{
	usage->sources = read_count(object, "used");
	usage->sources_size = read_count(object, "size");
	usage->forgotten = read_count(object, "forgotten");
	usage->accounts = read_count(object, "accounts");
	usage->accounts_size = read_count(object, "accounts_size");
	usage->known = read_count(object, "known");
	usage->known_size = read_count(object, "known_size");
}

static enum daemon_metrics read_metrics(const json_t *object)
{
	if (!json_is_object(object))
		return DAEMON_METRICS_OFF;
	return json_is_true(json_object_get(object, "open")) ? DAEMON_METRICS_OPEN
							     : DAEMON_METRICS_CLOSED;
}

static int status_from_json(const json_t *root, struct daemon_status *status)
{
	const json_t *last = json_object_get(root, "last_fault");
	const json_t *events = json_object_get(root, "events");
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
	status->last_ban_wall_ns = read_time(root, "last_ban");
	read_detect(json_object_get(root, "detect"), &status->detect);
	read_alerts(json_object_get(root, "alerts"), &status->alerts);
	read_text(root, "unseen", status->unseen, sizeof(status->unseen));
	policy_from_json(json_object_get(root, "policy"), &status->policy);
	status->metrics = read_metrics(json_object_get(root, "metrics"));
	if (read_devices(json_object_get(root, "devices"), status) ||
	    read_accounts(json_object_get(root, "accounts"), status))
		return -ENOMEM;
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
