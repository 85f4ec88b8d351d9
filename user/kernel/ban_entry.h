/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An entry of the map "bans" and the bans that it holds: one for each group of services, or one for
 * both if they have the same beginning, end and rule. Pure except for ban_entry_get(). */
#ifndef SEKISHO_BAN_ENTRY_H
#define SEKISHO_BAN_ENTRY_H

#include <stddef.h>
#include "base/ban.h"
#include "base/clocks.h"
#include "base/fault.h"

struct gate;

/* The groups that the entry closes at `now_ns`; 0: it has ended. */
static inline enum ban_services ban_active(const struct ban *entry, uint64_t now_ns)
{
	return (enum ban_services)((entry->expires_ns[BAN_GROUP_SMTP] > now_ns ? BAN_SMTP : 0) |
				   (entry->expires_ns[BAN_GROUP_LOGIN] > now_ns ? BAN_LOGIN : 0));
}

/* Fills in the bans in force at clocks->boot_ns, BAN_SMTP's first; their reasons are "". Returns
 * their number. */
size_t ban_entry_read(const struct prefix *prefix, const struct ban *entry,
		      const struct clocks *clocks, struct ban_record bans[BAN_GROUPS]);

/* The same for the kernel's entry of exactly this prefix; *count 0: there is none. -errno: it
 * cannot be read. */
int ban_entry_get(struct gate *gate, const struct prefix *prefix, const struct clocks *clocks,
		  struct ban_record bans[BAN_GROUPS], size_t *count, struct fault *fault);

/* Writes the ban to the entry, for the ban's services; the rest of the entry stays. */
void ban_entry_set(struct ban *entry, const struct ban_record *ban, const struct clocks *clocks);

/* The same in times of the boot clock; expires_ns 0: the entry no longer closes these services. */
void ban_entry_set_ns(struct ban *entry, enum ban_services services, uint64_t since_ns,
		      uint64_t expires_ns, uint32_t rule);

#endif
