/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's bans as a sorted array, to be merged with the store's. */
#ifndef SEKISHO_KERNEL_BANS_H
#define SEKISHO_KERNEL_BANS_H

#include "kernel/ban_entry.h"
#include "kernel/gate.h"

struct kernel_ban {
	struct prefix prefix;
	enum ban_services services; /* in force when they were read */
	struct ban entry;
};

/* Zero-initialised is empty. */
struct kernel_bans {
	struct kernel_ban *items;
	size_t count, room;
};

/* Reads the bans in force at `boot_ns`, in the store's order. */
int kernel_bans_read(struct gate *gate, uint64_t boot_ns, struct kernel_bans *bans,
		     struct fault *fault);
void kernel_bans_free(struct kernel_bans *bans);

/* The store's order: IPv4 before IPv6, by address, by length. */
int kernel_bans_compare(const struct prefix *a, const struct prefix *b);

#endif
