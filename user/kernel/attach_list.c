// SPDX-License-Identifier: GPL-2.0-or-later
/* See attach.h. Lists what is on the devices now, whoever put it there. */
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/attach_internal.h"
#include "kernel/gate_internal.h"
#include "kernel/links.h"
#include "kernel/tc.h"
#include "net/devices.h"
#include "net/driver.h"

static void note_stray(struct attachment *attachment, const char *name, bool by_another)
{
	if (attachment->lost || (*attachment->stray && by_another))
		return;
	attachment->lost = !by_another;
	snprintf(attachment->stray, sizeof(attachment->stray), "%s of %s", name,
		 by_another ? "another sekisho is on it as well"
			    : "a sekisho whose pins are gone is on it; `sekisho unload` takes it "
			      "off");
}

static void look_at_xdp(const char *pins, const struct own *own, struct attachment *attachment)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	_cleanup_close_ int link = link_open(pins, LINK_XDP, attachment->ifindex, NULL);
	__u32 program = link_xdp_program(attachment->ifindex);
	enum own_kind kind = own_kind_of(own, program);
	char name[BPF_OBJ_NAME_LEN], text[64];
	bool generic = !bpf_xdp_query((int)attachment->ifindex, 0, &query) &&
		       query.attach_mode == XDP_ATTACHED_SKB;

	if (link >= 0 || kind == OWN_GATE) {
		attachment->attached = true;
		attachment->hook = generic ? HOOK_GENERIC : HOOK_XDP;
	} else if (own_is_stray(kind)) {
		own_program_name(program, name, sizeof(name));
		snprintf(text, sizeof(text), "the program %s (id %u, XDP)", name, program);
		note_stray(attachment, text, own_is_elsewhere(program));
	}
}

/* Guesses why there is no native XDP. attach_device() knows the reason; from outside, only this can
 * be told. */
static void guess_why(const char *pins, const struct own *own, struct attachment *attachment)
{
	char *why = attachment->why;
	size_t size = sizeof(attachment->why);
	struct driver driver;
	const char *known;

	driver_ask(attachment->ifindex, attachment->device, &driver);
	known = driver_xdp_obstacle(&driver);
	if (!attach_has_link_header(attachment->device))
		snprintf(why, size, "it has no link header");
	else if (attach_foreign_xdp(pins, attachment->ifindex, own, why, size))
		return;
	else if (known)
		snprintf(why, size, "%s", known);
	else
		snprintf(why, size, "its driver refused native XDP, or the configuration says so");
}

static void look_at_tc(const char *pins, const struct own *own, bool egress,
		       struct attachment *attachment)
{
	const struct tc_side side = { pins, attachment->ifindex, .egress = egress };
	struct tc_state state;

	tc_look(&side, own, &state);
	if (state.stray) {
		char text[96];

		snprintf(text, sizeof(text), "the program %s", state.stray_name);
		note_stray(attachment, text, state.by_another);
	}
	if (egress) {
		attachment->outflow = state.there;
		if (state.there && *state.behind)
			snprintf(attachment->outflow_why, sizeof(attachment->outflow_why),
				 "%s is in front of it, and decides first", state.behind);
		return;
	}
	if (attachment->attached || !state.there)
		return;
	attachment->attached = true;
	attachment->hook = HOOK_TC;
	attachment->tcx = state.tcx;
	guess_why(pins, own, attachment);
	if (*state.behind)
		snprintf(attachment->open, sizeof(attachment->open),
			 "%s is in front of the gate's on tc, and decides first", state.behind);
}

/* Notes native XDP that is forced on a driver with which it is known to fail. */
static void note_obstacle(struct attachment *attachment)
{
	struct driver driver;
	const char *known;

	if (!attachment->attached || attachment->hook != HOOK_XDP)
		return;
	driver_ask(attachment->ifindex, attachment->device, &driver);
	known = driver_xdp_obstacle(&driver);
	snprintf(attachment->why, sizeof(attachment->why), "%s", known ? known : "");
}

static void look(const char *pins, const struct own *own, struct attachment *attachment)
{
	look_at_xdp(pins, own, attachment);
	note_obstacle(attachment);
	look_at_tc(pins, own, false, attachment);
	look_at_tc(pins, own, true, attachment);
}

int attach_list(const char *pins, struct attachment *attachments, size_t room, struct fault *fault)
{
	_cleanup_free_ struct device *devices = NULL;
	struct attachment attachment;
	size_t count, found = 0;
	struct own own;
	int err = devices_list(&devices, &count, fault);

	if (err)
		return err;
	own_load(pins, &own);
	for (size_t i = 0; i < count; i++) {
		memset(&attachment, 0, sizeof(attachment));
		memcpy(attachment.device, devices[i].name, sizeof(attachment.device));
		attachment.ifindex = devices[i].ifindex;
		look(pins, &own, &attachment);
		if (!attachment.attached && !attachment.outflow && !*attachment.stray)
			continue;
		if (found < room)
			attachments[found] = attachment;
		found++;
	}
	return (int)found;
}

bool attach_is_as_it_was(struct gate *gate, const struct attachment *was)
{
	struct attachment now = { .ifindex = was->ifindex };
	struct own own;

	if (!was->ifindex)
		return true;
	own_load(gate->pins, &own);
	look(gate->pins, &own, &now);
	return now.attached == was->attached && now.outflow == was->outflow &&
	       (!now.attached || now.hook == was->hook) && !strcmp(now.open, was->open) &&
	       (!now.outflow || !strcmp(now.outflow_why, was->outflow_why));
}
