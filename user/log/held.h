/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failures that a later line may take back: one of several password databases does not know an
 * account, the next one lets it in. They are held for HELD_MS of log time at most. Memory is
 * bounded; where more are held than HELD_MOST, the oldest goes.
 *
 * Of a log of the past (`in_order`) everything behind a held failure waits with it, so that events
 * come out in the order of their time.
 */
#ifndef SEKISHO_LOG_HELD_H
#define SEKISHO_LOG_HELD_H

#include "log/line_event.h"

#define HELD_MS	     2500
#define HELD_PAST_MS 4000
#define HELD_MOST    256

struct held_entry {
	struct event event;
	uint64_t session;
	uint32_t account, serial;
	int64_t at_ns;	 /* of its last line */
	bool open;	 /* not decided */
	bool may_repeat; /* as of struct attempts_verdict */
	bool nameless;	 /* of the authentication server, and names no session */
};

struct held {
	bool in_order; /* and held for HELD_PAST_MS: nobody is kept waiting */
	unsigned first, count;
	struct held_entry entries[HELD_MOST]; /* a ring, the oldest at `first` */
};

/* Takes the event; true: *event is now an older one, which had to make room. */
bool held_put(struct held *held, const struct held_entry *entry, struct event *event);

/* The attempt of this serial number has failed; a report may know what its password was, which no
 * line does. */
void held_settle(struct held *held, uint32_t serial, enum event_password password);

/* It was none that counts. */
void held_drop(struct held *held, uint32_t serial);

/* The attempt is one of this session, which spoke of it at `wall_ns`. */
void held_join(struct held *held, uint32_t serial, uint64_t session, int64_t wall_ns);

/* Someone has logged in, or the session's authentication came to no verdict: what failed for the
 * same session, or without a session for the same source and account, less than two seconds ago,
 * was no failure. Whether anything was. */
bool held_take_back(struct held *held, const struct line_event *success);

/* The next event that is decided, or has been held long enough by `now_wall_ns`; false: none.
 * `keep` says whether one that nothing more was said of is a failure. */
bool held_next(struct held *held, int64_t now_wall_ns,
	       bool (*keep)(const struct held_entry *entry, const void *context),
	       const void *context, struct event *event);

#endif
