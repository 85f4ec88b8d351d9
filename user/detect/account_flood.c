// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule account-flood: one account hands in too many messages. Ten times its own usual alerts: who
 * sends may be the owner. Many from sources that the account does not know are a thief's, who has
 * the right password: these sources are banned. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/rule.h"

/* A source that is not known may hand in fewer within short_s without counting. */
#define QUIET 20

/* A source of an account that is not quiet any more. */
struct loud {
	int64_t until_ns;
};

#define PARTS 10 /* of the window: what is unusual is exact to one of them */

/* What an account handed in within the window. */
struct account_flood_flow {
	int64_t part; /* the newest: its number since 1970 */
	uint32_t sum, parts[PARTS];
};

struct account_flood {
	struct windows *all;	 /* by account */
	struct windows *unknown; /* by account: of sources that are loud and not known */
	struct windows *quiet;	 /* by source and account */
	struct recent *loud;	 /* struct loud, by source and account */
	struct recent *flows;	 /* struct account_flood_flow, by account */
	uint64_t part_ns;
};

static void destroy(void *context)
{
	struct account_flood *state = context;

	windows_free(state->all);
	windows_free(state->unknown);
	windows_free(state->quiet);
	recent_free(state->loud);
	recent_free(state->flows);
	free(state);
}

static struct window_settings all_windows(const struct detect_settings *settings)
{
	return rule_windows(&settings->rules[RULE_ACCOUNT_FLOOD], settings->most_accounts, 1);
}

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

static void *create(const struct detect_settings *settings)
{
	struct window_settings all = all_windows(settings), unknown = unknown_windows(settings);
	struct window_settings quiet = quiet_windows(settings);
	struct account_flood *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->all = windows_new(&all);
	state->unknown = windows_new(&unknown);
	state->quiet = windows_new(&quiet);
	state->loud = recent_new(sizeof(struct loud), settings->most_accounts, NULL, NULL);
	state->flows =
		recent_new(sizeof(struct account_flood_flow), settings->most_accounts, NULL, NULL);
	state->part_ns = all.window_ns / PARTS + 1;
	if (state->all && state->unknown && state->quiet && state->loud && state->flows)
		return state;
	destroy(state);
	return NULL;
}

static void configure(void *context, const struct detect_settings *settings)
{
	struct window_settings all = all_windows(settings), unknown = unknown_windows(settings);
	struct window_settings quiet = quiet_windows(settings);
	struct account_flood *state = context;

	windows_configure(state->all, &all);
	windows_configure(state->unknown, &unknown);
	windows_configure(state->quiet, &quiet);
	recent_resize(state->loud, settings->most_accounts);
	recent_resize(state->flows, settings->most_accounts);
	state->part_ns = all.window_ns / PARTS + 1;
}

/* From where the account was logged in to lately. */
static void name_sources(const struct rule_input *sighting, struct decision *decision)
{
	uint64_t window_ns = rule_ns(sighting->settings->rules[RULE_ACCOUNT_FLOOD].window_s);

	for (size_t i = 0; sighting->at && i < sighting->at->count; i++) {
		const struct login_place *place = &sighting->at->places[i];

		if (place->last_ns >= decision->wall_ns ||
		    (uint64_t)decision->wall_ns - (uint64_t)place->last_ns <= window_ns)
			rule_add_source(sighting, decision, &place->source);
	}
}

/* Moves the parts on; what the account handed in lately is in flow->sum then. */
static void flow_on(const struct account_flood *state, struct account_flood_flow *flow,
		    int64_t now_ns, uint32_t weight)
{
	int64_t part = now_ns / (int64_t)state->part_ns, passed = part - flow->part;

	if (passed >= PARTS || passed < -PARTS) {
		memset(flow, 0, sizeof(*flow));
		flow->part = part;
		passed = 0;
	}
	for (int64_t i = 0; i < passed; i++) {
		uint32_t *oldest = &flow->parts[(uint64_t)(flow->part + 1 + i) % PARTS];

		flow->sum -= *oldest;
		*oldest = 0;
	}
	if (passed > 0)
		flow->part = part;
	if (weight > UINT32_MAX - flow->sum)
		weight = UINT32_MAX - flow->sum;
	flow->parts[(uint64_t)flow->part % PARTS] += weight;
	flow->sum += weight;
}

/* How many messages or recipients an event stands for. */
static uint32_t weight_of(const struct event *event)
{
	uint32_t count = event->count ? event->count : 1;

	return event->recipients > count ? event->recipients : count;
}

/* Ten times the most in a window that the account handed in on the days before. */
static uint64_t unusual(const struct rule_input *sighting, uint32_t sum)
{
	const struct rule_settings *rule = &sighting->settings->rules[RULE_ACCOUNT_FLOOD];
	struct detect_habit *habit;

	if (!sighting->at)
		return 0;
	habit = accounts_habit(sighting->accounts, sighting->event->account, sighting->at,
			       sighting->event->wall_ns);
	if (habit->today < sum)
		habit->today = sum;
	return (uint64_t)habit->messages * rule->usual;
}

static void judge_all(struct account_flood *state, const struct rule_input *sighting)
{
	const struct event *event = sighting->event;
	const struct rule_settings *rule = &sighting->settings->rules[RULE_ACCOUNT_FLOOD];
	struct window_entry entry = { .wall_ns = event->wall_ns,
				      .tag = sighting->tag,
				      .weight = weight_of(event) };
	struct account_flood_flow *flow = recent_touch(state->flows, &sighting->account, NULL);
	const struct window_entry *hit;
	unsigned long long messages = 0;
	char window[TIME_TEXT_SIZE];
	struct decision decision;
	uint64_t needed;
	size_t count;

	flow_on(state, flow, event->wall_ns, entry.weight);
	needed = unusual(sighting, flow->sum);
	count = windows_add(state->all, &sighting->account, &entry, &hit);
	if (count)
		windows_restart(state->all, &sighting->account);
	if (!count || flow->sum < needed)
		return;
	rule_begin(sighting, RULE_ACCOUNT_FLOOD, &decision);
	for (size_t i = 0; i < count; i++) {
		rule_add_evidence(&decision, hit[i].tag);
		messages += hit[i].weight;
	}
	if (messages < flow->sum)
		messages = flow->sum;
	rule_set_account(sighting, &decision);
	name_sources(sighting, &decision);
	duration_format(rule->window_s, window);
	snprintf(decision.reason, sizeof(decision.reason), "%llu messages handed in within %s",
		 messages, window);
	decision.action = ACTION_ALERT;
	rule_decide(sighting, &decision);
}

/* The pair of source and account, as a key that no address has. */
static struct prefix pair_key(const struct rule_input *sighting)
{
	struct prefix key = sighting->account;

	for (size_t i = 0; i < sizeof(key.address.byte); i++)
		key.address.byte[i] ^= sighting->source.address.byte[i];
	key.length |= sighting->source.length << 8;
	return key;
}

/* What of this message counts: nothing of a quiet source, and of one that stops being quiet all
 * that it handed in. */
static uint32_t loudness(struct account_flood *state, const struct rule_input *sighting)
{
	const struct event *event = sighting->event;
	uint64_t span_ns = rule_ns(sighting->settings->rules[RULE_ACCOUNT_FLOOD].short_s);
	struct window_entry entry = { .wall_ns = event->wall_ns,
				      .tag = sighting->tag,
				      .weight = weight_of(event) };
	struct prefix key = pair_key(sighting);
	struct loud *loud = recent_find(state->loud, &key);
	const struct window_entry *hit;
	uint32_t weight = 0;
	size_t count;

	count = windows_add(state->quiet, &key, &entry, &hit);
	for (size_t i = 0; i < count; i++)
		weight += hit[i].weight;
	if (count) {
		windows_restart(state->quiet, &key);
		if (loud && event->wall_ns < loud->until_ns)
			weight = entry.weight;
		loud = recent_touch(state->loud, &key, NULL);
		loud->until_ns = time_plus(event->wall_ns, span_ns);
		return weight;
	}
	return loud && event->wall_ns < loud->until_ns ? entry.weight : 0;
}

static void ban_source(const struct rule_input *sighting, const struct decision *alert,
		       const struct prefix *source)
{
	struct decision decision = *alert;

	decision.action = ACTION_BAN;
	decision.has_prefix = true;
	decision.prefix = *source;
	decision.source_count = 0;
	rule_decide(sighting, &decision);
}

/* The alert first, then the bans of those that are loud. */
static void fire(const struct rule_input *sighting, const struct window_entry *hit, size_t count)
{
	const struct rule_settings *rule = &sighting->settings->rules[RULE_ACCOUNT_FLOOD];
	unsigned long long messages = 0;
	struct decision alert, copy;
	char window[TIME_TEXT_SIZE];

	rule_begin(sighting, RULE_ACCOUNT_FLOOD, &alert);
	rule_set_account(sighting, &alert);
	for (size_t i = 0; i < count; i++) {
		struct address address;
		struct prefix source;
		bool said = false;

		messages += hit[i].weight;
		rule_add_evidence(&alert, hit[i].tag);
		if (!hit[i].account ||
		    address_parse(hit[i].account, strlen(hit[i].account), &address))
			continue;
		source = address_source(&address, sighting->settings->source_length6);
		for (unsigned j = 0; j < alert.source_count && j < DECISION_SOURCES_MAX; j++)
			said |= !memcmp(&alert.sources[j].prefix, &source, sizeof(source));
		if (!said)
			rule_add_source(sighting, &alert, &source);
	}
	duration_format(rule->short_s, window);
	snprintf(alert.reason, sizeof(alert.reason),
		 "%llu messages handed in within %s from sources that the account does not know",
		 messages, window);
	alert.action = ACTION_ALERT;
	copy = alert;
	rule_decide(sighting, &copy);
	for (unsigned i = 0; !sighting->young && i < alert.source_count && i < DECISION_SOURCES_MAX;
	     i++)
		ban_source(sighting, &alert, &alert.sources[i].prefix);
}

static void judge_unknown(struct account_flood *state, const struct rule_input *sighting)
{
	const struct event *event = sighting->event;
	struct window_entry entry = { .wall_ns = event->wall_ns, .tag = sighting->tag };
	const struct window_entry *hit;
	char source[ADDRESS_TEXT_SIZE];
	size_t count;

	if (!event->has_source || sighting->arrival == ARRIVAL_KNOWN || sighting->lan)
		return;
	entry.weight = loudness(state, sighting);
	if (!entry.weight)
		return;
	address_format(&sighting->source.address, source);
	entry.account = source;
	count = windows_add(state->unknown, &sighting->account, &entry, &hit);
	if (!count)
		return;
	fire(sighting, hit, count);
	windows_restart(state->unknown, &sighting->account);
}

static void on_event(void *context, const struct rule_input *sighting)
{
	const struct event *event = sighting->event;

	if (event->kind != EVENT_MESSAGE || !event->has_account)
		return;
	judge_all(context, sighting);
	judge_unknown(context, sighting);
}

static void add_usage(const void *context, struct detect_usage *usage)
{
	const struct account_flood *state = context;
	struct window_usage all, unknown, quiet;

	windows_get_usage(state->all, &all);
	windows_get_usage(state->unknown, &unknown);
	windows_get_usage(state->quiet, &quiet);
	usage->forgotten += all.forgotten + unknown.forgotten + quiet.forgotten;
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
