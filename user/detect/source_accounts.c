// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule source-accounts: one source fails on several accounts within minutes. */
#include "detect/rule.h"

static void on_event(void *context, const struct rule_input *input)
{
	const struct event *event = input->event;
	size_t count;

	(void)context;
	if (event->kind != EVENT_FAILURE || !event->has_source)
		return;
	count = rule_accounts_tried(input, RULE_SOURCE_ACCOUNTS);
	if (count)
		rule_ban_tried(input, RULE_SOURCE_ACCOUNTS, count);
}

const struct rule_type rule_source_accounts = {
	.rule = RULE_SOURCE_ACCOUNTS,
	.only_counts = true,
	.event = on_event,
};
