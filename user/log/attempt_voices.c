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
	/* If a chain is longer than any before it, its end is not known. */
	if (length > attempts->longest)
		attempts->longest = length;
	else if (length >= attempts->depth)
		attempt_settle(verdict, serial);
	if (length > attempts->depth)
		attempts->depth = length;
}

#define DATABASES_MOST 8 /* the most databases that one attempt asks */

struct chain {
	const struct attempts *attempts;
	const struct line_event *line_event;
};

/* Whether the line continues the attempt: its database has not been asked for it yet, or the server
 * has a second database of that kind. */
static bool continues_record(const struct record *record, const void *context)
{
	const struct chain *chain = context;
	uint16_t backend = (uint16_t)chain->line_event->backend;
	unsigned depth = chain->attempts->depth > 2 ? chain->attempts->depth : 2;

	if (record->first != backend && record->last != backend)
		return record->length < DATABASES_MOST;
	if (record->length >= depth)
		return false;
	return llabs(time_ms(chain->line_event) - record->at_ms) < ATTEMPT_DELAY_MS &&
	       record->last == backend &&
	       (chain->attempts->repeats ||
		record->unknown_user != chain->line_event->unknown_user);
}

static void speak_back(struct record *record, const struct line_event *line_event)
{
	record->voices |= VOICE_BACK;
	record->last = (uint16_t)line_event->backend;
	record->unknown_user = line_event->unknown_user;
	if (!record->length++)
		record->first = record->last;
	if (!record->account)
		record->account = line_event->account;
}

/* Counts a line of the authentication server that names no session. */
void attempt_count_back(struct attempts *attempts, const struct line_event *line_event,
			struct attempts_verdict *verdict)
{
	const struct address *source = &line_event->event.source;
	int64_t now_ms = time_ms(line_event);
	struct record_query again = { .has = VOICE_BACK,
				      .lacks = VOICE_SESSION,
				      .account = line_event->account,
				      .exact = true,
				      .window_ms = WINDOW_MS };
	struct record_query other = { .lacks = VOICE_BACK,
				      .account = line_event->account,
				      .window_ms = WINDOW_MS };
	struct record *record = records_find_if(attempts->records, source, now_ms, &again,
						continues_record,
						&(struct chain){ attempts, line_event });

	if (record) {
		attempt_learn_chain(attempts, record->last == (uint16_t)line_event->backend,
				    record->length + 1U, record->serial, verdict);
		speak_back(record, line_event);
		return;
	}
	record = records_find(attempts->records, source, now_ms, &other);
	if (record) {
		attempts->fronts |= (record->voices & VOICE_FRONT) != 0;
		speak_back(record, line_event);
		return;
	}
	again.window_ms = ATTEMPT_DELAY_MS - 1;
	record = records_find(attempts->records, source, now_ms, &again);
	verdict->may_repeat = record && record->last == (uint16_t)line_event->backend &&
			      record->length == 1;
	record = records_add(attempts->records, source, now_ms, line_event->account, 0);
	speak_back(record, line_event);
	verdict->count = line_event->event.count;
	verdict->serial = record->serial;
	verdict->may_pass = true;
}

/* Whether PAM has not told of the attempt yet, or only another of its modules has: PAM asks several
 * modules in turn, and each may say no. */
static bool lacks_module(const struct record *record, const void *context)
{
	const struct line_event *line_event = context;

	if (!(record->voices & VOICE_PAM))
		return true;
	return record->account == line_event->account &&
	       record->module != (uint8_t)line_event->backend;
}

void attempt_count_pam(struct attempts *attempts, const struct line_event *line_event,
		       struct attempts_verdict *verdict)
{
	struct record_query query = { .account = line_event->account, .window_ms = WINDOW_MS };
	struct record *record = records_find_if(attempts->records, &line_event->event.source,
						time_ms(line_event), &query, lacks_module,
						line_event);

	if (record) {
		if (!(record->voices & VOICE_PAM))
			record->module = (uint8_t)line_event->backend;
		record->voices |= VOICE_PAM;
		return;
	}
	record = records_add(attempts->records, &line_event->event.source, time_ms(line_event),
			     line_event->account, VOICE_PAM);
	record->module = (uint8_t)line_event->backend;
	verdict->count = line_event->event.count;
	verdict->serial = record->serial;
	verdict->may_pass = true;
}

/* Counts the report of an attempt that names no session. */
void attempt_count_report(struct attempts *attempts, const struct line_event *line_event,
			  struct attempts_verdict *verdict)
{
	struct record_query query = { .lacks = VOICE_REPORT | VOICE_SESSION,
				      .account = line_event->account,
				      .window_ms = WINDOW_MS };
	struct record *record = records_find(attempts->records, &line_event->event.source,
					     time_ms(line_event), &query);

	if (record) {
		record->voices |= VOICE_REPORT;
		attempt_settle(verdict, record->serial);
		return;
	}
	records_add(attempts->records, &line_event->event.source, time_ms(line_event),
		    line_event->account, VOICE_REPORT);
	verdict->count = line_event->event.count;
}

void attempt_count_front(struct attempts *attempts, const struct line_event *line_event,
			 struct attempts_verdict *verdict)
{
	struct record_query query = { .lacks = VOICE_FRONT,
				      .account = line_event->account,
				      .window_ms = WINDOW_MS };
	unsigned left = line_event->event.count;

	for (unsigned i = 0; i < line_event->event.count && i < RECORDS_OF_SOURCE; i++) {
		struct record *record = records_find(attempts->records, &line_event->event.source,
						     time_ms(line_event), &query);

		if (record) {
			left--;
			attempt_settle(verdict, record->serial);
			attempts->fronts |= (record->voices & VOICE_BACK) != 0;
		} else {
			record = records_add(attempts->records, &line_event->event.source,
					     time_ms(line_event), line_event->account, 0);
			verdict->serial = record->serial;
		}
		record->voices |= VOICE_FRONT;
	}
	verdict->count = left;
}
