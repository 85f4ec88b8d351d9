// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine: collects what the rules need to know of an event, and hands it to the rules that are
 * on. What a rule counts is in the rule's own file, what happens to its decision in decisions.c. */
#include "detect/detect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/detect_internal.h"

/* server-ill comes first: the weight of a failure depends on it. */
static const struct rule_type *const rule_types[] = {
	&rule_server_ill,	    &rule_source_failures,  &rule_source_accounts,
	&rule_source_slow,	    &rule_network_failures, &rule_server_spray,
	&rule_account_siege,	    &rule_account_spread,   &rule_account_flood,
	&rule_bounce_surge,	    &rule_source_abuse,	    &rule_place_failures,
	&rule_account_old_password,
};

_Static_assert(sizeof(rule_types) / sizeof(*rule_types) == DETECT_RULE_TYPES, "detect_internal.h");

/* Bounds the tables' sizes, so that they work with any settings. */
static void take_settings(struct detect *detect, const struct detect_settings *settings)
{
	uint32_t *bounds[] = { &detect->settings.most_sources, &detect->settings.most_accounts,
			       &detect->settings.most_known };

	detect->settings = *settings;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
		if (!*bounds[i])
			*bounds[i] = 1;
		if (*bounds[i] > 1U << 30)
			*bounds[i] = 1U << 30;
	}
}

static enum rule_action action_of(const struct detect *detect, const struct rule_type *type)
{
	return detect->settings.rules[type->rule].action;
}

/* Creates the states of rules that are on. False: out of memory. */
static bool start_rules(struct detect *detect)
{
	for (size_t i = 0; i < DETECT_RULE_TYPES; i++) {
		if (detect->states[i] || action_of(detect, rule_types[i]) == ACTION_OFF)
			continue;
		detect->states[i] = rule_state_new(rule_types[i], &detect->settings);
		if (!detect->states[i])
			return false;
	}
	return true;
}

static bool start_remote(struct detect *detect)
{
	bool made = true;

	for (size_t i = SIGHT_LOGIN; i < SIGHTS; i++)
		made &= (detect->remote[i] = remote_logins_new()) != NULL;
	return made;
}

struct detect *detect_new(const struct detect_settings *settings)
{
	struct detect *detect = calloc(1, sizeof(*detect));

	if (!detect)
		return NULL;
	take_settings(detect, settings);
	detect->accounts = accounts_new(&detect->settings);
	detect->ban_history = ban_history_new(&detect->settings);
	detect->strangers = strangers_new(&detect->settings);
	detect->senders = senders_new(&detect->settings);
	detect->summing = summing_new();
	if (!start_remote(detect) || !detect->accounts || !detect->ban_history ||
	    !detect->strangers || !detect->senders || !detect->summing || !start_rules(detect)) {
		detect_free(detect);
		return NULL;
	}
	return detect;
}

static void stop_rule(struct detect *detect, size_t i)
{
	if (detect->states[i])
		rule_state_free(rule_types[i], detect->states[i]);
	detect->states[i] = NULL;
}

void detect_free(struct detect *detect)
{
	if (!detect)
		return;
	for (size_t i = 0; i < DETECT_RULE_TYPES; i++)
		stop_rule(detect, i);
	accounts_free(detect->accounts);
	ban_history_free(detect->ban_history);
	strangers_free(detect->strangers);
	senders_free(detect->senders);
	summing_free(detect->summing);
	for (size_t i = 0; i < SIGHTS; i++)
		remote_logins_free(detect->remote[i]);
	free(detect);
}

void detect_configure(struct detect *detect, const struct detect_settings *settings)
{
	take_settings(detect, settings);
	accounts_configure(detect->accounts, &detect->settings);
	ban_history_configure(detect->ban_history, &detect->settings);
	strangers_configure(detect->strangers, &detect->settings);
	senders_configure(detect->senders, &detect->settings);
	for (size_t i = 0; i < DETECT_RULE_TYPES; i++) {
		if (action_of(detect, rule_types[i]) == ACTION_OFF) {
			struct detect_usage usage = { 0 };

			if (detect->states[i])
				rule_state_add_usage(rule_types[i], detect->states[i], &usage);
			detect->forgotten += usage.forgotten;
			stop_rule(detect, i);
		} else if (detect->states[i]) {
			rule_state_configure(rule_types[i], detect->states[i], &detect->settings);
		}
	}
	start_rules(detect); /* a rule that gets no memory now is tried again with the next event */
}

void detect_recall_incident(struct detect *detect, const char *account, enum ban_rule rule,
			    int64_t last_ns)
{
	accounts_recall_incident(detect->accounts, account, rule, last_ns);
}

bool detect_in_incident(const struct detect *detect, const char *account, enum ban_rule rule,
			int64_t now_ns, int64_t *last_ns)
{
	return accounts_in_incident(detect->accounts, account, rule, now_ns, last_ns);
}

/* ---- events ---- */

/* Prefetches what the rules look up: nearly all the time that an event takes is spent waiting for
 * memory. */
static void expect(const struct detect *detect, const struct rule_input *input,
		   const struct prefix *account)
{
	struct lru_lookup lookups[6 + DETECT_RULE_TYPES * RULE_LOOKUPS];
	bool fails = input->event->kind == EVENT_FAILURE;
	size_t count = accounts_expect(detect->accounts, &input->source, account, fails, lookups);

	if (fails)
		count += strangers_expect(detect->strangers, input, lookups + count);
	for (size_t i = 0; i < DETECT_RULE_TYPES; i++)
		if (detect->states[i] && rule_types[i]->expect)
			count += rule_types[i]->expect(detect->states[i], input, lookups + count);
	lru_expect(lookups, count);
}

static void find_out(struct detect *detect, struct rule_input *input)
{
	const struct event *event = input->event;
	const struct detect_settings *settings = &detect->settings;
	const struct prefix *account = event->has_account ? &input->account : NULL;

	input->young = accounts_young(detect->accounts, event->wall_ns);
	input->ill = event->wall_ns < detect->server.ill_until_ns;
	if (event->has_source) {
		input->lan = address_is_lan(&event->source);
		input->source = address_source(&event->source, settings->source_length6);
		input->network = address_network(&event->source, settings->network_length4,
						 settings->network_length6);
	}
	if (account)
		input->account = accounts_key(detect->accounts, event->account);
	if (!event->has_source)
		return;
	expect(detect, input, account);
	if (event->kind == EVENT_FAILURE) {
		accounts_judge(detect->accounts, account ? event->account : NULL, account,
			       &input->source, event->wall_ns, &input->standing);
		strangers_judge_guests(detect->strangers, input, &input->standing);
		accounts_note_failure(&input->standing, event->wall_ns);
	} else if (event->kind == EVENT_ACCEPTED) {
		senders_note(detect->senders, &input->network, event->wall_ns);
	}
	if ((event->kind == EVENT_SUCCESS || event->kind == EVENT_MESSAGE) && account &&
	    !detect->recalling) {
		input->login = accounts_login(detect->accounts, event, input->tag, account,
					      &input->source, event->wall_ns, &input->at,
					      &input->first_mail);
		rule_tell(input,
			  input->login == LOGIN_KNOWN || input->login == LOGIN_SEEN || input->lan
				  ? SIGHT_KNOWN
				  : SIGHT_LOGIN);
		if (input->login != LOGIN_KNOWN)
			strangers_succeed(detect->strangers, input);
	}
}

static void run_rules(struct detect *detect, struct rule_input *input)
{
	const struct event *event = input->event;

	for (size_t i = 0; i < DETECT_RULE_TYPES; i++) {
		if (detect->states[i] && (!detect->recalling || rule_types[i]->only_counts))
			rule_types[i]->event(detect->states[i], input);
		/* The rules after server-ill see what it found. */
		if (rule_types[i] != &rule_server_ill || event->kind != EVENT_FAILURE ||
		    !event->has_source)
			continue;
		input->ill = event->wall_ns < detect->server.ill_until_ns;
		strangers_fail(detect->strangers, input, input->tries);
	}
}

static void judge_event(struct detect *detect, const struct event *event, uint64_t tag,
			decision_take *take, void *context)
{
	struct rule_input input = { .tag = tag,
				    .settings = &detect->settings,
				    .accounts = detect->accounts,
				    .strangers = detect->strangers,
				    .server = &detect->server,
				    .remote = detect->remote,
				    .engine = detect };
	struct tries tries = { 0 };
	struct event timed;

	if (event->wall_ns) {
		detect->last_wall_ns = event->wall_ns;
	} else {
		timed = *event;
		timed.wall_ns = detect->last_wall_ns;
		event = &timed;
	}
	if (!start_rules(detect))
		detect->forgotten++;
	accounts_begin(detect->accounts, event->wall_ns);
	input.event = event;
	input.tries = &tries;
	detect->take = take;
	detect->context = context;
	if (!detect->recalling)
		detect_say_held(detect, event->wall_ns, take, context);
	find_out(detect, &input);
	run_rules(detect, &input);
}

void detect_event(struct detect *detect, const struct event *event, uint64_t tag,
		  decision_take *take, void *context)
{
	struct event part;

	if (!event->named || event->named >= event->count) {
		judge_event(detect, event, tag, take, context);
		return;
	}
	/* The accounts of the earlier attempts are not known. */
	part = *event;
	part.count = event->count - event->named;
	part.has_account = false;
	*part.account = '\0';
	judge_event(detect, &part, tag, take, context);
	part = *event;
	part.count = event->named;
	judge_event(detect, &part, tag, take, context);
}

void detect_recall_event(struct detect *detect, const struct event *event, uint64_t tag)
{
	detect->recalling = true;
	detect_event(detect, event, tag, NULL, NULL);
	detect->recalling = false;
}

void detect_trust_account(struct detect *detect, const char *account)
{
	accounts_trust(detect->accounts, account);
}

bool detect_password_changed(struct detect *detect, const char *account, int64_t now_ns)
{
	return accounts_change(detect->accounts, account, now_ns);
}

struct prefix detect_account_key(const struct detect *detect, const char *account)
{
	return accounts_key(detect->accounts, account);
}

void detect_forget_account(struct detect *detect, const char *account)
{
	accounts_forget(detect->accounts, account);
}

/* Whether a failure elsewhere is a stranger's here: a source that the account knows, or of a
 * provider that it has, is not. */
static bool is_stranger_there(const struct rule_input *input)
{
	return is_stranger(input) && !input->standing.provider &&
	       !address_is_lan(&input->network.address);
}

void detect_remote(struct detect *detect, const char *name, const struct detect_remote *seen,
		   decision_take *take, void *context)
{
	static const enum ban_rule rules[SIGHTS] = {
		[SIGHT_LOGIN] = RULE_ACCOUNT_SPREAD,
		[SIGHT_FAILURE] = RULE_ACCOUNT_SIEGE,
		[SIGHT_OLD] = RULE_ACCOUNT_OLD_PASSWORD,
	};
	struct event event = {
		.kind = EVENT_SUCCESS, .count = 1, .wall_ns = seen->wall_ns, .has_account = true
	};
	struct tries tries = { 0 };
	struct rule_input input = { .event = &event,
				    .settings = &detect->settings,
				    .accounts = detect->accounts,
				    .strangers = detect->strangers,
				    .server = &detect->server,
				    .tries = &tries,
				    .account = accounts_key(detect->accounts, name),
				    .source = seen->network,
				    .network = seen->network,
				    .login = LOGIN_NEW,
				    .remote = detect->remote,
				    .engine = detect };
	uint64_t window_ns = rule_ns(detect->settings.rules[rules[seen->sight]].window_s);

	snprintf(event.account, sizeof(event.account), "%s", name);
	accounts_judge(detect->accounts, name, &input.account, &seen->network, seen->wall_ns,
		       &input.standing);
	input.at = input.standing.account;
	if (!input.at || (seen->sight != SIGHT_LOGIN && !is_stranger_there(&input)) ||
	    !remote_logins_add(detect->remote[seen->sight], &input.account, seen, window_ns))
		return;
	/* Failures elsewhere have no effect until the next failure here, beside which they
	 * count. */
	if (seen->sight != SIGHT_LOGIN)
		return;
	detect->take = take;
	detect->context = context;
	input.young = accounts_young(detect->accounts, seen->wall_ns);
	for (size_t i = 0; i < DETECT_RULE_TYPES; i++)
		if (rule_types[i] == &rule_account_spread && detect->states[i])
			rule_types[i]->event(detect->states[i], &input);
}

void detect_get_usage(const struct detect *detect, struct detect_usage *usage)
{
	*usage = (struct detect_usage){ .forgotten = detect->forgotten };
	for (size_t i = 0; i < DETECT_RULE_TYPES; i++)
		if (detect->states[i])
			rule_state_add_usage(rule_types[i], detect->states[i], usage);
	strangers_add_usage(detect->strangers, usage);
	accounts_add_usage(detect->accounts, usage);
}
