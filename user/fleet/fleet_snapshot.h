/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot: all bans of a member at one place of its chain, for members that join later. It has
 * parts; each is a batch of its own kind (statement.h) behind two bytes of its size. Each part is
 * signed by itself, so the whole parts of a snapshot that is cut short can be used. Pure. Not here:
 * whether it is taken (node.h).
 */
#ifndef SEKISHO_FLEET_SNAPSHOT_H
#define SEKISHO_FLEET_SNAPSHOT_H

#include "fleet/own_bans.h"

#define FLEET_SNAPSHOT_MOST (4 << 20) /* bytes; FLEET_OWN_MAX bans take 2 MiB */

/* `place` has all members of a part except its statements. The caller frees *bytes. -ENOMEM. */
int snapshot_make(struct own_bans *own, const struct fleet_batch *place,
		  const struct fleet_signer *signer, const struct fleet_secret *secret,
		  uint8_t **bytes, size_t *size);

/* Returns the first part of *bytes, and moves *bytes and *size behind it; NULL: there is no part,
 * or it is cut. */
const uint8_t *snapshot_part(const uint8_t **bytes, size_t *size, size_t *part_size);

#endif
