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
	uint32_t account; /* whose attempt that is */
	uint32_t serial;  /* its record's */
	uint16_t front, back; /* SLOT_SESSION: attempts either side has told of; SLOT_LOGIN: logins
				 that lines and reports have */
	uint8_t length;	      /* databases that said no; SLOT_COPY: how often the text came */
	uint8_t kind;
	uint8_t reports; /* SLOT_SESSION: attempts that were reported */
};
_Static_assert(sizeof(struct slot) == 64, "a cache line, and what attempts.h promises");

struct attempts {
	uint32_t tick;
	unsigned depth;	  /* databases that one attempt may ask, as far as seen */
	unsigned longest; /* of them, how many have said no to one */
	bool several, repeats, fronts, warned, singles, asked, expects;
	int64_t reported_ms; /* when a report came last, or was asked for; 0: never */
	unsigned unreported; /* questions since the last report */
	struct records *records;
	struct slot slots[ATTEMPT_SLOTS];
};

/* The slot of this key, made anew in place of the longest unused one if `make`; else NULL. */
struct slot *attempt_slot(struct attempts *attempts, enum slot_kind kind,
			  const struct address *source, uint64_t id, int64_t now_s, bool make);

/* Its time, in ms since 1970. */
static inline int64_t time_ms(const struct line_event *line_event)
{
	return line_event->event.wall_ns / NS_PER_MS;
}

/* What is known of the attempt `serial` will not change any more. */
void attempt_settle(struct attempts_verdict *verdict, uint32_t serial);
/* Another database has said no to an attempt, `length` with it. */
void attempt_learn_chain(struct attempts *attempts, bool same_kind, unsigned length,
			 uint32_t serial, struct attempts_verdict *verdict);

/* The attempts that a line of this kind tells of, and that no other has told of, into `verdict`: of
 * the authentication server without a session, of PAM, of a report, of a front end. */
void attempt_count_back(struct attempts *attempts, const struct line_event *line_event,
			struct attempts_verdict *verdict);
void attempt_count_pam(struct attempts *attempts, const struct line_event *line_event,
		       struct attempts_verdict *verdict);
void attempt_count_report(struct attempts *attempts, const struct line_event *line_event,
			  struct attempts_verdict *verdict);
void attempt_count_front(struct attempts *attempts, const struct line_event *line_event,
			 struct attempts_verdict *verdict);

#endif
