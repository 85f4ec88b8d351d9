// SPDX-License-Identifier: GPL-2.0-or-later
/* See ban_parts.h. */
#include "kernel/ban_parts.h"

#include <stdbool.h>

enum ban_services ban_active(const struct ban *ban, uint64_t now_ns)
{
	unsigned active = 0;

	for (unsigned group = 0; group < BAN_GROUPS; group++)
		if (ban->expires_ns[group] > now_ns)
			active |= 1U << group;
	return active;
}

static struct ban_part part_of(const struct ban *ban, enum ban_services services, unsigned group)
{
	return (struct ban_part){ .services = services,
				  .expires_ns = ban->expires_ns[group],
				  .since_ns = (uint64_t)ban->since[group] << BAN_TIME_SHIFT,
				  .rule = ban->rule[group] };
}

static bool is_one(const struct ban *ban)
{
	return ban->expires_ns[BAN_GROUP_SMTP] == ban->expires_ns[BAN_GROUP_LOGIN] &&
	       ban->since[BAN_GROUP_SMTP] == ban->since[BAN_GROUP_LOGIN] &&
	       ban->rule[BAN_GROUP_SMTP] == ban->rule[BAN_GROUP_LOGIN];
}

size_t ban_parts(const struct ban *ban, uint64_t now_ns, struct ban_part parts[BAN_GROUPS])
{
	enum ban_services active = ban_active(ban, now_ns);
	size_t count = 0;

	if (active == BAN_ALL && is_one(ban)) {
		parts[0] = part_of(ban, BAN_ALL, BAN_GROUP_LOGIN);
		return 1;
	}
	for (unsigned group = 0; group < BAN_GROUPS; group++)
		if (active & 1U << group)
			parts[count++] = part_of(ban, 1U << group, group);
	return count;
}

void ban_set(struct ban *ban, const struct ban_part *part)
{
	for (unsigned group = 0; group < BAN_GROUPS; group++) {
		if (!(part->services & 1U << group))
			continue;
		ban->expires_ns[group] = part->expires_ns;
		ban->since[group] = (__u32)(part->since_ns >> BAN_TIME_SHIFT);
		ban->rule[group] = (__u8)part->rule;
	}
}

void ban_clear(struct ban *ban, enum ban_services services)
{
	const struct ban_part none = { .services = services };

	ban_set(ban, &none);
}

uint64_t ban_last_ns(const struct ban *ban)
{
	return (uint64_t)ban->last << BAN_TIME_SHIFT;
}
