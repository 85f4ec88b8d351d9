/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's side of the fleet: tells the fleet process what is banned here, and carries out what
 * it would adopt, as far as this server itself has nothing against it. It never waits: a fleet
 * process that is gone, hangs or is slow is dropped and called again later. Not here: what is
 * adopted from whom (fleet/adoption.h).
 */
#ifndef SEKISHO_FLEET_LINK_H
#define SEKISHO_FLEET_LINK_H

#include "daemon/daemon.h"

/* Nothing where the configuration has no [fleet]. What goes wrong is said; it is tried again. */
void fleet_link_open(struct daemon *daemon);
void fleet_link_reload(struct daemon *daemon);
void fleet_link_close(struct daemon *daemon);

/* A ban of this server's own was made. */
void fleet_link_ban(struct daemon *daemon, const struct ban_record *ban);
/* An account met something. As of struct detect_store. */
void fleet_link_sight(const char *account, const struct address *source, enum detect_sight sight,
		      int64_t wall_ns, void *daemon);

#endif
