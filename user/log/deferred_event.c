// SPDX-License-Identifier: GPL-2.0-or-later
/* See deferred_event.h. Pure. */
#include "log/deferred_event.h"

#include <string.h>
#include "base/time.h"

static void take_out(struct deferred_event *deferred, unsigned index)
{
	deferred->count--;
	memmove(&deferred->events[index], &deferred->events[index + 1],
		(deferred->count - index) * sizeof(*deferred->events));
}

bool deferred_put(struct deferred_event *deferred, struct event *event)
{
	struct event oldest;
	bool full = deferred->count == DEFERRED_MOST;

	if (!event->wall_ns)
		return true; /* no time: a window of a few seconds has no meaning */
	if (full) {
		oldest = deferred->events[0];
		take_out(deferred, 0);
	}
	deferred->events[deferred->count++] = *event;
	if (full)
		*event = oldest;
	return full;
}

/* saslauthd knows mail transfer only as "smtp". */
static enum event_service as_sasl(enum event_service service)
{
	return service == EVENT_SERVICE_SUBMISSION ? EVENT_SERVICE_SMTP : service;
}

static bool may_be_one(const struct event *waits, const struct event *front)
{
	int64_t apart_ns = front->wall_ns - waits->wall_ns;

	return apart_ns >= 0 && apart_ns <= DEFERRED_WINDOW_S * NS_PER_S &&
	       (!waits->service || !front->service ||
		as_sasl(waits->service) == as_sasl(front->service));
}

/* "bob" and "bob@example.com" are one account: saslauthd writes the realm apart. */
static bool same_account(const struct event *a, const struct event *b)
{
	size_t size = strcspn(a->account, "@"), other = strcspn(b->account, "@");

	return size == other && !memcmp(a->account, b->account, size) &&
	       (!a->account[size] || !b->account[other] ||
		!strcmp(a->account + size, b->account + other));
}

void deferred_join(struct deferred_event *deferred, struct event *front)
{
	unsigned first = deferred->count;
	bool one_name = true;

	if (!front->wall_ns)
		return;
	for (unsigned i = deferred->count; i--;) {
		const struct event *event = &deferred->events[i];

		if (!may_be_one(event, front) ||
		    (front->has_account && event->has_account && !same_account(event, front)))
			continue;
		if (first < deferred->count && !same_account(event, &deferred->events[first]))
			one_name = false;
		first = i;
	}
	if (first == deferred->count)
		return;
	if (!front->has_account && one_name && deferred->events[first].has_account) {
		front->has_account = true;
		memcpy(front->account, deferred->events[first].account, sizeof(front->account));
	}
	if (deferred->events[first].count > front->count)
		deferred->events[first].count -= front->count;
	else
		take_out(deferred, first);
}

bool deferred_take(struct deferred_event *deferred, int64_t now_wall_ns, struct event *event)
{
	if (!deferred->count ||
	    now_wall_ns - deferred->events[0].wall_ns <= DEFERRED_WINDOW_S * NS_PER_S)
		return false;
	*event = deferred->events[0];
	take_out(deferred, 0);
	return true;
}
