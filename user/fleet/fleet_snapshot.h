/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All bans of a member at one place of its chain, for those who begin later: parts, each a batch of
 * its own kind (statement.h) behind two bytes of its size. Each part is signed by itself, so one
 * that is cut short is worth what is left of it. Pure. Not here: whether it is taken (node.h).
 */
#ifndef SEKISHO_FLEET_SNAPSHOT_H
#define SEKISHO_FLEET_SNAPSHOT_H

#include "fleet/own_bans.h"

#define FLEET_SNAPSHOT_MOST (4 << 20) /* bytes; FLEET_OWN_MAX bans take 2 MiB */

/* `place` has all of a part but its statements. *bytes is the caller's, to be freed. -ENOMEM. */
int snapshot_make(struct own_bans *own, const struct fleet_batch *place,
		  const struct fleet_signer *signer, const struct fleet_secret *secret,
		  uint8_t **bytes, size_t *size);

/* The part that *bytes begins with, and moves both behind it; NULL: there is none, or it is cut. */
const uint8_t *snapshot_part(const uint8_t **bytes, size_t *size, size_t *part_size);

#endif
