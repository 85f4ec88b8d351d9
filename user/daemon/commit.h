/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lines led to, and how far they were read: one transaction of the store. So whenever the
 * daemon is killed, a line's bans, evidence and notes are in the store and the line is behind the
 * position, or neither is. The kernel comes before the store: a ban holds before it is written down.
 */
#ifndef SEKISHO_DAEMON_COMMIT_H
#define SEKISHO_DAEMON_COMMIT_H

#include <stdbool.h>

#include "base/fault.h"

struct daemon;

/* What a part of the daemon has to do with transactions: daemon->commit_parts, NULL behind the
 * last. Any member may be NULL. */
struct commit_part {
	/* There is something to write. */
	bool (*due)(const struct daemon *daemon);
	/* Writes it; `all`: what did not change as well. -errno: the transaction is given up. */
	int (*write)(struct daemon *daemon, bool all, struct fault *fault);
	/* The transaction is over. error 0: what was written is in the store for good. */
	void (*committed)(struct daemon *daemon, int error);
	/* The writers' lock was given back. */
	void (*unlocked)(struct daemon *daemon);
	/* What waited because of commit_is_behind() or of bans may go on. */
	void (*resumed)(struct daemon *daemon);
};

/* The disk is waited for in a thread of its own, where one can be had; that it cannot is said. */
void commit_open(struct daemon *daemon);
void commit_close(struct daemon *daemon);

/* Opens the transaction, under the writers' lock, unless it is open. Without a store that can be
 * written: the lock alone. -EBUSY, -EINTR, -errno: the lock was not to be had, nothing is open. */
int commit_begin(struct daemon *daemon, struct fault *fault);

/* Ends it, with the positions of all logs and what the rules noted. Faults are said; what was not
 * written is read again after the next start. Nothing is open: does nothing. */
void commit_end(struct daemon *daemon);

/* The store's log is longer than it should be, and is being moved: lines should wait. Never true
 * for longer than 0.25 s, since that may be impossible; commit_resume() is called meanwhile. */
bool commit_is_behind(struct daemon *daemon);
/* Tells all parts that what waited may go on. */
void commit_resume(struct daemon *daemon);

/* Once a second, and at the end: writes what has gathered, and after bans, or when the store's log
 * is long, has it brought to the disk. A power cut takes back the last seconds at most. */
void commit_sync(struct daemon *daemon);

/* Much has gathered: where mail servers wait for answers it is written in the next turn of the loop,
 * not once a second, so that no answer waits for all of it. Still once a second
 * where the store fails or its log is being moved. */
void commit_soon(struct daemon *daemon);

#endif
