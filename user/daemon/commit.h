/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commits bans, evidence, notes and log positions in one transaction of the store. So whenever the
 * daemon is killed, the bans, evidence and notes of a line are in the store and the stored position
 * is behind the line, or neither is true. The kernel comes before the store: a ban is in force
 * before it is stored.
 */
#ifndef SEKISHO_DAEMON_COMMIT_H
#define SEKISHO_DAEMON_COMMIT_H

#include <stdbool.h>

#include "base/fault.h"

struct daemon;

/* A part of the daemon that takes part in transactions: daemon->commit_parts, NULL behind the last.
 * Any member may be NULL. */
struct commit_part {
	/* Whether there is something to write. */
	bool (*due)(const struct daemon *daemon);
	/* Writes it; `all`: also what did not change. -errno: the transaction is given up. */
	int (*write)(struct daemon *daemon, bool all, struct fault *fault);
	/* The transaction is over. error 0: what was written is in the store for good. */
	void (*committed)(struct daemon *daemon, int error);
	/* The writers' lock was released. */
	void (*unlocked)(struct daemon *daemon);
	/* Work that waited because of commit_is_behind() or of bans may go on. */
	void (*resumed)(struct daemon *daemon);
};

/* Starts a thread that waits for the disk. If there can be none, this is logged. */
void commit_open(struct daemon *daemon);
void commit_close(struct daemon *daemon);

/* Takes the writers' lock and opens the transaction, unless it is open. Takes only the lock if the
 * store cannot be written. -EBUSY, -EINTR, -errno: the lock was not available, nothing is open. */
int commit_begin(struct daemon *daemon, struct fault *fault);

/* Ends the transaction, with the positions of all logs and the notes of the rules. Logs faults;
 * lines whose results were not written are read again after the next start. Does nothing if no
 * transaction is open. */
void commit_end(struct daemon *daemon);

/* Whether lines should wait because the store's log is too long and is being moved. Never true for
 * longer than 0.25 s, since moving it may be impossible; commit_resume() is called meanwhile. */
bool commit_is_behind(struct daemon *daemon);
/* Tells all parts that waiting work may go on. */
void commit_resume(struct daemon *daemon);

/* Once a second, and at the end: writes what has gathered. After bans, or when the store's log is
 * long, it also has the data brought to the disk. A power cut undoes the last seconds at most. */
void commit_sync(struct daemon *daemon);

/* To be called when much has gathered. If mail servers wait for answers, it is written in the next
 * turn of the loop and not once a second, so that no answer waits for all of it. It is still
 * written once a second if the store fails or its log is being moved. */
void commit_soon(struct daemon *daemon);

#endif
