/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An entry of the map "bans" as up to two bans: one of each group of services, or one of both where
 * they share beginning, end and rule. Pure. */
#ifndef SEKISHO_BAN_PARTS_H
#define SEKISHO_BAN_PARTS_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>
#include "contract.h"

struct ban_part {
	enum ban_services services;
	uint64_t expires_ns, since_ns; /* CLOCK_BOOTTIME; since: to 2^BAN_TIME_SHIFT ns */
	uint32_t rule;
};

/* The groups that it closes at `now_ns`; 0: it has ended. */
enum ban_services ban_active(const struct ban *ban, uint64_t now_ns);

/* What is in force at `now_ns`, BAN_SMTP's first. Returns how many. */
size_t ban_parts(const struct ban *ban, uint64_t now_ns, struct ban_part parts[BAN_GROUPS]);

/* Sets what the part says of its services; the rest of the entry stays. */
void ban_set(struct ban *ban, const struct ban_part *part);
/* It closes these services no longer. */
void ban_clear(struct ban *ban, enum ban_services services);

/* CLOCK_BOOTTIME of the last packet that it met; 0: none. */
uint64_t ban_last_ns(const struct ban *ban);

#endif
