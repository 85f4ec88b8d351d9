// SPDX-License-Identifier: GPL-2.0-or-later
/* What source-accounts and source-slow share: on how many accounts a source failed, and its ban. */
#include <stdio.h>

#include "base/time.h"
#include "detect/rule.h"

size_t rule_accounts_tried(const struct rule_input *input, enum ban_rule rule)
{
	const struct rule_settings *settings = &input->settings->rules[rule];
	const struct tries *tries = input->tries;
	uint64_t now_ns = (uint64_t)input->event->wall_ns, window_ns = rule_ns(settings->window_s);
	size_t count = 0;

	while (count < tries->account_count &&
	       now_ns - (uint64_t)tries->accounts[tries->account_count - count - 1].wall_ns <=
		       window_ns)
		count++;
	return count < (uint64_t)settings->count * tries->times ? 0 : count;
}

void rule_ban_tried(const struct rule_input *input, enum ban_rule rule, size_t count)
{
	const struct tries *tries = input->tries;
	struct decision decision;
	char window[TIME_TEXT_SIZE];

	rule_begin(input, rule, &decision);
	for (size_t i = tries->account_count - count; i < tries->account_count; i++)
		rule_add_evidence(&decision, tries->accounts[i].tag);
	strangers_forgive(input);
	duration_format(input->settings->rules[rule].window_s, window);
	snprintf(decision.reason, sizeof(decision.reason), "failed logins on %zu account%s in %s",
		 count, count == 1 ? "" : "s", window);
	rule_spare_mail(input, &decision);
	decision.action = ACTION_BAN_ALERT;
	decision.has_prefix = true;
	decision.prefix = input->source;
	rule_decide(input, &decision);
}
