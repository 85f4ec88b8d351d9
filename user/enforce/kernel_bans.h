/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's bans: as a sorted array, to be merged with the store's, and as rows of the store. */
#ifndef SEKISHO_KERNEL_BANS_H
#define SEKISHO_KERNEL_BANS_H

#include "enforce/clocks.h"
#include "kernel/ban_parts.h"
#include "kernel/gate.h"
#include "store/store.h"

struct kernel_ban {
	struct prefix prefix;
	enum ban_services services; /* in force when they were read */
	struct ban ban;
};

/* Zero-initialised is empty. */
struct kernel_bans {
	struct kernel_ban *items;
	size_t count, room;
};

/* Those in force at `boot_ns`, in the store's order. */
int kernel_bans_read(struct gate *gate, uint64_t boot_ns, struct kernel_bans *bans,
		     struct fault *fault);
void kernel_bans_free(struct kernel_bans *bans);

/* The store's order: IPv4 before IPv6, by address, by length. */
int kernel_bans_compare(const struct prefix *a, const struct prefix *b);

/* What the store is to say of that part of the kernel's ban of `prefix`; its reason is for one that
 * the store had lost. */
struct store_ban kernel_ban_row(const struct prefix *prefix, const struct ban_part *part,
				const struct clocks *clocks);

#endif
