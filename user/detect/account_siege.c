// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule account-siege: one account is failed on from several networks; from then, and while the
 * account is in a spread, every source that fails on it is banned at its first failure. */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "detect/rule.h"

static struct distinct_settings distinct_settings(const struct detect_settings *settings)
{
	const struct rule_settings *rule = &settings->rules[RULE_ACCOUNT_SIEGE];
	struct distinct_settings networks = rule_distinct(rule, settings->most_accounts, 1);

	/* What an alert can name of them. */
	if (networks.items < DECISION_SOURCES_MAX)
		networks.items = DECISION_SOURCES_MAX;
	return networks;
}

static void *create(const struct detect_settings *settings)
{
	struct distinct_settings networks = distinct_settings(settings);

	return distinct_new(&networks);
}

static void destroy(void *context)
{
	distinct_free(context);
}

static void configure(void *context, const struct detect_settings *settings)
{
	struct distinct_settings networks = distinct_settings(settings);

	distinct_configure(context, &networks);
}

static void alert(const struct sighting *sighting, const struct distinct_item *items, size_t count)
{
	const struct detect_settings *settings = sighting->settings;
	char window[TIME_TEXT_SIZE];
	struct decision decision;

	rule_begin(sighting, RULE_ACCOUNT_SIEGE, &decision);
	rule_set_account(sighting, &decision);
	for (size_t i = 0; i < count; i++) {
		struct prefix network = address_network(&items[i].what, settings->network_length4,
							settings->network_length6);

		rule_add_evidence(&decision, items[i].tag);
		rule_add_source(sighting, &decision, &network);
	}
	duration_format(settings->rules[RULE_ACCOUNT_SIEGE].window_s, window);
	snprintf(decision.reason, sizeof(decision.reason),
		 "failed logins from %zu network%s in %s; who fails on it now is banned at once",
		 count, count == 1 ? "" : "s", window);
	decision.action = ACTION_ALERT;
	rule_decide(sighting, &decision);
}

static void ban(const struct sighting *sighting)
{
	struct decision decision;

	rule_begin(sighting, RULE_ACCOUNT_SIEGE, &decision);
	rule_set_account(sighting, &decision);
	rule_add_evidence(&decision, sighting->tag);
	snprintf(decision.reason, sizeof(decision.reason),
		 "failed login on %.100s, which is under siege", sighting->event->account);
	decision.action = ACTION_BAN;
	decision.has_prefix = true;
	decision.prefix = sighting->source;
	rule_decide(sighting, &decision);
}

static void on_event(void *context, const struct sighting *sighting)
{
	const struct event *event = sighting->event;
	const struct rule_settings *rule = &sighting->settings->rules[RULE_ACCOUNT_SIEGE];
	struct distinct_item item = { sighting->network.address, event->wall_ns, sighting->tag };
	const struct distinct_item *items;
	bool besieged, in_spread;
	size_t count;

	/* Who is known may mistype: source-failures has an eye on him. */
	if (event->kind != EVENT_FAILURE || !event->has_source || !event->has_account ||
	    sighting->trust != TRUST_NONE)
		return;
	count = distinct_add(context, &sighting->account, &item, &items);
	besieged = accounts_besieged(sighting->accounts, &sighting->account, event->wall_ns);
	in_spread = accounts_in_spread(sighting->accounts, &sighting->account, event->wall_ns);
	/* Said once, not as long as it lasts. */
	if (count && count >= rule->count && !besieged)
		alert(sighting, items, count);
	if (!besieged && !in_spread && (!count || count < rule->count))
		return;
	if (besieged || (count && count >= rule->count))
		accounts_besiege(sighting->accounts, event->account, &sighting->account,
				 event->wall_ns);
	ban(sighting);
}

static void add_usage(const void *context, struct detect_usage *usage)
{
	struct window_usage networks;

	distinct_get_usage(context, &networks);
	usage->forgotten += networks.forgotten;
}

const struct rule_type rule_account_siege = {
	.rule = RULE_ACCOUNT_SIEGE,
	.create = create,
	.destroy = destroy,
	.configure = configure,
	.event = on_event,
	.add_usage = add_usage,
};
