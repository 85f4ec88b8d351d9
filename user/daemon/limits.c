// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the gate cannot do alone about limits: close connections that completed their handshake
 * while others were in flight, follow those that were open before it, and forget idle meters.
 */
#include <string.h>

#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/say.h"
#include "kernel/sockets.h"

#define ENDED_EVERY_NS (2 * NS_PER_S)
#define IDLE_NS	       (600 * NS_PER_S)
#define SAY_EVERY_NS   (10 * NS_PER_S)

static void on_over(const struct over_limit *record, void *context)
{
	struct daemon *daemon = context;
	struct fault fault = { 0 };
	char text[ADDRESS_TEXT_SIZE];
	uint64_t now = clock_boot_ns();

	if (sockets_destroy_one(record, &fault)) {
		if (strcmp(fault.text, daemon->last_fault.text))
			daemon_fault(daemon, "%s", fault.text);
		return;
	}
	daemon->over_closed++;
	if (daemon->over_said_boot_ns && now - daemon->over_said_boot_ns < SAY_EVERY_NS)
		return;
	daemon->over_said_boot_ns = now;
	address_format(&record->remote, text);
	say(false, "closed a connection of %s to port %u: %s; %llu closed so far", text,
	    record->local_port, reason_name((enum reason)record->reason),
	    (unsigned long long)daemon->over_closed);
}

static void on_readable(int fd, void *context)
{
	struct daemon *daemon = context;

	(void)fd;
	gate_over_read(daemon->over);
}

static void on_ended(void *context)
{
	struct daemon *daemon = context;
	struct fault fault = { 0 };

	if (gate_adopted_ended(daemon->instance.gate, NULL, &fault) &&
	    strcmp(fault.text, daemon->last_fault.text))
		daemon_fault(daemon, "%s", fault.text);
}

int limits_open(struct daemon *daemon, struct fault *fault)
{
	int err = gate_over_open(daemon->instance.gate, on_over, daemon, &daemon->over, fault);

	if (!err)
		err = loop_add(daemon->loop, gate_over_fd(daemon->over), on_readable, daemon);
	if (!err)
		err = loop_every(daemon->loop, ENDED_EVERY_NS, on_ended, daemon);
	if (!err)
		on_ended(daemon);
	return err;
}

void limits_sweep(struct daemon *daemon)
{
	struct fault fault = { 0 };

	if (gate_meter_sweep(daemon->instance.gate, clock_boot_ns(), IDLE_NS, NULL, &fault))
		daemon_fault(daemon, "%s", fault.text);
}
