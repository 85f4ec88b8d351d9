/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's bans are timed by the boot clock, the store's by the wall clock: from one to the
 * other. */
#ifndef SEKISHO_CLOCKS_H
#define SEKISHO_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* Times of the one clock on the other, for when both are read at once. They stay within what they
 * can hold. */
struct clocks {
	int64_t wall_ns;
	uint64_t boot_ns;
};
struct clocks clocks_read(void);
/* Whether the wall clock was set since they were read: what is made of them is not to be written
 * then, for the store may have been told the jump. To be asked within the transaction that writes. */
bool clocks_were_set(const struct clocks *clocks);
int64_t clocks_to_wall(const struct clocks *clocks, uint64_t boot_ns);
/* What lies before the boot is the boot. */
uint64_t clocks_to_boot(const struct clocks *clocks, int64_t wall_ns);

#endif
