/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of addresses as sorted, disjoint, inclusive ranges, one array per family: the form of a list
 * or a country file once it is read. Pure. Not here: text (text.h), the compiled table (compile.h).
 */
#ifndef SEKISHO_RANGES_H
#define SEKISHO_RANGES_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include "net/address.h"

typedef unsigned __int128 u128;

/* `value` is a country index in country data; in a list it is the end of the entry (ends.h). Host
 * order, ends inclusive. */
struct range4 {
	uint32_t first, last;
	uint32_t value;
};

struct range6 {
	u128 first, last;
	uint32_t value;
};

/* Owns its arrays; zero-initialised is empty. "Normal" is what ranges_normalise() leaves. */
struct ranges {
	struct range4 *v4;
	size_t count4, room4;
	struct range6 *v6;
	size_t count6, room6;
};

/* Frees the arrays; the ranges are empty then. */
void ranges_free(struct ranges *ranges);

/* Append in any order, overlaps allowed. -ENOMEM; -EINVAL if first > last. The caller turns
 * IPv4-mapped v6 ranges into IPv4 ones. */
int ranges_add4(struct ranges *ranges, uint32_t first, uint32_t last, uint32_t value);
int ranges_add6(struct ranges *ranges, u128 first, u128 last, uint32_t value);
int ranges_add_prefix(struct ranges *ranges, const struct prefix *prefix, uint32_t value);
int ranges_add_all(struct ranges *ranges, const struct ranges *more);

/* Sorts and makes disjoint; neighbours and overlaps of one value merge. If values differ in an
 * overlap, the narrower range wins; of equally wide ones the one added later. -ENOMEM. */
int ranges_normalise(struct ranges *ranges);

/* The same, but in an overlap the lower value wins: with line numbers as values this is the first
 * match of a rule file. -ENOMEM. */
int ranges_resolve_lowest(struct ranges *ranges);

/* For normal ranges. The value at an address, or -1. */
int64_t ranges_find(const struct ranges *ranges, const struct address *address);

/* How many CIDR prefixes the normal ranges make, and each of them in order. The callback's
 * non-zero return ends the walk and is returned. */
uint64_t ranges_count_prefixes(const struct ranges *ranges);
/* Whether normal ranges have more than `percent` of all IPv4 addresses, or of the IPv6 addresses
 * that are given out: eight /12, in IANA's registry of unicast allocations. Of these the parts of a
 * /64 count as a whole one. */
bool ranges_exceed(const struct ranges *ranges, unsigned percent);
int ranges_each_prefix(const struct ranges *ranges,
		       int (*each)(const struct prefix *prefix, uint32_t value, void *context),
		       void *context);

/* A 128-bit number in host order as an address. */
struct address address_from_key(u128 key);

/* The addresses of a that are not in b (values of a), both normal. *result is overwritten, not
 * freed, and normal. -ENOMEM. */
int ranges_subtract(struct ranges *result, const struct ranges *a, const struct ranges *b);

#endif
