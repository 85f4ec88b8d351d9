// SPDX-License-Identifier: GPL-2.0-or-later
/* See line_event.h. Pure. */
#include "log/line_event.h"

#include <ctype.h>

static uint32_t hash32(uint64_t hash)
{
	return (uint32_t)(hash ^ hash >> 32) | 1;
}

/* One server may write BOB, another bob@example.org: only the local part counts, in small letters.
 * A name that was cut is not used. */
uint32_t line_event_account(const struct event *event)
{
	char name[EVENT_ACCOUNT_SIZE];
	size_t size = event->has_account ? strcspn(event->account, "@") : 0;

	if (!size || (size > 3 && !strcmp(event->account + strlen(event->account) - 3, "...")))
		return 0;
	for (size_t i = 0; i < size; i++)
		name[i] = (char)tolower((unsigned char)event->account[i]);
	return hash32(span_hash((struct span){ name, size }));
}

uint64_t line_event_process(struct span program, uint32_t pid)
{
	return (span_hash(program) ^ (uint64_t)pid * 0x9e3779b97f4a7c15U) | 1;
}

void line_event_fill(const struct envelope *envelope, const struct parsed_line *parsed,
		     struct line_event *line_event)
{
	bool doubled = parsed->daemon == EVENT_DAEMON_EXIM && envelope->pid &&
		       (parsed->kind == EVENT_FAILURE || parsed->kind == EVENT_ABUSE);

	line_event->evidence = parsed->evidence;
	line_event->session = parsed->session.size ? span_hash(parsed->session) | 1 : 0;
	line_event->process = line_event_process(envelope->program, envelope->pid);
	line_event->text = doubled ? span_hash(envelope->text) | 1 : 0;
	line_event->backend = parsed->backend.size ? hash32(span_hash(parsed->backend)) : 0;
	line_event->account = line_event_account(&line_event->event);
	line_event->age_s = parsed->age_s;
	line_event->unknown_user = parsed->unknown_user;
	line_event->may_be_rest = parsed->may_be_rest;
	line_event->uncounted = false;
	line_event->unasked = parsed->unasked;
	line_event->asked = parsed->asked;
}
