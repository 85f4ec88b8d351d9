/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What failing sources did: how often each failed, and on which accounts. Several rules look at it,
 * so that each failure is kept once. Pure. Not here: what follows.
 */
#ifndef SEKISHO_STRANGERS_H
#define SEKISHO_STRANGERS_H

#include "detect/detect.h"
#include "detect/distinct_window.h"
#include "detect/sliding_window.h"

struct rule_input;
struct standing;
struct strangers;

/* What the failure in hand makes of its source's. Valid until the next failure. */
struct tries {
	struct prefix subject;		/* who it counts against: the source, or the account */
	uint32_t times;			/* how many times the thresholds are due */
	const struct window_entry *hit; /* the failures that complete the threshold of */
	size_t hit_count;		/* source-failures; 0: it is not met */
	uint64_t on_account;		/* on this account in the window of account-siege */
	uint64_t slowly_on_account;	/* and in that of source-slow */
	const struct distinct_window_item
		*accounts; /* met in the window of source-slow, oldest first */
	size_t account_count;
};

struct strangers *strangers_new(const struct detect_settings *settings); /* NULL: out of memory */
void strangers_free(struct strangers *strangers);
/* `settings` are read during the call only. What was seen is kept, as far as the new bounds let
 * it. */
void strangers_configure(struct strangers *strangers, const struct detect_settings *settings);

/* Where the next one of this source will be looked for: two. */
size_t strangers_expect(const struct strangers *strangers, const struct rule_input *input,
			struct lru_lookup lookups[]);

/* Counts one failure, which has a source. */
void strangers_fail(struct strangers *strangers, const struct rule_input *input,
		    struct tries *tries);
/* The source, which is not known to the account, logged in to it: its failures on it were no
 * guesses, and count no more. */
void strangers_succeed(struct strangers *strangers, const struct rule_input *input);
/* A source that logged in to as many accounts within a day as make a shared place is no stranger's,
 * and with twice as many it is one: an office with a new line, a conference. A guesser would have
 * to have as many right passwords. */
void strangers_judge_guests(const struct strangers *strangers, const struct rule_input *input,
			    struct standing *standing);
/* What counted against a subject, or the accounts that the source met, led to a decision: it counts
 * no more, and is taken out of input->tries, which points into the tables. */
void strangers_restart(const struct rule_input *input, const struct prefix *subject);
void strangers_forgive(const struct rule_input *input);

/* Adds its numbers to those of `usage`. */
void strangers_add_usage(const struct strangers *strangers, struct detect_usage *usage);

#endif
