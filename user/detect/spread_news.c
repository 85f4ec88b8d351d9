// SPDX-License-Identifier: GPL-2.0-or-later
/* See spread_news.h. */
#include "detect/spread_news.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/provider.h"

/* The next older login belongs to a group of logins unless the gap before it is longer than both:
 * so many times the mean distance in the group, and so large a part of an owner's age. */
#define GAP_FACTOR 4
#define GAP_PART   6 /* divisor of an owner's age: ten minutes of an hour */
/* So many of the providers and countries that make a spread may be the owner's own. */
#define OWN_PROVIDERS 2
#define OWN_COUNTRIES 1
#define OWN_WINDOW    12 /* divisor of the window: guesses of the own country count so long */
static uint64_t ago(const struct login_source *login, int64_t now_ns)
{
	return login->first_ns >= now_ns ? 0 : (uint64_t)now_ns - (uint64_t)login->first_ns;
}

/* Whether the source is the account's own: there before the window, and not from an earlier spread
 * that goes on. */
static bool is_old(const struct rule_input *input, const struct login_source *login)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_SPREAD];

	return !login->suspect &&
	       (login->returned || ago(login, input->event->wall_ns) > rule_ns(rule->window_s));
}

static bool has_old(const struct rule_input *input, uint64_t provider)
{
	for (size_t i = 0; i < input->at->count; i++)
		if (input->at->logins[i].provider == provider &&
		    is_old(input, &input->at->logins[i]))
			return true;
	return false;
}

/* Newest first; logins of one second of a log in the order of their lines. */
static int compare(const void *left, const void *right)
{
	const struct login_source *a = *(const struct login_source *const *)left;
	const struct login_source *b = *(const struct login_source *const *)right;

	if (a->first_ns != b->first_ns)
		return a->first_ns > b->first_ns ? -1 : 1;
	return a->tag > b->tag ? -1 : a->tag < b->tag;
}

/* Where providers are not known, each server that fetches mail for many (of a webmail, of a
 * telephone maker) is a provider and a country of its own. In an installation's first days, a
 * source of many accounts is taken for such a server; later such servers are old. */
static bool is_fetcher(const struct rule_input *input, const struct login_source *login)
{
	return input->young && provider_is_guess(login->provider) &&
	       accounts_shared(input->accounts, &login->source, input->event->wall_ns);
}

static void list_places(const struct rule_input *input, struct news *news)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_SPREAD];
	const struct account *account = input->at;

	news->place_count = 0;
	for (size_t i = 0; i < account->count; i++)
		if (ago(&account->logins[i], input->event->wall_ns) <= rule_ns(rule->window_s) &&
		    !account->logins[i].returned &&
		    !address_is_lan(&account->logins[i].source.address) &&
		    !is_fetcher(input, &account->logins[i]))
			news->logins[news->place_count++] = &account->logins[i];
	qsort(news->logins, news->place_count, sizeof(*news->logins), compare);
}

static bool is_own(const struct rule_input *input, const struct news *news, unsigned country)
{
	return country != COUNTRY_ZZ && (news->own[country / 8] & 1U << country % 8 ||
					 detect_is_home(input->settings, country));
}

/* Lists each new provider once, with its first login. The logins come newest first. */
static void list_providers(const struct rule_input *input, struct news *news)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_SPREAD];

	news->provider_count = 0;
	for (size_t i = 0; i < news->place_count; i++) {
		const struct login_source *login = news->logins[i];
		struct fresh *fresh = news->providers;

		while (fresh < news->providers + news->provider_count &&
		       fresh->provider != login->provider)
			fresh++;
		if (fresh == news->providers + news->provider_count) {
			if (has_old(input, login->provider))
				continue;
			*fresh = (struct fresh){ .provider = login->provider };
			news->provider_count++;
		}
		fresh->first_ns = login->first_ns;
		fresh->country = login->country;
		fresh->mailed |= login->mailed;
		fresh->counts = !provider_is_guess(login->provider) ||
				!is_own(input, news, login->country) ||
				ago(login, input->event->wall_ns) <=
					rule_ns(rule->window_s) / OWN_WINDOW;
	}
}

/* A line with IPv4 and IPv6 is two guesses of one provider: one of them counts, with the later
 * time, so that it is no older than what it stands for. */
static void join_lines(struct news *news)
{
	for (size_t i = 0; i < news->provider_count; i++) {
		struct fresh *fresh = &news->providers[i], *other = news->providers;

		if (fresh->joined || fresh->country == COUNTRY_ZZ)
			continue;
		while (other < fresh &&
		       (other->joined || other->country != fresh->country ||
			!provider_guesses_differ(other->provider, fresh->provider)))
			other++;
		if (other == fresh)
			continue;
		fresh->joined = other->joined = true;
		other->counts |= fresh->counts;
		other->mailed |= fresh->mailed;
		if (other->first_ns < fresh->first_ns)
			other->first_ns = fresh->first_ns;
		fresh->counts = false;
	}
}

static int compare_fresh(const void *left, const void *right)
{
	const struct fresh *a = left, *b = right;

	return a->first_ns > b->first_ns ? -1 : a->first_ns < b->first_ns;
}

/* Finds the provider in our own data: of the other server's statement, only the network is used. */
static void add_remote(const struct rule_input *input, struct news *news,
		       const struct detect_remote *login)
{
	const struct address *address = &login->network.address;
	const struct detect_settings *settings = input->settings;
	struct fresh fresh = { .provider = provider_of(settings, address),
			       .country = COUNTRY_ZZ,
			       .first_ns = login->wall_ns,
			       .counts = true };

	if (address_is_lan(address) || has_old(input, fresh.provider) ||
	    news->provider_count == LOGIN_SOURCES_MAX)
		return;
	for (size_t i = 0; i < news->provider_count; i++)
		if (news->providers[i].provider == fresh.provider)
			return;
	if (settings->country)
		fresh.country = (uint16_t)settings->country(address, settings->country_context);
	/* A guess of the own country does not count, as for a login here whose time to count is
	 * over. */
	if (fresh.country >= COUNTRY_COUNT)
		fresh.country = COUNTRY_ZZ;
	if (provider_is_guess(fresh.provider) && is_own(input, news, fresh.country))
		return;
	news->providers[news->provider_count++] = fresh;
	news->remote++;
}

/* What other servers saw counts beside what is new here. */
static void list_remote(const struct rule_input *input, struct news *news)
{
	const struct detect_remote *logins;
	size_t count = rule_remote(input, RULE_ACCOUNT_SPREAD, SIGHT_LOGIN, &logins);

	news->remote = 0;
	for (size_t i = 0; i < count; i++)
		add_remote(input, news, &logins[i]);
	qsort(news->providers, news->provider_count, sizeof(*news->providers), compare_fresh);
}

/* Whether the country is new: neither the account's before, nor a home country, nor counted. */
static bool is_new_country(const struct rule_input *input, const struct news *news, size_t at)
{
	unsigned country = news->providers[at].country;

	if (country == COUNTRY_ZZ || is_own(input, news, country))
		return false;
	for (size_t i = 0; i < at; i++)
		if (news->providers[i].country == country)
			return false;
	for (size_t i = 0; i < input->at->count; i++)
		if (input->at->logins[i].country == country && is_old(input, &input->at->logins[i]))
			return false;
	return true;
}

/* Counts one provider or country, newest first. The newest (fires_at - own), two at least, surely
 * are strangers': *sure_ns becomes the first login of the oldest of these. */
static void count_one(unsigned *count, uint32_t fires_at, unsigned own, int64_t first_ns,
		      int64_t *sure_ns)
{
	unsigned surely = fires_at > own + 2 ? fires_at - own : 2;

	if (++*count <= surely)
		*sure_ns = first_ns;
}

/* The providers come newest first. */
static void count_news(const struct rule_input *input, struct news *news)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_SPREAD];
	int64_t now_ns = input->event->wall_ns;

	news->counting = news->soon = news->countries = 0;
	news->mailed = news->known = false;
	for (size_t i = 0; i < news->provider_count; i++) {
		const struct fresh *fresh = &news->providers[i];
		bool guess = provider_is_guess(fresh->provider) &&
			     is_own(input, news, fresh->country);
		uint64_t ago_ns = (uint64_t)now_ns - (uint64_t)fresh->first_ns;

		news->known |= !provider_is_guess(fresh->provider);
		if (is_new_country(input, news, i))
			count_one(&news->countries, rule->countries, OWN_COUNTRIES, fresh->first_ns,
				  &news->countries_ns);
		if (fresh->counts)
			count_one(&news->counting, rule->count, OWN_PROVIDERS, fresh->first_ns,
				  &news->counting_ns);
		if (!fresh->counts || guess || ago_ns > rule_ns(rule->short_s))
			continue;
		count_one(&news->soon, rule->long_count, OWN_PROVIDERS, fresh->first_ns,
			  &news->soon_ns);
		news->mailed |= fresh->mailed;
	}
}

/*
 * Since when it is a spread. The newest of the new providers surely belong to it; from there back
 * as long as the logins come as densely. So the owner's own logins of this morning are not mistaken
 * for the strangers' of this minute, even where nothing older is known.
 */
int64_t news_began(const struct rule_input *input, const struct news *news, int64_t sure_ns)
{
	const struct rule_settings *rule = &input->settings->rules[RULE_ACCOUNT_SPREAD];
	int64_t now_ns = input->event->wall_ns, began_ns = now_ns;

	for (size_t i = 0; i < news->place_count; i++) {
		int64_t first_ns = news->logins[i]->first_ns;
		uint64_t gap_ns = (uint64_t)began_ns - (uint64_t)first_ns, most_ns = 0;

		if (i > 1)
			most_ns = ((uint64_t)now_ns - (uint64_t)began_ns) / (i - 1) * GAP_FACTOR;
		if (first_ns < sure_ns && gap_ns > rule_ns(rule->long_s) / GAP_PART &&
		    gap_ns > most_ns)
			break;
		began_ns = first_ns;
	}
	return began_ns;
}

void news_find(const struct rule_input *input, struct news *news)
{
	account_own_countries(input->at, news->own);
	list_places(input, news);
	list_providers(input, news);
	join_lines(news);
	list_remote(input, news);
	count_news(input, news);
}
