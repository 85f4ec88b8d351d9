// SPDX-License-Identifier: GPL-2.0-or-later
/* See ban.h. */
#include "base/ban.h"

#include <string.h>

#include "base/time.h"

#define DRIFT_NS (2 * NS_PER_S)

bool ban_is_same_end(int64_t a_wall_ns, int64_t b_wall_ns)
{
	return time_apart(a_wall_ns, b_wall_ns) < DRIFT_NS;
}

bool ban_take_known(struct ban_record *ban, const struct ban_record *known)
{
	bool same = ban_is_same_end(ban->until_wall_ns, known->until_wall_ns);

	ban->since_wall_ns = known->since_wall_ns;
	strcpy(ban->reason, known->reason);
	if (same)
		ban->until_wall_ns = known->until_wall_ns;
	return same;
}
