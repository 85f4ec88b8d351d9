// SPDX-License-Identifier: GPL-2.0-or-later
/* See attempts.h, which has the reasoning. Pure. */
#include "log/attempts.h"

#include <stdlib.h>
#include "base/time.h"
#include "log/attempts_internal.h"

struct attempts *attempts_new(void)
{
	struct attempts *attempts = calloc(1, sizeof(*attempts));

	if (!attempts)
		return NULL;
	attempts->records = records_new();
	if (!attempts->records) {
		free(attempts);
		return NULL;
	}
	return attempts;
}

void attempts_free(struct attempts *attempts)
{
	if (attempts)
		records_free(attempts->records);
	free(attempts);
}

bool attempts_several(const struct attempts *attempts)
{
	return attempts->several;
}

bool attempts_repeats(const struct attempts *attempts)
{
	return attempts->repeats;
}

bool attempts_fronts(const struct attempts *attempts)
{
	return attempts->fronts;
}

static uint16_t add16(uint16_t value, unsigned more)
{
	return more > UINT16_MAX - (unsigned)value ? UINT16_MAX : (uint16_t)(value + more);
}

/* Whether another database was asked for the same account before, and this is its attempt. */
static bool continues_session(struct slot *slot, const struct sighting *sighting)
{
	int64_t passed_ms = llabs(time_ms(sighting) - slot->chain_ms);

	if (!slot->length || slot->account != sighting->account)
		return false;
	return passed_ms < ATTEMPT_DELAY_MS && sighting->event.wall_ns
		       ? true
		       : slot->chain != sighting->backend && passed_ms <= WINDOW_MS;
}

/* A line of a session stands for `count` new attempts: which of them has PAM told of already? */
static unsigned take_pam(struct attempts *attempts, const struct sighting *sighting, unsigned count,
			 uint32_t *serial, struct attempts_verdict *verdict)
{
	struct record_query query = { .lacks = VOICE_FRONT | VOICE_BACK,
				      .has = VOICE_PAM,
				      .account = sighting->account,
				      .window_ms = WINDOW_MS + sighting->age_s * 1000LL };
	struct record *record;
	unsigned left = count;

	if (!sighting->event.wall_ns)
		return count;
	if (sighting->event.count > 1) /* the front names the last account only */
		query.account = 0;
	for (unsigned i = 0; i < count && i < RECORDS_OF_SOURCE; i++) {
		record = records_find(attempts->records, &sighting->event.source, time_ms(sighting),
				      &query);
		if (!record) {
			if (sighting->proof == PROOF_BACK || sighting->proof == PROOF_REPORT)
				record = records_add(attempts->records, &sighting->event.source,
						     time_ms(sighting), sighting->account, 0);
		} else {
			left--;
			if (sighting->proof == PROOF_FRONT)
				attempt_settle(verdict, record->serial);
			verdict->joined = record->serial;
		}
		if (!record)
			break;
		record->voices |= VOICE_FRONT | VOICE_BACK | VOICE_SESSION;
		*serial = record->serial;
	}
	return left;
}

static unsigned largest(const struct slot *slot)
{
	unsigned most = slot->front > slot->back ? slot->front : slot->back;

	return most > slot->reports ? most : slot->reports;
}

static void count_session(struct attempts *attempts, const struct sighting *sighting,
			  struct attempts_verdict *verdict)
{
	int64_t now_s = sighting->event.wall_ns / NS_PER_S;
	struct slot *slot = attempt_slot(attempts, SLOT_SESSION, &sighting->event.source,
					 sighting->session, now_s, true);
	unsigned before = largest(slot), count = sighting->event.count, most;

	slot->touched_s = now_s;
	if (sighting->proof == PROOF_FRONT) {
		slot->front = add16(slot->front, count);
	} else if (sighting->proof == PROOF_TOTAL) {
		/* Where each failure has its own line, the last one counted is still to be told. */
		most = slot->front ? count - 1 : count;
		slot->back = most > slot->back ? add16(0, most) : slot->back;
	} else if (sighting->proof == PROOF_REPORT) {
		slot->reports = (uint8_t)(slot->reports + (slot->reports < UINT8_MAX));
		if (largest(slot) == before)
			attempt_settle(verdict, slot->serial);
	} else if (continues_session(slot, sighting)) {
		slot->length++;
		attempt_learn_chain(attempts, slot->chain == sighting->backend, slot->length,
				    slot->serial, verdict);
		return;
	} else {
		slot->back = add16(slot->back, count);
		slot->account = sighting->account;
		slot->chain = sighting->backend;
		slot->chain_ms = time_ms(sighting);
		slot->length = 1;
		slot->serial = 0;
	}
	verdict->count = largest(slot) - before;
	if (sighting->proof == PROOF_TOTAL || !verdict->count)
		return;
	verdict->count = take_pam(attempts, sighting, verdict->count, &slot->serial, verdict);
	verdict->serial = slot->serial;
	verdict->may_pass = sighting->proof == PROOF_BACK;
}

/* What a process says of its own sessions. */
static void count_process(struct attempts *attempts, const struct sighting *sighting,
			  struct attempts_verdict *verdict)
{
	int64_t now_s = sighting->event.wall_ns / NS_PER_S;
	struct slot *slot = attempt_slot(attempts, SLOT_PROCESS, &sighting->event.source,
					 sighting->process, now_s,
					 sighting->proof != PROOF_STAND_IN);

	if (slot)
		slot->touched_s = now_s;
	if (slot && sighting->proof == PROOF_FRONT)
		slot->front = 1;
	if (sighting->proof != PROOF_STAND_IN)
		attempts->warned |= sighting->event.daemon == EVENT_DAEMON_POSTFIX;
	if (sighting->proof == PROOF_EXPLAINED)
		return;
	if (sighting->proof == PROOF_STAND_IN) {
		if (slot)
			slot->kind = SLOT_FREE; /* the session is over */
		if (slot || attempts->warned)
			return;
	}
	verdict->count = sighting->event.count;
	if (now_s)
		attempt_count_front(attempts, sighting, verdict);
}

bool attempts_only_explained(struct attempts *attempts, const struct sighting *sighting)
{
	const struct slot *slot = attempt_slot(attempts, SLOT_PROCESS, &sighting->event.source,
					       sighting->process,
					       sighting->event.wall_ns / NS_PER_S, false);

	return slot && !slot->front;
}

static const struct address nobody;

/* What a process has just said of its next lines. */
static void mark(struct attempts *attempts, enum slot_kind kind, const struct sighting *sighting)
{
	int64_t now_s = sighting->event.wall_ns / NS_PER_S;

	attempt_slot(attempts, kind, &nobody, sighting->process, now_s, true)->touched_s = now_s;
}

static bool is_marked(struct attempts *attempts, enum slot_kind kind,
		      const struct sighting *sighting, int64_t within_s)
{
	int64_t now_s = sighting->event.wall_ns / NS_PER_S;
	struct slot *slot = attempt_slot(attempts, kind, &nobody, sighting->process, now_s, false);

	return slot && llabs(now_s - slot->touched_s) <= within_s;
}

bool attempts_is_rest(struct attempts *attempts, const struct sighting *sighting)
{
	return is_marked(attempts, SLOT_CUT, sighting, 1);
}

void attempts_count(struct attempts *attempts, const struct sighting *sighting,
		    struct attempts_verdict *verdict)
{
	int64_t now_s = sighting->event.wall_ns / NS_PER_S;

	*verdict = (struct attempts_verdict){ 0 };
	switch (sighting->proof) {
	case PROOF_WHOLE:
	case PROOF_ACCOUNT: /* waits for another line, see deferred_event.h */
		verdict->count = sighting->event.count;
		return;
	case PROOF_OUTAGE:
		mark(attempts, SLOT_OUTAGE, sighting);
		return;
	case PROOF_CUT:
		mark(attempts, SLOT_CUT, sighting);
		return;
	case PROOF_UNDECIDED:
		return;
	case PROOF_FRONT:
		if (is_marked(attempts, SLOT_OUTAGE, sighting, OUTAGE_S) ||
		    (sighting->unasked && !attempts->asked))
			return;
		attempts->asked |= sighting->asked;
		break;
	case PROOF_REPORT:
		attempts->reported_ms = time_ms(sighting);
		break;
	case PROOF_EXPLAINED:
	case PROOF_TOTAL:
	case PROOF_STAND_IN:
	case PROOF_BACK:
	case PROOF_PAM:
		break;
	}
	if (!sighting->event.has_source ||
	    (!sighting->session &&
	     (sighting->proof == PROOF_TOTAL ||
	      (!now_s && (sighting->proof == PROOF_BACK || sighting->proof == PROOF_PAM)))))
		verdict->count = sighting->proof == PROOF_EXPLAINED ? 0 : sighting->event.count;
	else if (sighting->session && sighting->proof != PROOF_STAND_IN)
		count_session(attempts, sighting, verdict);
	else if (sighting->proof == PROOF_BACK)
		attempt_count_back(attempts, sighting, verdict);
	else if (sighting->proof == PROOF_PAM)
		attempt_count_pam(attempts, sighting, verdict);
	else if (sighting->proof == PROOF_REPORT)
		attempt_count_report(attempts, sighting, verdict);
	else
		count_process(attempts, sighting, verdict);
}

void attempts_succeed(struct attempts *attempts, const struct sighting *sighting)
{
	int64_t now_s = sighting->event.wall_ns / NS_PER_S;
	struct slot *slot;

	if (!sighting->session || !now_s)
		return;
	slot = attempt_slot(attempts, SLOT_SESSION, &sighting->event.source, sighting->session,
			    now_s, false);
	if (!slot || !slot->length || !slot->back ||
	    llabs(time_ms(sighting) - slot->chain_ms) >= ATTEMPT_DELAY_MS)
		return;
	attempts->several = true;
	if (slot->length + 1U > attempts->depth)
		attempts->depth = slot->length + 1U;
	slot->back--;
	slot->length = 0;
}

bool attempts_is_reported(const struct attempts *attempts, const struct sighting *sighting)
{
	return attempts->reported_ms &&
	       llabs(time_ms(sighting) - attempts->reported_ms) < REPORTS_S * 1000LL;
}

void attempts_expect_reports(struct attempts *attempts)
{
	attempts->expects = true;
}

/* What a login or a message is told apart by; 0: nothing. */
static uint64_t name_of(const struct sighting *sighting)
{
	if (sighting->event.kind == EVENT_MESSAGE)
		return *sighting->event.queue ? span_hash(span_of(sighting->event.queue)) : 0;
	return sighting->session ? sighting->session : sighting->account;
}

bool attempts_is_told(struct attempts *attempts, const struct sighting *sighting)
{
	bool is_report = sighting->proof == PROOF_REPORT;
	uint64_t id = name_of(sighting);
	struct slot *slot;
	uint16_t *own, other;

	if (is_report)
		attempts->reported_ms = time_ms(sighting);
	if (!id || !sighting->event.has_source || !attempts->expects)
		return false;
	slot = attempt_slot(attempts, SLOT_LOGIN, &sighting->event.source, id,
			    sighting->event.wall_ns / NS_PER_S, true);
	/* A message is told of when it begins and when it ends, a login by both at once. */
	if (sighting->event.kind == EVENT_SUCCESS &&
	    llabs(time_ms(sighting) - slot->chain_ms) > WINDOW_MS)
		slot->front = slot->back = 0;
	slot->chain_ms = time_ms(sighting);
	slot->touched_s = sighting->event.wall_ns / NS_PER_S;
	own = is_report ? &slot->back : &slot->front;
	other = is_report ? slot->front : slot->back;
	*own = add16(*own, 1);
	return *own <= other;
}

bool attempts_is_copy(struct attempts *attempts, const struct sighting *sighting)
{
	uint32_t text = (uint32_t)(sighting->text ^ sighting->text >> 32) | 1;
	int64_t now_s = sighting->event.wall_ns / NS_PER_S;
	struct slot *slot;

	if (!sighting->text || attempts->singles || !now_s)
		return false;
	slot = attempt_slot(attempts, SLOT_COPY, &nobody, sighting->process, now_s, true);
	if (slot->chain != text || llabs(now_s - slot->touched_s) > 1) {
		attempts->singles = slot->length % 2;
		slot->length = 0;
		slot->chain = text;
	}
	slot->touched_s = now_s;
	slot->length++;
	return slot->length % 2 == 0;
}
