/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This member's own bans, and the queue of statements still to be sent. Pure. Private to node.c.
 */
#ifndef SEKISHO_OWN_BANS_H
#define SEKISHO_OWN_BANS_H

#include "fleet/claims.h"
#include "fleet/statement.h"

struct own_bans {
	struct claims bans;	       /* of member 0 */
	struct fleet_statement *queue; /* a ring of queue_size */
	size_t queue_size, queue_at, queued;
	uint64_t lost;
	bool walking;
	size_t renewed;	      /* the next bucket to be stated again */
	uint64_t renew_rest;  /* parts of a bucket that are due, 1/FLEET_RENEW_MS each */
	int64_t last_tick_ms; /* 0: none yet */
};

/* Puts a statement at the end of the queue. If the queue is full and cannot grow, drops the oldest
 * and counts it in `lost`. */
void own_say(struct own_bans *own, const struct fleet_statement *statement);
/* Moves the oldest statements of the queue, at most `most`, into `statements`. Returns how many. */
size_t own_take(struct own_bans *own, struct fleet_statement *statements, size_t most);
/* Adds a ban, for each group of services in it; a ban that exists gets the new time. Queues a
 * statement, unless nothing changed. False: out of memory, and nothing is queued. */
bool own_ban(struct own_bans *own, const struct fleet_statement *ban);
/* Removes a ban; queues a statement if there was an own ban for any of `services`. */
void own_unban(struct own_bans *own, const struct prefix *prefix, uint8_t services);
/* Between these two calls own_ban() tells each ban that holds; the second lifts the others. A new
 * own_walk() forgets an unfinished one. */
void own_walk(struct own_bans *own);
void own_walked(struct own_bans *own);
/* States again the bans that are due since the last call, and forgets ended ones. */
void own_renew(struct own_bans *own, int64_t now_ms);
/* Calls `each` for every ban that holds; forgets ended ones. */
void own_each(struct own_bans *own, int64_t now_ms,
	      void (*each)(void *to, const struct fleet_statement *ban), void *to);
void own_restate(struct own_bans *own, int64_t now_ms);
void own_free(struct own_bans *own);

#endif
