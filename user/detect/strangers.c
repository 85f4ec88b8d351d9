// SPDX-License-Identifier: GPL-2.0-or-later
/* See strangers.h. */
#include "base/time.h"
#include "detect/strangers.h"

#include <stdlib.h>
#include <string.h>

#include "detect/rule.h"

/* Failures of a source that some account knows are counted apart if they name no account. */
#define UNNAMED LRU_KEY_APART
/* Failures on accounts that the source logged in to, but that do not know it, are counted apart
 * too. */
#define SEEN LRU_KEY_APART_TOO

struct strangers {
	struct sliding_window *failures;  /* by source; by account if it knows the source */
	struct distinct_window *accounts; /* by source */
	struct distinct_window *guests;	  /* by source: accounts that it logged in to, and that do
					   * not know it; apart, those whose line it may be; by
					   * such an account: the sources for which it speaks */
};

#define GUESTS_PART 16 /* room for most_sources / GUESTS_PART sources that log in anew */
#define GUESTS_NS   (86400 * NS_PER_S)
/* Times the accounts that make a shared place: an attacker with five mailboxes can log in to them
 * within a minute. */
#define GUESTS_FACTOR 2
/* For so many sources within a day an account speaks: those of a line that gets another address at
 * night, with IPv4 and IPv6. */
#define LINE_SOURCES 3
#define SPEAKERS_MAX 8

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
	if (settings->rules[RULE_SOURCE_SLOW].action && settings->rules[RULE_ACCOUNT_SIEGE].action)
		windows.keep_ns = rule_ns(settings->rules[RULE_SOURCE_SLOW].window_s);
	return windows;
}

static struct distinct_window_settings account_sets(const struct detect_settings *settings)
{
	const struct rule_settings *fast = &settings->rules[RULE_SOURCE_ACCOUNTS];
	const struct rule_settings *slow = &settings->rules[RULE_SOURCE_SLOW];
	struct distinct_window_settings sets =
		rule_distinct(fast, settings->most_sources, settings->known_factor);

	sets.items = larger(sets.items, slow->count);
	if (sets.window_ns < rule_ns(slow->window_s))
		sets.window_ns = rule_ns(slow->window_s);
	return sets;
}

static struct distinct_window_settings guest_sets(const struct detect_settings *settings)
{
	uint32_t most = settings->most_sources / GUESTS_PART;

	return (struct distinct_window_settings){ .most = most ? most : 1,
						  .items =
							  GUESTS_FACTOR * settings->shared_accounts,
						  .window_ns = GUESTS_NS,
						  .wide = settings->source_length6 > 64 };
}

struct strangers *strangers_new(const struct detect_settings *settings)
{
	struct window_settings windows = failure_windows(settings);
	struct distinct_window_settings sets = account_sets(settings),
					guests = guest_sets(settings);
	struct strangers *strangers = calloc(1, sizeof(*strangers));

	if (!strangers)
		return NULL;
	strangers->failures = sliding_window_new(&windows);
	strangers->accounts = distinct_window_new(&sets);
	strangers->guests = distinct_window_new(&guests);
	if (strangers->failures && strangers->accounts && strangers->guests)
		return strangers;
	strangers_free(strangers);
	return NULL;
}

void strangers_free(struct strangers *strangers)
{
	if (!strangers)
		return;
	sliding_window_free(strangers->failures);
	distinct_window_free(strangers->accounts);
	distinct_window_free(strangers->guests);
	free(strangers);
}

/* If the source length changes, the sources seen so far are never met again, and age. */
void strangers_configure(struct strangers *strangers, const struct detect_settings *settings)
{
	struct window_settings windows = failure_windows(settings);
	struct distinct_window_settings sets = account_sets(settings),
					guests = guest_sets(settings);

	sliding_window_configure(strangers->failures, &windows);
	distinct_window_configure(strangers->accounts, &sets);
	distinct_window_configure(strangers->guests, &guests);
}

/* By how many times the thresholds of an unknown source this failure is judged. */
static uint32_t times_of(const struct rule_input *input)
{
	const struct detect_settings *settings = input->settings;
	const struct standing *standing = &input->standing;
	uint32_t times = 1;

	/* What counts against an account does not depend on how many others work at the place. */
	if (standing->trust == TRUST_OWN && input->event->has_account)
		return settings->known_factor;
	if (standing->trust == TRUST_OWN)
		times = settings->known_factor;
	else if (standing->trust != TRUST_NONE && !standing->shared)
		times = settings->other_factor;
	if (standing->shared)
		times *= settings->known_factor;
	if (input->ill && is_stranger(input))
		times *= 2;
	else if (input->ill)
		times = larger(times, settings->known_factor);
	return times;
}

static bool wants_accounts(const struct detect_settings *settings)
{
	return settings->rules[RULE_SOURCE_ACCOUNTS].action ||
	       settings->rules[RULE_SOURCE_SLOW].action ||
	       settings->rules[RULE_SERVER_SPRAY].action;
}

size_t strangers_expect(const struct strangers *strangers, const struct rule_input *input,
			struct lru_lookup lookups[])
{
	lookups[0] =
		(struct lru_lookup){ sliding_window_table(strangers->failures), &input->source };
	lookups[1] =
		(struct lru_lookup){ distinct_window_table(strangers->accounts), &input->source };
	return 2;
}

void strangers_fail(struct strangers *strangers, const struct rule_input *input,
		    struct tries *tries)
{
	const struct event *event = input->event;
	const char *account = event->has_account ? event->account : NULL;
	bool own = input->standing.trust == TRUST_OWN, seen = input->standing.trust == TRUST_SEEN;
	uint64_t siege_ns = rule_ns(input->settings->rules[RULE_ACCOUNT_SIEGE].window_s);
	uint64_t slow_ns = rule_ns(input->settings->rules[RULE_SOURCE_SLOW].window_s);
	struct window_entry entry = {
		.wall_ns = event->wall_ns,
		.tag = input->tag,
		.account = account,
		.weight = event->count ? event->count : 1,
		/* Where the owner logs in, a device may try the old password all day. */
		.short_only = own || seen,
		.mark = event->service == EVENT_SERVICE_SMTP,
	};
	struct distinct_window_item item = { .wall_ns = event->wall_ns, .tag = input->tag };

	*tries = (struct tries){ .subject = input->source, .times = times_of(input) };
	entry.times = (uint16_t)(tries->times < UINT16_MAX ? tries->times : UINT16_MAX);
	if (own && account)
		tries->subject = input->account;
	else if (own || seen)
		tries->subject.length |= own ? UNNAMED : SEEN;
	tries->hit_count =
		sliding_window_add(strangers->failures, &tries->subject, &entry, &tries->hit);
	if (own || !account)
		return;
	tries->on_account = sliding_window_weigh(strangers->failures, &input->source, account,
						 time_less(event->wall_ns, siege_ns));
	tries->slowly_on_account = sliding_window_weigh(
		strangers->failures, &input->source, account, time_less(event->wall_ns, slow_ns));
	/* A source that logged in to the account does not guess it. */
	if (input->standing.trust == TRUST_SEEN || !wants_accounts(input->settings))
		return;
	item.what = accounts_local_key(input->accounts, account).address;
	tries->account_count = distinct_window_add(strangers->accounts, &input->source, &item);
	if (tries->account_count)
		tries->accounts = distinct_window_list(strangers->accounts);
	if (!tries->accounts)
		tries->account_count = 0;
}

/* Whether it is the very account, not one with the same local part: that may be somebody else's. */
static bool is_same_account(const char *account, const void *context)
{
	const struct rule_input *input = context;
	struct prefix key = accounts_key(input->accounts, account);

	return !memcmp(&key, &input->account, sizeof(key));
}

static struct prefix line_key(const struct rule_input *input)
{
	struct prefix key = input->source;

	key.length |= LRU_KEY_APART;
	return key;
}

void strangers_succeed(struct strangers *strangers, const struct rule_input *input)
{
	struct prefix key = accounts_local_key(input->accounts, input->event->account);

	struct distinct_window_item item = { .what = key.address,
					     .wall_ns = input->event->wall_ns,
					     .tag = input->tag };

	distinct_window_remove(strangers->accounts, &input->source, &key.address);
	sliding_window_forgive(strangers->failures, &input->source, is_same_account, input);
	if (input->login == LOGIN_STRANGER || input->lan)
		return;
	distinct_window_add(strangers->guests, &input->source, &item);
	if (rule_at_line(input, input->at)) {
		key = line_key(input);
		distinct_window_add(strangers->guests, &key, &item);
	}
}

bool strangers_failed_elsewhere(const struct rule_input *input)
{
	return distinct_window_count(input->strangers->accounts, &input->source,
				     input->event->wall_ns) > 0;
}

#define FEW_MAX 8

bool strangers_failed_on_few(const struct rule_input *input,
			     const struct distinct_window_item *sources, size_t count,
			     uint64_t window_ns, size_t most)
{
	int64_t from_ns = time_less(input->event->wall_ns, window_ns);
	struct address met[FEW_MAX];
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		struct prefix source =
			address_source(&sources[i].what, input->settings->source_length6);
		struct distinct_window_item items[FEW_MAX + 1];
		size_t newest = distinct_window_newest(input->strangers->accounts, &source, items,
						       FEW_MAX + 1);

		if (!newest)
			return false;
		for (size_t j = 0; j < newest && items[j].wall_ns >= from_ns; j++) {
			size_t at = 0;

			while (at < used && address_compare(&met[at], &items[j].what) != 0)
				at++;
			if (at < used)
				continue;
			if (used == most || used == FEW_MAX)
				return false;
			met[used++] = items[j].what;
		}
	}
	return true;
}

bool strangers_many_guests(const struct rule_input *input)
{
	return distinct_window_count(input->strangers->guests, &input->source,
				     input->event->wall_ns) >=
	       (size_t)input->settings->shared_accounts * GUESTS_FACTOR;
}

/* Whether the failure may be of a device at a line whose address changes: somebody else whose line
 * it is logged in from there within a day, and the account is nobody's, or has that line, too. A
 * thief needs one right password for that, so it is believed for a few accounts, as many as
 * source-slow allows, and the other account speaks for a few sources only. */
static bool is_line(const struct strangers *strangers, const struct rule_input *input,
		    const struct standing *standing)
{
	const struct rule_settings *slow = &input->settings->rules[RULE_SOURCE_SLOW];
	struct distinct_window_item speakers[SPEAKERS_MAX];
	struct distinct_window_item here = { .what = input->source.address,
					     .wall_ns = input->event->wall_ns,
					     .tag = input->tag };
	struct prefix key = line_key(input);
	size_t recent = distinct_window_count(strangers->guests, &key, here.wall_ns), count;

	if (!recent || (standing->account && !rule_at_line(input, standing->account)) ||
	    distinct_window_count(strangers->accounts, &input->source, here.wall_ns) >= slow->count)
		return false;
	count = distinct_window_newest(strangers->guests, &key, speakers, SPEAKERS_MAX);
	for (size_t i = 0; i < count && i < recent; i++) {
		struct prefix speaker = { speakers[i].what, LRU_NAME };

		if (distinct_window_admit(strangers->guests, &speaker, &here, LINE_SOURCES))
			return true;
	}
	return false;
}

void strangers_judge_guests(const struct strangers *strangers, const struct rule_input *input,
			    struct standing *standing)
{
	uint32_t needed = input->settings->shared_accounts;
	size_t count =
		distinct_window_count(strangers->guests, &input->source, input->event->wall_ns);

	if (count && (standing->trust == TRUST_NONE || standing->trust == TRUST_OTHER))
		standing->line = is_line(strangers, input, standing);
	if (standing->trust == TRUST_NONE && (count >= needed || standing->line))
		standing->trust = TRUST_OTHER;
	if (count >= (size_t)needed * GUESTS_FACTOR)
		standing->shared = true;
	/* At a shared place, a source need not wait a day to be known: it may be a new line, or a
	 * new colleague's. */
	if (standing->shared && standing->seen)
		standing->trust = TRUST_OWN;
}

void strangers_restart(const struct rule_input *input, const struct prefix *subject)
{
	sliding_window_restart(input->strangers->failures, subject);
	input->tries->hit = NULL;
	input->tries->hit_count = 0;
}

void strangers_excuse(const struct rule_input *input, const struct prefix *subject,
		      bool (*is_it)(const char *account, const void *context), const void *context)
{
	sliding_window_forgive(input->strangers->failures, subject, is_it, context);
	input->tries->hit = NULL;
	input->tries->hit_count = 0;
}

void strangers_forgive(const struct rule_input *input)
{
	distinct_window_restart(input->strangers->accounts, &input->source);
	input->tries->accounts = NULL;
	input->tries->account_count = 0;
}

void strangers_add_usage(const struct strangers *strangers, struct detect_usage *usage)
{
	struct window_usage failures, accounts, guests;

	sliding_window_get_usage(strangers->failures, &failures);
	distinct_window_get_usage(strangers->accounts, &accounts);
	distinct_window_get_usage(strangers->guests, &guests);
	usage->sources += failures.used;
	usage->sources_size += failures.size;
	usage->forgotten += failures.forgotten + accounts.forgotten + guests.forgotten;
}
