/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keep.c and keep_store.c share. Nobody else includes this. */
#ifndef SEKISHO_DAEMON_KEEP_INSIDE_H
#define SEKISHO_DAEMON_KEEP_INSIDE_H

#include "daemon/keep.h"
#include "daemon/pending_ban.h"

#define KEEP_LOCK_WAIT_MS  50  /* for a ban, once */
#define KEEP_STORE_WAIT_MS 250 /* for SQLite's lock */
#define KEEP_WAITING_MAX   512 /* with their evidence; more are found by comparing */

struct keep {
	struct pending_ban items[KEEP_WAITING_MAX];
	size_t count;
	size_t doubtful;    /* of them: in a transaction that is not committed */
	uint64_t kept;	    /* by the store, of these */
	bool woken;	    /* a timer will ring */
	unsigned uncounted; /* sweeps since many bans were counted */
	bool behind;	    /* more than `items` hold; they are to be compared */
	bool comparing;	    /* a timer will ring */
	struct bans_reconcile compare;
	int said;			 /* what was the last fault, so that it is said once */
	uint64_t bans_said, bans_unsaid; /* in this second */
	uint64_t gave_way_said, networks_said, room_said_boot_ns;
	uint64_t reopen_boot_ns, repair_boot_ns; /* not before */
	int clock_fd;				 /* readable when the wall clock was set */
};

/* Begins to compare the store with the kernel, in portions. */
void keep_compare(struct daemon *daemon);
/* Every second: a store that is not open, damaged, or not the file in its place any more. */
void keep_look_after_store(struct daemon *daemon);
void keep_look_at_clock(struct daemon *daemon);
int keep_watch_clock(struct daemon *daemon); /* -errno */

#endif
