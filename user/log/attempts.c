// SPDX-License-Identifier: GPL-2.0-or-later
/* See attempts.h, which gives the reasons. Pure. */
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

/* Whether the line is another database's answer to the session's attempt under way. */
static bool continues_session(struct slot *slot, const struct line_event *line_event)
{
	int64_t passed_ms = llabs(time_ms(line_event) - slot->chain_ms);

	if (!slot->length || slot->account != line_event->account)
		return false;
	return passed_ms < ATTEMPT_DELAY_MS && line_event->event.wall_ns
		       ? true
		       : slot->chain != line_event->backend && passed_ms <= WINDOW_MS;
}

bool attempts_is_reported(const struct attempts *attempts, const struct line_event *line_event)
{
	return attempts->reported_ms &&
	       llabs(time_ms(line_event) - attempts->reported_ms) < REPORTS_S * 1000LL;
}

/* Whether the event of a session's line may have to be taken back later: it then needs a record's
 * serial number. */
static bool is_provisional(const struct attempts *attempts, const struct line_event *line_event)
{
	return line_event->evidence == EVIDENCE_BACKEND ||
	       line_event->evidence == EVIDENCE_REPORT ||
	       (line_event->evidence == EVIDENCE_FRONTEND &&
		attempts_is_reported(attempts, line_event));
}

/* A line of a session stands for `count` new attempts. Returns how many of them PAM has not told
 * of. */
static unsigned take_pam(struct attempts *attempts, const struct line_event *line_event,
			 unsigned count, uint32_t *serial, struct attempts_verdict *verdict)
{
	struct record_query query = { .lacks = VOICE_FRONT | VOICE_BACK,
				      .has = VOICE_PAM,
				      .account = line_event->account,
				      .window_ms = WINDOW_MS + line_event->age_s * 1000LL };
	struct record *record;
	unsigned left = count;

	if (!line_event->event.wall_ns)
		return count;
	if (line_event->event.count > 1) /* a front end names the last account only */
		query.account = 0;
	for (unsigned i = 0; i < count && i < RECORDS_OF_SOURCE; i++) {
		record = records_find(attempts->records, &line_event->event.source,
				      time_ms(line_event), &query);
		if (!record) {
			if (is_provisional(attempts, line_event))
				record = records_add(attempts->records, &line_event->event.source,
						     time_ms(line_event), line_event->account, 0);
		} else {
			left--;
			if (line_event->evidence == EVIDENCE_FRONTEND)
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

static void count_session(struct attempts *attempts, const struct line_event *line_event,
			  struct attempts_verdict *verdict)
{
	int64_t now_s = line_event->event.wall_ns / NS_PER_S;
	struct slot *slot = attempt_slot(attempts, SLOT_SESSION, &line_event->event.source,
					 line_event->session, now_s, true);
	unsigned before = largest(slot), count = line_event->event.count, most;

	slot->touched_s = now_s;
	if (line_event->evidence == EVIDENCE_FRONTEND) {
		slot->front = add16(slot->front, count);
	} else if (line_event->evidence == EVIDENCE_TOTAL) {
		/* If each failure has its own line, that of the last one counted is still to
		 * come. */
		most = slot->front ? count - 1 : count;
		slot->back = most > slot->back ? add16(0, most) : slot->back;
	} else if (line_event->evidence == EVIDENCE_REPORT) {
		slot->reports = (uint8_t)(slot->reports + (slot->reports < UINT8_MAX));
		if (largest(slot) == before)
			attempt_settle(verdict, slot->serial);
	} else if (continues_session(slot, line_event)) {
		slot->length++;
		attempt_learn_chain(attempts, slot->chain == line_event->backend, slot->length,
				    slot->serial, verdict);
		return;
	} else {
		slot->back = add16(slot->back, count);
		slot->account = line_event->account;
		slot->chain = line_event->backend;
		slot->chain_ms = time_ms(line_event);
		slot->length = 1;
		if (slot->back > before) /* a new attempt: no other voice has told of it */
			slot->serial = 0;
	}
	verdict->count = largest(slot) - before;
	if (line_event->evidence == EVIDENCE_TOTAL || !verdict->count)
		return;
	verdict->count = take_pam(attempts, line_event, verdict->count, &slot->serial, verdict);
	verdict->serial = slot->serial;
	verdict->may_pass = line_event->evidence == EVIDENCE_BACKEND;
}

/* Counts the line of a process that names no session. */
static void count_process(struct attempts *attempts, const struct line_event *line_event,
			  struct attempts_verdict *verdict)
{
	int64_t now_s = line_event->event.wall_ns / NS_PER_S;
	struct slot *slot = attempt_slot(attempts, SLOT_PROCESS, &line_event->event.source,
					 line_event->process, now_s,
					 line_event->evidence != EVIDENCE_SUMMARY);

	if (slot)
		slot->touched_s = now_s;
	if (slot && line_event->evidence == EVIDENCE_FRONTEND)
		slot->front = 1;
	if (line_event->evidence != EVIDENCE_SUMMARY)
		attempts->warned |= line_event->event.daemon == EVENT_DAEMON_POSTFIX;
	if (line_event->evidence == EVIDENCE_EXPLAINED)
		return;
	if (line_event->evidence == EVIDENCE_SUMMARY) {
		if (slot)
			slot->kind = SLOT_FREE; /* the session is over */
		if (slot || attempts->warned)
			return;
	}
	verdict->count = line_event->event.count;
	if (now_s)
		attempt_count_front(attempts, line_event, verdict);
}

bool attempts_only_explained(struct attempts *attempts, const struct line_event *line_event)
{
	const struct slot *slot = attempt_slot(attempts, SLOT_PROCESS, &line_event->event.source,
					       line_event->process,
					       line_event->event.wall_ns / NS_PER_S, false);

	return slot && !slot->front;
}

static const struct address nobody;

/* Notes what the line says of the next lines of its process: an outage, or a cut line. */
static void mark(struct attempts *attempts, enum slot_kind kind,
		 const struct line_event *line_event)
{
	int64_t now_s = line_event->event.wall_ns / NS_PER_S;

	attempt_slot(attempts, kind, &nobody, line_event->process, now_s, true)->touched_s = now_s;
}

static bool is_marked(struct attempts *attempts, enum slot_kind kind,
		      const struct line_event *line_event, int64_t within_s)
{
	int64_t now_s = line_event->event.wall_ns / NS_PER_S;
	struct slot *slot =
		attempt_slot(attempts, kind, &nobody, line_event->process, now_s, false);

	return slot && llabs(now_s - slot->touched_s) <= within_s;
}

bool attempts_is_rest(struct attempts *attempts, const struct line_event *line_event)
{
	return is_marked(attempts, SLOT_CUT, line_event, 1);
}

static void remember_report(struct attempts *attempts, const struct line_event *line_event)
{
	attempts->reported_ms = time_ms(line_event);
	attempts->unreported = 0;
}

void attempts_count(struct attempts *attempts, const struct line_event *line_event,
		    struct attempts_verdict *verdict)
{
	int64_t now_s = line_event->event.wall_ns / NS_PER_S;

	*verdict = (struct attempts_verdict){ 0 };
	switch (line_event->evidence) {
	case EVIDENCE_WHOLE:
	case EVIDENCE_ACCOUNT: /* it waits for another line, see deferred_event.h */
		verdict->count = line_event->event.count;
		return;
	case EVIDENCE_OUTAGE:
		mark(attempts, SLOT_OUTAGE, line_event);
		return;
	case EVIDENCE_CUT:
		mark(attempts, SLOT_CUT, line_event);
		return;
	case EVIDENCE_UNDECIDED:
		return;
	case EVIDENCE_FRONTEND:
		if (is_marked(attempts, SLOT_OUTAGE, line_event, OUTAGE_S) ||
		    (line_event->unasked && !attempts->asked))
			return;
		attempts->asked |= line_event->asked;
		break;
	case EVIDENCE_REPORT:
		remember_report(attempts, line_event);
		break;
	case EVIDENCE_EXPLAINED:
	case EVIDENCE_TOTAL:
	case EVIDENCE_SUMMARY:
	case EVIDENCE_BACKEND:
	case EVIDENCE_PAM:
		break;
	}
	if (!line_event->event.has_source ||
	    (!line_event->session && (line_event->evidence == EVIDENCE_TOTAL ||
				      (!now_s && (line_event->evidence == EVIDENCE_BACKEND ||
						  line_event->evidence == EVIDENCE_PAM)))))
		verdict->count =
			line_event->evidence == EVIDENCE_EXPLAINED ? 0 : line_event->event.count;
	else if (line_event->session && line_event->evidence != EVIDENCE_SUMMARY)
		count_session(attempts, line_event, verdict);
	else if (line_event->evidence == EVIDENCE_BACKEND)
		attempt_count_back(attempts, line_event, verdict);
	else if (line_event->evidence == EVIDENCE_PAM)
		attempt_count_pam(attempts, line_event, verdict);
	else if (line_event->evidence == EVIDENCE_REPORT)
		attempt_count_report(attempts, line_event, verdict);
	else
		count_process(attempts, line_event, verdict);
}

void attempts_succeed(struct attempts *attempts, const struct line_event *line_event)
{
	int64_t now_s = line_event->event.wall_ns / NS_PER_S;
	struct slot *slot;

	if (!line_event->session || !now_s)
		return;
	slot = attempt_slot(attempts, SLOT_SESSION, &line_event->event.source, line_event->session,
			    now_s, false);
	if (!slot || !slot->length || !slot->back ||
	    llabs(time_ms(line_event) - slot->chain_ms) >= ATTEMPT_DELAY_MS)
		return;
	attempts->several = true;
	if (slot->length + 1U > attempts->depth)
		attempts->depth = slot->length + 1U;
	slot->back--;
	slot->length = 0;
}

void attempts_expect_reports(struct attempts *attempts, bool will_come)
{
	attempts->expects = will_come;
}

void attempts_asked(struct attempts *attempts, int64_t wall_ns)
{
	if (attempts->unreported == UNREPORTED_MOST)
		return;
	attempts->unreported++;
	attempts->reported_ms = wall_ns / NS_PER_MS;
}

/* Hash by which logins or messages of one source are told apart; 0: there is none. */
static uint64_t name_of(const struct line_event *line_event)
{
	if (line_event->event.kind == EVENT_MESSAGE)
		return *line_event->event.queue ? span_hash(span_of(line_event->event.queue)) : 0;
	return line_event->session ? line_event->session : line_event->account;
}

bool attempts_note_told(struct attempts *attempts, const struct line_event *line_event)
{
	bool is_report = line_event->evidence == EVIDENCE_REPORT;
	uint64_t id = name_of(line_event);
	struct slot *slot;
	uint16_t *own, other;

	if (is_report)
		remember_report(attempts, line_event);
	if (!id || !line_event->event.has_source || !attempts->expects)
		return false;
	slot = attempt_slot(attempts, SLOT_LOGIN, &line_event->event.source, id,
			    line_event->event.wall_ns / NS_PER_S, true);
	/* The log and the report tell of a login at the same time, but of a message one when it
	 * begins and the other when it ends: only logins have a window. */
	if (line_event->event.kind == EVENT_SUCCESS &&
	    llabs(time_ms(line_event) - slot->chain_ms) > WINDOW_MS)
		slot->front = slot->back = 0;
	slot->chain_ms = time_ms(line_event);
	slot->touched_s = line_event->event.wall_ns / NS_PER_S;
	own = is_report ? &slot->back : &slot->front;
	other = is_report ? slot->front : slot->back;
	*own = add16(*own, 1);
	return *own <= other;
}

bool attempts_note_copy(struct attempts *attempts, const struct line_event *line_event)
{
	uint32_t text = (uint32_t)(line_event->text ^ line_event->text >> 32) | 1;
	int64_t now_s = line_event->event.wall_ns / NS_PER_S;
	struct slot *slot;

	if (!line_event->text || attempts->singles || !now_s)
		return false;
	slot = attempt_slot(attempts, SLOT_COPY, &nobody, line_event->process, now_s, true);
	if (slot->chain != text || llabs(now_s - slot->touched_s) > 1) {
		attempts->singles = slot->length % 2;
		slot->length = 0;
		slot->chain = text;
	}
	slot->touched_s = now_s;
	slot->length++;
	return slot->length % 2 == 0;
}
