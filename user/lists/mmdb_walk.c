// SPDX-License-Identifier: GPL-2.0-or-later
/* See mmdb_walk.h. Not here: the format itself (libmaxminddb). */
#include "lists/mmdb_walk.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define VISITS_MOST (1U << 26) /* the branches of a tree may be shared: up to 2^128 leaves */
#define CACHE	    4096

struct walk {
	MMDB_s *mmdb;
	mmdb_value *value;
	struct ranges *ranges;
	size_t visits;
	bool four; /* the tree has IPv4 only */
	struct {
		uint32_t offset; /* of the record, + 1; 0: empty */
		int64_t value;
	} cache[CACHE];
};

static int64_t value_of(struct walk *walk, MMDB_entry_s *entry)
{
	size_t slot = entry->offset % CACHE;

	if (walk->cache[slot].offset == entry->offset + 1)
		return walk->cache[slot].value;
	walk->cache[slot].value = walk->value(entry);
	walk->cache[slot].offset = entry->offset + 1;
	return walk->cache[slot].value;
}

static int add(struct walk *walk, u128 first, unsigned depth, int64_t value)
{
	const u128 mapped = (u128)0xffff << 32;
	unsigned bits = (walk->four ? 32 : 128) - depth;
	u128 last = first | (bits == 128 ? (u128)-1 : ((u128)1 << bits) - 1);

	if (value < 0)
		return value == -EBADMSG ? -EBADMSG : 0;
	if (last <= UINT32_MAX)
		return ranges_add4(walk->ranges, (uint32_t)first, (uint32_t)last, (uint32_t)value);
	if (first >= mapped && last <= mapped + UINT32_MAX)
		return 0;
	if (first <= UINT32_MAX) { /* larger than all of IPv4 */
		int error = ranges_add4(walk->ranges, 0, UINT32_MAX, (uint32_t)value);

		if (error)
			return error;
	}
	return ranges_add6(walk->ranges, first, last, (uint32_t)value);
}

static int walk_node(struct walk *walk, uint32_t node, u128 first, unsigned depth);

static int walk_record(struct walk *walk, uint8_t type, uint64_t record, MMDB_entry_s *entry,
		       u128 first, unsigned depth)
{
	switch (type) {
	case MMDB_RECORD_TYPE_EMPTY:
		return 0;
	case MMDB_RECORD_TYPE_DATA:
		return add(walk, first, depth, value_of(walk, entry));
	case MMDB_RECORD_TYPE_SEARCH_NODE:
		if (depth == (walk->four ? 32 : 128))
			return -EBADMSG;
		return walk_node(walk, (uint32_t)record, first, depth);
	default:
		return -EBADMSG;
	}
}

/* Recurses 128 levels at most. */
static int walk_node(struct walk *walk, uint32_t node, u128 first, unsigned depth)
{
	MMDB_search_node_s found;
	unsigned bit = (walk->four ? 31 : 127) - depth;
	int error;

	if (++walk->visits > VISITS_MOST ||
	    MMDB_read_node(walk->mmdb, node, &found) != MMDB_SUCCESS)
		return -EBADMSG;
	error = walk_record(walk, found.left_record_type, found.left_record,
			    &found.left_record_entry, first, depth + 1);
	if (error)
		return error;
	return walk_record(walk, found.right_record_type, found.right_record,
			   &found.right_record_entry, first | (u128)1 << bit, depth + 1);
}

int mmdb_walk(MMDB_s *mmdb, mmdb_value *value, struct ranges *ranges)
{
	_cleanup_free_ struct walk *walk = calloc(1, sizeof(*walk));

	if (!walk)
		return -ENOMEM;
	walk->mmdb = mmdb;
	walk->value = value;
	walk->ranges = ranges;
	walk->four = mmdb->metadata.ip_version == 4;
	return mmdb->metadata.node_count ? walk_node(walk, 0, 0, 0) : 0;
}
