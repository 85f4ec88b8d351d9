// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule source-failures: one source fails too often. Whether the source may be banned at all (own
 * addresses, loopback) is not decided here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "detect/rule.h"

struct source_failures {
	struct windows *windows;
	struct windows *trusted; /* failures that a known source made: ten times as many */
	uint64_t window_s;
};

static void destroy(void *context)
{
	struct source_failures *state = context;

	windows_free(state->windows);
	windows_free(state->trusted);
	free(state);
}

static void *create(const struct detect_settings *settings)
{
	const struct rule_settings *rule = &settings->rules[RULE_SOURCE_FAILURES];
	struct window_settings windows = rule_windows(rule, settings->most_sources, 1);
	struct window_settings trusted =
		rule_windows(rule, settings->most_sources, DETECT_KNOWN_FACTOR);
	struct source_failures *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->windows = windows_new(&windows);
	state->trusted = windows_new(&trusted);
	state->window_s = rule->window_s;
	if (state->windows && state->trusted)
		return state;
	destroy(state);
	return NULL;
}

/* With another source length the sources seen so far are never met again, and age. */
static void configure(void *context, const struct detect_settings *settings)
{
	const struct rule_settings *rule = &settings->rules[RULE_SOURCE_FAILURES];
	struct window_settings windows = rule_windows(rule, settings->most_sources, 1);
	struct window_settings trusted =
		rule_windows(rule, settings->most_sources, DETECT_KNOWN_FACTOR);
	struct source_failures *state = context;

	windows_configure(state->windows, &windows);
	windows_configure(state->trusted, &trusted);
	state->window_s = rule->window_s;
}

static bool seen_before(const struct window_entry *entries, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (entries[i].account && !strcmp(entries[i].account, entries[at].account))
			return true;
	return false;
}

/* " (bob, alice, ...)" as far as it fits; returns how many different accounts it met. */
static size_t append_accounts(char *text, size_t size, const struct window_entry *entries,
			      size_t count)
{
	static const char more[] = ", ...)";
	size_t used = strlen(text), accounts = 0;
	bool full = false;

	for (size_t i = 0; i < count; i++) {
		const char *account = entries[i].account;

		if (!account || seen_before(entries, i))
			continue;
		accounts++;
		if (used + 2 + strlen(account) + sizeof(more) > size) {
			full = true;
			break;
		}
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 accounts == 1 ? " (" : ", ", account);
	}
	if (accounts)
		snprintf(text + used, size - used, "%s", full ? more : ")");
	return accounts;
}

static void describe(const struct source_failures *state, const struct window_entry *entries,
		     size_t count, const struct sighting *sighting, struct decision *decision)
{
	char window[TIME_TEXT_SIZE];
	unsigned long long failures = 0;
	bool all_named = true;

	for (size_t i = 0; i < count; i++) {
		failures += entries[i].weight;
		all_named &= entries[i].account != NULL;
		rule_add_evidence(decision, entries[i].tag);
	}
	duration_format(state->window_s, window);
	snprintf(decision->reason, sizeof(decision->reason), "%llu failed login%s in %s", failures,
		 failures == 1 ? "" : "s", window);
	if (append_accounts(decision->reason, sizeof(decision->reason), entries, count) == 1 &&
	    all_named && sighting->event->has_account)
		rule_set_account(sighting, decision);
	decision->wall_ns = entries[count - 1].wall_ns;
}

static void on_event(void *context, const struct sighting *sighting)
{
	struct source_failures *state = context;
	const struct event *event = sighting->event;
	struct window_entry entry = { .wall_ns = event->wall_ns, .tag = sighting->tag };
	const struct window_entry *hit;
	struct decision decision;
	struct windows *windows;
	size_t count;

	if (event->kind != EVENT_FAILURE || !event->has_source)
		return;
	windows = sighting->trust == TRUST_SOURCE ? state->trusted : state->windows;
	entry.weight = event->count ? event->count : 1;
	if (event->has_account)
		entry.account = event->account;
	count = windows_add(windows, &sighting->source, &entry, &hit);
	if (!count)
		return;
	rule_begin(sighting, RULE_SOURCE_FAILURES, &decision);
	describe(state, hit, count, sighting, &decision);
	windows_restart(windows, &sighting->source);
	decision.action = ACTION_BAN_ALERT;
	decision.has_prefix = true;
	decision.prefix = sighting->source;
	rule_decide(sighting, &decision);
}

static void add_usage(const void *context, struct detect_usage *usage)
{
	const struct source_failures *state = context;
	struct window_usage windows, trusted;

	windows_get_usage(state->windows, &windows);
	windows_get_usage(state->trusted, &trusted);
	usage->sources += windows.used;
	usage->sources_size += windows.size;
	usage->forgotten += windows.forgotten + trusted.forgotten;
}

const struct rule_type rule_source_failures = {
	.rule = RULE_SOURCE_FAILURES,
	.only_counts = true,
	.create = create,
	.destroy = destroy,
	.configure = configure,
	.event = on_event,
	.add_usage = add_usage,
};
