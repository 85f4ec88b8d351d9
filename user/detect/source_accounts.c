// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule source-accounts: one source fails on several accounts. */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "detect/rule.h"

struct source_accounts {
	struct distinct *accounts;
	struct distinct *trusted; /* accounts that a known source failed on: ten times as many */
};

static void destroy(void *context)
{
	struct source_accounts *state = context;

	distinct_free(state->accounts);
	distinct_free(state->trusted);
	free(state);
}

static void *create(const struct detect_settings *settings)
{
	const struct rule_settings *rule = &settings->rules[RULE_SOURCE_ACCOUNTS];
	struct distinct_settings accounts = rule_distinct(rule, settings->most_sources, 1);
	struct distinct_settings trusted =
		rule_distinct(rule, settings->most_sources, DETECT_KNOWN_FACTOR);
	struct source_accounts *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->accounts = distinct_new(&accounts);
	state->trusted = distinct_new(&trusted);
	if (state->accounts && state->trusted)
		return state;
	destroy(state);
	return NULL;
}

static void configure(void *context, const struct detect_settings *settings)
{
	const struct rule_settings *rule = &settings->rules[RULE_SOURCE_ACCOUNTS];
	struct distinct_settings accounts = rule_distinct(rule, settings->most_sources, 1);
	struct distinct_settings trusted =
		rule_distinct(rule, settings->most_sources, DETECT_KNOWN_FACTOR);
	struct source_accounts *state = context;

	distinct_configure(state->accounts, &accounts);
	distinct_configure(state->trusted, &trusted);
}

static void on_event(void *context, const struct sighting *sighting)
{
	struct source_accounts *state = context;
	const struct event *event = sighting->event;
	const struct rule_settings *rule = &sighting->settings->rules[RULE_SOURCE_ACCOUNTS];
	bool trusted = sighting->trust == TRUST_SOURCE;
	struct distinct *accounts = trusted ? state->trusted : state->accounts;
	struct distinct_item item = { sighting->account.address, event->wall_ns, sighting->tag };
	const struct distinct_item *items;
	char window[TIME_TEXT_SIZE];
	struct decision decision;
	size_t count;

	if (event->kind != EVENT_FAILURE || !event->has_source || !event->has_account)
		return;
	count = distinct_add(accounts, &sighting->source, &item, &items);
	if (!count || count < (uint64_t)rule->count * (trusted ? DETECT_KNOWN_FACTOR : 1))
		return;
	rule_begin(sighting, RULE_SOURCE_ACCOUNTS, &decision);
	for (size_t i = 0; i < count; i++)
		rule_add_evidence(&decision, items[i].tag);
	distinct_restart(accounts, &sighting->source);
	duration_format(rule->window_s, window);
	snprintf(decision.reason, sizeof(decision.reason), "failed logins on %zu account%s in %s",
		 count, count == 1 ? "" : "s", window);
	decision.action = ACTION_BAN_ALERT;
	decision.has_prefix = true;
	decision.prefix = sighting->source;
	rule_decide(sighting, &decision);
}

static void add_usage(const void *context, struct detect_usage *usage)
{
	const struct source_accounts *state = context;
	struct window_usage accounts, trusted;

	distinct_get_usage(state->accounts, &accounts);
	distinct_get_usage(state->trusted, &trusted);
	usage->forgotten += accounts.forgotten + trusted.forgotten;
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
