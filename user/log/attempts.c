// SPDX-License-Identifier: GPL-2.0-or-later
/* See attempts.h, which has the reasoning. Pure. */
#include "log/attempts.h"

#include <stdlib.h>
#include "base/time.h"

#define BUCKETS (ATTEMPT_WINDOW_S + 1)
/* A session or process not heard of for so long is another one under the same id. */
#define FORGET_S 3600

enum slot_kind { SLOT_FREE = 0, SLOT_SOURCE, SLOT_SESSION, SLOT_PROCESS };

struct slot {
	struct address source;
	uint64_t id;	      /* of the session or process; 0 for SLOT_SOURCE */
	int64_t touched_s;    /* log time */
	uint32_t used;	      /* the table's tick when last looked up */
	uint32_t chain;	      /* hash of account and first backend of the attempt under way */
	uint32_t account;     /* hash of the account alone */
	uint16_t front, back; /* SLOT_SESSION: attempts either side has told of */
	uint8_t kind;
	bool waits_for_front;	   /* SLOT_SOURCE: whose partner the waiting ones are */
	uint16_t waiting[BUCKETS]; /* [i]: at touched_s - i */
};
_Static_assert(sizeof(struct slot) == 64, "a cache line, and what attempts.h promises");

struct attempts {
	uint32_t tick;
	struct slot slots[ATTEMPT_SLOTS];
};

struct attempts *attempts_new(void)
{
	return calloc(1, sizeof(struct attempts));
}

void attempts_free(struct attempts *attempts)
{
	free(attempts);
}

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

/* The slot of this key, made anew in place of the longest unused one if `make`; else NULL. */
static struct slot *look_up(struct attempts *attempts, enum slot_kind kind,
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

static uint16_t add16(uint16_t value, unsigned more)
{
	return more > UINT16_MAX - (unsigned)value ? UINT16_MAX : (uint16_t)(value + more);
}

/* Moves the window to now; returns the bucket of now (lines may come a little late). */
static unsigned move_window(struct slot *slot, int64_t now_s)
{
	int64_t step = now_s - slot->touched_s;

	if (step <= 0 && step > -BUCKETS)
		return (unsigned)-step;
	slot->touched_s = now_s;
	if (step < 0 || step >= BUCKETS) {
		memset(slot->waiting, 0, sizeof(slot->waiting));
		return 0;
	}
	memmove(slot->waiting + step, slot->waiting,
		sizeof(slot->waiting) - (size_t)step * sizeof(*slot->waiting));
	memset(slot->waiting, 0, (size_t)step * sizeof(*slot->waiting));
	return 0;
}

/* Finds partners for `count` lines of one side among those of the other; the rest are new. */
static unsigned pair(struct slot *slot, bool is_front, unsigned count, int64_t now_s)
{
	unsigned bucket = move_window(slot, now_s);

	if (slot->waits_for_front == is_front) {
		for (unsigned i = BUCKETS; i-- && count;) {
			unsigned taken = count < slot->waiting[i] ? count : slot->waiting[i];

			slot->waiting[i] = (uint16_t)(slot->waiting[i] - taken);
			count -= taken;
		}
		if (!count)
			return 0;
		/* All partners are taken: from here on this side waits. */
	}
	slot->waits_for_front = !is_front;
	slot->waiting[bucket] = add16(slot->waiting[bucket], count);
	return count;
}

/* Whether another database was asked for the same account before, and this is its attempt. */
static bool continues_chain(struct slot *slot, const struct finding *finding, int64_t now_s)
{
	uint32_t account = (uint32_t)mix(span_hash(finding->account));
	uint32_t chain = (uint32_t)mix(account ^ span_hash(finding->backend));
	bool recent = llabs(now_s - slot->touched_s) <= ATTEMPT_WINDOW_S;

	if (slot->chain && recent && slot->account == account && slot->chain != chain)
		return true;
	slot->account = account;
	slot->chain = chain ? chain : 1;
	return false;
}

static unsigned count_session(struct attempts *attempts, const struct finding *finding,
			      int64_t now_s)
{
	struct slot *slot = look_up(attempts, SLOT_SESSION, &finding->source,
				    mix(span_hash(finding->session)) | 1, now_s, true);
	unsigned before = slot->front > slot->back ? slot->front : slot->back, after;

	if (finding->proof == PROOF_FRONT)
		slot->front = add16(slot->front, finding->count);
	else if (finding->proof == PROOF_TOTAL)
		slot->back = finding->count > slot->back ? add16(0, finding->count) : slot->back;
	else if (!continues_chain(slot, finding, now_s))
		slot->back = add16(slot->back, finding->count);
	slot->touched_s = now_s;
	after = slot->front > slot->back ? slot->front : slot->back;
	return after - before;
}

static unsigned count_source(struct attempts *attempts, const struct finding *finding,
			     int64_t now_s)
{
	struct slot *slot;

	if (!now_s)
		return finding->count;
	slot = look_up(attempts, SLOT_SOURCE, &finding->source, 0, now_s, true);
	if (finding->proof == PROOF_BACK && continues_chain(slot, finding, now_s))
		return 0;
	return pair(slot, finding->proof != PROOF_BACK, finding->count, now_s);
}

static uint64_t process_id(const struct envelope *envelope)
{
	return mix(span_hash(envelope->program) ^ envelope->pid) | 1;
}

unsigned attempts_count(struct attempts *attempts, const struct envelope *envelope,
			const struct finding *finding, int64_t wall_ns)
{
	int64_t now_s = wall_ns / NS_PER_S;
	struct slot *process;

	if (!finding->has_source)
		return finding->proof == PROOF_EXPLAINED ? 0 : finding->count;
	switch (finding->proof) {
	case PROOF_WHOLE:
	case PROOF_ACCOUNT: /* waits for another line, see waiting.h */
		return finding->count;
	case PROOF_TOTAL:
		if (!finding->session.size)
			return finding->count;
		break;
	case PROOF_STAND_IN:
		process = look_up(attempts, SLOT_PROCESS, &finding->source, process_id(envelope),
				  now_s, false);
		if (process) {
			process->kind = SLOT_FREE; /* the session is over */
			return 0;
		}
		return count_source(attempts, finding, now_s);
	case PROOF_FRONT:
	case PROOF_EXPLAINED:
		if (finding->session.size)
			break;
		process = look_up(attempts, SLOT_PROCESS, &finding->source, process_id(envelope),
				  now_s, true);
		process->touched_s = now_s;
		if (finding->proof == PROOF_EXPLAINED)
			return 0;
		return count_source(attempts, finding, now_s);
	case PROOF_BACK:
		if (!finding->session.size)
			return count_source(attempts, finding, now_s);
		break;
	}
	return count_session(attempts, finding, now_s);
}
