// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule source-failures: one source fails too often. Whether the source may be banned at all (own
 * addresses, loopback) is not decided here. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "detect/rule.h"

static bool seen_before(const struct window_entry *entries, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (entries[i].account && !strcmp(entries[i].account, entries[at].account))
			return true;
	return false;
}

/* Appends " (bob, alice, ...)" as far as it fits; returns how many different accounts it met. */
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

/* Whether all failures came within the short window. */
static bool is_burst(const struct rule_input *input)
{
	const struct window_entry *entries = input->tries->hit;
	const struct window_entry *last = &entries[input->tries->hit_count - 1];

	return (uint64_t)last->wall_ns - (uint64_t)entries[0].wall_ns <=
	       rule_ns(input->settings->rules[RULE_SOURCE_FAILURES].window_s);
}

static void describe(const struct rule_input *input, struct decision *decision)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_SOURCE_FAILURES];
	const struct window_entry *entries = input->tries->hit;
	size_t count = input->tries->hit_count;
	bool all_named = true;
	unsigned long long failures = 0;
	char window[TIME_TEXT_SIZE];
	uint32_t services = 0;

	for (size_t i = 0; i < count; i++) {
		failures += entries[i].weight;
		all_named &= entries[i].account != NULL;
		services |= entries[i].mark ? BAN_SMTP : BAN_LOGIN;
		rule_add_evidence(decision, entries[i].tag);
	}
	duration_format(is_burst(input) ? rule->window_s : rule->long_s, window);
	snprintf(decision->reason, sizeof(decision->reason), "%llu failed login%s in %s", failures,
		 failures == 1 ? "" : "s", window);
	if (append_accounts(decision->reason, sizeof(decision->reason), entries, count) == 1 &&
	    all_named && input->event->has_account)
		rule_set_account(input, decision);
	decision->wall_ns = entries[count - 1].wall_ns;
	decision->services = (enum ban_services)services;
}

/* A few devices that each try every five or ten minutes. A guesser tries more names, or an account
 * that is used, or tries more often. */
#define DEVICES_MAX   3
#define DEVICE_GAP_NS (180 * NS_PER_S)

/* Whether all failures name accounts that nobody logs in to, on few accounts, and seldom. */
static bool are_of_nobody(const struct rule_input *input)
{
	const struct window_entry *entries = input->tries->hit;
	size_t accounts = 0, last = input->tries->hit_count - 1;
	uint64_t gaps = 0;

	for (size_t i = 0; i < last; i++)
		gaps += entries[i].weight;
	if ((uint64_t)entries[last].wall_ns - (uint64_t)entries[0].wall_ns < gaps * DEVICE_GAP_NS)
		return false;
	for (size_t i = 0; i <= last; i++) {
		if (!entries[i].account)
			return false;
		if (seen_before(entries, i))
			continue;
		if (++accounts > DEVICES_MAX ||
		    accounts_in_use(input->accounts, entries[i].account, entries[i].wall_ns))
			return false;
	}
	return true;
}

/* Failures of an account and a source that know each other are the account's own affair: the source
 * is not shut out for them, whoever sits there. The same holds for failures from where somebody
 * works, unless they come in a burst: the cause is a device that was set up wrongly, or whose user
 * has left. Such failures are on few accounts that nobody uses, or, at a shared place, on one
 * account whose owner may be there. But an account whose owner is elsewhere is being guessed:
 * anybody with five mailboxes can make a shared place. */
static bool is_own_affair(const struct rule_input *input, const struct decision *decision)
{
	if (input->standing.trust == TRUST_OWN)
		return input->event->has_account;
	if (is_stranger(input) || is_burst(input))
		return false;
	if (are_of_nobody(input))
		return true;
	return input->standing.shared && decision->has_account &&
	       (!input->standing.exists || rule_may_be_owner(input));
}

static void on_event(void *context, const struct rule_input *input)
{
	const struct event *event = input->event;
	struct decision decision;
	bool own;

	(void)context;
	if (event->kind != EVENT_FAILURE || !event->has_source || !input->tries->hit_count)
		return;
	rule_begin(input, RULE_SOURCE_FAILURES, &decision);
	describe(input, &decision);
	own = is_own_affair(input, &decision);
	strangers_restart(input, &input->tries->subject);
	rule_spare_mail(input, &decision);
	decision.prefix = input->source;
	if (own) {
		if (input->standing.trust == TRUST_OWN)
			rule_set_account(input, &decision);
		decision.has_prefix = !decision.has_account;
		rule_add_source(input, &decision, &input->source);
		rule_notice(input, &decision);
		return;
	}
	decision.action = ACTION_BAN_ALERT;
	decision.has_prefix = true;
	if (!input->ill || is_stranger(input))
		rule_decide(input, &decision);
}

const struct rule_type rule_source_failures = {
	.rule = RULE_SOURCE_FAILURES,
	.only_counts = true,
	.event = on_event,
};
