// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule source-slow: a stranger fails on several accounts over days, too slowly for source-accounts.
 * A source on which somebody logged in to an account does not guess that one: see strangers.h. */
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
	const struct rule_settings *rule = &input->settings->rules[RULE_SOURCE_SLOW];
	const struct tries *tries = input->tries;
	uint64_t span_ns, needed = (uint64_t)rule->count * tries->times;
	char window[TIME_TEXT_SIZE];
	struct decision decision;
	size_t count = 0;

	(void)context;
	if (event->kind != EVENT_FAILURE || !event->has_source || !is_stranger(input))
		return;
	while (count < tries->account_count &&
	       (uint64_t)event->wall_ns -
			       (uint64_t)tries->accounts[tries->account_count - count - 1].wall_ns <=
		       rule_ns(rule->window_s))
		count++;
	if (!count || count < needed)
		return;
	/* Within minutes it is for source-accounts to judge: people mistype in a hotel's evening. */
	span_ns = (uint64_t)event->wall_ns -
		  (uint64_t)tries->accounts[tries->account_count - count].wall_ns;
	if (span_ns <= rule_ns(input->settings->rules[RULE_SOURCE_ACCOUNTS].window_s))
		return;
	rule_begin(input, RULE_SOURCE_SLOW, &decision);
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

const struct rule_type rule_source_slow = {
	.rule = RULE_SOURCE_SLOW,
	.only_counts = true,
	.create = create,
	.destroy = destroy,
	.configure = configure,
	.event = on_event,
	.add_usage = add_usage,
};
