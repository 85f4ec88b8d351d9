// SPDX-License-Identifier: GPL-2.0-or-later
/* See world.h. */
#include "world.h"

#include <stdint.h>
#include <string.h>

#define MILLION (1U << 20)

/* First bytes of IPv4 addresses that no rule calls special. */
static uint8_t ordinary(unsigned nth)
{
	static const uint8_t special[] = { 10, 100, 127, 169, 172, 192, 198, 203 };
	unsigned byte = 1 + nth;

	for (size_t i = 0; i < sizeof(special); i++)
		byte += byte >= special[i];
	return (uint8_t)byte;
}

#define ORDINARY 214
#define NETWORKS (ORDINARY * 65536U)

static const struct {
	const char *name;
	uint32_t begin, room;
} regions[] = {
	[WORLD_CLEAN] = { "clean", 0, WORLD_SET },
	[WORLD_SOURCE_OPEN] = { "source-open", WORLD_SET, WORLD_SET },
	[WORLD_NETWORK_OPEN] = { "network-open", 2 * WORLD_SET, WORLD_SET },
	[WORLD_SOURCE_RATE] = { "source-rate", 3 * WORLD_SET, WORLD_SET },
	[WORLD_NETWORK_RATE] = { "network-rate", 4 * WORLD_SET, WORLD_SET },
	[WORLD_BANNED] = { "banned", MILLION, MILLION },
	[WORLD_KNOWN] = { "known", 2 * MILLION, MILLION },
	[WORLD_LISTED] = { "listed", 3 * MILLION, NETWORKS - 3 * MILLION },
};
_Static_assert(sizeof(regions) / sizeof(*regions) == WORLD_REGIONS, "every region has its place");

size_t world_room(enum world_region region)
{
	return regions[region].room;
}

enum world_region world_region_named(const char *name)
{
	enum world_region region = WORLD_CLEAN;

	while (region < WORLD_REGIONS && strcmp(regions[region].name, name))
		region++;
	return region;
}

struct address world_address(enum world_region region, bool is4, size_t index)
{
	/* In chunks of the table that are well filled. */
	static const uint16_t heads[] = { 0x2400, 0x2600, 0x2804, 0x2a00, 0x2a02, 0x2c0f };
	uint64_t place = regions[region].begin + index;
	struct address address = { 0 };
	uint32_t network;

	/* Both factors are prime to what they are taken modulo: each place is another network. */
	if (is4) {
		network = (uint32_t)(place * 7368787 % NETWORKS);
		return address_from4((uint32_t)ordinary(network >> 16) << 24 |
				     (network & 0xffff) << 8 |
				     ((uint32_t)place * 2654435761U) >> 24);
	}
	network = (uint32_t)(place / 6 * 2654435761U);
	address.byte[0] = (uint8_t)(heads[place % 6] >> 8);
	address.byte[1] = (uint8_t)heads[place % 6];
	for (int i = 0; i < 4; i++)
		address.byte[2 + i] = (uint8_t)(network >> (24 - 8 * i));
	address.byte[7] = 1;
	address.byte[15] = 25;
	return address;
}

struct prefix world_prefix(enum world_region region, bool is4, size_t index)
{
	struct prefix prefix = { .address = world_address(region, is4, index),
				 .length = is4 ? 128 : 64 };

	if (!is4)
		memset(prefix.address.byte + 8, 0, 8);
	return prefix;
}
