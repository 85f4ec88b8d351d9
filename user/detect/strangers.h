/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What failing sources did: how often each failed, and on which accounts. Each failure is kept
 * once, and several rules use it. Pure. Not here: what follows.
 */
#ifndef SEKISHO_STRANGERS_H
#define SEKISHO_STRANGERS_H

#include "detect/detect.h"
#include "detect/distinct_window.h"
#include "detect/sliding_window.h"

struct rule_input;
struct standing;
struct strangers;

/* The failures of a source, with its present one. Valid until the next failure. */
struct tries {
	struct prefix subject;		/* what it counts against: the source, or the account */
	uint32_t times;			/* by what the thresholds are multiplied */
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
/* `settings` are read during the call only. What was seen is kept as far as the new bounds
 * allow. */
void strangers_configure(struct strangers *strangers, const struct detect_settings *settings);

/* Fills in the lookups for the next failure of this source. Returns their number: two. */
size_t strangers_expect(const struct strangers *strangers, const struct rule_input *input,
			struct lru_lookup lookups[]);

/* Counts a failure that has a source, and fills in *tries. */
void strangers_fail(struct strangers *strangers, const struct rule_input *input,
		    struct tries *tries);
/* A source that the account does not know logged in to it: its failures on the account were no
 * guesses, and no longer count. */
void strangers_succeed(struct strangers *strangers, const struct rule_input *input);
/* Whether a source that logged in failed on other accounts. */
bool strangers_failed_elsewhere(const struct rule_input *input);
/* Whether sources failed on `most` accounts at most, all together, within a window that ends now. A
 * source of which that is not known did not. */
bool strangers_failed_on_few(const struct rule_input *input,
			     const struct distinct_window_item *sources, size_t count,
			     uint64_t window_ns, size_t most);
/* Raises the standing of a source that logged in to many accounts within a day: with as many as
 * make a shared place it is no stranger, and with twice as many it is a shared place: an office
 * with a new line, a conference. A guesser would need as many right passwords. */
void strangers_judge_guests(const struct strangers *strangers, const struct rule_input *input,
			    struct standing *standing);
/* Whether so many accounts were logged in to from the source within a day that it is a shared
 * place. */
bool strangers_many_guests(const struct rule_input *input);
/* After a decision, what counted against a subject, or the accounts that the source met, no longer
 * counts. Both also leave input->tries, which points into the tables. */
void strangers_restart(const struct rule_input *input, const struct prefix *subject);
void strangers_forgive(const struct rule_input *input);
/* What counted against a subject no longer does for the accounts for which `is_it` is true. Leaves
 * input->tries as well. */
void strangers_excuse(const struct rule_input *input, const struct prefix *subject,
		      bool (*is_it)(const char *account, const void *context), const void *context);

/* Adds the figures of the sources to `usage`. */
void strangers_add_usage(const struct strangers *strangers, struct detect_usage *usage);

#endif
