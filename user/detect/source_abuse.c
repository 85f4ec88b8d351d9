// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule source-abuse: one source talks before its turn, tries to relay, or makes too many errors. */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "detect/rule.h"

struct source_abuse {
	struct windows *windows;
	struct windows *known; /* sources that some account knows: ten times as much */
};

static void destroy(void *context)
{
	struct source_abuse *state = context;

	windows_free(state->windows);
	windows_free(state->known);
	free(state);
}

static void *create(const struct detect_settings *settings)
{
	const struct rule_settings *rule = &settings->rules[RULE_SOURCE_ABUSE];
	struct window_settings windows = rule_windows(rule, settings->most_sources, 1);
	struct window_settings known =
		rule_windows(rule, settings->most_sources, DETECT_KNOWN_FACTOR);
	struct source_abuse *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->windows = windows_new(&windows);
	state->known = windows_new(&known);
	if (state->windows && state->known)
		return state;
	destroy(state);
	return NULL;
}

static void configure(void *context, const struct detect_settings *settings)
{
	const struct rule_settings *rule = &settings->rules[RULE_SOURCE_ABUSE];
	struct window_settings windows = rule_windows(rule, settings->most_sources, 1);
	struct window_settings known =
		rule_windows(rule, settings->most_sources, DETECT_KNOWN_FACTOR);
	struct source_abuse *state = context;

	windows_configure(state->windows, &windows);
	windows_configure(state->known, &known);
}

static void on_event(void *context, const struct sighting *sighting)
{
	struct source_abuse *state = context;
	const struct event *event = sighting->event;
	struct window_entry entry = { .wall_ns = event->wall_ns, .tag = sighting->tag };
	const struct window_entry *hit;
	unsigned long long times = 0;
	char window[TIME_TEXT_SIZE];
	struct decision decision;
	struct windows *windows;
	size_t count;

	if (event->kind != EVENT_ABUSE || !event->has_source)
		return;
	windows = accounts_known_to_any(sighting->accounts, &sighting->source, event->wall_ns)
			  ? state->known
			  : state->windows;
	entry.weight = event->count ? event->count : 1;
	count = windows_add(windows, &sighting->source, &entry, &hit);
	if (!count)
		return;
	rule_begin(sighting, RULE_SOURCE_ABUSE, &decision);
	for (size_t i = 0; i < count; i++) {
		rule_add_evidence(&decision, hit[i].tag);
		times += hit[i].weight;
	}
	decision.wall_ns = hit[count - 1].wall_ns;
	windows_restart(windows, &sighting->source);
	duration_format(sighting->settings->rules[RULE_SOURCE_ABUSE].window_s, window);
	snprintf(decision.reason, sizeof(decision.reason),
		 "abused the protocol %llu time%s in %s: talked too early, tried to relay, or made "
		 "too many errors",
		 times, times == 1 ? "" : "s", window);
	decision.action = ACTION_BAN_ALERT;
	decision.has_prefix = true;
	decision.prefix = sighting->source;
	rule_decide(sighting, &decision);
}

static void add_usage(const void *context, struct detect_usage *usage)
{
	const struct source_abuse *state = context;
	struct window_usage windows, known;

	windows_get_usage(state->windows, &windows);
	windows_get_usage(state->known, &known);
	usage->forgotten += windows.forgotten + known.forgotten;
}

const struct rule_type rule_source_abuse = {
	.rule = RULE_SOURCE_ABUSE,
	.only_counts = true,
	.create = create,
	.destroy = destroy,
	.configure = configure,
	.event = on_event,
	.add_usage = add_usage,
};
