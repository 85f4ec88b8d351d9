// SPDX-License-Identifier: GPL-2.0-or-later
/* Sessions and processes by source, as a table with a most. See attempts_internal.h. Pure. */
#include <stdlib.h>

#include "log/attempts_internal.h"

/* A session or process without a line for this long is another one under the same id. */
#define FORGET_S 3600

static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 32) * 0x9e3779b97f4a7c15U;
	return value ^ value >> 29;
}

static struct slot *find_set(struct attempts *attempts, const struct address *source, uint64_t id)
{
	uint64_t hash = mix(mix(mix(id) ^ address_high(source)) ^ address_low(source));

	return attempts->slots + hash % (ATTEMPT_SLOTS / ATTEMPT_WAYS) * ATTEMPT_WAYS;
}

struct slot *attempt_slot(struct attempts *attempts, enum slot_kind kind,
			  const struct address *source, uint64_t id, int64_t now_s, bool make)
{
	struct slot *set = find_set(attempts, source, id), *oldest = set;

	attempts->tick++;
	for (struct slot *slot = set; slot < set + ATTEMPT_WAYS; slot++) {
		if (slot->kind == kind && slot->id == id &&
		    !address_compare(&slot->source, source) &&
		    llabs(now_s - slot->touched_s) < FORGET_S) {
			slot->used = attempts->tick;
			return slot;
		}
		if (!slot->kind ||
		    (oldest->kind && attempts->tick - slot->used > attempts->tick - oldest->used))
			oldest = slot;
	}
	if (!make)
		return NULL;
	*oldest = (struct slot){ .source = *source,
				 .id = id,
				 .touched_s = now_s,
				 .used = attempts->tick,
				 .kind = (uint8_t)kind };
	return oldest;
}
