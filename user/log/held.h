/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failures that a later line may take back: one of several password databases does not know an
 * account, the next one lets it in. They are held for HELD_MS of log time at most. Memory is
 * bounded; if more than HELD_MOST are held, the oldest is decided.
 *
 * In a log of the past (`in_order`) everything behind a held failure waits with it, so that events
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
	int64_t at_ns;	 /* time of its last line */
	bool open;	 /* not decided */
	bool may_repeat; /* as in struct attempts_verdict */
	bool nameless;	 /* a line of the authentication server that names no session */
};

struct held {
	bool in_order; /* failures are held for HELD_PAST_MS, since nobody waits for them */
	unsigned first, count;
	struct held_entry entries[HELD_MOST]; /* a ring, the oldest at `first` */
};

/* Takes the event; true: *event is now an older one, which had to make room. */
bool held_put(struct held *held, const struct held_entry *entry, struct event *event);

/* The attempt of this serial number has failed; a report may tell about its password, which no line
 * does. */
void held_settle(struct held *held, uint32_t serial, enum event_password password);

/* The attempt does not count. */
void held_drop(struct held *held, uint32_t serial);

/* The attempt belongs to this session, whose line of `wall_ns` told of it. */
void held_join(struct held *held, uint32_t serial, uint64_t session, int64_t wall_ns);

/* A login, or a session's authentication without a verdict: failures less than two seconds ago, of
 * the same session, or without a session of the same source and account, were none. Returns whether
 * there were any. */
bool held_take_back(struct held *held, const struct line_event *success);

/* The next event that is decided, or has been held long enough at `now_wall_ns`; false: none.
 * `keep` says whether an event of which no more lines told is a failure. */
bool held_next(struct held *held, int64_t now_wall_ns,
	       bool (*keep)(const struct held_entry *entry, const void *context),
	       const void *context, struct event *event);

#endif
