// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule server-ill, the fuse: the server itself refuses good passwords. Many accounts fail from
 * sources that they know, in several places of several providers, so the users are not the cause.
 * While it lasts, the accounts' own sources are spared, and others have higher thresholds. A source
 * that has failed for longer has an old password, and counts for nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/provider.h"
#include "detect/rule.h"

#define LASTS_NS  (600 * NS_PER_S)
#define MOST_NS	  (7200 * NS_PER_S) /* within a day: somebody may bring it about for himself */
#define DAY_NS	  (86400 * NS_PER_S)
#define PAIRS_MAX 256 /* the newest pairs; so many hold enough sources */
#define SOURCES	  3
#define PROVIDERS 3

struct pair {
	int64_t wall_ns;
	uint64_t account, provider, tag;
	struct prefix source;
};

struct server_ill {
	struct pair pairs[PAIRS_MAX]; /* a ring */
	unsigned next;
	int64_t begun_ns; /* of the day in which it lasts for MOST_NS at most; 0: it never began */
	int64_t lasted_ns;
};

static void *create(const struct detect_settings *settings)
{
	(void)settings;
	return calloc(1, sizeof(struct server_ill));
}

static void destroy(void *context)
{
	free(context);
}

struct sums {
	uint32_t accounts, sources, providers;
};

/* Counts the different accounts, sources and providers among the pairs of the window. */
static struct sums count(const struct server_ill *state, int64_t now_ns, uint64_t window_ns)
{
	const struct pair *pairs[PAIRS_MAX];
	struct sums sums = { 0 };
	unsigned used = 0;

	for (unsigned i = 0; i < PAIRS_MAX; i++) {
		const struct pair *pair = &state->pairs[i];
		bool account = true, source = true, provider = true;

		if (!pair->tag && !pair->wall_ns)
			continue;
		if (pair->wall_ns > now_ns ||
		    (uint64_t)now_ns - (uint64_t)pair->wall_ns > window_ns)
			continue;
		for (unsigned j = 0; j < used; j++) {
			account &= pairs[j]->account != pair->account;
			provider &= pairs[j]->provider != pair->provider;
			source &= memcmp(&pairs[j]->source, &pair->source, sizeof(pair->source)) !=
				  0;
		}
		sums.accounts += account;
		sums.sources += source;
		sums.providers += provider;
		if (account || source || provider)
			pairs[used++] = pair;
	}
	return sums;
}

static void alert(const struct server_ill *state, const struct rule_input *input,
		  const struct sums *sums)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_SERVER_ILL];
	char window[TIME_TEXT_SIZE];
	struct decision decision;

	rule_begin(input, RULE_SERVER_ILL, &decision);
	for (unsigned i = 0; i < PAIRS_MAX; i++) {
		const struct pair *pair = &state->pairs[(state->next + i) % PAIRS_MAX];

		if (pair->tag)
			rule_add_evidence(&decision, pair->tag);
	}
	duration_format(rule->window_s, window);
	snprintf(decision.reason, sizeof(decision.reason),
		 "%u accounts failed from %u of their own sources of %u providers in %s: the "
		 "server refuses good passwords",
		 sums->accounts, sums->sources, sums->providers, window);
	decision.action = ACTION_ALERT;
	rule_decide(input, &decision);
}

/* The server is ill from now on, or still. False: it was for as long as that is believed in a
 * day. */
static bool goes_on(struct server_ill *state, struct server_state *server, int64_t now_ns)
{
	int64_t from_ns = server->ill_until_ns > now_ns ? server->ill_until_ns : now_ns, more_ns;

	if (!state->begun_ns || now_ns < state->begun_ns || now_ns - state->begun_ns >= DAY_NS) {
		state->begun_ns = now_ns;
		state->lasted_ns = 0;
	}
	more_ns = time_plus(now_ns, LASTS_NS) - from_ns;
	if (more_ns > MOST_NS - state->lasted_ns)
		more_ns = MOST_NS - state->lasted_ns;
	if (more_ns <= 0)
		return from_ns > now_ns;
	state->lasted_ns += more_ns;
	server->ill_until_ns = from_ns + more_ns;
	return true;
}

static void on_event(void *context, const struct rule_input *input)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_SERVER_ILL];
	const struct event *event = input->event;
	struct server_ill *state = context;
	struct sums sums;

	if (event->kind != EVENT_FAILURE || !event->has_source || !event->has_account ||
	    input->standing.trust != TRUST_OWN || input->standing.shared ||
	    !input->standing.suddenly)
		return;
	state->pairs[state->next] = (struct pair){
		.wall_ns = event->wall_ns,
		.account = address_low(&input->account.address),
		.provider = provider_of(input->settings, &event->source),
		.tag = input->tag,
		.source = input->source,
	};
	state->next = (state->next + 1) % PAIRS_MAX;
	sums = count(state, event->wall_ns, rule_ns(rule->window_s));
	if (sums.accounts < rule->count || sums.sources < SOURCES || sums.providers < PROVIDERS)
		return;
	if (goes_on(state, input->server, event->wall_ns) && !input->ill)
		alert(state, input, &sums);
}

const struct rule_type rule_server_ill = {
	.rule = RULE_SERVER_ILL,
	.only_counts = true,
	.create = create,
	.destroy = destroy,
	.event = on_event,
};
