/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a ban does: kernel, store, open sockets. */
#ifndef SEKISHO_BANS_H
#define SEKISHO_BANS_H

#include "enforce/instance.h"
#include "enforce/protected.h"
#include "detect/detect.h"

/* What goes with a ban that is added. Zero: no evidence, and all of it at once. */
struct bans_adding {
	const struct store_evidence *evidence;
	size_t evidence_count;
	bool kernel_only; /* the store is left alone: the caller sees to it later */
	bool cut_later;	  /* the open connections are left to cuts_make() */
	/* What came of it: */
	bool stored; /* the store has it */
	size_t sockets_closed;
};

/*
 * A ban of prefix, services, rule and reason from now, `since_wall_ns`, until `until_wall_ns`.
 * Kernel first, then the store, then (in enforce mode) the open sockets of that prefix on these
 * services. What fails after the kernel has the ban does not undo it: 0 with fault->error set. Each
 * group of services is a ban by itself, and the other one stays as it is. A ban that is there
 * already keeps since and counters; a rule only ever prolongs it, by hand (RULE_MANUAL) the new
 * time holds. Inside store_begin() nothing is synced: for many at once.
 * -EPERM: protected; -EINVAL: ends before it begins; -ENOSPC: the kernel's map is full, and no ban
 * could give way (ban_room.h). Without
 * instance->gate: its gate_fault. The bans' lock is the caller's.
 */
int bans_add(struct instance *instance, const struct protected_set *set,
	     const struct ban_record *ban, struct bans_adding *adding, struct fault *fault);
/* Closes the open connections of all bans since the last call that were added with `cut_later`, and
 * of networks that ban_room.h banned: one list of the kernel's sockets for all that closed the same
 * services, and none where the meters know that there is nothing to close. *closed may be NULL. */
int cuts_make(struct instance *instance, size_t *closed, struct fault *fault);

/* Of these services, from kernel and store, as far as they are open. -ENOENT: neither had it. Other
 * errors: `fault` says which of the two still has it. */
int bans_remove(struct instance *instance, const struct prefix *prefix, enum ban_services services,
		struct fault *fault);
/* After a start. New maps: every ban of the store that has not ended goes into the kernel. Kept
 * maps: bans that the store lost are written to it; they are looked for only when the kernel has
 * more bans than the store. *restored (may be NULL) counts them. */
int bans_restore(struct instance *instance, bool fresh, size_t *restored, struct fault *fault);

/* What the kernel has now of the ban's prefix and services, written to the store with the ban's
 * reason and this evidence. -ENOENT: it has ended, or somebody lifted it. */
int bans_store_again(struct instance *instance, const struct ban_record *ban,
		     const struct store_evidence *evidence, size_t evidence_count,
		     struct fault *fault);
/* The reason of a ban that the store does not know. */
#define BANS_LOST_REASON "the store had lost this ban; the kernel kept it"

/*
 * The store made true to the kernel, some bans at a time: those that it lost are written to it, and
 * those of which it says another end. For after a start, and after a time in which it could not be
 * written. Zero-initialised begins.
 */
struct bans_reconcile {
	struct gate_ban_walk walk;
	size_t seen, written;
};

/* 1: there is more, 0: done, -errno: tell and try again later. The bans' lock is the caller's. */
int bans_reconcile_some(struct instance *instance, struct bans_reconcile *reconcile,
			struct fault *fault);

/* Does the gate drop (true), or only count? Of the policy in the kernel, else the configuration. */
bool bans_enforced(struct instance *instance);

/* Every ban in force: the kernel's with what the store knows of it, or without instance->gate the
 * store's. IPv4 before IPv6, by address, by length. A non-zero return of `each` ends the walk. 0
 * with fault->error set: the reasons are missing, and why. */
int bans_each(struct instance *instance, store_ban_each_fn each, void *context,
	      struct fault *fault);

#endif
