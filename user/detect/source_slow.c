// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule source-slow: a stranger fails on several accounts over days, too slowly for source-accounts.
 * A source on which somebody logged in to an account does not guess that one: see strangers.h. */
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
	/* Within minutes it is for source-accounts to judge: people mistype in a hotel's evening. */
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
