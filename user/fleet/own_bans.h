/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This member's own bans, and the queue of what it has still to say. Pure. Private to node.c.
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
	size_t renewed;	      /* the next bucket to be said again */
	uint64_t renew_rest;  /* parts of a bucket that are due, 1/FLEET_RENEW_MS each */
	int64_t last_tick_ms; /* 0: none yet */
};

/* Puts a statement at the end of the queue. Where that is full and cannot grow, the oldest gives
 * way, and is counted in `lost`. */
void own_say(struct own_bans *own, const struct fleet_statement *statement);
/* Moves the oldest of the queue, at most `most`, into `statements`. How many. */
size_t own_take(struct own_bans *own, struct fleet_statement *statements, size_t most);
/* This member banned, for each group of services in it; a ban that is there already has the new
 * time. Says it, unless nothing changed. False: out of memory, and nothing is said. */
bool own_ban(struct own_bans *own, const struct fleet_statement *ban);
/* Lifted here; says so where any of `services` was its own ban. */
void own_unban(struct own_bans *own, const struct prefix *prefix, uint8_t services);
/* From here to own_walked() each ban that holds is told by own_ban(), so those that were not are
 * lifted. One that was begun and not ended is forgotten by the next. */
void own_walk(struct own_bans *own);
void own_walked(struct own_bans *own);
/* Says those again that are due since the last call, and forgets what ended. */
void own_renew(struct own_bans *own, int64_t now_ms);
/* All that hold, each once; what ended is forgotten. */
void own_each(struct own_bans *own, int64_t now_ms,
	      void (*each)(void *to, const struct fleet_statement *ban), void *to);
void own_restate(struct own_bans *own, int64_t now_ms);
void own_free(struct own_bans *own);

#endif
