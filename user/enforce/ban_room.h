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

/* Whether a new ban of `rule` finds a free entry. Rules leave one entry in 64, 1,024 at most, to
 * bans by hand. */
bool ban_room_is_left(struct instance *instance, uint32_t rule);

/* Removes all bans that have ended, unless that was done within BAN_ROOM_SWEEP_NS. 0: done now;
 * -EAGAIN: not yet again; -errno. */
int ban_room_sweep(struct instance *instance);

/*
 * Makes room, in this order, and stops at the first step that gave some:
 *
 * 1. Bans that have ended are removed.
 * 2. IPv6 bans below a banned network (/48) are removed; a network of which a large part of the
 *    table is banned source by source is banned as a whole, unless the set protects somebody in it
 *    or a source in it has logged in.
 * 3. The bans of rules with the least time left give way; bans by hand never do.
 *
 * In the kernel and in the store. 0: there is room; -ENOSPC: nothing could give way; -ENOMEM and
 * -errno of reading the table.
 */
int ban_room_make(struct instance *instance, const struct protected_set *set, struct fault *fault);

#endif
