/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bans kept true in kernel and store while the daemon runs: a ban whose lock is not to be had now,
 * or that the store does not take, waits here; a store that could not be opened is tried again, a
 * damaged one replaced; after each such time, and after a start, the store is compared with the
 * kernel; and the store is told when the wall clock was set.
 */
#ifndef SEKISHO_BAN_QUEUE_H
#define SEKISHO_BAN_QUEUE_H

#include "daemon/daemon.h"

/* After the store and the gate are open; begins to compare them. -ENOMEM, or what the clock's
 * watch gives. Its end tries once more what still waits, with the longer wait for the locks; what
 * fails then is found by the comparison after the next start. */
int ban_queue_open(struct daemon *daemon, struct fault *fault);
void ban_queue_close(struct daemon *daemon);

/* bans_add() with this evidence that never waits long, within commit_begin(). 0: the kernel has it,
 * and after_ban() has done what follows. -EINPROGRESS: all that is done once the lock is to be had,
 * within a fraction of a second as a rule; the fault says why. Other errors as bans_add(). */
int ban_queue_ban(struct daemon *daemon, const struct ban_record *ban,
		  const struct store_evidence *evidence, size_t evidence_count,
		  struct fault *fault);

/* Once the transaction of commit_begin() has ended, its bans are in the store, or wait for it. */
extern const struct commit_part ban_queue_part;

/* Bans wait that are not even in the kernel: the lines that led to them are not to count as read. */
bool ban_queue_owes_bans(const struct daemon *daemon);
/* So many that no further line is to be read before some of them have gone: commit_resume() says
 * when. */
bool ban_queue_is_crowded(const struct daemon *daemon);

/* After a sweep, when the kernel's count of bans is exact: is there one that the store lacks,
 * though nobody here was told (a command could not write it)? */
void store_recovery_look_for_lost(struct daemon *daemon);

/* Every second. */
void ban_queue_tick(struct daemon *daemon);

#endif
