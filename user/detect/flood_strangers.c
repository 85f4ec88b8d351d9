// SPDX-License-Identifier: GPL-2.0-or-later
/* See flood_strangers.h. Many messages from sources that the account does not know come from a
 * thief who has the right password: these sources are banned. So is a source that cannot be an
 * owner's, for what it hands in for all accounts that do not know it: a thief may have many
 * passwords. A shared place is only alerted to, since a ban would shut out everybody who works
 * there: it is banned if ten times as many come from it. */
#include "detect/flood_strangers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/provider.h"

/* An unknown source counts only from this many messages within short_s on. */
#define QUIET 20

/* The most by which the threshold is multiplied at a line of the account's: it takes memory. */
#define LINE_TIMES 20

/* A source that handed in QUIET messages: until when it stays loud. */
struct loud {
	int64_t until_ns;
};

struct flood_strangers {
	/* Of sources that are loud and not known: by account, and by source. */
	struct sliding_window *unknown;
	/* By source if it cannot be the owner's, else by source and account. */
	struct sliding_window *quiet;
	struct lru_table *loud; /* struct loud */
};

/* What is known of the place that a message comes from. */
struct place {
	bool shared;
	uint32_t line_times; /* of the threshold; 0: it is no line of the account's */
	bool foreign;	     /* it cannot be the owner's: neither the provider nor the country is */
	struct prefix loudness; /* the key in `quiet` and `loud` */
};

/* A message's weight. */
struct loudness {
	uint32_t own, all; /* for its account, and for its source */
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

/* Whether the source's country or provider is the account's, apart from what this source and its
 * like may have made so lately. */
static bool may_be_owner(const struct rule_input *input)
{
	uint64_t provider = provider_of(input->settings, &input->event->source);
	bool own = false;

	for (size_t i = 0; input->at && i < input->at->count && !own; i++)
		own = input->at->logins[i].provider == provider &&
		      place_came_on_two_days(&input->at->logins[i]);
	return rule_may_be_of(input, input->at, own);
}

/* What the account's own lines may hand in: half as much again as the owner does at the pace of his
 * busiest window, for short_s. In times of the threshold, rounded; 0: the source is of no such
 * line. */
static uint32_t line_times(const struct rule_input *input)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_FLOOD];
	uint64_t provider = provider_of(input->settings, &input->event->source), times;
	const struct login_source *here = NULL;

	for (size_t i = 0; input->at && i < input->at->count; i++)
		if (prefix_same(&input->at->logins[i].source, &input->source))
			here = &input->at->logins[i];
	if (!here || here->suspect || !rule->window_s || !rule->long_count ||
	    !account_has_line(input->at, provider, here->country,
			      time_less(input->event->wall_ns, ACCOUNT_LINE_NS)))
		return 0;
	times = ((uint64_t)input->at->habit.messages * (rule->short_s / rule->window_s) * 3 / 2 +
		 rule->long_count / 2) /
		rule->long_count;
	return times < 1 ? 1 : times > LINE_TIMES ? LINE_TIMES : (uint32_t)times;
}

/* Somebody on the road may write to many at once: where only the line about the queue tells the
 * number of recipients, and the source is of no line of the account's, a message weighs as much as
 * this at most. */
#define RECIPIENTS_MOST 10

static uint32_t weight_of(const struct rule_input *input)
{
	uint32_t weight = flood_weight(input->event), most = RECIPIENTS_MOST - 1;

	return input->event->kind == EVENT_QUEUED && weight > most && !line_times(input) ? most
											 : weight;
}

/* What tells whether the message counts. */
static void find_place(const struct rule_input *input, struct place *place)
{
	place->shared = accounts_others(input->accounts, &input->source, &input->account,
					input->event->wall_ns,
					NULL) >= input->settings->shared_accounts;
	place->foreign = !may_be_owner(input);
	place->loudness = place->foreign && !place->shared
				  ? input->source
				  : lru_pair_key(&input->account, &input->source);
}

/* What else is needed of one that counts. */
static void find_more(const struct rule_input *input, struct place *place)
{
	place->shared = place->shared || strangers_many_guests(input);
	place->line_times = line_times(input);
}

static bool is_own_message(const struct rule_input *input, const struct window_entry *entry)
{
	struct prefix key;

	if (!entry->account || entry->tag == input->tag)
		return entry->tag == input->tag;
	key = accounts_key(input->accounts, entry->account);
	return prefix_same(&key, &input->account);
}

/* The weight that this message adds: 0 if its source is quiet; all that the source handed in so far
 * if it stops being quiet with this message. */
static void weigh(struct flood_strangers *state, const struct rule_input *input,
		  const struct place *place, struct loudness *loudness)
{
	const struct event *event = input->event;
	uint64_t span_ns = rule_ns(input->settings->rules[RULE_ACCOUNT_FLOOD].short_s);
	struct window_entry entry = { .wall_ns = event->wall_ns,
				      .tag = input->tag,
				      .account = event->account,
				      .weight = weight_of(input) };
	struct loud *loud = lru_find(state->loud, &place->loudness);
	bool was_loud = loud && event->wall_ns < loud->until_ns;
	const struct window_entry *hit;
	size_t count = sliding_window_add(state->quiet, &place->loudness, &entry, &hit);

	*loudness = (struct loudness){ 0 };
	for (size_t i = 0; !was_loud && i < count; i++) {
		loudness->all += hit[i].weight;
		if (is_own_message(input, &hit[i]))
			loudness->own += hit[i].weight;
	}
	if (was_loud)
		loudness->own = loudness->all = entry.weight;
	if (!count)
		return;
	sliding_window_restart(state->quiet, &place->loudness);
	loud = lru_touch(state->loud, &place->loudness, NULL);
	loud->until_ns = time_plus(event->wall_ns, span_ns);
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
	bool bans = false;
	char window[TIME_TEXT_SIZE];

	rule_begin(input, RULE_ACCOUNT_FLOOD, &alert);
	rule_set_account(input, &alert);
	for (size_t i = 0; i < count; i++) {
		messages += hit[i].weight;
		rule_add_evidence(&alert, hit[i].tag);
		add_sender(input, &hit[i], &alert, &found);
	}
	duration_format(rule->short_s, window);
	snprintf(
		alert.reason, sizeof(alert.reason),
		"%llu messages or recipients within %s from sources that the account does not know",
		messages, window);
	alert.action = ACTION_ALERT;
	for (unsigned i = 0; !input->young && i < alert.source_count && i < DECISION_SOURCES_MAX;
	     i++)
		bans |= !found.shared[i];
	alert.at_once = bans;
	copy = alert;
	if (found.any_shared && !(rule->action & ACTION_ALERT))
		rule_notice(input, &copy); /* in place of the ban */
	else
		rule_decide(input, &copy);
	for (unsigned i = 0; bans && i < alert.source_count && i < DECISION_SOURCES_MAX; i++)
		if (!found.shared[i])
			ban_source(input, &alert, &alert.sources[i].prefix);
}

/* Counts what a source hands in for all accounts that do not know it. One may be a newcomer's with
 * a lot to write, and a few together those of guests. */
static void judge_source(struct flood_strangers *state, const struct rule_input *input,
			 const struct place *place, uint32_t weight, bool told)
{
	const struct detect_settings *settings = input->settings;
	uint32_t times = place->shared ? settings->known_factor : settings->other_factor;
	struct window_entry entry = { .wall_ns = input->event->wall_ns,
				      .tag = input->tag,
				      .weight = weight,
				      .times = (uint16_t)times,
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
	duration_format(settings->rules[RULE_ACCOUNT_FLOOD].short_s, window);
	snprintf(decision.reason, sizeof(decision.reason),
		 "%llu messages or recipients within %s of accounts that do not know the source",
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
	struct prefix subject = input->account;
	struct loudness loudness;
	struct place place;
	size_t count;

	if (!event->has_source || input->login == LOGIN_KNOWN || input->lan)
		return;
	find_place(input, &place);
	weigh(state, input, &place, &loudness);
	if (!loudness.all)
		return;
	find_more(input, &place);
	entry.weight = loudness.own;
	entry.mark = place.shared;
	entry.times = (uint16_t)place.line_times;
	if (place.line_times) /* apart: what the owner sends counts against no others */
		subject.length |= LRU_KEY_APART;
	address_format(&input->source.address, source);
	entry.account = source;
	count = sliding_window_add(state->unknown, &subject, &entry, &hit);
	if (count) {
		fire(input, hit, count);
		sliding_window_restart(state->unknown, &subject);
	}
	if (!input->young && !place.line_times && (place.shared || place.foreign))
		judge_source(state, input, &place, loudness.all, count > 0);
}

void flood_strangers_add_usage(const struct flood_strangers *state, struct detect_usage *usage)
{
	struct window_usage unknown, quiet;

	sliding_window_get_usage(state->unknown, &unknown);
	sliding_window_get_usage(state->quiet, &quiet);
	usage->forgotten += unknown.forgotten + quiet.forgotten;
}
