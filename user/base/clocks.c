// SPDX-License-Identifier: GPL-2.0-or-later
/* See clocks.h. */
#include "base/clocks.h"

#include "base/time.h"

#define CLOCKS_APART_NS 100000 /* between reading one clock and the other */
#define CLOCKS_SET_NS \
	(NS_PER_S / 4) /* more than any drift, or any short sleep between two looks, comes to */

struct clocks clocks_read(void)
{
	struct clocks clocks;
	uint64_t begin;

	/* If the thread was put to sleep between the two, it looks again. */
	for (unsigned tries = 0; tries < 10; tries++) {
		begin = clock_boot_ns();
		clocks.wall_ns = clock_wall_ns();
		clocks.boot_ns = clock_boot_ns();
		if (clocks.boot_ns - begin < CLOCKS_APART_NS)
			break;
	}
	return clocks;
}

bool clocks_were_set(const struct clocks *clocks)
{
	struct clocks now = clocks_read();
	int64_t then = clocks->wall_ns - (int64_t)clocks->boot_ns;
	int64_t apart = now.wall_ns - (int64_t)now.boot_ns - then;

	return apart > CLOCKS_SET_NS || apart < -CLOCKS_SET_NS;
}

int64_t clocks_to_wall(const struct clocks *clocks, uint64_t boot_ns)
{
	int64_t wall_ns;

	if (boot_ns < clocks->boot_ns)
		return clocks->wall_ns - (int64_t)(clocks->boot_ns - boot_ns);
	if (boot_ns - clocks->boot_ns > INT64_MAX ||
	    __builtin_add_overflow(clocks->wall_ns, (int64_t)(boot_ns - clocks->boot_ns), &wall_ns))
		return INT64_MAX;
	return wall_ns;
}

uint64_t clocks_to_boot(const struct clocks *clocks, int64_t wall_ns)
{
	uint64_t apart;

	if (wall_ns >= clocks->wall_ns)
		return clocks->boot_ns + ((uint64_t)wall_ns - (uint64_t)clocks->wall_ns);
	apart = (uint64_t)clocks->wall_ns - (uint64_t)wall_ns;
	return apart < clocks->boot_ns ? clocks->boot_ns - apart : 0;
}
