/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failures in two lines: one names the account, and a later one, of the server in front, the source
 * (saslauthd behind Postfix, Sendmail or Cyrus). The account waits DEFERRED_WINDOW_S of log time
 * for that line, and is then an event by itself, without a source. So one attempt stays one event.
 *
 * The lines have only their time and their service in common. If the accounts of several attempts
 * wait at once, a line of the front server ends the wait of the oldest but does not get its name:
 * no name is better than a wrong one.
 *
 * Memory is bounded; if more than DEFERRED_MOST wait, the oldest becomes an event by itself.
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

/* Lets `event` wait. True: *event is now an older one, an event by itself. */
bool deferred_put(struct deferred_event *deferred, struct event *event);

/* A front server tells of a failure. If one waits for it, the event gets the account. */
void deferred_join(struct deferred_event *deferred, struct event *front);

/* Whether one has waited too long at `now_wall_ns`; it is *event, by itself. */
bool deferred_take(struct deferred_event *deferred, int64_t now_wall_ns, struct event *event);

#endif
