// SPDX-License-Identifier: GPL-2.0-or-later
/* See tc.h. Chooses between TCX and classic filters, and handles TCX; classic filters are in
 * tc_classic.c. */
#include "kernel/tc.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/links.h"
#include "kernel/tc_classic.h"
#include "kernel/tcx.h"

static enum link_kind kind_of(const struct tc_side *side)
{
	return side->egress ? LINK_EGRESS : side->port ? LINK_PORT : LINK_INGRESS;
}

static __u32 id_of(int program)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(program, &info, &size) ? 0 : info.id;
}

/* Looks at the TCX programs of a side. Another sekisho's program in front is no obstacle: it passes
 * on what ours is to see. */
static void look_at_tcx(const struct tc_side *side, const struct own *own, __u32 held,
			struct tc_state *state)
{
	__u32 programs[TCX_MAX];
	int count = tcx_list(side->ifindex, side->egress, programs);

	for (int i = 0; i < count; i++) {
		enum own_kind kind = own_kind_of(own, programs[i]);
		char name[BPF_OBJ_NAME_LEN];

		if (!state->there && (programs[i] == held || kind == tc_side_kind(side))) {
			state->there = state->tcx = true;
			state->program = programs[i];
			continue;
		}
		own_program_name(programs[i], name, sizeof(name));
		if (own_is_stray(kind))
			tc_note_stray(state, programs[i], name, "tcx");
		else if (kind == OWN_FOREIGN && !state->there && !*state->behind)
			snprintf(state->behind, sizeof(state->behind),
				 "the TCX program \"%s\" (id %u) of another", name, programs[i]);
	}
	if (!state->there)
		*state->behind = '\0';
}

static int move_to_front(const struct tc_side *side, int program, struct fault *fault)
{
	link_drop(side->pins, kind_of(side), side->ifindex);
	return link_make(side->pins, kind_of(side), side->ifindex, program, 0, fault);
}

static int tcx_place(const struct tc_side *side, int program, const struct own *own,
		     struct tc_state *state, struct fault *fault)
{
	__u32 held = 0, wanted = id_of(program);
	_cleanup_close_ int link = link_open(side->pins, kind_of(side), side->ifindex, &held);
	int err = 0;

	if (link >= 0 && held != wanted && bpf_link_update(link, program, NULL))
		held = 0;
	else if (link >= 0)
		held = wanted;
	look_at_tcx(side, own, held, state);
	if (link < 0 || !held || *state->behind) {
		cleanup_close(&link);
		link = -1;
		err = move_to_front(side, program, fault);
		memset(state, 0, sizeof(*state));
		look_at_tcx(side, own, wanted, state);
	}
	return err;
}

int tc_place(const struct tc_side *side, int program, const struct own *own, struct tc_state *state,
	     struct fault *fault)
{
	int err;

	memset(state, 0, sizeof(*state));
	if (!tcx_is_there(side->ifindex))
		return classic_place(side, program, own, state, fault);
	err = tcx_place(side, program, own, state, fault);
	if (!err)
		classic_remove(side, own, false); /* of a start on a kernel that had no TCX yet */
	return err;
}

void tc_look(const struct tc_side *side, const struct own *own, struct tc_state *state)
{
	__u32 held = 0;
	_cleanup_close_ int link = link_open(side->pins, kind_of(side), side->ifindex, &held);
	struct tc_state classic = { 0 };

	memset(state, 0, sizeof(*state));
	look_at_tcx(side, own, held, state);
	classic_look(side, own, &classic);
	if (!state->there && classic.there) {
		classic.stray |= state->stray;
		*state = classic;
	} else if (classic.stray && !state->stray) {
		state->stray = true;
		state->by_another = classic.by_another;
		memcpy(state->stray_name, classic.stray_name, sizeof(state->stray_name));
	}
}

/* Removes programs that no link of ours holds: those of a lost sekisho, whose link a process may
 * still hold. */
static void remove_from_tcx(const struct tc_side *side, const struct own *own, bool strays)
{
	__u32 programs[TCX_MAX];
	int count = tcx_list(side->ifindex, side->egress, programs);

	for (int i = 0; i < count; i++) {
		enum own_kind kind = own_kind_of(own, programs[i]);

		if (kind == tc_side_kind(side) ||
		    (strays && own_is_stray(kind) && !own_is_elsewhere(programs[i])))
			link_break(programs[i], side->ifindex, kind_of(side));
	}
}

int tc_remove(const struct tc_side *side, const struct own *own, bool strays)
{
	link_drop(side->pins, kind_of(side), side->ifindex);
	remove_from_tcx(side, own, strays);
	return classic_remove(side, own, strays);
}
