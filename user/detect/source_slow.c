// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule source-slow: a stranger fails on several accounts over days, too slowly for source-accounts.
 * An account that the source has logged in to does not count: see strangers.h. */
#include "detect/rule.h"

static void on_event(void *context, const struct rule_input *input)
{
	const struct event *event = input->event;
	const struct tries *tries = input->tries;
	uint64_t span_ns;
	size_t count;

	(void)context;
	if (event->kind != EVENT_FAILURE || !event->has_source || !is_stranger(input))
		return;
	count = rule_accounts_tried(input, RULE_SOURCE_SLOW);
	if (!count)
		return;
	/* Failures within minutes are left to source-accounts: people in a hotel mistype in one
	 * evening. */
	span_ns = (uint64_t)event->wall_ns -
		  (uint64_t)tries->accounts[tries->account_count - count].wall_ns;
	if (span_ns <= rule_ns(input->settings->rules[RULE_SOURCE_ACCOUNTS].window_s))
		return;
	rule_ban_tried(input, RULE_SOURCE_SLOW, count);
}

const struct rule_type rule_source_slow = {
	.rule = RULE_SOURCE_SLOW,
	.only_counts = true,
	.event = on_event,
};
