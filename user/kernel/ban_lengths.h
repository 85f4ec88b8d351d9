/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The prefix lengths of bans, by which packets are looked up, and what a sweep of the map "bans"
 * (ban_sweep.c) has found so far. A sweep works in portions, between which others add bans. Its
 * notes are in shared memory (contract.h: struct control, and the second half of "ban_bloom"), and
 * everybody who adds a ban meanwhile writes it there as well. So at the end no length and no bit of
 * a ban is missing. Private to user/kernel/; under the writers' lock.
 */
#ifndef SEKISHO_KERNEL_BAN_LENGTHS_H
#define SEKISHO_KERNEL_BAN_LENGTHS_H

#include "kernel/gate_internal.h"

/* The prefix lengths in use of a family; *count points to how many. */
uint32_t *ban_lengths(struct control *control, bool is4, uint32_t **count);
/* To be called before the first ban of this length is in the map. -ENOSPC: BAN_LENGTHS others are
 * in use. */
int ban_length_add(struct control *control, const struct prefix *prefix);

/* Notes for a running sweep that there is a ban of this prefix. */
void ban_sweep_note(struct gate *gate, const struct prefix *prefix);
/* Forgets the lengths that were not noted; a reader never misses one that was. */
void ban_lengths_keep_noted(struct control *control, bool is4);

#endif
