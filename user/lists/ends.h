/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of a list that end by themselves. The value of an entry's range is its end: 0 never ends,
 * and of the other values the lower ends later, so that ranges_resolve_lowest() lets the last end
 * win if entries overlap. Pure.
 */
#ifndef SEKISHO_LIST_ENDS_H
#define SEKISHO_LIST_ENDS_H

#include "lists/ranges.h"

#define END_NEVER INT64_MAX

/* The value for an end in seconds since 1970; 0 for one that no value can hold (after 2106). */
static inline uint32_t end_value(int64_t end_s)
{
	if (end_s >= UINT32_MAX)
		return 0;
	return end_s <= 0 ? UINT32_MAX : UINT32_MAX - (uint32_t)end_s;
}

/* The end of a value in seconds since 1970, END_NEVER for 0. */
static inline int64_t end_of_value(uint32_t value)
{
	return value ? (int64_t)(UINT32_MAX - value) : END_NEVER;
}

/* Removes ranges that have ended at `now_s`. Returns the next end, END_NEVER if there is none;
 * *ended: how many ranges it removed. The ranges stay normal if they were. */
int64_t ends_prune(struct ranges *ranges, int64_t now_s, size_t *ended);

/* Reads a length of time as nft, MikroTik and CrowdSec write it: "1h30m", "3h59m58.6s",
 * "1w2d03:04:05", "90". -EINVAL: none of these, or more than a hundred years. */
int ends_duration(const char *text, size_t size, uint64_t *seconds);

#endif
