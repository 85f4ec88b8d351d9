// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule source-failures: one source fails too often. Whether the source may be banned at all (own
 * addresses, loopback) is not decided here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "detect/rule.h"
#include "detect/windows.h"

struct source_failures {
	struct windows *windows;
	unsigned source_length6;
	uint64_t window_s;
};

static struct window_settings window_settings(const struct detect_settings *settings)
{
	const struct rule_settings *rule = &settings->rules[RULE_SOURCE_FAILURES];
	uint64_t longest_s = (1ULL << 62) / NS_PER_S;
	uint64_t window_s = rule->window_s < longest_s ? rule->window_s : longest_s;
	struct window_settings windows = { .count = rule->count,
					   .most = settings->most_sources,
					   .window_ns = window_s * NS_PER_S };

	if (!windows.count)
		windows.count = 1;
	if (windows.count > 1U << 30)
		windows.count = 1U << 30;
	if (!windows.most)
		windows.most = 1;
	if (windows.most > 1U << 30)
		windows.most = 1U << 30;
	return windows;
}

static void *create(const struct detect_settings *settings)
{
	_cleanup_free_ struct source_failures *state = calloc(1, sizeof(*state));
	struct window_settings windows = window_settings(settings);

	if (!state)
		return NULL;
	state->windows = windows_new(&windows);
	if (!state->windows)
		return NULL;
	state->source_length6 = settings->source_length6;
	state->window_s = settings->rules[RULE_SOURCE_FAILURES].window_s;
	return TAKE_PTR(state);
}

static void destroy(void *context)
{
	struct source_failures *state = context;

	windows_free(state->windows);
	free(state);
}

/* With another source length the sources seen so far are never met again, and age. */
static void configure(void *context, const struct detect_settings *settings)
{
	struct source_failures *state = context;
	struct window_settings windows = window_settings(settings);

	windows_configure(state->windows, &windows);
	state->source_length6 = settings->source_length6;
	state->window_s = settings->rules[RULE_SOURCE_FAILURES].window_s;
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
		     size_t count, const struct event *event, struct decision *decision)
{
	size_t skipped = count > DECISION_EVIDENCE_MAX ? count - DECISION_EVIDENCE_MAX : 0;
	char window[TIME_TEXT_SIZE];
	unsigned long long failures = 0;
	bool all_named = true;

	for (size_t i = 0; i < count; i++) {
		failures += entries[i].weight;
		all_named &= entries[i].account != NULL;
		if (i >= skipped)
			decision->evidence[decision->evidence_count++] = entries[i].tag;
	}
	duration_format(state->window_s, window);
	snprintf(decision->reason, sizeof(decision->reason), "%llu failed login%s in %s", failures,
		 failures == 1 ? "" : "s", window);
	if (append_accounts(decision->reason, sizeof(decision->reason), entries, count) == 1 &&
	    all_named && event->has_account) {
		decision->has_account = true;
		memcpy(decision->account, event->account, sizeof(decision->account));
	}
	decision->wall_ns = entries[count - 1].wall_ns;
}

static bool on_event(void *context, const struct event *event, uint64_t tag,
		     struct decision *decision)
{
	struct source_failures *state = context;
	struct window_entry entry = { .wall_ns = event->wall_ns, .tag = tag };
	const struct window_entry *hit;
	struct prefix source;
	size_t count;

	if (event->kind != EVENT_FAILURE || !event->has_source)
		return false;
	source = address_source(&event->source, state->source_length6);
	entry.weight = event->count ? event->count : 1;
	if (event->has_account)
		entry.account = event->account;
	count = windows_add(state->windows, &source, &entry, &hit);
	if (!count)
		return false;
	describe(state, hit, count, event, decision);
	decision->has_prefix = true;
	decision->prefix = source;
	windows_restart(state->windows, &source);
	return true;
}

static void add_usage(const void *context, struct detect_usage *usage)
{
	const struct source_failures *state = context;
	struct window_usage windows;

	windows_get_usage(state->windows, &windows);
	usage->sources += windows.used;
	usage->sources_size += windows.size;
	usage->forgotten += windows.forgotten;
}

const struct rule_type rule_source_failures = {
	.rule = RULE_SOURCE_FAILURES,
	.create = create,
	.destroy = destroy,
	.configure = configure,
	.event = on_event,
	.add_usage = add_usage,
};
