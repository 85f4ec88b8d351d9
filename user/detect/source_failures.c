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

/* A few devices that each try every few minutes; where many work, one for each PEOPLE of them. A
 * guesser tries more names, or an account that is used, or tries more often. */
#define DEVICES	      3
#define DEVICES_MAX   12
#define PEOPLE	      10
#define DEVICE_GAP_NS (180 * NS_PER_S)
/* Of so many failures one may be of no device: others there mistype. */
#define REST_PART 10

/* The accounts that the devices of a place fail on, most failures first. */
struct devices {
	size_t count, most;
	struct {
		uint64_t failures;
		char account[EVENT_ACCOUNT_SIZE]; /* a copy: the entries are forgotten */
	} list[DEVICES_MAX];
};

static uint64_t failures_on(const struct tries *tries, const char *account)
{
	uint64_t failures = 0;

	for (size_t i = 0; i < tries->hit_count; i++)
		if (tries->hit[i].account && !strcmp(tries->hit[i].account, account))
			failures += tries->hit[i].weight;
	return failures;
}

/* Where somebody works, a device may have a name that nobody uses, or, at a shared place, the old
 * password of an account whose owner may be there. But an account whose owner is elsewhere is being
 * guessed: anybody with five mailboxes can make a shared place. At a line whose address changes,
 * the line must be the account's. */
static bool may_be_device(const struct rule_input *input, const char *account, uint64_t failures)
{
	const struct window_entry *entries = input->tries->hit;
	int64_t now_ns = input->event->wall_ns;
	uint64_t span_ns = (uint64_t)entries[input->tries->hit_count - 1].wall_ns -
			   (uint64_t)entries[0].wall_ns;

	if (accounts_in_use(input->accounts, account, now_ns) &&
	    !(input->standing.line && rule_at_line(input, accounts_look(input->accounts, account))))
		return input->standing.shared && rule_may_own(input, account);
	return input->standing.shared || span_ns >= (failures - 1) * DEVICE_GAP_NS;
}

/* Inserts an account, if it is one of those with the most failures. */
static void add_device(struct devices *devices, const char *account, uint64_t failures)
{
	size_t at = devices->count;

	while (at && devices->list[at - 1].failures < failures)
		at--;
	if (at == devices->most)
		return;
	if (devices->count < devices->most)
		devices->count++;
	memmove(devices->list + at + 1, devices->list + at,
		(devices->count - 1 - at) * sizeof(*devices->list));
	devices->list[at].failures = failures;
	snprintf(devices->list[at].account, sizeof(devices->list[at].account), "%s", account);
}

/* How many devices the place may have. */
static size_t devices_at(const struct rule_input *input)
{
	size_t some =
		accounts_knowing(input->accounts, &input->source, input->event->wall_ns) / PEOPLE;

	return some < DEVICES ? DEVICES : some > DEVICES_MAX ? DEVICES_MAX : some;
}

/* Whether nearly all failures are of a few devices: lists these. */
static bool are_of_devices(const struct rule_input *input, struct devices *devices)
{
	const struct tries *tries = input->tries;
	uint64_t all = 0, rest;

	devices->count = 0;
	devices->most = devices_at(input);
	for (size_t i = 0; i < tries->hit_count; i++) {
		const char *account = tries->hit[i].account;
		uint64_t failures;

		all += tries->hit[i].weight;
		if (!account || seen_before(tries->hit, i))
			continue;
		failures = failures_on(tries, account);
		if (may_be_device(input, account, failures))
			add_device(devices, account, failures);
	}
	rest = all;
	for (size_t i = 0; i < devices->count; i++)
		rest -= devices->list[i].failures;
	return devices->count && rest * REST_PART < all;
}

static bool is_device(const char *account, const void *context)
{
	const struct devices *devices = context;

	for (size_t i = 0; i < devices->count; i++)
		if (!strcmp(account, devices->list[i].account))
			return true;
	return false;
}

/* The decision is about the account, if one device has nearly all failures, or if the source's
 * address changes, else about the source. */
static void name_device(const struct rule_input *input, const struct devices *devices,
			struct decision *decision)
{
	decision->has_account = devices->count == 1 || input->standing.line ||
				devices->list[1].failures * REST_PART < devices->list[0].failures;
	if (decision->has_account)
		memcpy(decision->account, devices->list[0].account, sizeof(decision->account));
}

/* Failures of an account and a source that know each other are the account's own affair: the source
 * is not shut out for them, whoever sits there. The same holds for failures of a few devices from
 * where somebody works, unless they come in a burst. Devices' failures no longer count; others'
 * still do, so that nobody guesses behind a device without end. */
static bool excuse(const struct rule_input *input, struct decision *decision)
{
	struct devices devices;

	if (input->standing.trust == TRUST_OWN || is_stranger(input) || is_burst(input) ||
	    !are_of_devices(input, &devices)) {
		strangers_restart(input, &input->tries->subject);
		return input->standing.trust == TRUST_OWN && input->event->has_account &&
		       !input->standing.forgotten;
	}
	name_device(input, &devices, decision);
	strangers_excuse(input, &input->tries->subject, is_device, &devices);
	return true;
}

/* Whether place-failures told of the devices at the source already. */
static bool is_told(const struct rule_input *input)
{
	return input->standing.trust == TRUST_OTHER && rule_had_alert(input, RULE_PLACE_FAILURES);
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
	own = excuse(input, &decision);
	rule_spare_mail(input, &decision);
	decision.prefix = input->source;
	if (own) {
		if (input->standing.trust == TRUST_OWN)
			rule_set_account(input, &decision);
		decision.has_prefix = !decision.has_account;
		rule_add_source(input, &decision, &input->source);
		if (!is_told(input))
			rule_notice(input, &decision);
		return;
	}
	decision.action = ACTION_BAN_ALERT;
	decision.has_prefix = true;
	if (!input->ill || input->standing.trust != TRUST_OWN || input->standing.forgotten)
		rule_decide(input, &decision);
}

const struct rule_type rule_source_failures = {
	.rule = RULE_SOURCE_FAILURES,
	.only_counts = true,
	.event = on_event,
};
