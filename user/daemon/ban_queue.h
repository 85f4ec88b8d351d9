/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps the bans of kernel and store the same while the daemon runs. A ban waits here if the lock
 * is not available now, or the store does not take it. A store that could not be opened is tried
 * again, and a damaged one is replaced. After each such time, and after a start, the store is
 * compared with the kernel. The store is also told when the wall clock was set.
 */
#ifndef SEKISHO_BAN_QUEUE_H
#define SEKISHO_BAN_QUEUE_H

#include "daemon/daemon.h"

/* To be called after the store and the gate are open; begins to compare them. -ENOMEM, or -errno of
 * the clock's watch. ban_queue_close() tries waiting bans once more, with the longer wait for the
 * locks; the comparison after the next start finds what fails then. */
int ban_queue_open(struct daemon *daemon, struct fault *fault);
void ban_queue_close(struct daemon *daemon);

/* bans_add() with this evidence, within commit_begin(), which never waits long. 0: the kernel has
 * the ban, and after_ban() was called. -EINPROGRESS: both happen once the lock is available,
 * usually within a fraction of a second; the fault says why. Other errors as bans_add(). */
int ban_queue_ban(struct daemon *daemon, const struct ban_record *ban,
		  const struct store_evidence *evidence, size_t evidence_count,
		  struct fault *fault);

/* When the transaction of commit_begin() has ended, its bans are in the store, or wait for it. */
extern const struct commit_part ban_queue_part;

/* Whether bans wait that are not even in the kernel: the lines that led to them must not count as
 * read. */
bool ban_queue_owes_bans(const struct daemon *daemon);
/* Whether so many wait that no further line may be read before some are done: commit_resume() tells
 * when. */
bool ban_queue_is_crowded(const struct daemon *daemon);

/* To be called after a sweep, when the kernel's count of bans is exact: looks for a ban that the
 * store lacks although the daemon was not told (a command could not write it). */
void store_recovery_look_for_lost(struct daemon *daemon);

/* Every second. */
void ban_queue_tick(struct daemon *daemon);

#endif
