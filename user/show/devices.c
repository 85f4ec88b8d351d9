// SPDX-License-Identifier: GPL-2.0-or-later
/* The devices of a snapshot: the kernel says where the gate is, the configuration where it should
 * be, and the daemon, which tried, why it is not. */
#include "show/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "enforce/start.h"

/* What the daemon last said of the device, or NULL. */
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

/* attach_list() sees what is, not what was tried before. */
static void explain(const struct snapshot *snapshot, const struct config *config,
		    struct attachment *at)
{
	const struct attachment *said = of_daemon(snapshot, at);

	if (said && said->attached == at->attached && said->hook == at->hook)
		memcpy(at->why, said->why, sizeof(at->why));
	else if (at->attached && at->hook == HOOK_TC && config->hook == HOOK_TC)
		snprintf(at->why, sizeof(at->why), "the configuration says so");
	else if (!at->attached && !*at->why)
		snprintf(at->why, sizeof(at->why), "%s",
			 said && !said->attached ? said->why
						 : "not attached; `sekisho load` says why, if it "
						   "cannot");
}

static bool is_listed(const struct snapshot *snapshot, const char *device)
{
	for (size_t i = 0; i < snapshot->device_count; i++)
		if (!strcmp(snapshot->devices[i].device, device))
			return true;
	return false;
}

int snapshot_fill_devices(struct snapshot *snapshot, const struct instance *instance,
			  void (*remember)(struct snapshot *snapshot, const struct fault *fault))
{
	_cleanup_free_ struct attachment *wanted = calloc(START_DEVICES, sizeof(*wanted));
	struct fault fault;
	int count;

	snapshot->devices = calloc(2UL * START_DEVICES, sizeof(*snapshot->devices));
	if (!snapshot->devices || !wanted)
		return -ENOMEM;
	if (!instance->gate)
		return 0;
	count = attach_list(instance->gate, snapshot->devices, START_DEVICES, &fault);
	if (count < 0)
		remember(snapshot, &fault);
	else
		snapshot->device_count = count < START_DEVICES ? (size_t)count : START_DEVICES;
	count = start_wanted(instance->config, wanted, &fault);
	if (count < 0)
		remember(snapshot, &fault);
	for (int i = 0; i < count; i++)
		if (!is_listed(snapshot, wanted[i].device))
			snapshot->devices[snapshot->device_count++] = wanted[i];
	for (size_t i = 0; i < snapshot->device_count; i++)
		explain(snapshot, instance->config, &snapshot->devices[i]);
	return 0;
}
