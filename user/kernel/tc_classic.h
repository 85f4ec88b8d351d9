/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tc.c only: our program as a classic tc filter. The terms are those of tc.h. */
#ifndef SEKISHO_TC_CLASSIC_H
#define SEKISHO_TC_CLASSIC_H

#include "kernel/tc.h"

/* tc_place(), tc_look(), tc_remove() for classic filters. classic_place() also makes the clsact
 * qdisc; -EBUSY: every priority is taken. */
int classic_place(const struct tc_side *side, int program, const struct own *own,
		  struct tc_state *state, struct fault *fault);
void classic_look(const struct tc_side *side, const struct own *own, struct tc_state *state);
int classic_remove(const struct tc_side *side, const struct own *own, bool strays);

/* tc_stray.c: notes the first stray program that is found. */
void tc_note_stray(struct tc_state *state, __u32 program, const char *name, const char *how);

#endif
