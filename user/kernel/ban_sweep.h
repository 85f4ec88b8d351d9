/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sweep of the map "bans" in portions, between which others put bans in. What the sweep has found
 * so far stands in shared memory (contract.h: struct control, and the second half of "ban_bloom"),
 * where everybody who puts a ban in meanwhile notes it as well. So at the end no length and no bit
 * of a ban is missing. Private to user/kernel/.
 */
#ifndef SEKISHO_KERNEL_BAN_SWEEP_H
#define SEKISHO_KERNEL_BAN_SWEEP_H

#include "kernel/gate_internal.h"

/* The prefix lengths in use of a family; *count points to how many. */
uint32_t *ban_lengths(struct control *control, bool is4, uint32_t **count);

/* For a sweep that is under way: there is a ban of this prefix. Under the writers' lock. */
void ban_sweep_note(struct gate *gate, const struct prefix *prefix);

#endif
