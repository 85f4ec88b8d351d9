// SPDX-License-Identifier: GPL-2.0-or-later
/* See feed.h. */
#include "feed/feed.h"

#include <errno.h>
#include <inttypes.h>

#define MOST_PERCENT 2
#define MOST_GROWTH  3
#define FREE_GROWTH  1000

int feed_judge(const struct ranges *ranges, uint64_t last, struct fault *fault)
{
	uint64_t prefixes = ranges_count_prefixes(ranges);

	if (ranges_exceed(ranges, MOST_PERCENT))
		return fault_set(fault, -EPERM,
				 "a feed with more than %d %% of all IPv4 addresses, or of the "
				 "IPv6 addresses that are given out; if that is meant, fetch it "
				 "yourself and name it with 'file'",
				 MOST_PERCENT);
	if (last && prefixes > last * MOST_GROWTH + FREE_GROWTH)
		return fault_set(fault, -EPERM,
				 "a feed of %" PRIu64 " prefixes where it had %" PRIu64
				 ", more than %d times as many; if that is meant, `sekisho import "
				 "--remove` of the list lets it begin anew",
				 prefixes, last, MOST_GROWTH);
	return 0;
}
