// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rule account-spread: one account is logged in to from too many new providers or countries. New
 * means that there was no login from there before the window. Several countries of one provider
 * count once. Countries alert. Providers ban if the account has a source from before the spread:
 * without one, the owner could not be told from the others. The spread began some time before it is
 * noticed, see news_began(). A source that came since then, of a provider that was not there before
 * and from no home country, is a stranger, and is banned; so is every later one, at its first
 * login. Not banned are a shared place, and a source that is another account's own: a person who
 * begins to use a second account. They count all the same, and do not become known.
 *
 * Where a provider is a guess (provider.h), many networks of the account's own country need not be
 * many providers: they count only for a twelfth of the window. Somebody on the road meets many
 * networks in a day, but not in two hours.
 */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "detect/distinct_window.h"
#include "detect/rule.h"
#include "detect/spread_news.h"

/* Whether somebody, who must be the owner, used the account well before the spread. */
static bool has_anchor(const struct rule_input *input, int64_t began_ns)
{
	uint64_t age_ns = rule_ns(input->settings->rules[RULE_ACCOUNT_SPREAD].long_s);
	const struct account *account = input->at;

	for (size_t i = 0; i < account->count; i++)
		if (!account->logins[i].suspect &&
		    account->logins[i].first_ns <= time_less(began_ns, age_ns))
			return true;
	return false;
}

/* Providers of one account, as a hash set: all zero is the empty set. At least half of the slots
 * stay free. */
struct provider_set {
	uint64_t slots[2 * LOGIN_SOURCES_MAX]; /* 0: free; no provider has this number */
};

/* The slot that the provider is in, or would be in. */
static uint64_t *slot_of(struct provider_set *set, uint64_t provider)
{
	const size_t count = sizeof(set->slots) / sizeof(*set->slots);
	size_t at = (size_t)(provider * 0x9e3779b97f4a7c15U >> 32) % count;

	while (set->slots[at] && set->slots[at] != provider)
		at = (at + 1) % count;
	return &set->slots[at];
}

/* Collects the providers from which the account was logged in to before the spread. */
static void list_before(const struct account *account, int64_t began_ns,
			struct provider_set *before)
{
	memset(before, 0, sizeof(*before));
	for (size_t i = 0; i < account->count; i++)
		if (!account->logins[i].suspect && account->logins[i].first_ns < began_ns)
			*slot_of(before, account->logins[i].provider) = account->logins[i].provider;
}

/* Whether the login came since the spread began, of a provider that was not there before. */
static bool is_stranger_since(struct provider_set *before, const struct login_source *login,
			      int64_t began_ns)
{
	return login->first_ns >= began_ns && !*slot_of(before, login->provider) &&
	       !address_is_lan(&login->source.address);
}

static void say_countries(const struct decision *decision, char *text, size_t size)
{
	size_t used = 0;

	*text = '\0';
	for (unsigned i = 0; i < decision->source_count && i < DECISION_SOURCES_MAX; i++) {
		uint16_t country = decision->sources[i].country;
		bool said = country == COUNTRY_ZZ;
		char letters[COUNTRY_TEXT_SIZE];

		for (unsigned j = 0; j < i && !said; j++)
			said = decision->sources[j].country == country;
		if (said || used + 4 >= size)
			continue;
		country_to_text(country, letters);
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "",
					 letters);
	}
}

/* Of so many sources a person comes: at home, on the road, at work. Who has a mailbox here could
 * else make all his sources known to it first. */
#define PERSON_SOURCES 3

/* By account and other account: the sources of the latter that were spared in a spread. */
static struct distinct_window_settings person_sets(const struct detect_settings *settings)
{
	return (struct distinct_window_settings){
		.most = settings->most_accounts,
		.items = PERSON_SOURCES,
		.window_ns = rule_ns(settings->rules[RULE_ACCOUNT_SPREAD].window_s),
		.wide = settings->source_length6 > 64
	};
}

/* Whether the source is one of the few of a person to whom the other account belongs. */
static bool is_persons(struct distinct_window *persons, const struct rule_input *input,
		       const struct prefix *source, uint32_t other)
{
	struct distinct_window_item item = { .what = source->address,
					     .wall_ns = input->event->wall_ns,
					     .tag = input->tag };
	struct prefix with = { .address = address_from4(other), .length = LRU_NAME };
	struct prefix key = lru_pair_key(&input->account, &with);

	return distinct_window_admit(persons, &key, &item, PERSON_SOURCES);
}

/* Whether a ban of the source would shut out others, or somebody who is known here. */
static bool is_spared(struct distinct_window *persons, const struct rule_input *input,
		      const struct prefix *source)
{
	uint32_t others[DETECT_SHARED_MAX];
	unsigned count = accounts_others(input->accounts, source, &input->account,
					 input->event->wall_ns, others);
	bool spared = count >= input->settings->shared_accounts;

	for (unsigned i = 0; i < count && !spared; i++)
		spared = is_persons(persons, input, source, others[i]);
	return spared;
}

/* Bans a stranger, or raises an alert about the account in place of the ban. */
static void ban_stranger(const struct rule_input *input, const struct login_source *login,
			 bool spared)
{
	struct decision decision;

	rule_begin(input, RULE_ACCOUNT_SPREAD, &decision);
	rule_set_account(input, &decision);
	rule_add_evidence(&decision, place_tag(login, input->tag));
	snprintf(decision.reason, sizeof(decision.reason), "logged in to %.100s during its spread",
		 input->event->account);
	if (spared) {
		rule_notice(input, &decision);
		return;
	}
	rule_spare_mail(input, &decision);
	decision.action = ACTION_BAN;
	decision.has_prefix = true;
	decision.prefix = login->source;
	rule_decide(input, &decision);
}

static void alert(const struct rule_input *input, const struct news *news, int64_t began_ns,
		  bool at_once)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_SPREAD];
	char window[TIME_TEXT_SIZE], countries[80];
	struct provider_set before;
	struct decision decision;

	list_before(input->at, began_ns, &before);
	rule_begin(input, RULE_ACCOUNT_SPREAD, &decision);
	rule_set_account(input, &decision);
	/* Oldest first. */
	for (size_t i = news->place_count; i-- > 0;) {
		if (!is_stranger_since(&before, news->logins[i], began_ns))
			continue;
		rule_add_evidence(&decision, place_tag(news->logins[i], input->tag));
		rule_add_source(input, &decision, &news->logins[i]->source);
	}
	duration_format(rule->window_s, window);
	say_countries(&decision, countries, sizeof(countries));
	snprintf(decision.reason, sizeof(decision.reason),
		 "logins from %zu provider%s and %u countr%s, all new in %s; strangers in %s",
		 news->provider_count, news->provider_count == 1 ? "" : "s", news->countries,
		 news->countries == 1 ? "y" : "ies", window, *countries ? countries : "ZZ");
	if (news->remote) {
		size_t used = strlen(decision.reason);

		snprintf(decision.reason + used, sizeof(decision.reason) - used,
			 "; %u of the providers on other servers", news->remote);
	}
	decision.action = ACTION_ALERT;
	decision.at_once = at_once;
	rule_decide(input, &decision);
}

/* Sources that came with the spread must not become known to the account: they are marked as
 * suspect. Where the rule bans, those from no home country are also banned and removed, unless they
 * are to be spared. */
static void sort_out(struct distinct_window *persons, const struct rule_input *input,
		     int64_t began_ns, bool bans)
{
	struct account *account = input->at;
	struct provider_set before;
	bool strangers[LOGIN_SOURCES_MAX] = { 0 };

	list_before(account, began_ns, &before);
	for (size_t i = 0; i < account->count; i++)
		strangers[i] = is_stranger_since(&before, &account->logins[i], began_ns);
	if (!(input->settings->rules[RULE_ACCOUNT_SPREAD].action & ACTION_BAN))
		bans = false;
	for (size_t i = account->count; i-- > 0;) {
		struct prefix source = account->logins[i].source;
		bool spared;

		if (!strangers[i])
			continue;
		account->logins[i].suspect = true;
		if (!bans || detect_is_home(input->settings, account->logins[i].country))
			continue;
		spared = is_spared(persons, input, &source);
		ban_stranger(input, &account->logins[i], spared);
		if (spared)
			continue;
		accounts_remove_source(input->accounts, input->event->account, account, i);
	}
}

/* In its first window, an installation has seen no account before. Where, besides, all providers
 * are guesses, several countries may be one service that fetches mail. */
static bool knows_nothing(const struct rule_input *input, const struct news *news)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_SPREAD];

	return !news->known && time_less(input->event->wall_ns, rule_ns(rule->window_s)) <
				       accounts_since(input->accounts);
}

static void judge(struct distinct_window *persons, const struct rule_input *input)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_SPREAD];
	int64_t began_ns, sure_ns = input->event->wall_ns;
	bool many, soon, countries, bans;
	struct news news;

	news_find(input, &news);
	many = news.counting >= rule->count;
	soon = rule->long_count && news.soon >= rule->long_count && news.mailed;
	countries = news.countries >= rule->countries && !knows_nothing(input, &news);
	if (!many && !soon && !countries)
		return;
	if (many && news.counting_ns < sure_ns)
		sure_ns = news.counting_ns;
	if (soon && news.soon_ns < sure_ns)
		sure_ns = news.soon_ns;
	if (countries && news.countries_ns < sure_ns)
		sure_ns = news.countries_ns;
	began_ns = news_began(input, &news, sure_ns);
	/* What only other servers saw never bans. */
	bans = (many || soon) && news.provider_count > news.remote && has_anchor(input, began_ns);
	alert(input, &news, began_ns, many || soon);
	if (bans) {
		accounts_spread(input->accounts, input->event->account, input->at,
				input->event->wall_ns);
	} else {
		input->at->alert_ns = input->event->wall_ns;
		input->at->alert_many = many || soon;
	}
	sort_out(persons, input, began_ns, bans);
}

static void on_event(void *context, const struct rule_input *input)
{
	int64_t now_ns = input->event->wall_ns;

	if (!input->at)
		return;
	if (input->login == LOGIN_STRANGER) {
		struct login_source login = { .source = input->source,
					      .tag = (uint32_t)input->tag };
		bool spared = is_spared(context, input, &input->source);

		/* Who may be the owner does not prolong the spread. */
		if (!spared)
			accounts_spread(input->accounts, input->event->account, input->at, now_ns);
		ban_stranger(input, &login, spared);
		return;
	}
	/* A source that was seen before counts for nothing, except with its first message. */
	if (input->lan || account_in_spread(input->accounts, input->at, now_ns))
		return;
	if (input->login == LOGIN_NEW || input->first_mail)
		judge(context, input);
}

const struct rule_type rule_account_spread = {
	.rule = RULE_ACCOUNT_SPREAD,
	.distinct = person_sets,
	.event = on_event,
};
