/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate's programs on devices: XDP native or generic through pinned links, tc ingress otherwise.
 * A foreign XDP program is never replaced.
 */
#ifndef SEKISHO_ATTACH_H
#define SEKISHO_ATTACH_H

#include <net/if.h>
#include "kernel/gate.h"
#include "conf/config.h"

struct attachment {
	char device[IF_NAMESIZE];
	unsigned ifindex;
	bool attached;
	enum gate_hook hook; /* HOOK_XDP, HOOK_TC or HOOK_GENERIC when attached */
	char why[256];	     /* why not native XDP, or why not attached at all; "" for native XDP */
	bool outflow;	     /* the outflow breaker is on its egress */
	char outflow_why[256]; /* why not, although it is wanted; else "" */
};

/* Puts the loaded programs on the device, or replaces an older program of ours without a gap.
 * Needs gate_load(). `attachment` is filled in either way. */
int attach_device(struct gate *gate, const char *device, enum gate_hook hook,
		  struct attachment *attachment, struct fault *fault);
/* Puts the outflow breaker on the egress of the device of `attachment`, or takes it off where it is
 * not wanted, and fills in the members about it. Also where the gate itself could not go. */
int attach_outflow(struct gate *gate, bool wanted, struct attachment *attachment,
		   struct fault *fault);
/* Takes both off. */
int detach_device(struct gate *gate, unsigned ifindex, struct fault *fault);

/* Call it once every device has the loaded programs: forgets older ones of ours, an older contract,
 * and links of devices that are gone; takes the program off those that moved to another network
 * namespace. */
void attach_settled(struct gate *gate);

/* Takes the programs of the instance at `pins` off every device; needs no open gate. The links of
 * XDP go with their pins (pins_remove()). */
int attach_remove_all(const char *pins, struct fault *fault);

/* What is attached now, asked of the kernel and the pins: at most `room`; returns how many. */
int attach_list(struct gate *gate, struct attachment *attachments, size_t room,
		struct fault *fault);

#endif
