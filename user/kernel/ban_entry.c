// SPDX-License-Identifier: GPL-2.0-or-later
/* See ban_entry.h. */
#include "kernel/ban_entry.h"

#include <errno.h>

#include "kernel/gate.h"

static bool is_one(const struct ban *entry)
{
	return entry->expires_ns[BAN_GROUP_SMTP] == entry->expires_ns[BAN_GROUP_LOGIN] &&
	       entry->since[BAN_GROUP_SMTP] == entry->since[BAN_GROUP_LOGIN] &&
	       entry->rule[BAN_GROUP_SMTP] == entry->rule[BAN_GROUP_LOGIN];
}

static int64_t shifted_to_wall(const struct clocks *clocks, uint32_t shifted)
{
	return clocks_to_wall(clocks, (uint64_t)shifted << BAN_TIME_SHIFT);
}

size_t ban_entry_read(const struct prefix *prefix, const struct ban *entry,
		      const struct clocks *clocks, struct ban_record bans[BAN_GROUPS])
{
	enum ban_services active = ban_active(entry, clocks->boot_ns);
	bool one = active == BAN_ALL && is_one(entry);
	size_t count = 0;

	for (unsigned group = 0; group < BAN_GROUPS; group++) {
		if (!(active & 1U << group) || (one && group))
			continue;
		bans[count++] = (struct ban_record){
			.prefix = *prefix,
			.services = one ? BAN_ALL : (enum ban_services)(1U << group),
			.since_wall_ns = shifted_to_wall(clocks, entry->since[group]),
			.until_wall_ns = clocks_to_wall(clocks, entry->expires_ns[group]),
			.rule = entry->rule[group],
			.in_kernel = true,
			.packets = entry->packets,
			.attempts = entry->attempts,
			.last_wall_ns = entry->last ? shifted_to_wall(clocks, entry->last) : 0,
		};
	}
	return count;
}

int ban_entry_get(struct gate *gate, const struct prefix *prefix, const struct clocks *clocks,
		  struct ban_record bans[BAN_GROUPS], size_t *count, struct fault *fault)
{
	struct ban entry;
	int error = gate_ban_get(gate, prefix, &entry, fault);

	*count = error ? 0 : ban_entry_read(prefix, &entry, clocks, bans);
	return error == -ENOENT ? 0 : error;
}

void ban_entry_set_ns(struct ban *entry, enum ban_services services, uint64_t since_ns,
		      uint64_t expires_ns, uint32_t rule)
{
	for (unsigned group = 0; group < BAN_GROUPS; group++) {
		if (!(services & 1U << group))
			continue;
		entry->expires_ns[group] = expires_ns;
		entry->since[group] = (__u32)(since_ns >> BAN_TIME_SHIFT);
		entry->rule[group] = (__u8)rule;
	}
}

void ban_entry_set(struct ban *entry, const struct ban_record *ban, const struct clocks *clocks)
{
	ban_entry_set_ns(entry, ban->services, clocks_to_boot(clocks, ban->since_wall_ns),
			 clocks_to_boot(clocks, ban->until_wall_ns), ban->rule);
}
