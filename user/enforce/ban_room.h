/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Room in a full table of bans. Each call looks at one portion of the table (512 entries, well
 * below a millisecond), never at all of it; the whole table is swept at most every
 * BAN_ROOM_SWEEP_NS. Private to user/enforce/.
 */
#ifndef SEKISHO_BAN_ROOM_H
#define SEKISHO_BAN_ROOM_H

#include "enforce/bans.h"

#define BAN_ROOM_SWEEP_NS (30 * NS_PER_S)

/* Whether there is a free entry for a new ban of `rule`. Rules leave one entry in 64, 1,024 at
 * most, to bans by hand. */
bool ban_room_is_left(struct instance *instance, uint32_t rule);

/* Removes all ended bans, unless that was done within BAN_ROOM_SWEEP_NS. 0: done now; -EAGAIN: it
 * is too early; -errno. */
int ban_room_sweep(struct instance *instance);

/*
 * Makes room in the kernel and in the store, in this order, and stops at the first step that gave
 * some:
 *
 * 1. Ended bans are removed.
 * 2. IPv6 bans below a banned network (/48) are removed. If bans of single sources of one network
 *    fill a large part of the table, the network is banned as a whole, unless the set protects an
 *    address in it or a source in it has logged in.
 * 3. Bans of rules with the least time left are removed; bans by hand never are.
 *
 * 0: there is room; -ENOSPC: nothing could be removed; -ENOMEM and -errno of reading the table.
 */
int ban_room_make(struct instance *instance, const struct protected_set *set, struct fault *fault);

#endif
