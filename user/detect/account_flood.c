// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule account-flood: one account hands in too many messages. It has nobody to ban: who sends may
 * be the owner. */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "detect/rule.h"

static void *create(const struct detect_settings *settings)
{
	struct window_settings windows =
		rule_windows(&settings->rules[RULE_ACCOUNT_FLOOD], settings->most_accounts, 1);

	return windows_new(&windows);
}

static void destroy(void *context)
{
	windows_free(context);
}

static void configure(void *context, const struct detect_settings *settings)
{
	struct window_settings windows =
		rule_windows(&settings->rules[RULE_ACCOUNT_FLOOD], settings->most_accounts, 1);

	windows_configure(context, &windows);
}

/* From where the account was logged in to lately. */
static void name_sources(const struct sighting *sighting, struct decision *decision)
{
	uint64_t window_ns = sighting->settings->rules[RULE_ACCOUNT_FLOOD].window_s * NS_PER_S;

	for (size_t i = 0; sighting->at && i < sighting->at->count; i++) {
		const struct place *place = &sighting->at->places[i];

		if (place->last_ns >= decision->wall_ns ||
		    (uint64_t)decision->wall_ns - (uint64_t)place->last_ns <= window_ns)
			rule_add_source(sighting, decision, &place->source);
	}
}

static void on_event(void *context, const struct sighting *sighting)
{
	const struct event *event = sighting->event;
	struct window_entry entry = { .wall_ns = event->wall_ns, .tag = sighting->tag };
	const struct window_entry *hit;
	char window[TIME_TEXT_SIZE];
	struct decision decision;
	size_t count;

	if (event->kind != EVENT_MESSAGE || !event->has_account)
		return;
	entry.weight = event->count ? event->count : 1;
	count = windows_add(context, &sighting->account, &entry, &hit);
	if (!count)
		return;
	rule_begin(sighting, RULE_ACCOUNT_FLOOD, &decision);
	for (size_t i = 0; i < count; i++)
		rule_add_evidence(&decision, hit[i].tag);
	windows_restart(context, &sighting->account);
	rule_set_account(sighting, &decision);
	name_sources(sighting, &decision);
	duration_format(sighting->settings->rules[RULE_ACCOUNT_FLOOD].window_s, window);
	snprintf(decision.reason, sizeof(decision.reason), "%zu messages handed in within %s",
		 count, window);
	decision.action = ACTION_ALERT;
	rule_decide(sighting, &decision);
}

static void add_usage(const void *context, struct detect_usage *usage)
{
	struct window_usage windows;

	windows_get_usage(context, &windows);
	usage->forgotten += windows.forgotten;
}

const struct rule_type rule_account_flood = {
	.rule = RULE_ACCOUNT_FLOOD,
	.only_counts = true,
	.create = create,
	.destroy = destroy,
	.configure = configure,
	.event = on_event,
	.add_usage = add_usage,
};
