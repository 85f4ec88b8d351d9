// SPDX-License-Identifier: GPL-2.0-or-later
/* Gathers the facts (doctor.h) from machine, gate, store and logs. Judges nothing. */
#include <errno.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "doctor/checks.h"
#include "enforce/start.h"
#include "feed/feed.h"
#include "log/expand.h"
#include "show/country_files.h"

#define FETCH_WAIT_NS (25 * 60 * NS_PER_S)

static void remember(struct doctor_facts *facts, const struct fault *fault)
{
	size_t room = sizeof(facts->faults) / sizeof(*facts->faults);

	if (facts->fault_count < room)
		facts->faults[facts->fault_count++] = *fault;
}

/* ---- the kernel ---- */

static bool has_mount(const char *type)
{
	FILE *mounts = setmntent("/proc/mounts", "re");
	struct mntent *entry;
	bool found = false;

	while (mounts && !found && (entry = getmntent(mounts)))
		found = !strcmp(entry->mnt_type, type);
	if (mounts)
		endmntent(mounts);
	return found;
}

static int read_jit(void)
{
	_cleanup_(cleanup_file) FILE *file = fopen("/proc/sys/net/core/bpf_jit_enable", "re");
	int value;

	return file && fscanf(file, "%d", &value) == 1 ? value : -1;
}

static void ask_kernel(struct doctor_facts *facts)
{
	struct utsname name;
	struct statfs fs;

	facts->root = !geteuid();
	if (!uname(&name))
		(void)sscanf(name.release, "%u.%u", &facts->kernel_major, &facts->kernel_minor);
	facts->large_under_xdp = facts->kernel_major > 6 ||
				 (facts->kernel_major == 6 && facts->kernel_minor >= 3);
	facts->has_btf = !access("/sys/kernel/btf/vmlinux", R_OK);
	facts->has_bpffs = !statfs("/sys/fs/bpf", &fs) && fs.f_type == BPF_FS_MAGIC;
	facts->has_cgroup2 = has_mount("cgroup2");
	facts->can_destroy = listeners_can_destroy();
	facts->jit = read_jit();
}

/* ---- gate, store, daemon ---- */

static void take_outflow(struct doctor_outflow *outflow, const struct outflow_view *view)
{
	const struct outflow_rules *rules;
	size_t first;

	if (!view)
		return;
	rules = &view->state->rules;
	outflow->known = true;
	outflow->state = outflow_state(view);
	outflow->mode = rules->mode == GATE_ENFORCE ? GATE_ENFORCE : GATE_MONITOR;
	outflow->limited = rules->interval_ns || rules->guest_interval_ns || rules->users_only;
	outflow->trip = outflow_trip(view);
	outflow->since_wall_ns = outflow_wall_ns(view, outflow->trip.since_ns);
	outflow->overflows = view->state->control.breaker_overflows;
	if (!outflow->trip.count)
		return;
	first = outflow->trip.first;
	outflow_whose_breaker(&view->state->breakers[first].key, view->breaker_names[first],
			      outflow->whose);
	if (view->suspects[first].count)
		outflow_suspect_format(&view->suspects[first].list[0], outflow->suspect);
}

static void take_snapshot(struct doctor_facts *facts, const struct snapshot *snapshot)
{
	struct country_source files[8];
	size_t count = country_files_read(snapshot->countries_source, files, 8);

	facts->loaded = snapshot->loaded;
	facts->gate_fault = snapshot->gate_fault;
	facts->store_fault = snapshot->store_fault;
	facts->has_policy = snapshot->has_policy;
	facts->policy_differs = snapshot->policy_differs;
	facts->mode = snapshot->mode;
	memcpy(facts->tables, snapshot->tables, sizeof(facts->tables));
	facts->daemon_state = snapshot->daemon_state;
	facts->stand_in = snapshot->stand_in;
	facts->generation_differs = snapshot->has_table && snapshot->has_generation &&
				    snapshot->table.generation != snapshot->generation;
	if (snapshot->daemon && snapshot->daemon_state == DAEMON_RUNNING) {
		facts->alerts = snapshot->daemon->alerts;
		facts->metrics = snapshot->daemon->metrics;
		facts->policy = snapshot->daemon->policy;
		facts->policy_uptime_s =
			(snapshot->now_wall_ns - snapshot->daemon->since_wall_ns) / NS_PER_S;
		facts->stood_in_for = stand_in_follows("", (long)snapshot->daemon->pid);
		memcpy(facts->unseen, snapshot->daemon->unseen, sizeof(facts->unseen));
	}
	take_outflow(&facts->outflow, snapshot->outflow);
	facts->has_countries = snapshot->has_countries;
	for (size_t i = 0; i < count; i++)
		if (!facts->countries_modified_wall_ns ||
		    files[i].modified_wall_ns < facts->countries_modified_wall_ns)
			facts->countries_modified_wall_ns = files[i].modified_wall_ns;
	doctor_policy_files(facts);
	doctor_take_locked(facts);
	for (size_t i = 0; i < snapshot->fault_count; i++)
		remember(facts, &snapshot->faults[i]);
}

static bool is_wanted(const struct attachment *wanted, int count, const char *device)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(wanted[i].device, device))
			return true;
	return false;
}

/* Takes the text of attach.h about another's program on the device: «the XDP program "x" (id 5) of
 * another is ...». */
static void take_foreign(struct doctor_device *device)
{
	if (!strncmp(device->why, "the XDP program", 15))
		snprintf(device->foreign, sizeof(device->foreign), "%.127s", device->why);
}

static int take_devices(struct doctor_facts *facts, const struct snapshot *snapshot,
			const struct config *config)
{
	_cleanup_free_ struct attachment *wanted = calloc(START_DEVICES, sizeof(*wanted));
	struct fault fault;
	int count;

	facts->devices = calloc(snapshot->device_count + 1, sizeof(*facts->devices));
	if (!wanted || !facts->devices)
		return -ENOMEM;
	count = start_wanted(config, wanted, &fault);
	if (count < 0)
		remember(facts, &fault);
	for (size_t i = 0; i < snapshot->device_count; i++) {
		const struct attachment *at = &snapshot->devices[i];
		struct doctor_device *device = &facts->devices[facts->device_count++];

		memcpy(device->name, at->device, sizeof(device->name));
		memcpy(device->why, at->why, sizeof(device->why));
		memcpy(device->outflow_why, at->outflow_why, sizeof(device->outflow_why));
		if (config->syn_cookies != COOKIES_OFF)
			memcpy(device->answers_why, at->answers_why, sizeof(device->answers_why));
		memcpy(device->open, at->open, sizeof(device->open));
		memcpy(device->stray, at->stray, sizeof(device->stray));
		device->outflow = at->outflow;
		device->guarded = at->attached;
		device->hook = at->hook;
		device->wanted = is_wanted(wanted, count, at->device);
		take_foreign(device);
		doctor_ask_device(device);
	}
	return 0;
}

/* ---- sources ---- */

static void take_sources(struct doctor_facts *facts, struct gate *gate)
{
	struct doctor_sources *sources = &facts->sources;
	struct talkers talkers;
	struct fault fault;

	if (!gate)
		return;
	if (talkers_read(gate, METERS_SOURCES, &talkers, &fault)) {
		remember(facts, &fault);
		return;
	}
	sources->known = true;
	for (size_t i = 0; i < talkers.count; i++) {
		const struct talker *at = &talkers.items[i];

		sources->handshakes += at->handshakes;
		if (at->handshakes <= sources->local_handshakes || !prefix_special(&at->prefix))
			continue;
		sources->local_handshakes = at->handshakes;
		sources->local = at->prefix;
	}
	talkers_free(&talkers);
}

/* ---- configuration and ports ---- */

/* Whether the service has `*:deny`, whatever countries it names beside. */
static bool denies_most(const struct config_service *service)
{
	size_t denied = 0;

	for (size_t country = 0; country < COUNTRY_COUNT; country++)
		denied += service->country_class[country] == CLASS_DENY;
	return denied > COUNTRY_COUNT / 2 && denied < COUNTRY_COUNT;
}

static void take_services(struct doctor_facts *facts, const struct config *config)
{
	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];

		for (size_t port = 0; port < service->port_count; port++)
			facts->port_covered[service->ports[port]] = 1;
		facts->denies_countries |= denies_most(service);
		for (size_t country = 1; country < COUNTRY_COUNT; country++)
			if (service->country_class[country] != service->country_class[0])
				facts->names_countries = true;
	}
}

static void take_providers(struct doctor_facts *facts, const struct config *config)
{
	struct stat status;

	for (size_t i = 0; i < config->provider_file_count; i++) {
		int64_t wall_ns;

		if (stat(config->provider_files[i], &status))
			continue;
		wall_ns = status.st_mtim.tv_sec * (int64_t)NS_PER_S;
		if (!facts->providers_modified_wall_ns ||
		    wall_ns < facts->providers_modified_wall_ns)
			facts->providers_modified_wall_ns = wall_ns;
	}
}

/* Whether the next run of the timer is to be awaited. It fetches every quarter of an hour, with at
 * most 5 minutes of delay, so what was configured since then, or before the timer was enabled, will
 * be fetched by itself. */
static bool fetch_waits(const struct snapshot *snapshot)
{
	struct stat status;
	int64_t since_ns = 0, enabled_ns;

	if (lstat("/etc/systemd/system/timers.target.wants/sekisho-fetch.timer", &status))
		return false;
	enabled_ns = status.st_mtim.tv_sec * (int64_t)NS_PER_S;
	if (snapshot->daemon && snapshot->daemon_state == DAEMON_RUNNING)
		since_ns = snapshot->daemon->since_wall_ns;
	if (since_ns < enabled_ns)
		since_ns = enabled_ns;
	return snapshot->now_wall_ns - since_ns < FETCH_WAIT_NS;
}

static void take_feeds(struct doctor_facts *facts, const struct config *config, int64_t now_wall_ns)
{
	const size_t most = sizeof(facts->stale_feeds) / sizeof(*facts->stale_feeds);

	const struct config_list *list;

	for (size_t i = 0; (list = config_feed(config, i)) && facts->stale_feed_count < most; i++) {
		int64_t checked_s;

		checked_s = feed_checked_s(config, list->name);
		if (now_wall_ns / NS_PER_S - checked_s <= 3 * (int64_t)list->every_s)
			continue;
		snprintf(facts->stale_feeds[facts->stale_feed_count].name,
			 sizeof(facts->stale_feeds->name), "%s", list->name);
		facts->stale_feeds[facts->stale_feed_count++].checked_wall_ns =
			checked_s * (int64_t)NS_PER_S;
	}
}

/* ---- logs ---- */

static void ask_daemon(struct doctor_log *log, const struct daemon_status *daemon)
{
	for (size_t i = 0; daemon && i < daemon->log_count; i++) {
		if (strcmp(daemon->logs[i].name, log->name) != 0 ||
		    strcmp(daemon->logs[i].path, log->path) != 0)
			continue;
		log->followed = !daemon->logs[i].state.missing;
		log->lag_bytes = daemon->logs[i].state.lag_bytes;
		log->offset_s = daemon->logs[i].offset_s;
	}
}

struct reading_logs {
	struct doctor_facts *facts;
	const struct config *config;
	const struct daemon_status *daemon;
	const char *name; /* of the section */
	int error;
};

static void read_log(const char *path, const char *label, void *context)
{
	struct reading_logs *reading = context;
	struct doctor_facts *facts = reading->facts;
	struct doctor_log *logs = reallocarray(facts->logs, facts->log_count + 1, sizeof(*logs)),
			  *log;

	(void)label;
	if (!logs) {
		reading->error = -ENOMEM;
		return;
	}
	facts->logs = logs;
	log = &logs[facts->log_count++];
	memset(log, 0, sizeof(*log));
	snprintf(log->name, sizeof(log->name), "%s", reading->name);
	snprintf(log->path, sizeof(log->path), "%s", path);
	ask_daemon(log, reading->daemon);
	if (doctor_read_log(log, reading->config->compiled_patterns, NULL, facts->now_wall_ns))
		reading->error = -ENOMEM;
}

static int read_logs(struct doctor_facts *facts, const struct config *config,
		     const struct daemon_status *daemon)
{
	struct reading_logs reading = { .facts = facts, .config = config, .daemon = daemon };
	struct fault fault = { 0 };

	for (size_t i = 0; i < config->log_count && !reading.error; i++) {
		const struct config_log *log = &config->logs[i];
		size_t before = facts->log_count;

		reading.name = log->name;
		if (expand_is_pattern(log->file))
			expand(log->file, log->containers, read_log, &reading, &fault);
		if (facts->log_count == before) /* a single file, or a pattern that matches none */
			read_log(log->file, "", &reading);
	}
	if (*fault.text)
		remember(facts, &fault);
	return reading.error;
}

int doctor_gather(const struct instance *instance, int64_t now_wall_ns, uint64_t now_boot_ns,
		  struct doctor_facts **result, struct fault *fault)
{
	_cleanup_(cleanup_doctor_facts) struct doctor_facts *facts = calloc(1, sizeof(*facts));
	_cleanup_(cleanup_snapshot) struct snapshot *snapshot = NULL;
	struct fault own;
	int err;

	if (!facts)
		return fault_set(fault, -ENOMEM, "out of memory");
	facts->now_wall_ns = now_wall_ns;
	ask_kernel(facts);
	err = snapshot_fill(instance, SNAPSHOT_STATUS, now_wall_ns, now_boot_ns, &snapshot, fault);
	if (err)
		return err;
	take_snapshot(facts, snapshot);
	take_services(facts, instance->config);
	take_providers(facts, instance->config);
	take_feeds(facts, instance->config, now_wall_ns);
	doctor_take_lists(instance, facts);
	facts->fetch_waits = fetch_waits(snapshot);
	facts->name_count = dns_names_read(instance->config, now_wall_ns / NS_PER_S, facts->names);
	take_sources(facts, instance->gate);
	doctor_take_fleet(instance->config, now_wall_ns, &facts->fleet);
	transforms_count(&facts->transforms);
	if (listeners_list(&facts->listeners, &facts->listener_count, &own))
		remember(facts, &own);
	if (take_devices(facts, snapshot, instance->config) ||
	    read_logs(facts, instance->config, snapshot->daemon))
		return fault_set(fault, -ENOMEM, "out of memory");
	*result = TAKE_PTR(facts);
	return 0;
}

void doctor_facts_free(struct doctor_facts *facts)
{
	if (!facts)
		return;
	free(facts->devices);
	free(facts->listeners);
	free(facts->logs);
	free(facts);
}
