/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event as one line tells it, before it is joined with other lines of the same attempt. It has
 * no pointers into its line. */
#ifndef SEKISHO_LINE_EVENT_H
#define SEKISHO_LINE_EVENT_H

#include "log/format.h"

struct line_event {
	struct event event;
	enum evidence evidence; /* of EVENT_FAILURE; for EVENT_ABUSE see EVIDENCE_SUMMARY */
	uint64_t session;	/* hash of the session's id; 0: none */
	uint64_t process;	/* hash of program and process id */
	uint64_t text;		/* hash of the message; 0: not asked for */
	uint32_t backend;	/* hash of the password database; 0: none */
	uint32_t account; /* hash of the name as all servers of a machine write it; 0: not sure */
	uint32_t age_s;	  /* as in struct parsed_line */
	bool unknown_user, may_be_rest, unasked, asked; /* likewise */
	bool uncounted; /* EVIDENCE_REPORT: neither the attempt nor its lines count */
	unsigned log;	/* which log of the server, from 0 */
};

/* Fills all but event and log; `event` must be filled already. */
void line_event_fill(const struct envelope *envelope, const struct parsed_line *parsed,
		     struct line_event *line_event);

/* The hash for the member `process`. */
uint64_t line_event_process(struct span program, uint32_t pid);

/* The hash for the member `account`. */
uint32_t line_event_account(const struct event *event);

#endif
