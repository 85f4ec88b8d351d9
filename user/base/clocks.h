/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversion between the boot clock, which times the kernel's bans, and the wall clock, which times
 * the store's. */
#ifndef SEKISHO_CLOCKS_H
#define SEKISHO_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* Both clocks, read at once, to convert times of one to the other. Results are bounded by their
 * type. */
struct clocks {
	int64_t wall_ns;
	uint64_t boot_ns;
};
struct clocks clocks_read(void);
/* Whether the wall clock was set since the clocks were read. Then no time that was converted by
 * them may be written, since the store may have been told of the jump already. To be called within
 * the transaction that writes. */
bool clocks_were_set(const struct clocks *clocks);
int64_t clocks_to_wall(const struct clocks *clocks, uint64_t boot_ns);
/* A time before the boot becomes that of the boot. */
uint64_t clocks_to_boot(const struct clocks *clocks, int64_t wall_ns);

#endif
