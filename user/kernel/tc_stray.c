// SPDX-License-Identifier: GPL-2.0-or-later
/* See tc_classic.h. */
#include "kernel/tc_classic.h"

#include <stdio.h>

void tc_note_stray(struct tc_state *state, __u32 program, const char *name, const char *how)
{
	if (state->stray)
		return;
	state->stray = true;
	state->by_another = own_is_elsewhere(program);
	snprintf(state->stray_name, sizeof(state->stray_name), "%.15s (id %u, %s)", name, program,
		 how);
}
