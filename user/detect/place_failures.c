// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule place-failures: many failures come from a source that some account knows, on accounts that
 * do not know the source, or with no account named. Somebody behind the source guesses, but others
 * work there: the rule only alerts. */
#include <stdio.h>

#include "base/time.h"
#include "detect/rule.h"

static struct window_settings place_windows(const struct detect_settings *settings)
{
	return rule_windows(&settings->rules[RULE_PLACE_FAILURES], settings->most_sources, 1);
}

static void on_event(void *context, const struct rule_input *input)
{
	const struct event *event = input->event;
	struct window_entry entry = { .wall_ns = event->wall_ns,
				      .tag = input->tag,
				      .weight = event->count ? event->count : 1 };
	const struct window_entry *hit;
	unsigned long long failures = 0;
	char window[TIME_TEXT_SIZE];
	struct decision decision;
	size_t count;

	if (event->kind != EVENT_FAILURE || !event->has_source ||
	    !(input->standing.trust == TRUST_OTHER ||
	      (input->standing.trust == TRUST_OWN && !event->has_account)))
		return;
	count = sliding_window_add(context, &input->source, &entry, &hit);
	if (!count)
		return;
	rule_begin(input, RULE_PLACE_FAILURES, &decision);
	for (size_t i = 0; i < count; i++) {
		rule_add_evidence(&decision, hit[i].tag);
		failures += hit[i].weight;
	}
	sliding_window_restart(context, &input->source);
	duration_format(input->settings->rules[RULE_PLACE_FAILURES].window_s, window);
	snprintf(decision.reason, sizeof(decision.reason),
		 "%llu failed logins in %s that are of no account known there; somebody behind it "
		 "may be guessing",
		 failures, window);
	decision.action = ACTION_ALERT;
	decision.has_prefix = true;
	decision.prefix = input->source;
	rule_decide(input, &decision);
}

const struct rule_type rule_place_failures = {
	.rule = RULE_PLACE_FAILURES,
	.only_counts = true,
	.sliding = place_windows,
	.event = on_event,
};
