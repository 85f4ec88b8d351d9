// SPDX-License-Identifier: GPL-2.0-or-later
/* The devices of a snapshot. The kernel says where the gate is, the configuration where it should
 * be, and the daemon, which tried to attach it, why it is not there. */
#include "show/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "enforce/attached_file.h"
#include "enforce/start.h"
#include "enforce/syn_cookies.h"

/* What was reported when the devices were last attached (attached_file.h). */
struct tried {
	struct attachment devices[START_DEVICES];
	size_t count;
};

static const struct attachment *of_last(const struct tried *tried, const struct attachment *at)
{
	for (size_t i = 0; i < tried->count; i++)
		if (tried->devices[i].ifindex == at->ifindex &&
		    !strcmp(tried->devices[i].device, at->device))
			return &tried->devices[i];
	return NULL;
}

/* What the daemon last reported of the device, or NULL. */
static const struct attachment *of_daemon(const struct snapshot *snapshot,
					  const struct attachment *at)
{
	const struct daemon_status *daemon = snapshot->daemon;

	for (size_t i = 0;
	     daemon && snapshot->daemon_state != DAEMON_NOT_RUNNING && i < daemon->device_count;
	     i++)
		if (!strcmp(daemon->devices[i].device, at->device))
			return &daemon->devices[i];
	return NULL;
}

/* Whether packets come in unexamined, in part or all, through a device that the configuration
 * names. A device that does not exist is not open. */
bool snapshot_is_open(const struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->device_count; i++) {
		const struct attachment *at = &snapshot->devices[i];

		if (at->ifindex && at->wanted && (!at->attached || *at->open))
			return true;
	}
	return snapshot->daemon_state == DAEMON_RUNNING && *snapshot->daemon->unseen;
}

/* Adds reasons from earlier attempts: attach_list() only sees the present state. */
static void explain(const struct snapshot *snapshot, const struct config *config,
		    const struct tried *tried, struct attachment *at)
{
	const struct attachment *said = of_daemon(snapshot, at);

	if (!said)
		said = of_last(tried, at);
	if (said && !at->outflow && !*at->outflow_why)
		memcpy(at->outflow_why, said->outflow_why, sizeof(at->outflow_why));
	if (!at->attached && *at->stray && !at->wanted)
		return;
	if (said && said->attached == at->attached && said->hook == at->hook &&
	    snapshot->daemon_state == DAEMON_RUNNING && !*at->open)
		memcpy(at->open, said->open, sizeof(at->open));
	/* The daemon may not ask for the names of other programs, but whoever runs this may. */
	if (said && said->attached == at->attached && said->hook == at->hook &&
	    strncmp(at->why, "the XDP program", 15) != 0)
		memcpy(at->why, said->why, sizeof(at->why));
	else if (at->attached && at->hook == HOOK_TC && config->hook == HOOK_TC)
		snprintf(at->why, sizeof(at->why), "the configuration says so");
	else if (!at->attached && !*at->why)
		snprintf(at->why, sizeof(at->why), "%s",
			 said && !said->attached ? said->why
						 : "not attached; `sekisho load` says why, if it "
						   "cannot");
}

static struct attachment *find(const struct snapshot *snapshot, const char *device)
{
	for (size_t i = 0; i < snapshot->device_count; i++)
		if (!strcmp(snapshot->devices[i].device, device))
			return &snapshot->devices[i];
	return NULL;
}

/* The gate is told when the daemon notices that answers fail. */
static void believe_gate(struct gate *gate, struct attachment *at)
{
	if (!at->answers || gate_device_answers(gate, at->ifindex))
		return;
	at->answers = false;
	snprintf(at->answers_why, sizeof(at->answers_why),
		 "the gate was told not to: answers got lost, or a sysctl has changed since");
}

int snapshot_fill_devices(struct snapshot *snapshot, const struct instance *instance,
			  void (*remember)(struct snapshot *snapshot, const struct fault *fault))
{
	_cleanup_free_ struct attachment *wanted = calloc(START_DEVICES, sizeof(*wanted));
	_cleanup_free_ struct tried *tried = calloc(1, sizeof(*tried));
	struct syn_cookies_machine machine;
	struct fault fault;
	int count;

	snapshot->devices = calloc(2UL * START_DEVICES, sizeof(*snapshot->devices));
	if (!snapshot->devices || !wanted || !tried)
		return -ENOMEM;
	tried->count =
		attached_read(instance->config->paths.runtime, tried->devices, START_DEVICES);
	count = attach_list(instance->config->paths.pins, snapshot->devices, START_DEVICES, &fault);
	if (count < 0)
		remember(snapshot, &fault);
	else
		snapshot->device_count = count < START_DEVICES ? (size_t)count : START_DEVICES;
	if (!instance->gate)
		return 0;
	count = start_wanted(instance->config, wanted, &fault);
	if (count < 0)
		remember(snapshot, &fault);
	for (int i = 0; i < count; i++) {
		struct attachment *listed = find(snapshot, wanted[i].device);

		if (!listed) {
			listed = &snapshot->devices[snapshot->device_count++];
			*listed = wanted[i];
		}
		listed->wanted = true;
	}
	syn_cookies_ask(&machine);
	for (size_t i = 0; i < snapshot->device_count; i++) {
		explain(snapshot, instance->config, tried, &snapshot->devices[i]);
		syn_cookies_judge(instance->config, &machine, NULL, &snapshot->devices[i]);
		believe_gate(instance->gate, &snapshot->devices[i]);
	}
	return 0;
}
