/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon remembers of its devices. Only guard.c and guard_traffic.c include this. */
#ifndef SEKISHO_GUARD_H
#define SEKISHO_GUARD_H

#include "daemon/daemon.h"

struct guard_device {
	unsigned ifindex, mtu;
	bool up;
	bool counted;		 /* `received` and `seen` are set */
	bool blind;		 /* packets came in and the gate saw none */
	bool anew;		 /* native XDP was therefore attached anew, and saw none since */
	uint64_t received, seen; /* packets, at the last look */
};

struct guard {
	struct guard_device devices[START_DEVICES];
	size_t device_count;
	unsigned changes; /* that were reported and not yet looked at: enum device_change */
	bool scheduled;
	uint64_t last_ns, busy_since_ns;
	unsigned runs; /* since busy_since_ns */
	bool counted;  /* the members below are set */
	uint64_t attempts, dropped, handshakes;
};

/* Compares what the devices received with what the gate saw of it. False: some driver has forgotten
 * the program, and guard_attach() is to be called. */
bool guard_look_at_traffic(struct daemon *daemon);

/* Sets `open` of the devices that guard_look_at_traffic() found blind. */
void guard_mark_blind(const struct guard *guard, struct attachment *attachments, size_t count);

/* Notes the MTU of each device and whether it is up: if these change, a driver may forget the
 * program. */
void guard_note_links(struct daemon *daemon);

#endif
