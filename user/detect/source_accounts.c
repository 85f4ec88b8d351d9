// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule source-accounts: one source fails on several accounts within minutes. */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "detect/rule.h"

static void *create(const struct detect_settings *settings)
{
	(void)settings;
	return calloc(1, 1); /* what failing sources did is not the rule's own */
}

static void destroy(void *context)
{
	free(context);
}

static void configure(void *context, const struct detect_settings *settings)
{
	(void)context;
	(void)settings;
}

static void on_event(void *context, const struct rule_input *input)
{
	const struct event *event = input->event;
	const struct rule_settings *rule = &input->settings->rules[RULE_SOURCE_ACCOUNTS];
	const struct tries *tries = input->tries;
	uint64_t window_ns = rule_ns(rule->window_s), needed;
	char window[TIME_TEXT_SIZE];
	struct decision decision;
	size_t count = 0;

	(void)context;
	if (event->kind != EVENT_FAILURE || !event->has_source)
		return;
	needed = (uint64_t)rule->count * tries->times;
	while (count < tries->account_count &&
	       (uint64_t)event->wall_ns -
			       (uint64_t)tries->accounts[tries->account_count - count - 1].wall_ns <=
		       window_ns)
		count++;
	if (!count || count < needed || (input->ill && !is_stranger(input)))
		return;
	rule_begin(input, RULE_SOURCE_ACCOUNTS, &decision);
	for (size_t i = tries->account_count - count; i < tries->account_count; i++)
		rule_add_evidence(&decision, tries->accounts[i].tag);
	strangers_forgive(input);
	duration_format(rule->window_s, window);
	snprintf(decision.reason, sizeof(decision.reason), "failed logins on %zu account%s in %s",
		 count, count == 1 ? "" : "s", window);
	rule_spare_mail(input, &decision);
	decision.action = ACTION_BAN_ALERT;
	decision.has_prefix = true;
	decision.prefix = input->source;
	rule_decide(input, &decision);
}

static void add_usage(const void *context, struct detect_usage *usage)
{
	(void)context;
	(void)usage;
}

const struct rule_type rule_source_accounts = {
	.rule = RULE_SOURCE_ACCOUNTS,
	.only_counts = true,
	.create = create,
	.destroy = destroy,
	.configure = configure,
	.event = on_event,
	.add_usage = add_usage,
};
