/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of attempts.h share: sessions and processes as slots of a table, and what a line
 * adds to the attempts of its source. Private to them. */
#ifndef SEKISHO_LOG_ATTEMPTS_INTERNAL_H
#define SEKISHO_LOG_ATTEMPTS_INTERNAL_H

#include "base/time.h"
#include "log/attempt_records.h"
#include "log/attempts.h"

#define WINDOW_MS (ATTEMPT_WINDOW_S * 1000LL)

enum slot_kind {
	SLOT_FREE = 0,
	SLOT_SESSION,
	SLOT_PROCESS,
	SLOT_OUTAGE,
	SLOT_CUT,
	SLOT_COPY,
	SLOT_LOGIN
};

struct slot {
	struct address source;
	uint64_t id; /* of the session or process */
	int64_t touched_s, chain_ms;
	uint32_t used;	  /* the table's tick when last looked up */
	uint32_t chain;	  /* first database of the attempt under way; SLOT_COPY: the last text */
	uint32_t account; /* the account of that attempt */
	uint32_t serial;  /* of that attempt's record */
	uint16_t front, back; /* SLOT_SESSION: attempts that each side has told of; SLOT_LOGIN:
				 logins that lines and reports have told of */
	uint8_t length;	      /* databases that said no; SLOT_COPY: how often the text came */
	uint8_t kind;
	uint8_t reports; /* SLOT_SESSION: attempts that were reported */
};
_Static_assert(sizeof(struct slot) == 64, "a cache line, and what attempts.h promises");

struct attempts {
	uint32_t tick;
	unsigned depth;	  /* how many databases one attempt may ask, as far as seen */
	unsigned longest; /* how many of them have said no to one attempt */
	bool several, repeats, fronts, warned, singles, asked, expects;
	int64_t reported_ms; /* when a report came last, or was asked for; 0: never */
	unsigned unreported; /* questions since the last report */
	struct records *records;
	struct slot slots[ATTEMPT_SLOTS];
};

/* The slot of this key. If there is none: NULL, or with `make` a new one in place of the longest
 * unused one. */
struct slot *attempt_slot(struct attempts *attempts, enum slot_kind kind,
			  const struct address *source, uint64_t id, int64_t now_s, bool make);

/* The line's time, in ms since 1970. */
static inline int64_t time_ms(const struct line_event *line_event)
{
	return line_event->event.wall_ns / NS_PER_MS;
}

/* Notes that the attempt `serial` is decided. */
void attempt_settle(struct attempts_verdict *verdict, uint32_t serial);
/* Notes that another database has said no to an attempt; it is the `length`th. */
void attempt_learn_chain(struct attempts *attempts, bool same_kind, unsigned length,
			 uint32_t serial, struct attempts_verdict *verdict);

/* Fills in `verdict` with the attempts that the line tells of and that no other line has told of.
 * The line is one of the authentication server without a session, of PAM, a report, or of a front
 * end. */
void attempt_count_back(struct attempts *attempts, const struct line_event *line_event,
			struct attempts_verdict *verdict);
void attempt_count_pam(struct attempts *attempts, const struct line_event *line_event,
		       struct attempts_verdict *verdict);
void attempt_count_report(struct attempts *attempts, const struct line_event *line_event,
			  struct attempts_verdict *verdict);
void attempt_count_front(struct attempts *attempts, const struct line_event *line_event,
			 struct attempts_verdict *verdict);

#endif
