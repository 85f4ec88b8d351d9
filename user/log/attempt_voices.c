// SPDX-License-Identifier: GPL-2.0-or-later
/* What a line that names no session adds to the attempts of its source. See attempts_internal.h.
 * Pure. */
#include <stdlib.h>

#include "log/attempts_internal.h"

void attempt_settle(struct attempts_verdict *verdict, uint32_t serial)
{
	if (verdict->settled_count < ATTEMPTS_SETTLED)
		verdict->settled[verdict->settled_count++] = serial;
}

void attempt_learn_chain(struct attempts *attempts, bool same_kind, unsigned length,
			 uint32_t serial, struct attempts_verdict *verdict)
{
	attempts->several = true;
	attempts->repeats |= same_kind;
	if (length > attempts->depth)
		attempts->depth = length;
	if (length >= attempts->depth)
		attempt_settle(verdict, serial);
}

struct chain {
	const struct attempts *attempts;
	const struct sighting *sighting;
};

/* Whether the attempt is one that the database of the line has not been asked for yet. */
static bool continues_record(const struct record *record, const void *context)
{
	const struct chain *chain = context;
	uint16_t backend = (uint16_t)chain->sighting->backend;
	unsigned depth = chain->attempts->depth > 2 ? chain->attempts->depth : 2;

	if (record->length >= depth)
		return false;
	if (record->first != backend && record->last != backend)
		return true;
	return llabs(time_ms(chain->sighting) - record->at_ms) < ATTEMPT_DELAY_MS &&
	       record->last == backend &&
	       (chain->attempts->repeats || record->unknown_user != chain->sighting->unknown_user);
}

static void speak_back(struct record *record, const struct sighting *sighting)
{
	record->voices |= VOICE_BACK;
	record->last = (uint16_t)sighting->backend;
	record->unknown_user = sighting->unknown_user;
	if (!record->length++)
		record->first = record->last;
	if (!record->account)
		record->account = sighting->account;
}

/* A line of the authentication server that names no session. */
void attempt_count_back(struct attempts *attempts, const struct sighting *sighting,
			struct attempts_verdict *verdict)
{
	const struct address *source = &sighting->event.source;
	int64_t now_ms = time_ms(sighting);
	struct record_query again = { .has = VOICE_BACK,
				      .lacks = VOICE_SESSION,
				      .account = sighting->account,
				      .exact = true,
				      .window_ms = WINDOW_MS };
	struct record_query other = { .lacks = VOICE_BACK,
				      .account = sighting->account,
				      .window_ms = WINDOW_MS };
	struct record *record = records_find_if(attempts->records, source, now_ms, &again,
						continues_record,
						&(struct chain){ attempts, sighting });

	if (record) {
		attempt_learn_chain(attempts, record->last == (uint16_t)sighting->backend,
				    record->length + 1U, record->serial, verdict);
		speak_back(record, sighting);
		return;
	}
	record = records_find(attempts->records, source, now_ms, &other);
	if (record) {
		attempts->fronts |= (record->voices & VOICE_FRONT) != 0;
		speak_back(record, sighting);
		return;
	}
	again.window_ms = ATTEMPT_DELAY_MS - 1;
	record = records_find(attempts->records, source, now_ms, &again);
	verdict->may_repeat = record && record->last == (uint16_t)sighting->backend &&
			      record->length == 1;
	record = records_add(attempts->records, source, now_ms, sighting->account, 0);
	speak_back(record, sighting);
	verdict->count = sighting->event.count;
	verdict->serial = record->serial;
	verdict->may_pass = true;
}

void attempt_count_pam(struct attempts *attempts, const struct sighting *sighting,
		       struct attempts_verdict *verdict)
{
	struct record_query query = { .lacks = VOICE_PAM,
				      .account = sighting->account,
				      .window_ms = WINDOW_MS };
	struct record *record =
		records_find(attempts->records, &sighting->event.source, time_ms(sighting), &query);

	if (record) {
		record->voices |= VOICE_PAM;
		return;
	}
	record = records_add(attempts->records, &sighting->event.source, time_ms(sighting),
			     sighting->account, VOICE_PAM);
	verdict->count = sighting->event.count;
	verdict->serial = record->serial;
	verdict->may_pass = true;
}

/* Of an attempt that names no session. */
void attempt_count_report(struct attempts *attempts, const struct sighting *sighting,
			  struct attempts_verdict *verdict)
{
	struct record_query query = { .lacks = VOICE_REPORT | VOICE_SESSION,
				      .account = sighting->account,
				      .window_ms = WINDOW_MS };
	struct record *record =
		records_find(attempts->records, &sighting->event.source, time_ms(sighting), &query);

	if (record) {
		record->voices |= VOICE_REPORT;
		attempt_settle(verdict, record->serial);
		return;
	}
	records_add(attempts->records, &sighting->event.source, time_ms(sighting),
		    sighting->account, VOICE_REPORT);
	verdict->count = sighting->event.count;
}

void attempt_count_front(struct attempts *attempts, const struct sighting *sighting,
			 struct attempts_verdict *verdict)
{
	struct record_query query = { .lacks = VOICE_FRONT,
				      .account = sighting->account,
				      .window_ms = WINDOW_MS };
	unsigned left = sighting->event.count;

	for (unsigned i = 0; i < sighting->event.count && i < RECORDS_OF_SOURCE; i++) {
		struct record *record = records_find(attempts->records, &sighting->event.source,
						     time_ms(sighting), &query);

		if (record) {
			left--;
			attempt_settle(verdict, record->serial);
			attempts->fronts |= (record->voices & VOICE_BACK) != 0;
		} else {
			record = records_add(attempts->records, &sighting->event.source,
					     time_ms(sighting), sighting->account, 0);
			verdict->serial = record->serial;
		}
		record->voices |= VOICE_FRONT;
	}
	verdict->count = left;
}
