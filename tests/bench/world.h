/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses of the benchmarks: regions that never overlap, scattered over the whole of both
 * address spaces, each address in a /24 (IPv6: a /48) of its own. The same in every run, so that a
 * flood's sources, a list's entries and a table's rows are known to be the same ones. Pure.
 */
#ifndef SEKISHO_BENCH_WORLD_H
#define SEKISHO_BENCH_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include "net/address.h"

enum world_region {
	WORLD_CLEAN, /* nobody knows them */
	WORLD_SOURCE_OPEN,
	WORLD_NETWORK_OPEN,
	WORLD_SOURCE_RATE,
	WORLD_NETWORK_RATE,
	WORLD_BANNED,
	WORLD_KNOWN, /* have completed a handshake and are within every limit */
	WORLD_LISTED,
	WORLD_REGIONS,
};

#define WORLD_SET 65536 /* so many each in the regions before WORLD_BANNED */

/* How many addresses a region has at most. */
size_t world_room(enum world_region region);

/* "banned" and the like; WORLD_REGIONS when there is none of that name. */
enum world_region world_region_named(const char *name);

/* The address `index` of a region; none is private, loopback or otherwise special. */
struct address world_address(enum world_region region, bool is4, size_t index);

/* What a ban, a source or a list entry of it covers: the address, or the /64. */
struct prefix world_prefix(enum world_region region, bool is4, size_t index);

#endif
