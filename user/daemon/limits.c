// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the gate cannot do alone about limits: close connections that completed their handshake
 * while others were in flight, correct the open counts by the sockets, and forget idle meters.
 */
#include <string.h>

#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/daemon_log.h"
#include "kernel/sockets.h"

#define LOOK_EVERY_NS (2 * NS_PER_S)
#define LOOK_SHARE    50 /* at most 1/50 of the time is spent on looking at the sockets */
#define IDLE_NS	      (600 * NS_PER_S)
#define SAY_EVERY_NS  (10 * NS_PER_S)
#define LOST_EVERY_NS (3600 * NS_PER_S)
#define REFUND_NS     (10 * NS_PER_S) /* connections taken longer ago are not refunded */

/* Whether a message that was last logged at *said_boot_ns is due again; if so, notes the time. */
static bool is_due(uint64_t *said_boot_ns, uint64_t every_ns)
{
	uint64_t now = clock_boot_ns();

	if (*said_boot_ns && now - *said_boot_ns < every_ns)
		return false;
	*said_boot_ns = now;
	return true;
}

static void on_over(const struct over_limit *record, void *context)
{
	struct daemon *daemon = context;
	struct fault fault = { 0 };
	char text[ADDRESS_TEXT_SIZE];
	int closed = sockets_destroy_one(record, &fault);

	if (closed < 0 && strcmp(fault.text, daemon->last_fault.text))
		daemon_fault(daemon, "%s", fault.text);
	if (closed <= 0)
		return;
	if (clock_boot_ns() - record->time_ns < REFUND_NS)
		gate_over_refund(daemon->instance.gate, record);
	daemon->over_closed++;
	refusals_closed(daemon, record);
	if (!is_due(&daemon->over_said_boot_ns, SAY_EVERY_NS))
		return;
	address_format(&record->connection.remote, text);
	log_line(false, "closed a connection of %s to port %u: %s; %llu closed so far", text,
		 record->local_port, reason_name((enum reason)record->reason),
		 (unsigned long long)daemon->over_closed);
}

static void on_readable(int fd, void *context)
{
	struct daemon *daemon = context;

	(void)fd;
	gate_over_read(daemon->over);
}

static void say_lost(struct daemon *daemon, size_t lost)
{
	if (!lost || !is_due(&daemon->lost_said_boot_ns, LOST_EVERY_NS))
		return;
	log_line(true,
		 "%zu connections ended without a notice from the kernel, and are counted no more: "
		 "another "
		 "sock_ops program takes the flag away that asks for it (`bpftool cgroup tree` "
		 "shows "
		 "who); such ends are found every 30 s",
		 lost);
}

/* The counter should be right: a fault of it must not be hidden by the sweep that corrects it. */
static void say_corrected(struct daemon *daemon, size_t corrected)
{
	if (corrected && is_due(&daemon->corrected_said_boot_ns, LOST_EVERY_NS))
		log_line(true,
			 "%zu counts of open connections differed from the connections that are "
			 "open, and are corrected",
			 corrected);
}

/* Logs the reports for which there was no room since the last look: their connections stay open. */
static void say_left_open(struct daemon *daemon)
{
	uint64_t lost = gate_over_lost(daemon->instance.gate), left = lost - daemon->over_lost;

	/* A gate that was loaded anew begins to count at 0. */
	if (lost < daemon->over_lost)
		daemon->over_lost = lost;
	else if (left && is_due(&daemon->left_said_boot_ns, SAY_EVERY_NS)) {
		daemon->over_lost = lost;
		log_line(true,
			 "%llu connections beyond a limit stay open: more came at once than could "
			 "be "
			 "reported, or nobody read the reports",
			 (unsigned long long)left);
	}
}

/* Corrects the open counts by the sockets. */
static void look_at_sockets(struct daemon *daemon)
{
	struct gate_connections found;
	struct fault fault = { 0 };
	uint64_t began = clock_boot_ns(), ended;

	if (daemon->instance.config->count == COUNT_SYN)
		return;
	if (gate_connections_sweep(daemon->instance.gate, &found, &fault)) {
		if (strcmp(fault.text, daemon->last_fault.text))
			daemon_fault(daemon, "%s", fault.text);
		return;
	}
	ended = clock_boot_ns();
	daemon->look_due_boot_ns = ended + (ended - began) * LOOK_SHARE;
	say_lost(daemon, found.lost);
	say_corrected(daemon, found.corrected);
}

/* The end of connections that were open before the gate is only seen at the sockets. If a table is
 * full, room is made before the next sweep. */
static void on_look(void *context)
{
	struct daemon *daemon = context;

	if (gate_adopted(daemon->instance.gate) && clock_boot_ns() >= daemon->look_due_boot_ns)
		look_at_sockets(daemon);
	say_left_open(daemon);
	if (gate_meters_full(daemon->instance.gate))
		limits_sweep(daemon);
}

int limits_open(struct daemon *daemon, struct fault *fault)
{
	int err = gate_over_open(daemon->instance.gate, on_over, daemon, &daemon->over, fault);

	if (!err)
		err = loop_add(daemon->loop, gate_over_fd(daemon->over), on_readable, daemon);
	if (!err)
		err = loop_every(daemon->loop, LOOK_EVERY_NS, on_look, daemon);
	if (!err)
		on_look(daemon);
	return err;
}

int limits_reopen(struct daemon *daemon, struct fault *fault)
{
	int err;

	if (daemon->over)
		loop_remove(daemon->loop, gate_over_fd(daemon->over));
	gate_over_close(daemon->over);
	daemon->over = NULL;
	err = gate_over_open(daemon->instance.gate, on_over, daemon, &daemon->over, fault);
	return err ? err : loop_add(daemon->loop, gate_over_fd(daemon->over), on_readable, daemon);
}

void limits_sweep(struct daemon *daemon)
{
	struct fault fault = { 0 };

	look_at_sockets(daemon);
	if (refusals_sweep(daemon, IDLE_NS, &fault))
		daemon_fault(daemon, "%s", fault.text);
}
