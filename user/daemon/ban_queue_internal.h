/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ban_queue.c and store_recovery.c share. Nobody else includes this. */
#ifndef SEKISHO_BAN_QUEUE_INTERNAL_H
#define SEKISHO_BAN_QUEUE_INTERNAL_H

#include "daemon/ban_queue.h"

#define BAN_QUEUE_LOCK_WAIT_MS	50  /* for the lock, once for a ban */
#define BAN_QUEUE_STORE_WAIT_MS 250 /* for SQLite's lock */
#define BAN_QUEUE_MAX		512 /* with their evidence; more are found by comparing */

/* A ban that waits for its lock or for the store. */
struct pending_ban {
	struct ban_record ban;
	struct store_evidence *evidence; /* owned, with its lines */
	size_t evidence_count;
	bool in_kernel; /* only the store lacks it */
	bool doubtful;	/* or has it in a transaction that is not committed */
};

struct ban_queue {
	struct pending_ban items[BAN_QUEUE_MAX];
	size_t count;
	size_t doubtful;    /* how many of them are in a transaction that is not committed */
	uint64_t kept;	    /* how many of them the store has taken */
	bool woken;	    /* a timer will ring */
	unsigned uncounted; /* sweeps since many bans were counted */
	bool behind;	    /* more bans than `items` holds: a comparison is to find them */
	bool comparing;	    /* a timer will ring */
	struct bans_reconcile compare;
	int said;			 /* the last fault, so that it is logged once */
	uint64_t bans_said, bans_unsaid; /* in this second */
	uint64_t gave_way_said, networks_said, room_said_boot_ns;
	uint64_t reopen_boot_ns, repair_boot_ns; /* the earliest times for that */
	int clock_fd;				 /* readable when the wall clock was set */
};

/* Begins to compare the store with the kernel, in portions. */
void store_recovery_compare(struct daemon *daemon);
/* Every second: recovers a store that is not open, damaged, or no longer the file in its place. */
void store_recovery_tick(struct daemon *daemon);
void store_recovery_set_clock(struct daemon *daemon);
int store_recovery_watch_clock(struct daemon *daemon); /* -errno */

#endif
