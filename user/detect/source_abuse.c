// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule source-abuse: one source talks before its turn, pipelines, or speaks no SMTP. What may be an
 * honest sender's fault (relaying refused, errors, unknown users) weighs less, and only alerts if
 * the source delivers accepted mail here; what a server that is set up wrongly causes only alerts
 * for all. */
#include <stdio.h>

#include "base/time.h"
#include "detect/rule.h"

/* What may be an honest sender's fault weighs a fifth. */
#define FULL_WEIGHT 5

static struct window_settings abuse_windows(const struct detect_settings *settings)
{
	return rule_windows(&settings->rules[RULE_SOURCE_ABUSE], settings->most_sources,
			    FULL_WEIGHT);
}

/* Whether all entries may be an honest sender's fault. */
static bool all_light(const struct window_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!entries[i].mark)
			return false;
	return true;
}

static void describe(const struct window_entry *hit, size_t count, struct decision *decision,
		     const struct rule_input *input)
{
	unsigned long long weight = 0;
	char window[TIME_TEXT_SIZE];

	for (size_t i = 0; i < count; i++) {
		rule_add_evidence(decision, hit[i].tag);
		weight += hit[i].weight;
	}
	decision->wall_ns = hit[count - 1].wall_ns;
	duration_format(input->settings->rules[RULE_SOURCE_ABUSE].window_s, window);
	if (all_light(hit, count))
		snprintf(decision->reason, sizeof(decision->reason),
			 "tried to relay, or was refused for errors, unknown users, senders or its "
			 "name, "
			 "%zu time%s in %s",
			 count, count == 1 ? "" : "s", window);
	else
		snprintf(decision->reason, sizeof(decision->reason),
			 "abused the protocol %llu time%s in %s: talked too early, pipelined, or "
			 "spoke no SMTP",
			 weight / FULL_WEIGHT, weight / FULL_WEIGHT == 1 ? "" : "s", window);
}

static void on_event(void *context, const struct rule_input *input)
{
	const struct event *event = input->event;
	bool light = !abuse_is_protocol(event->abuse) && event->abuse != ABUSE_NONE;
	unsigned times = event->count ? event->count : 1;
	struct window_entry entry = { .wall_ns = event->wall_ns, .tag = input->tag, .mark = light };
	const struct window_entry *hit;
	struct decision decision;
	struct prefix subject;
	bool alerts; /* and never bans */
	size_t count;

	if (event->kind != EVENT_ABUSE || !event->has_source || !abuse_is_counted(event->abuse))
		return;
	alerts = light && (!abuse_may_ban(event->abuse) || rule_delivers(input));
	subject = input->source;
	if (accounts_known_to_any(input->accounts, &input->source, event->wall_ns))
		entry.times = (uint16_t)input->settings->known_factor;
	entry.weight = light				 ? times
		       : times > INT32_MAX / FULL_WEIGHT ? INT32_MAX
							 : times * FULL_WEIGHT;
	/* What bans is counted apart from what only alerts. */
	if (alerts)
		subject.length |= LRU_KEY_APART;
	count = sliding_window_add(context, &subject, &entry, &hit);
	if (!count)
		return;
	rule_begin(input, RULE_SOURCE_ABUSE, &decision);
	describe(hit, count, &decision, input);
	sliding_window_restart(context, &subject);
	decision.has_prefix = true;
	decision.prefix = input->source;
	decision.action = ACTION_BAN_ALERT;
	if (alerts)
		rule_notice(input, &decision);
	else
		rule_decide(input, &decision);
}

const struct rule_type rule_source_abuse = {
	.rule = RULE_SOURCE_ABUSE,
	.only_counts = true,
	.sliding = abuse_windows,
	.event = on_event,
};
