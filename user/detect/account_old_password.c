// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule account-old-password: a stranger fails with a password that used to be the account's right
 * one. One such stranger alerts: it may be the owner with an old device somewhere new. Strangers of
 * several providers, here or on other servers, mean that the password leaked, and they are banned.
 * Only a mail server that asks with digests of passwords (policy/judge.h) shows this, no log line
 * does. */
#include <stdio.h>

#include "base/time.h"
#include "detect/provider.h"
#include "detect/rule.h"

/* Sources that are kept for one account. */
#define SOURCES_MAX DECISION_SOURCES_MAX

static struct distinct_window_settings
distinct_window_settings(const struct detect_settings *settings)
{
	const struct rule_settings *rule = &settings->rules[RULE_ACCOUNT_OLD_PASSWORD];
	struct distinct_window_settings sources = rule_distinct(rule, settings->most_accounts, 1);

	if (sources.items < SOURCES_MAX)
		sources.items = SOURCES_MAX;
	sources.wide = settings->source_length6 > 64;
	return sources;
}

static size_t count_providers(const struct detect_settings *settings,
			      const struct distinct_window_item *items, size_t count)
{
	size_t providers = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t provider = provider_of(settings, &items[i].what);
		bool met = false;

		for (size_t j = 0; j < i && !met; j++)
			met = provider_of(settings, &items[j].what) == provider;
		providers += !met;
	}
	return providers;
}

/* Providers that only other servers saw. */
static size_t count_remote_providers(const struct rule_input *input,
				     const struct distinct_window_item *items, size_t count)
{
	const struct detect_settings *settings = input->settings;
	const struct detect_remote *seen;
	size_t others = rule_remote(input, RULE_ACCOUNT_OLD_PASSWORD, SIGHT_OLD, &seen);
	size_t providers = 0;

	for (size_t i = 0; i < others; i++) {
		uint64_t provider = provider_of(settings, &seen[i].network.address);
		bool met = false;

		for (size_t j = 0; j < count && !met; j++)
			met = provider == provider_of(settings, &items[j].what);
		for (size_t j = 0; j < i && !met; j++)
			met = provider_of(settings, &seen[j].network.address) == provider;
		providers += !met;
	}
	return providers;
}

static void alert(const struct rule_input *input, const struct distinct_window_item *items,
		  size_t count, bool leak)
{
	size_t from = count > DECISION_SOURCES_MAX ? count - DECISION_SOURCES_MAX : 0;
	struct decision decision;

	rule_begin(input, RULE_ACCOUNT_OLD_PASSWORD, &decision);
	rule_set_account(input, &decision);
	for (size_t i = from; i < count; i++) {
		struct prefix source =
			address_source(&items[i].what, input->settings->source_length6);

		rule_add_evidence(&decision, items[i].tag);
		rule_add_source(input, &decision, &source);
	}
	snprintf(decision.reason, sizeof(decision.reason),
		 "%zu stranger%s tried an old password of %.80s%s", count, count == 1 ? "" : "s",
		 input->event->account, leak ? ": it has leaked" : "");
	/* A leak alerts once for the account, a try once for its source: neither hides the
	 * other. */
	decision.has_prefix = !leak;
	if (!leak)
		decision.prefix = input->source;
	decision.at_once = leak;
	decision.action = ACTION_ALERT;
	rule_decide(input, &decision);
}

static void ban(const struct rule_input *input, const struct distinct_window_item *item)
{
	struct decision decision;

	rule_begin(input, RULE_ACCOUNT_OLD_PASSWORD, &decision);
	rule_set_account(input, &decision);
	rule_add_evidence(&decision, item->tag);
	snprintf(decision.reason, sizeof(decision.reason), "tried an old password of %.90s",
		 input->event->account);
	rule_spare_mail(input, &decision);
	decision.action = ACTION_BAN;
	decision.has_prefix = true;
	decision.prefix = address_source(&item->what, input->settings->source_length6);
	rule_decide(input, &decision);
}

static void on_event(void *context, const struct rule_input *input)
{
	const struct event *event = input->event;
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_OLD_PASSWORD];
	struct distinct_window_item item = { input->source.address, event->wall_ns, input->tag };
	struct account *account = input->standing.account;
	const struct distinct_window_item *items;
	size_t count;
	bool leak;

	if (event->kind != EVENT_FAILURE || event->password == EVENT_PASSWORD_UNKNOWN ||
	    !event->has_source || !account || input->standing.trust == TRUST_OWN ||
	    input->standing.trust == TRUST_SEEN || input->standing.provider || input->lan)
		return;
	count = distinct_window_add(context, &input->account, &item);
	if (event->password != EVENT_PASSWORD_OLD || !count)
		return;
	rule_tell(input, SIGHT_OLD);
	items = distinct_window_list(context);
	if (!items)
		return;
	leak = count_providers(input->settings, items, count) +
		       count_remote_providers(input, items, count) >=
	       rule->count;
	alert(input, items, count, leak);
	if (!leak || input->ill)
		return;
	accounts_leak(input->accounts, event->account, account, event->wall_ns);
	for (size_t i = 0; i < count; i++)
		ban(input, &items[i]);
}

const struct rule_type rule_account_old_password = {
	.rule = RULE_ACCOUNT_OLD_PASSWORD,
	.distinct = distinct_window_settings,
	.event = on_event,
};
