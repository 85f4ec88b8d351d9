/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes events of the outflow breaker's trips: looks for them every second, logs each once, and
 * hands it to the code that alerts. The breaker itself needs none of this: it is in the kernel.
 */
#ifndef SEKISHO_DAEMON_OUTFLOW_H
#define SEKISHO_DAEMON_OUTFLOW_H

#include "enforce/instance.h"
#include "log/event.h"
#include "show/outflow_view.h"

/* One trip's beginning or end. */
struct outflow_event {
	bool begins;
	bool by_hand;	     /* it ended by a release; else nothing was held back for a while */
	bool refused;	     /* the trip of a user who may not send at all, whatever the rate */
	const char *subject; /* "this machine", "guests from br0", "user www-data (uid 33)" */
	enum gate_mode mode; /* of the breaker: monitor holds nothing back */
	int64_t since_wall_ns;
	int64_t now_wall_ns;
	uint64_t held; /* attempts held back so far; in monitor mode those that would have been */
	const struct outflow_suspect *suspects; /* with their names */
	size_t suspect_count;
	const char *account; /* that handed in most messages lately, if a log shows one, or NULL */
	uint64_t account_messages;
};

/* Called for each event: the place to run an alert program. Must not block. */
typedef void outflow_alert(const struct outflow_event *event, void *context);

/* The last OUTFLOW_MESSAGES messages that the logs show, with the accounts that handed them in. */
#define OUTFLOW_MESSAGES    512
#define OUTFLOW_MESSAGES_NS (600 * 1000000000LL)

struct outflow_watch {
	outflow_alert *alert; /* NULL: nobody */
	void *context;
	uint64_t sweep_boot_ns;
	struct {
		char *account;
		int64_t wall_ns;
	} messages[OUTFLOW_MESSAGES]; /* a ring */
	size_t next_message;
};

/* Looks for trips that began or ended; logs and hands on those that were not yet reported. */
int outflow_watch_check(struct outflow_watch *watch, struct gate *gate, struct fault *fault);

/* Notes an event of kind `message` with an account; ignores others. */
void outflow_watch_message(struct outflow_watch *watch, const struct event *event);

void outflow_watch_free(struct outflow_watch *watch); /* what it holds, not itself */

/* The JSON of an event for an alert program, a new reference; schema: docs/alerts.md. NULL: out of
 * memory. Pure. */
json_t *outflow_event_to_json(const struct outflow_event *event);

#endif
