// SPDX-License-Identifier: GPL-2.0-or-later
/* See flood_strangers.h. Many messages from sources that the account does not know come from a thief
 * who has the right password: these sources are banned. A shared place is only alerted to, since a
 * ban would shut out everybody who works there: it is banned if ten times as many come from it. */
#include "detect/flood_strangers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

/* An unknown source counts only from this many messages within short_s on. */
#define QUIET 20

/* A source that handed in QUIET messages to an account: until when it stays loud. */
struct loud {
	int64_t until_ns;
};

struct flood_strangers {
	/* Of sources that are loud and not known: by account, and by shared place. */
	struct sliding_window *unknown;
	struct sliding_window *quiet; /* by source and account */
	struct lru_table *loud;	      /* struct loud, by source and account */
};

static struct window_settings unknown_windows(const struct detect_settings *settings)
{
	const struct rule_settings *rule = &settings->rules[RULE_ACCOUNT_FLOOD];

	return (struct window_settings){ .count = rule->long_count ? rule->long_count : 1,
					 .most = settings->most_accounts,
					 .window_ns = rule_ns(rule->short_s) };
}

static struct window_settings quiet_windows(const struct detect_settings *settings)
{
	struct window_settings windows = unknown_windows(settings);

	windows.count = QUIET < windows.count ? QUIET : windows.count;
	return windows;
}

struct flood_strangers *flood_strangers_new(const struct detect_settings *settings)
{
	struct window_settings unknown = unknown_windows(settings), quiet = quiet_windows(settings);
	struct flood_strangers *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->unknown = sliding_window_new(&unknown);
	state->quiet = sliding_window_new(&quiet);
	state->loud = lru_new(sizeof(struct loud), settings->most_accounts, NULL, NULL);
	if (state->unknown && state->quiet && state->loud)
		return state;
	flood_strangers_free(state);
	return NULL;
}

void flood_strangers_free(struct flood_strangers *state)
{
	if (!state)
		return;
	sliding_window_free(state->unknown);
	sliding_window_free(state->quiet);
	lru_free(state->loud);
	free(state);
}

void flood_strangers_configure(struct flood_strangers *state,
			       const struct detect_settings *settings)
{
	struct window_settings unknown = unknown_windows(settings), quiet = quiet_windows(settings);

	sliding_window_configure(state->unknown, &unknown);
	sliding_window_configure(state->quiet, &quiet);
	lru_resize(state->loud, settings->most_accounts);
}

/* The weight that this message adds: 0 if its source is quiet; all that the source handed in so far
 * if it stops being quiet with this message. */
static uint32_t loudness(struct flood_strangers *state, const struct rule_input *input)
{
	const struct event *event = input->event;
	uint64_t span_ns = rule_ns(input->settings->rules[RULE_ACCOUNT_FLOOD].short_s);
	struct window_entry entry = { .wall_ns = event->wall_ns,
				      .tag = input->tag,
				      .weight = flood_weight(event) };
	struct prefix key = lru_pair_key(&input->account, &input->source);
	struct loud *loud = lru_find(state->loud, &key);
	const struct window_entry *hit;
	uint32_t weight = 0;
	size_t count;

	count = sliding_window_add(state->quiet, &key, &entry, &hit);
	for (size_t i = 0; i < count; i++)
		weight += hit[i].weight;
	if (count) {
		sliding_window_restart(state->quiet, &key);
		if (loud && event->wall_ns < loud->until_ns)
			weight = entry.weight;
		loud = lru_touch(state->loud, &key, NULL);
		loud->until_ns = time_plus(event->wall_ns, span_ns);
		return weight;
	}
	return loud && event->wall_ns < loud->until_ns ? entry.weight : 0;
}

static void ban_source(const struct rule_input *input, const struct decision *alert,
		       const struct prefix *source)
{
	struct decision decision = *alert;

	decision.action = ACTION_BAN;
	decision.has_prefix = true;
	decision.prefix = *source;
	decision.source_count = 0;
	rule_decide(input, &decision);
}

/* The sources of the messages that complete a count. */
struct senders_found {
	bool any_shared;
	bool shared[DECISION_SOURCES_MAX]; /* by position in the decision's sources */
};

/* Adds the source of an entry to the alert unless it is there. */
static void add_sender(const struct rule_input *input, const struct window_entry *entry,
		       struct decision *alert, struct senders_found *found)
{
	struct address address;
	struct prefix source;
	unsigned at = 0;

	if (!entry->account || address_parse(entry->account, strlen(entry->account), &address))
		return;
	source = address_source(&address, input->settings->source_length6);
	while (at < alert->source_count && at < DECISION_SOURCES_MAX &&
	       memcmp(&alert->sources[at].prefix, &source, sizeof(source)) != 0)
		at++;
	if (at == alert->source_count)
		rule_add_source(input, alert, &source);
	if (at == DECISION_SOURCES_MAX)
		return;
	found->shared[at] |= entry->mark;
	found->any_shared |= entry->mark;
}

/* Raises the alert first, then bans the loud sources that are no shared places. */
static void fire(const struct rule_input *input, const struct window_entry *hit, size_t count)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_FLOOD];
	struct senders_found found = { 0 };
	unsigned long long messages = 0;
	struct decision alert, copy;
	char window[TIME_TEXT_SIZE];

	rule_begin(input, RULE_ACCOUNT_FLOOD, &alert);
	rule_set_account(input, &alert);
	for (size_t i = 0; i < count; i++) {
		messages += hit[i].weight;
		rule_add_evidence(&alert, hit[i].tag);
		add_sender(input, &hit[i], &alert, &found);
	}
	duration_format(rule->short_s, window);
	snprintf(alert.reason, sizeof(alert.reason),
		 "%llu messages handed in within %s from sources that the account does not know",
		 messages, window);
	alert.action = ACTION_ALERT;
	copy = alert;
	if (found.any_shared && !(rule->action & ACTION_ALERT))
		rule_notice(input, &copy); /* in place of the ban */
	else
		rule_decide(input, &copy);
	for (unsigned i = 0; !input->young && i < alert.source_count && i < DECISION_SOURCES_MAX;
	     i++)
		if (!found.shared[i])
			ban_source(input, &alert, &alert.sources[i].prefix);
}

/* Many accounts know the source, or were logged in to from there within a day. */
static bool is_shared(const struct rule_input *input)
{
	uint32_t needed = input->settings->shared_accounts;

	return strangers_many_guests(input) ||
	       accounts_others(input->accounts, &input->source, &input->account,
			       input->event->wall_ns, NULL) >= needed;
}

/* Counts what all accounts hand in at a shared place that does not know them. */
static void judge_place(struct flood_strangers *state, const struct rule_input *input,
			uint32_t weight, bool told)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_FLOOD];
	struct window_entry entry = { .wall_ns = input->event->wall_ns,
				      .tag = input->tag,
				      .weight = weight,
				      .times = (uint16_t)input->settings->known_factor,
				      .mark = told };
	const struct window_entry *hit;
	unsigned long long messages = 0;
	char window[TIME_TEXT_SIZE];
	struct decision decision;
	size_t count = sliding_window_add(state->unknown, &input->source, &entry, &hit);

	if (!count)
		return;
	rule_begin(input, RULE_ACCOUNT_FLOOD, &decision);
	for (size_t i = 0; i < count; i++) {
		messages += hit[i].weight;
		told |= hit[i].mark;
		rule_add_evidence(&decision, hit[i].tag);
	}
	sliding_window_restart(state->unknown, &input->source);
	duration_format(rule->short_s, window);
	snprintf(decision.reason, sizeof(decision.reason),
		 "%llu messages handed in within %s from a shared place, of accounts that do not "
		 "know it",
		 messages, window);
	decision.action = told ? ACTION_BAN : ACTION_BAN_ALERT;
	decision.has_prefix = true;
	decision.prefix = input->source;
	rule_decide(input, &decision);
}

void flood_strangers_judge(struct flood_strangers *state, const struct rule_input *input)
{
	const struct event *event = input->event;
	struct window_entry entry = { .wall_ns = event->wall_ns, .tag = input->tag };
	const struct window_entry *hit;
	char source[ADDRESS_TEXT_SIZE];
	size_t count;

	if (!event->has_source || input->login == LOGIN_KNOWN || input->lan)
		return;
	entry.weight = loudness(state, input);
	if (!entry.weight)
		return;
	entry.mark = is_shared(input);
	address_format(&input->source.address, source);
	entry.account = source;
	count = sliding_window_add(state->unknown, &input->account, &entry, &hit);
	if (count) {
		fire(input, hit, count);
		sliding_window_restart(state->unknown, &input->account);
	}
	if (entry.mark && !input->young)
		judge_place(state, input, entry.weight, count > 0);
}

void flood_strangers_add_usage(const struct flood_strangers *state, struct detect_usage *usage)
{
	struct window_usage unknown, quiet;

	sliding_window_get_usage(state->unknown, &unknown);
	sliding_window_get_usage(state->quiet, &quiet);
	usage->forgotten += unknown.forgotten + quiet.forgotten;
}
