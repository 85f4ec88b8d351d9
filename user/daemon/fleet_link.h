/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's side of the fleet: tells the fleet process what is banned here, and makes the bans
 * that the fleet process would adopt, unless this server knows a reason against them. It never
 * waits: it drops a fleet process that is gone, hangs or is slow, and connects again later. Not
 * here: what is adopted from whom (fleet/adoption.h).
 */
#ifndef SEKISHO_FLEET_LINK_H
#define SEKISHO_FLEET_LINK_H

#include "daemon/daemon.h"

/* Does nothing if the configuration has no [fleet]. A failure is logged, and tried again. */
void fleet_link_open(struct daemon *daemon);
void fleet_link_reload(struct daemon *daemon);
void fleet_link_close(struct daemon *daemon);

/* Tells the fleet process a ban of this server's own. */
void fleet_link_ban(struct daemon *daemon, const struct ban_record *ban);
/* Tells the fleet process a sighting of an account, as a function of struct detect_store. */
void fleet_link_sight(const char *account, const struct address *source, enum detect_sight sight,
		      int64_t wall_ns, void *daemon);

#endif
