/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carries out bans: in the kernel, in the store, on open sockets. */
#ifndef SEKISHO_BANS_H
#define SEKISHO_BANS_H

#include "enforce/instance.h"
#include "enforce/protected.h"
#include "detect/detect.h"

/* Options and results of adding a ban. Zero: no evidence, and every step at once. */
struct bans_adding {
	const struct store_evidence *evidence;
	size_t evidence_count;
	bool kernel_only; /* the store is left alone: the caller sees to it later */
	bool cut_later;	  /* the open connections are left to cuts_make() */
	/* Results: */
	bool stored; /* the store has it */
	size_t sockets_closed;
};

/*
 * Adds a ban of prefix, services, rule and reason from now, `since_wall_ns`, until `until_wall_ns`:
 * first to the kernel, then to the store; then (in enforce mode) it closes the open sockets of that
 * prefix on these services. A failure after the kernel has the ban does not undo it: 0 with
 * fault->error set. Each group of services is a ban by itself, and the other group stays as it is.
 * A ban that exists already keeps since and counters; a rule only ever prolongs it, while by hand
 * (RULE_MANUAL) the new time holds. Inside store_begin() nothing is synced, for many bans at once.
 * -EPERM: protected; -EINVAL: ends before it begins; -ENOSPC: the kernel's map is full, and no ban
 * could be removed (ban_room.h). Without instance->gate: its gate_fault. The caller holds the bans'
 * lock.
 */
int bans_add(struct instance *instance, const struct protected_set *set,
	     const struct ban_record *ban, struct bans_adding *adding, struct fault *fault);
/* Closes the open connections of all bans that were added with `cut_later` since the last call, and
 * of networks that ban_room.h banned. It lists the kernel's sockets once for all bans that closed
 * the same services, or not at all if the meters show that none is open. *closed may be NULL. */
int cuts_make(struct instance *instance, size_t *closed, struct fault *fault);

/* Removes the ban for these services from kernel and store, if these are open. -ENOENT: neither had
 * it. Other errors: `fault` says which of the two still has it. */
int bans_remove(struct instance *instance, const struct prefix *prefix, enum ban_services services,
		struct fault *fault);
/* To be called after a start. `fresh` (new maps): every ban of the store that has not ended goes
 * into the kernel. Else (kept maps): bans that the store lost are written to it; it looks for them
 * only if the kernel has more bans than the store. *restored (may be NULL) counts them. */
int bans_restore(struct instance *instance, bool fresh, size_t *restored, struct fault *fault);

/* Writes the kernel's ban of this prefix and these services to the store, with the reason of `ban`
 * and this evidence. -ENOENT: it has ended, or somebody lifted it. */
int bans_store_again(struct instance *instance, const struct ban_record *ban,
		     const struct store_evidence *evidence, size_t evidence_count,
		     struct fault *fault);
/* The reason of a ban that the store does not know. */
#define BANS_LOST_REASON "the store had lost this ban; the kernel kept it"

/*
 * Corrects the store by the kernel, some bans at a time: writes bans that the store lost, and bans
 * whose end differs. For after a start, and after a time in which the store could not be written.
 * Begins zero-initialised.
 */
struct bans_reconcile {
	struct gate_ban_walk walk;
	size_t seen, written;
};

/* 1: there is more, 0: done, -errno: log it and try again later. The caller has the bans' lock. */
int bans_reconcile_some(struct instance *instance, struct bans_reconcile *reconcile,
			struct fault *fault);

/* Whether the gate drops, and not only counts: by the policy in the kernel, else by the
 * configuration. */
bool bans_enforced(struct instance *instance);

/* Every ban in force: the kernel's bans with what the store knows of them, or the store's bans
 * without instance->gate. IPv4 comes before IPv6, then by address, by length. A non-zero return
 * of `each` ends the walk. 0 with fault->error set: the reasons are missing; the fault says why. */
int bans_each(struct instance *instance, store_ban_each_fn each, void *context,
	      struct fault *fault);

#endif
