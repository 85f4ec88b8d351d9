/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failures of which one line names the account and a later one, of the server in front, the source
 * (saslauthd behind Postfix, Sendmail or Cyrus). The account waits DEFERRED_WINDOW_S of log time
 * for that line and is then an event alone, without a source: one attempt stays one event.
 *
 * The lines have nothing in common but their time and their service. Where the accounts of several
 * attempts wait at once, the line in front takes the place of the oldest but not its name: better
 * no name than another's.
 *
 * Memory is bounded; where more wait than DEFERRED_MOST, the oldest goes alone.
 */
#ifndef SEKISHO_DEFERRED_EVENT_H
#define SEKISHO_DEFERRED_EVENT_H

#include "log/event.h"

#define DEFERRED_WINDOW_S 5
#define DEFERRED_MOST	  64

struct deferred_event {
	unsigned count;
	struct event events[DEFERRED_MOST]; /* the oldest first */
};

/* `event` comes to wait; true: *event is now an older one, which goes alone. */
bool deferred_put(struct deferred_event *deferred, struct event *event);

/* A server in front tells of a failure. If it was waited for, the event gets the account. */
void deferred_join(struct deferred_event *deferred, struct event *front);

/* Whether one has waited too long by `now_wall_ns`, and goes alone as *event. */
bool deferred_take(struct deferred_event *deferred, int64_t now_wall_ns, struct event *event);

#endif
