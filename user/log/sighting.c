// SPDX-License-Identifier: GPL-2.0-or-later
/* See sighting.h. Pure. */
#include "log/sighting.h"

#include <ctype.h>

static uint32_t hash32(uint64_t hash)
{
	return (uint32_t)(hash ^ hash >> 32) | 1;
}

/* One server may write BOB, another bob@example.org: the local part without regard to case. A name
 * that is cut is not sure. */
uint32_t sighting_account(const struct event *event)
{
	char name[EVENT_ACCOUNT_SIZE];
	size_t size = event->has_account ? strcspn(event->account, "@") : 0;

	if (!size || (size > 3 && !strcmp(event->account + strlen(event->account) - 3, "...")))
		return 0;
	for (size_t i = 0; i < size; i++)
		name[i] = (char)tolower((unsigned char)event->account[i]);
	return hash32(span_hash((struct span){ name, size }));
}

void sighting_fill(const struct envelope *envelope, const struct finding *finding,
		   struct sighting *sighting)
{
	bool doubled = finding->daemon == EVENT_DAEMON_EXIM && envelope->pid &&
		       (finding->kind == EVENT_FAILURE || finding->kind == EVENT_ABUSE);

	sighting->proof = finding->proof;
	sighting->session = finding->session.size ? span_hash(finding->session) | 1 : 0;
	sighting->process =
		(span_hash(envelope->program) ^ (uint64_t)envelope->pid * 0x9e3779b97f4a7c15U) | 1;
	sighting->text = doubled ? span_hash(envelope->text) | 1 : 0;
	sighting->backend = finding->backend.size ? hash32(span_hash(finding->backend)) : 0;
	sighting->account = sighting_account(&sighting->event);
	sighting->age_s = finding->age_s;
	sighting->unknown_user = finding->unknown_user;
	sighting->may_be_rest = finding->may_be_rest;
	sighting->uncounted = false;
	sighting->unasked = finding->unasked;
	sighting->asked = finding->asked;
}
