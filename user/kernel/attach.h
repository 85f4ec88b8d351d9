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
	bool wanted; /* the configuration means the device; set where devices are shown */
	bool attached;
	enum gate_hook hook; /* HOOK_XDP, HOOK_TC or HOOK_GENERIC when attached */
	char why[256];	 /* why not native XDP, or why not attached at all; for native XDP "", or if
			  * it   is forced, what is known to be wrong with it */
	char open[256];	 /* why mail gets past it although it is attached; "": nothing known */
	bool tcx;	 /* attached by a TCX link, in front of every classic filter */
	char stray[192]; /* a program of another or a lost sekisho on it; "": none */
	bool lost;	 /* that program is of a lost one: nobody's pins hold its maps */
	bool outflow;	 /* the outflow breaker is on its egress */
	char outflow_why[256]; /* why not, although it is wanted; else "" */
	bool answers;	       /* SYNs may be answered on it with cookies (syn_cookies.h) */
	char answers_why[160]; /* why not; else "" */
};

/* Puts the loaded programs on the device, or replaces an older program of ours without a gap.
 * Needs gate_load(). `attachment` is filled in either way. */
int attach_device(struct gate *gate, const char *device, enum gate_hook hook,
		  struct attachment *attachment, struct fault *fault);
/* Puts the outflow breaker on the egress of the device of `attachment`, or removes it if it is not
 * `wanted`, and fills in the members about it. Does so even if the gate itself could not be
 * attached. */
int attach_outflow(struct gate *gate, bool wanted, struct attachment *attachment,
		   struct fault *fault);
/* Removes gate and breaker from the device. */
int detach_device(struct gate *gate, unsigned ifindex, struct fault *fault);

/* Makes HOOK_AUTO take tc on this device from now on: its driver forgot the program. */
void attach_distrust_xdp(struct gate *gate, unsigned ifindex);

/* To be called once every device has the loaded programs. Forgets older programs of ours, an older
 * contract, and links of devices that are gone; removes the program from devices that moved to
 * another network namespace. */
void attach_settled(struct gate *gate);

/* Removes the programs of the instance at `pins`, and those of a sekisho whose pins are gone, from
 * every device; needs no open gate. Adds to *removed how many devices had some. A fault names the
 * device that keeps one. */
int attach_remove_all(const char *pins, size_t *removed, struct fault *fault);

/* Lists what is attached now, by asking the devices: at most `room`; returns how many. Devices with
 * a stray program are among them. Needs no gate. */
int attach_list(const char *pins, struct attachment *attachments, size_t room, struct fault *fault);

/* Fills in what is on the device of `attachment` now, except the reasons, which stay if nothing
 * changed. False: something changed. */
bool attach_is_as_it_was(struct gate *gate, const struct attachment *attachment);

#endif
