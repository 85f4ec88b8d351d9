/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often a member may do something: include/bucket.h by the wall clock. Pure. */
#ifndef SEKISHO_ALLOWANCE_H
#define SEKISHO_ALLOWANCE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "bucket.h"

/* Takes one of `burst` tokens, of which one comes back each `interval_ms`. False: none is left, and
 * nothing changes. *arrival_ms is 0 at first; a clock that is set back costs no tokens. */
static inline bool allowance_take(uint64_t *arrival_ms, int64_t now_ms, uint32_t interval_ms,
				  uint32_t burst)
{
	uint64_t now = now_ms > 0 ? (uint64_t)now_ms : 0;

	if (*arrival_ms > now + (uint64_t)interval_ms * burst)
		*arrival_ms = now;
	if (!bucket_has(*arrival_ms, now, interval_ms, burst))
		return false;
	*arrival_ms = bucket_take(*arrival_ms, now, interval_ms, burst);
	return true;
}

#endif
