// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's devices: attached at the start and whenever links, addresses or routes change. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "daemon/daemon.h"
#include "daemon/say.h"

static bool is_same(const struct attachment *a, const struct attachment *b)
{
	return a->ifindex == b->ifindex && a->attached == b->attached && a->hook == b->hook &&
	       a->outflow == b->outflow && !strcmp(a->device, b->device) &&
	       !strcmp(a->why, b->why) && !strcmp(a->outflow_why, b->outflow_why);
}

static void say_changes(struct daemon *daemon, const struct attachment *now, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool known = false;

		for (size_t j = 0; j < daemon->attachment_count && !known; j++)
			known = is_same(&now[i], &daemon->attachments[j]);
		if (!known)
			say_attachment(&now[i]);
		if (!known && !now[i].attached)
			fault_set(&daemon->last_fault, -ENODEV, "%s: not guarded: %s",
				  now[i].device, now[i].why);
	}
	for (size_t j = 0; j < daemon->attachment_count; j++) {
		bool found = false;

		for (size_t i = 0; i < count && !found; i++)
			found = !strcmp(now[i].device, daemon->attachments[j].device);
		if (!found)
			say(true, "%s: no longer there, or no longer to be guarded",
			    daemon->attachments[j].device);
	}
	if (!count && (daemon->attachment_count || !daemon->since_wall_ns))
		say(true, "no device has a default route, so nothing is guarded; it is waited for, "
			  "or name devices in [gate] interface");
}

void guard_attach(struct daemon *daemon)
{
	struct attachment *now = calloc(START_DEVICES, sizeof(*now));
	struct fault fault = { 0 };
	int count;

	if (!now) {
		daemon_fault(daemon, "out of memory");
		return;
	}
	count = start_attach(&daemon->instance, now, &fault);
	if (count < 0) {
		daemon_fault(daemon, "%s", fault.text);
		free(now);
		return;
	}
	say_changes(daemon, now, (size_t)count);
	free(daemon->attachments);
	daemon->attachments = now;
	daemon->attachment_count = (size_t)count;
}

static void on_change(int fd, void *context)
{
	struct daemon *daemon = context;

	(void)fd;
	device_watch_drain(daemon->devices);
	daemon->protected_boot_ns = 0;
	guard_attach(daemon);
}

int guard_open(struct daemon *daemon, struct fault *fault)
{
	int err = device_watch_open(&daemon->devices, fault);

	if (!err)
		err = loop_add(daemon->loop, device_watch_fd(daemon->devices), on_change, daemon);
	if (err)
		return err;
	guard_attach(daemon);
	return 0;
}
