// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule server-spray: strangers fail over the whole server much more often than usual. Each of them
 * may fail on one account once: while the spray lasts, a stranger is banned at a failure on a
 * second account, or at the third failure on one account if he cannot be its owner. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/accounts_internal.h"
#include "detect/rule.h"

#define PARTS	   60	      /* of the window: a count is exact to one of them */
#define USUAL_OVER (7U * 24U) /* the usual is the mean of so many windows */
#define ON_ONE	   3	      /* failures on one account */
#define ON_SEVERAL 2	      /* accounts */

struct server_spray {
	uint64_t part_ns;
	int64_t part;	       /* the newest: its number since 1970 */
	uint32_t parts[PARTS]; /* failures, by number modulo PARTS */
	uint32_t sum;	       /* of all parts */
	uint64_t tags[DECISION_EVIDENCE_MAX];
	uint64_t tag_count;
	/* Whole windows. */
	int64_t window; /* the running one: its number since 1970 */
	uint32_t in_window;
	bool begun;
};

static void set_window(struct server_spray *state, const struct detect_settings *settings)
{
	uint64_t part_ns = rule_ns(settings->rules[RULE_SERVER_SPRAY].window_s) / PARTS;

	if (state->part_ns != part_ns)
		*state = (struct server_spray){ .part_ns = part_ns ? part_ns : 1 };
}

static void *create(const struct detect_settings *settings)
{
	struct server_spray *state = calloc(1, sizeof(*state));

	if (state)
		set_window(state, settings);
	return state;
}

static void destroy(void *context)
{
	free(context);
}

static void configure(void *context, const struct detect_settings *settings)
{
	set_window(context, settings);
}

/* How many windows the mean is over: windows before the installation's first event do not count. */
static int64_t windows_since(const struct server_spray *state, const struct rule_input *input,
			     int64_t window)
{
	int64_t since_ns = accounts_since(input->accounts);
	int64_t first = since_ns / (int64_t)state->part_ns / PARTS, count = window - first + 1;

	return count < 1 ? 1 : count > (int64_t)USUAL_OVER ? (int64_t)USUAL_OVER : count;
}

/* Adds the ended windows to the mean of the last ones: habit->failing of the server, in 1/256 of a
 * failure. */
static void end_windows(struct server_spray *state, const struct rule_input *input, int64_t window)
{
	const struct detect_store *store = &input->settings->store;
	struct detect_habit *habit = rule_server_habit(input);
	int64_t most = state->window + 4 * (int64_t)USUAL_OVER;

	for (int64_t at = state->window; at < window && at < most; at++) {
		int64_t count = at == state->window ? state->in_window : 0, usual = habit->failing;

		usual += ((count << 8) - usual) / windows_since(state, input, at);
		habit->failing = (uint32_t)(usual < UINT32_MAX ? usual : UINT32_MAX);
	}
	state->window = window;
	state->in_window = 0;
	if (store->habit)
		store->habit("", habit, store->context);
}

static void move_on(struct server_spray *state, const struct rule_input *input)
{
	const struct detect_store *store = &input->settings->store;
	int64_t part = input->event->wall_ns / (int64_t)state->part_ns;
	int64_t window = part / PARTS, passed = part - state->part;

	if (!state->begun && store->recall_habit)
		store->recall_habit("", rule_server_habit(input), store->context);
	if (!state->begun || passed < -2 * PARTS) {
		state->begun = true;
		state->part = part;
		state->window = window;
		state->sum = state->in_window = 0;
		memset(state->parts, 0, sizeof(state->parts));
		return;
	}
	for (int64_t i = 0; i < passed && i < PARTS; i++) {
		uint32_t *oldest = &state->parts[(uint64_t)(state->part + 1 + i) % PARTS];

		state->sum -= *oldest;
		*oldest = 0;
	}
	if (passed > 0)
		state->part = part;
	if (window > state->window)
		end_windows(state, input, window);
}

static uint64_t needed(const struct rule_input *input)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_SERVER_SPRAY];
	uint64_t usual = (uint64_t)rule_server_habit(input)->failing * rule->usual >> 8;

	return usual > rule->count ? usual : rule->count;
}

static void alert(const struct server_spray *state, const struct rule_input *input)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_SERVER_SPRAY];
	uint64_t from = state->tag_count > DECISION_EVIDENCE_MAX
				? state->tag_count - DECISION_EVIDENCE_MAX
				: 0;
	char window[TIME_TEXT_SIZE];
	struct decision decision;

	rule_begin(input, RULE_SERVER_SPRAY, &decision);
	for (uint64_t i = from; i < state->tag_count; i++)
		rule_add_evidence(&decision, state->tags[i % DECISION_EVIDENCE_MAX]);
	duration_format(rule->window_s, window);
	snprintf(decision.reason, sizeof(decision.reason),
		 "strangers failed %u times in %s over the whole server; usual are %u", state->sum,
		 window, rule_server_habit(input)->failing >> 8);
	decision.action = ACTION_ALERT;
	rule_decide(input, &decision);
}

static void ban(const struct rule_input *input, size_t accounts)
{
	struct decision decision;

	rule_begin(input, RULE_SERVER_SPRAY, &decision);
	for (size_t i = input->tries->account_count - accounts; i < input->tries->account_count;
	     i++)
		rule_add_evidence(&decision, input->tries->accounts[i].tag);
	rule_set_account(input, &decision);
	if (accounts >= ON_SEVERAL)
		snprintf(decision.reason, sizeof(decision.reason),
			 "failed on %zu accounts while strangers are guessing all over the server",
			 accounts);
	else
		snprintf(decision.reason, sizeof(decision.reason),
			 "failed %llu times on one account while strangers are guessing all over "
			 "the server",
			 (unsigned long long)input->tries->on_account);
	rule_spare_mail(input, &decision);
	decision.action = ACTION_BAN;
	decision.has_prefix = true;
	decision.prefix = input->source;
	rule_decide(input, &decision);
}

/* Counts the accounts that the source failed on since one window before the spray was noticed. */
static size_t lately(const struct rule_input *input)
{
	uint64_t window_ns = rule_ns(input->settings->rules[RULE_SERVER_SPRAY].window_s);
	int64_t from_ns = time_less(input->server->spray_ns, window_ns);
	const struct tries *tries = input->tries;
	size_t count = 0;

	while (count < tries->account_count &&
	       tries->accounts[tries->account_count - count - 1].wall_ns >= from_ns)
		count++;
	return count;
}

static void on_event(void *context, const struct rule_input *input)
{
	const struct event *event = input->event;
	struct server_state *server = input->server;
	struct server_spray *state = context;
	uint64_t times;
	size_t accounts;

	if (event->kind != EVENT_FAILURE || !event->has_source || !is_stranger(input) || input->lan)
		return;
	move_on(state, input);
	state->parts[(uint64_t)state->part % PARTS] += event->count ? event->count : 1;
	state->sum += event->count ? event->count : 1;
	state->in_window += event->count ? event->count : 1;
	state->tags[state->tag_count++ % DECISION_EVIDENCE_MAX] = input->tag;
	if (!server->spray_ns && state->sum >= needed(input)) {
		server->spray_ns = event->wall_ns;
		alert(state, input);
	} else if (server->spray_ns && state->sum < needed(input) / 2) {
		server->spray_ns = 0;
	}
	/* Without history the usual is not known. */
	if (!server->spray_ns || input->young || !event->has_account)
		return;
	times = input->tries->times;
	accounts = lately(input);
	if (accounts >= ON_SEVERAL * times ||
	    (input->tries->on_account >= ON_ONE * times && !rule_may_be_owner(input)))
		ban(input, accounts);
}

const struct rule_type rule_server_spray = {
	.rule = RULE_SERVER_SPRAY,
	.create = create,
	.destroy = destroy,
	.configure = configure,
	.event = on_event,
};
