// SPDX-License-Identifier: GPL-2.0-or-later
/* See strangers.h. */
#include "base/time.h"
#include "detect/strangers.h"

#include <stdlib.h>

#include "detect/rule.h"

/* Failures that name no account, of a source that some account knows, are counted apart from those
 * on others' accounts: no address has such a length. */
#define UNNAMED 0x20000U

struct strangers {
	struct windows *failures;  /* by source; of known pairs by account */
	struct distinct *accounts; /* by source */
};

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static struct window_settings failure_windows(const struct detect_settings *settings)
{
	const struct rule_settings *rule = &settings->rules[RULE_SOURCE_FAILURES];
	struct window_settings windows = rule_windows(rule, settings->most_sources, 1);

	windows.long_count = rule->long_count;
	windows.long_ns = rule_ns(rule->long_s);
	return windows;
}

static struct distinct_settings account_sets(const struct detect_settings *settings)
{
	const struct rule_settings *fast = &settings->rules[RULE_SOURCE_ACCOUNTS];
	const struct rule_settings *slow = &settings->rules[RULE_SOURCE_SLOW];
	struct distinct_settings sets =
		rule_distinct(fast, settings->most_sources, settings->known_factor);

	sets.items = larger(sets.items, slow->count);
	if (sets.window_ns < rule_ns(slow->window_s))
		sets.window_ns = rule_ns(slow->window_s);
	return sets;
}

struct strangers *strangers_new(const struct detect_settings *settings)
{
	struct window_settings windows = failure_windows(settings);
	struct distinct_settings sets = account_sets(settings);
	struct strangers *strangers = calloc(1, sizeof(*strangers));

	if (!strangers)
		return NULL;
	strangers->failures = windows_new(&windows);
	strangers->accounts = distinct_new(&sets);
	if (strangers->failures && strangers->accounts)
		return strangers;
	strangers_free(strangers);
	return NULL;
}

void strangers_free(struct strangers *strangers)
{
	if (!strangers)
		return;
	windows_free(strangers->failures);
	distinct_free(strangers->accounts);
	free(strangers);
}

/* With another source length the sources seen so far are never met again, and age. */
void strangers_configure(struct strangers *strangers, const struct detect_settings *settings)
{
	struct window_settings windows = failure_windows(settings);
	struct distinct_settings sets = account_sets(settings);

	windows_configure(strangers->failures, &windows);
	distinct_configure(strangers->accounts, &sets);
}

/* How many times the thresholds of a source this failure is judged by. */
static uint32_t times_of(const struct rule_input *sighting)
{
	const struct detect_settings *settings = sighting->settings;
	const struct standing *standing = &sighting->standing;
	uint32_t times = 1;

	if (standing->trust == TRUST_OWN)
		times = settings->known_factor;
	else if (standing->trust != TRUST_NONE && !standing->shared)
		times = settings->other_factor;
	if (standing->shared)
		times *= settings->known_factor;
	if (is_stranger(sighting) && sighting->ill)
		times *= 2;
	return times;
}

static bool wants_accounts(const struct detect_settings *settings)
{
	return settings->rules[RULE_SOURCE_ACCOUNTS].action ||
	       settings->rules[RULE_SOURCE_SLOW].action ||
	       settings->rules[RULE_SERVER_SPRAY].action;
}

void strangers_fail(struct strangers *strangers, const struct rule_input *sighting,
		    struct tries *tries)
{
	const struct event *event = sighting->event;
	const char *account = event->has_account ? event->account : NULL;
	bool own = sighting->standing.trust == TRUST_OWN;
	uint64_t siege_ns = rule_ns(sighting->settings->rules[RULE_ACCOUNT_SIEGE].window_s);
	struct window_entry entry = {
		.wall_ns = event->wall_ns,
		.tag = sighting->tag,
		.account = account,
		.weight = event->count ? event->count : 1,
		.short_only = own,
		.mark = event->service == EVENT_SERVICE_SMTP,
	};
	struct distinct_item item = { .wall_ns = event->wall_ns, .tag = sighting->tag };

	*tries = (struct tries){ .subject = sighting->source, .times = times_of(sighting) };
	entry.times = (uint16_t)(tries->times < UINT16_MAX ? tries->times : UINT16_MAX);
	if (own && account)
		tries->subject = sighting->account;
	else if (own)
		tries->subject.length |= UNNAMED;
	tries->hit_count = windows_add(strangers->failures, &tries->subject, &entry, &tries->hit);
	if (own || !account)
		return;
	tries->on_account = windows_weigh(strangers->failures, &sighting->source, account,
					  time_less(event->wall_ns, siege_ns));
	/* Whoever logged in to it does not guess it. */
	if (sighting->standing.trust == TRUST_SEEN || !wants_accounts(sighting->settings))
		return;
	item.what = accounts_local_key(sighting->accounts, account).address;
	tries->account_count =
		distinct_add(strangers->accounts, &sighting->source, &item, &tries->accounts);
}

void strangers_succeed(struct strangers *strangers, const struct rule_input *sighting)
{
	struct prefix key = accounts_local_key(sighting->accounts, sighting->event->account);

	distinct_remove(strangers->accounts, &sighting->source, &key.address);
}

void strangers_restart(const struct rule_input *sighting, const struct prefix *subject)
{
	windows_restart(sighting->strangers->failures, subject);
	sighting->tries->hit = NULL;
	sighting->tries->hit_count = 0;
}

void strangers_forgive(const struct rule_input *sighting)
{
	distinct_restart(sighting->strangers->accounts, &sighting->source);
	sighting->tries->accounts = NULL;
	sighting->tries->account_count = 0;
}

void strangers_add_usage(const struct strangers *strangers, struct detect_usage *usage)
{
	struct window_usage failures, accounts;

	windows_get_usage(strangers->failures, &failures);
	distinct_get_usage(strangers->accounts, &accounts);
	usage->sources += failures.used;
	usage->sources_size += failures.size;
	usage->forgotten += failures.forgotten + accounts.forgotten;
}
