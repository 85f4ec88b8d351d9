// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule account-flood: one account hands in too many messages. Ten times the account's usual only
 * alerts, since the sender may be the owner. What sources hand in that the account does not know is
 * judged in flood_strangers.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/flood_queued.h"
#include "detect/flood_strangers.h"
#include "detect/rule.h"

#define PARTS 10 /* of the window, whose sum is exact to one part */

/* What an account handed in within the window. */
struct account_flood_flow {
	int64_t part; /* the newest: its number since 1970 */
	uint32_t sum, parts[PARTS];
};

struct account_flood {
	struct sliding_window *all; /* by account */
	struct lru_table *flows;    /* struct account_flood_flow, by account */
	struct flood_strangers *strangers;
	struct flood_queued *queued;
	uint64_t part_ns;
};

static void destroy(void *context)
{
	struct account_flood *state = context;

	sliding_window_free(state->all);
	lru_free(state->flows);
	flood_strangers_free(state->strangers);
	flood_queued_free(state->queued);
	free(state);
}

static struct window_settings all_windows(const struct detect_settings *settings)
{
	return rule_windows(&settings->rules[RULE_ACCOUNT_FLOOD], settings->most_accounts, 1);
}

static void *create(const struct detect_settings *settings)
{
	struct window_settings all = all_windows(settings);
	struct account_flood *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->all = sliding_window_new(&all);
	state->strangers = flood_strangers_new(settings);
	state->queued = flood_queued_new();
	state->flows =
		lru_new(sizeof(struct account_flood_flow), settings->most_accounts, NULL, NULL);
	state->part_ns = all.window_ns / PARTS + 1;
	if (state->all && state->strangers && state->queued && state->flows)
		return state;
	destroy(state);
	return NULL;
}

static void configure(void *context, const struct detect_settings *settings)
{
	struct window_settings all = all_windows(settings);
	struct account_flood *state = context;

	sliding_window_configure(state->all, &all);
	flood_strangers_configure(state->strangers, settings);
	lru_resize(state->flows, settings->most_accounts);
	state->part_ns = all.window_ns / PARTS + 1;
}

/* From where the account was logged in to lately. */
static void name_sources(const struct rule_input *input, struct decision *decision)
{
	uint64_t window_ns = rule_ns(input->settings->rules[RULE_ACCOUNT_FLOOD].window_s);

	for (size_t i = 0; input->at && i < input->at->count; i++) {
		const struct login_source *login = &input->at->logins[i];

		if (login->last_ns >= decision->wall_ns ||
		    (uint64_t)decision->wall_ns - (uint64_t)login->last_ns <= window_ns)
			rule_add_source(input, decision, &login->source);
	}
}

/* Moves the parts on to now_ns and adds `weight`; flow->sum is the sum of the window then. */
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

/* The count that is unusual for the account: rule->usual times the most that it handed in within a
 * window on earlier days. 0: there is nothing to compare with. */
static uint64_t unusual(const struct rule_input *input, uint32_t sum)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_FLOOD];
	struct detect_habit *habit;

	if (!input->at)
		return 0;
	habit = accounts_habit(input->accounts, input->event->account, input->at,
			       input->event->wall_ns);
	if (habit->today < sum)
		habit->today = sum;
	return (uint64_t)habit->messages * rule->usual;
}

/* In an installation's first days, an account that was first seen less than two days ago has no
 * usual yet: what its own sources hand in then becomes its usual. */
#define NEWEST_NS (2 * 86400 * NS_PER_S)

static bool is_unmeasured(const struct rule_input *input)
{
	if (!input->young || input->login != LOGIN_KNOWN)
		return false;
	for (size_t i = 0; i < input->at->count; i++)
		if (input->at->logins[i].first_ns <= time_less(input->event->wall_ns, NEWEST_NS))
			return false;
	return true;
}

static void judge_all(struct account_flood *state, const struct rule_input *input)
{
	const struct event *event = input->event;
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_FLOOD];
	struct window_entry entry = { .wall_ns = event->wall_ns,
				      .tag = input->tag,
				      .weight = flood_weight(event) };
	struct account_flood_flow *flow = lru_touch(state->flows, &input->account, NULL);
	const struct window_entry *hit;
	unsigned long long messages = 0;
	char window[TIME_TEXT_SIZE];
	struct decision decision;
	uint64_t needed;
	size_t count;

	flow_on(state, flow, event->wall_ns, entry.weight);
	needed = unusual(input, flow->sum);
	count = sliding_window_add(state->all, &input->account, &entry, &hit);
	if (count)
		sliding_window_restart(state->all, &input->account);
	if (!count || flow->sum < needed || is_unmeasured(input))
		return;
	rule_begin(input, RULE_ACCOUNT_FLOOD, &decision);
	for (size_t i = 0; i < count; i++) {
		rule_add_evidence(&decision, hit[i].tag);
		messages += hit[i].weight;
	}
	if (messages < flow->sum)
		messages = flow->sum;
	rule_set_account(input, &decision);
	name_sources(input, &decision);
	duration_format(rule->window_s, window);
	snprintf(decision.reason, sizeof(decision.reason), "%llu messages or recipients within %s",
		 messages, window);
	decision.action = ACTION_ALERT;
	rule_decide(input, &decision);
}

static size_t expect(const void *context, const struct rule_input *input,
		     struct lru_lookup lookups[])
{
	const struct account_flood *state = context;

	if (input->event->kind != EVENT_MESSAGE || !input->event->has_account)
		return 0;
	lookups[0] = (struct lru_lookup){ state->flows, &input->account };
	lookups[1] = (struct lru_lookup){ sliding_window_table(state->all), &input->account };
	return 2;
}

static void on_event(void *context, const struct rule_input *input)
{
	const struct event *event = input->event;
	struct account_flood *state = context;
	struct flood_more more;

	if (event->kind == EVENT_QUEUED && flood_queued_take(state->queued, input, &more))
		input = &more.input;
	else if (event->kind == EVENT_MESSAGE && event->has_account)
		flood_queued_note(state->queued, input);
	else
		return;
	judge_all(state, input);
	flood_strangers_judge(state->strangers, input);
}

static void add_usage(const void *context, struct detect_usage *usage)
{
	const struct account_flood *state = context;
	struct window_usage all;

	sliding_window_get_usage(state->all, &all);
	usage->forgotten += all.forgotten;
	flood_strangers_add_usage(state->strangers, usage);
}

const struct rule_type rule_account_flood = {
	.rule = RULE_ACCOUNT_FLOOD,
	.only_counts = true,
	.create = create,
	.destroy = destroy,
	.configure = configure,
	.event = on_event,
	.expect = expect,
	.add_usage = add_usage,
};
