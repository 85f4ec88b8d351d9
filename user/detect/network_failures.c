// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule network-failures: several sources of one network fail. Failures of known sources do not
 * count, nor do those of a source that logs in later. A network with a known source in it is banned
 * only at ten times the threshold, and so is one that may be the carrier of the accounts' owners.
 */
#include <stdio.h>

#include "base/time.h"
#include "detect/rule.h"

static struct distinct_window_settings source_sets(const struct detect_settings *settings)
{
	struct distinct_window_settings sets =
		rule_distinct(&settings->rules[RULE_NETWORK_FAILURES], settings->most_sources,
			      settings->known_factor);

	sets.wide = settings->source_length6 > 64;
	return sets;
}

/* A few telephones with old passwords, which get another address of their carrier with each try. */
#define PHONES_MAX 3

static bool are_phones(const struct rule_input *input, const struct distinct_window_item *items,
		       size_t count)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_NETWORK_FAILURES];

	return items && rule_may_be_owner(input) &&
	       strangers_failed_on_few(input, items, count, rule_ns(rule->window_s), PHONES_MAX);
}

static size_t expect(const void *context, const struct rule_input *input,
		     struct lru_lookup lookups[])
{
	if (input->event->kind != EVENT_FAILURE || !input->event->has_source)
		return 0;
	lookups[0] = (struct lru_lookup){ distinct_window_table(context), &input->network };
	return 1;
}

/* A source that logs in, and failed on no other account, only made typing errors. */
static void forgive(struct distinct_window *sources, const struct rule_input *input)
{
	if (input->login != LOGIN_KNOWN && input->login != LOGIN_STRANGER &&
	    !strangers_failed_elsewhere(input))
		distinct_window_remove(sources, &input->network, &input->source.address);
}

static void on_event(void *context, const struct rule_input *input)
{
	const struct event *event = input->event;
	const struct rule_settings *rule = &input->settings->rules[RULE_NETWORK_FAILURES];
	struct distinct_window_item item = { input->source.address, event->wall_ns, input->tag };
	const struct distinct_window_item *items;
	char window[TIME_TEXT_SIZE];
	struct decision decision;
	uint64_t needed = rule->count;
	size_t count;

	if (input->at)
		forgive(context, input);
	if (event->kind != EVENT_FAILURE || !event->has_source || !is_stranger(input))
		return;
	count = distinct_window_add(context, &input->network, &item);
	if (!count || count < needed)
		return;
	items = distinct_window_list(context);
	if (accounts_network_known(input->accounts, &input->network, event->wall_ns) ||
	    are_phones(input, items, count))
		needed *= input->settings->known_factor;
	if (input->ill)
		needed *= 2;
	if (count < needed)
		return;
	rule_begin(input, RULE_NETWORK_FAILURES, &decision);
	for (size_t i = 0; items && i < count; i++)
		rule_add_evidence(&decision, items[i].tag);
	distinct_window_restart(context, &input->network);
	duration_format(rule->window_s, window);
	snprintf(decision.reason, sizeof(decision.reason),
		 "failed logins from %zu source%s of the network in %s", count,
		 count == 1 ? "" : "s", window);
	rule_spare_mail(input, &decision);
	decision.action = ACTION_BAN_ALERT;
	decision.has_prefix = true;
	decision.prefix = input->network;
	rule_decide(input, &decision);
}

const struct rule_type rule_network_failures = {
	.rule = RULE_NETWORK_FAILURES,
	.only_counts = true,
	.distinct = source_sets,
	.event = on_event,
	.expect = expect,
};
