// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule account-siege: strangers of several networks fail on one account that is in use. From then
 * on, a stranger is banned at his third failure on it, unless he may be the owner. After a leak he
 * is banned at his first failure, since he has the former password, unless his provider is one of
 * the account's. Networks whose strangers failed on other servers count beside at least one
 * here. */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "detect/rule.h"

/* Networks that are kept for one account; sieges from more are rare. */
#define NETWORKS_MAX 500

static struct distinct_window_settings
distinct_window_settings(const struct detect_settings *settings)
{
	const struct rule_settings *rule = &settings->rules[RULE_ACCOUNT_SIEGE];
	struct distinct_window_settings networks = rule_distinct(rule, settings->most_accounts, 1);

	/* Enough items to see ten times the usual, if that is up to ten times the default count. */
	networks.items = NETWORKS_MAX;
	if (networks.items < rule->count)
		networks.items = rule->count;
	networks.wide = settings->network_length6 > 64;
	return networks;
}

#define THIRD 3

/* Counts networks from which strangers failed on other servers only. */
static size_t count_elsewhere(const struct rule_input *input,
			      const struct distinct_window_item *items, size_t count)
{
	const struct detect_remote *seen;
	size_t others = rule_remote(input, RULE_ACCOUNT_SIEGE, SIGHT_FAILURE, &seen), elsewhere = 0;

	for (size_t i = 0; i < others; i++) {
		bool met = false;

		for (size_t j = 0; j < count && items && !met; j++)
			met = !address_compare(&items[j].what, &seen[i].network.address);
		for (size_t j = 0; j < i && !met; j++)
			met = !address_compare(&seen[j].network.address, &seen[i].network.address);
		elsewhere += !met;
	}
	return elsewhere;
}

static void alert(const struct rule_input *input, const struct distinct_window_item *items,
		  size_t count, size_t elsewhere, bool leaked)
{
	const struct detect_settings *settings = input->settings;
	size_t from = count > DECISION_SOURCES_MAX ? count - DECISION_SOURCES_MAX : 0;
	char window[TIME_TEXT_SIZE];
	struct decision decision;

	rule_begin(input, RULE_ACCOUNT_SIEGE, &decision);
	rule_set_account(input, &decision);
	for (size_t i = from; items && i < count; i++) {
		struct prefix network = address_network(&items[i].what, settings->network_length4,
							settings->network_length6);

		rule_add_evidence(&decision, items[i].tag);
		rule_add_source(input, &decision, &network);
	}
	duration_format(settings->rules[RULE_ACCOUNT_SIEGE].window_s, window);
	snprintf(decision.reason, sizeof(decision.reason),
		 "failed logins from %zu network%s in %s%s", count + elsewhere,
		 count + elsewhere == 1 ? "" : "s", window,
		 leaked ? " after a leak; one failure of a stranger is enough"
			: ", many more than usual");
	if (elsewhere) {
		size_t used = strlen(decision.reason);

		snprintf(decision.reason + used, sizeof(decision.reason) - used,
			 "; %zu of them on other servers", elsewhere);
	}
	decision.action = ACTION_ALERT;
	rule_decide(input, &decision);
}

static void ban(const struct rule_input *input, bool leaked)
{
	struct decision decision;

	rule_begin(input, RULE_ACCOUNT_SIEGE, &decision);
	rule_set_account(input, &decision);
	rule_add_evidence(&decision, input->tag);
	if (leaked)
		snprintf(decision.reason, sizeof(decision.reason),
			 "failed login on %.90s, whose password strangers have had",
			 input->event->account);
	else
		snprintf(decision.reason, sizeof(decision.reason),
			 "%llu failed logins on %.100s, which is under siege",
			 (unsigned long long)input->tries->slowly_on_account,
			 input->event->account);
	rule_spare_mail(input, &decision);
	decision.action = ACTION_BAN;
	decision.has_prefix = true;
	decision.prefix = input->source;
	rule_decide(input, &decision);
}

/* The number of networks that alerts. The usual is taken as at least the number that begins a
 * siege. */
static uint64_t alerting(const struct rule_input *input, uint32_t usual)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_SIEGE];

	return (uint64_t)(usual > rule->count ? usual : rule->count) * rule->usual;
}

/* Whether the source failed on the account three times within the window, or over days as often as
 * makes source-slow fire. */
static bool guesses(const struct rule_input *input)
{
	const struct rule_settings *slow = &input->settings->rules[RULE_SOURCE_SLOW];
	const struct tries *tries = input->tries;

	return tries->on_account >= (uint64_t)THIRD * tries->times ||
	       (slow->action && tries->slowly_on_account >= (uint64_t)slow->count * tries->times);
}

static size_t expect(const void *context, const struct rule_input *input,
		     struct lru_lookup lookups[])
{
	if (input->event->kind != EVENT_FAILURE || !input->event->has_account)
		return 0;
	lookups[0] = (struct lru_lookup){ distinct_window_table(context), &input->account };
	return 1;
}

static void on_event(void *context, const struct rule_input *input)
{
	const struct event *event = input->event;
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_SIEGE];
	struct distinct_window_item item = { input->network.address, event->wall_ns, input->tag };
	struct account *account = input->standing.account;
	struct detect_habit *habit;
	const struct distinct_window_item *items;
	bool leaked, besieged;
	size_t count, elsewhere;

	/* An owner on the road who mistypes, or has a device with an old password, is no siege. */
	if ((event->kind == EVENT_SUCCESS || event->kind == EVENT_MESSAGE) && input->at &&
	    (input->login == LOGIN_NEW || input->login == LOGIN_SEEN))
		distinct_window_remove(context, &input->account, &input->network.address);
	/* Known sources may mistype, and an account that does not exist cannot be besieged. */
	if (event->kind != EVENT_FAILURE || !event->has_source || !account || !is_stranger(input) ||
	    input->lan)
		return;
	count = distinct_window_add(context, &input->account, &item);
	if (count && count <= REMOTE_LOGINS_EACH)
		rule_tell(input, SIGHT_FAILURE);
	items = distinct_window_list(context);
	elsewhere = count ? count_elsewhere(input, items, count) : 0;
	/* Only this server's counts make the usual: other servers could raise it. */
	habit = accounts_habit(input->accounts, event->account, account, event->wall_ns);
	if (habit->failing_today < count)
		habit->failing_today = (uint32_t)count;
	leaked = account_leaked(input->accounts, account, event->wall_ns);
	besieged = accounts_besieged(input->accounts, &input->account, event->wall_ns);
	if (count && count + elsewhere >= rule->count &&
	    (leaked || count + elsewhere >= alerting(input, habit->failing)))
		alert(input, items, count, elsewhere, leaked);
	if (count && count + elsewhere >= rule->count)
		besieged = true;
	if (besieged)
		accounts_besiege(input->accounts, event->account, &input->account, event->wall_ns);
	if (input->standing.provider)
		return;
	if (leaked) {
		accounts_leak(input->accounts, event->account, account, event->wall_ns);
		ban(input, true);
	} else if (besieged && !input->young && guesses(input) && !rule_may_be_owner(input)) {
		ban(input, false);
	}
}

const struct rule_type rule_account_siege = {
	.rule = RULE_ACCOUNT_SIEGE,
	.distinct = distinct_window_settings,
	.event = on_event,
	.expect = expect,
};
