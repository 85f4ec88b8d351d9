/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our program on one side of a device: in front of everything there, by TCX if the kernel has it
 * (Linux 6.6), else as the first classic filter. Programs and filters of others are not touched.
 */
#ifndef SEKISHO_TC_H
#define SEKISHO_TC_H

#include "base/fault.h"
#include "kernel/own.h"

struct tc_side {
	const char *pins;
	unsigned ifindex;
	bool egress;
	bool port; /* on ingress: the outflow breaker's program for a bridge's port, not the gate */
};

/* Which of our programs belongs there. */
static inline enum own_kind tc_side_kind(const struct tc_side *side)
{
	return side->egress || side->port ? OWN_OUTFLOW : OWN_GATE;
}

#define TC_WORDS 192
struct tc_state {
	bool there; /* our program is there */
	bool tcx;
	__u32 program;
	char behind[TC_WORDS]; /* what of others is in front of our program; "": nothing */
	bool stray;	       /* there is a program of a sekisho that is not this instance */
	bool by_another;       /* its maps are pinned elsewhere: it is another instance's */
	char stray_name[48];
};

/* Puts the program there, in the place of an older one of ours, and moves it to the front. 0 even
 * if something stays in front: `state` says what. */
int tc_place(const struct tc_side *side, int program, const struct own *own, struct tc_state *state,
	     struct fault *fault);

/* What is there now. */
void tc_look(const struct tc_side *side, const struct own *own, struct tc_state *state);

/* Removes all programs of ours, and with `strays` those of a sekisho whose pins are gone; then the
 * clsact qdisc, if this instance made it and nobody else uses it. -errno, also if the device is
 * gone. */
int tc_remove(const struct tc_side *side, const struct own *own, bool strays);

#endif
