// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rule account-spread: one account is logged in to from too many new networks or countries: new
 * are those from which it was not logged in to before the window. In the account's own country
 * (and in home countries) networks count only as long as a twelfth of the window: somebody on the
 * road meets many in a day, but not in two hours. When it fires, the spread has
 * begun a while ago, see began(): who came since then, to a network that was not there before and
 * to no home country, is a stranger, and banned; so is every later one, at its first login.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "detect/rule.h"

/* Of a group of logins: the next older one belongs to it unless a gap of this many times their
 * mean distance, or of this time, whichever is more, lies between. */
#define GAP_FACTOR 4
#define GAP_NS	   (600 * NS_PER_S)
/* Of the networks that make a spread, as many may be the owner's own. */
#define OWN_NETWORKS  2
#define OWN_COUNTRIES 1
#define OWN_WINDOW    12 /* the part of the window in which networks of the own country count */

struct first {
	struct prefix network;
	uint16_t country;
	int64_t place_ns, network_ns; /* the first login from each */
	bool of_network, of_country;  /* that is this one */
	uint64_t tag;
	size_t place; /* its number in the account */
};

static void *create(const struct detect_settings *settings)
{
	(void)settings;
	return calloc(1, 1); /* what is known of accounts is not the rule's own */
}

static void destroy(void *context)
{
	free(context);
}

static void configure(void *context, const struct detect_settings *settings)
{
	(void)context;
	(void)settings;
}

static bool same_network(const struct first *a, const struct first *b)
{
	return !memcmp(&a->network, &b->network, sizeof(a->network));
}

/* Newest first; within one second of a log by the order of the lines. */
static int compare(const void *left, const void *right)
{
	const struct first *a = left, *b = right;

	if (a->place_ns != b->place_ns)
		return a->place_ns > b->place_ns ? -1 : 1;
	if (a->tag != b->tag)
		return a->tag > b->tag ? -1 : 1;
	return a->place > b->place ? -1 : a->place < b->place;
}

static void find_earlier(struct first *first, const struct first *firsts, size_t count)
{
	first->of_network = first->of_country = true;
	for (const struct first *other = firsts; other < firsts + count; other++) {
		if (compare(first, other) >= 0)
			continue;
		if (same_network(first, other)) {
			first->of_network = false;
			if (other->place_ns < first->network_ns)
				first->network_ns = other->place_ns;
		}
		first->of_country &= first->country != other->country;
	}
}

/* Everybody's first logins, the newest first, those of their networks and countries filled in. */
static struct first *list_firsts(const struct sighting *sighting)
{
	const struct detect_settings *settings = sighting->settings;
	const struct account *account = sighting->at;
	struct first *firsts = calloc(account->count, sizeof(*firsts));

	for (size_t i = 0; firsts && i < account->count; i++) {
		const struct place *place = &account->places[i];

		firsts[i].network = address_network(&place->source.address,
						    settings->network_length4,
						    settings->network_length6);
		firsts[i].country = place->country;
		firsts[i].place_ns = firsts[i].network_ns = place->first_ns;
		firsts[i].tag = place->tag;
		firsts[i].place = i;
	}
	for (size_t i = 0; firsts && i < account->count; i++)
		find_earlier(&firsts[i], firsts, account->count);
	if (firsts)
		qsort(firsts, account->count, sizeof(*firsts), compare);
	return firsts;
}

/* What is new, of `count` firsts with the newest first. */
struct news {
	size_t count;			   /* firsts since the window began */
	unsigned networks, countries;	   /* new ones among them */
	int64_t networks_ns, countries_ns; /* how far back the newest of them reach that cannot all
					      be the owner's own */
};

static bool is_own(const struct sighting *sighting, unsigned country, unsigned own)
{
	return country != COUNTRY_ZZ &&
	       (country == own || detect_is_home(sighting->settings, country));
}

/* The own country is that of the longest known source. */
static void count_news(const struct sighting *sighting, const struct first *firsts, size_t count,
		       struct news *news)
{
	unsigned own = firsts[count - 1].country;
	const struct rule_settings *rule = &sighting->settings->rules[RULE_ACCOUNT_SPREAD];
	uint64_t window_ns = rule_windows(rule, 1, 1).window_ns;
	unsigned networks = rule->count > OWN_NETWORKS + 2 ? rule->count - OWN_NETWORKS : 2;
	unsigned countries = rule->countries > OWN_COUNTRIES + 2 ? rule->countries - OWN_COUNTRIES
								 : 2;

	*news = (struct news){ 0 };
	for (size_t i = 0; i < count; i++) {
		const struct first *first = &firsts[i];
		uint64_t ago_ns = (uint64_t)firsts->place_ns - (uint64_t)first->place_ns;
		bool counts = ago_ns <= window_ns / OWN_WINDOW ||
			      !is_own(sighting, first->country, own);

		if (ago_ns > window_ns)
			break;
		news->count++;
		if (counts && first->of_network && ++news->networks <= networks)
			news->networks_ns = first->place_ns;
		if (first->of_country && first->country != COUNTRY_ZZ &&
		    ++news->countries <= countries)
			news->countries_ns = first->place_ns;
	}
}

/*
 * Since when it is a spread. The newest of the new networks (or countries) surely belong to it;
 * from there back as long as the logins come as densely. So the owner's own logins of this morning
 * are not mistaken for the strangers' of this minute, even where nothing older is known.
 */
static int64_t began(const struct first *firsts, const struct news *news, int64_t sure_ns)
{
	int64_t now_ns = firsts->place_ns, began_ns = now_ns;

	for (size_t i = 1; i < news->count; i++) {
		uint64_t gap_ns = (uint64_t)began_ns - (uint64_t)firsts[i].place_ns, most_ns = 0;

		if (i > 1)
			most_ns = ((uint64_t)now_ns - (uint64_t)began_ns) / (i - 1) * GAP_FACTOR;
		if (firsts[i].place_ns < sure_ns && gap_ns > GAP_NS && gap_ns > most_ns)
			break;
		began_ns = firsts[i].place_ns;
	}
	return began_ns;
}

/*
 * Where nothing older is known than the spread itself, the first source is taken for the owner's:
 * there is an account because somebody uses it, and the owner must not be locked out.
 */
static bool is_presumed_own(const struct sighting *sighting, const struct news *news, size_t at)
{
	return news->count == sighting->at->count && at == news->count - 1;
}

static void say_countries(const struct decision *decision, char *text, size_t size)
{
	size_t used = 0;

	*text = '\0';
	for (unsigned i = 0; i < decision->source_count && i < DECISION_SOURCES_MAX; i++) {
		uint16_t country = decision->sources[i].country;
		bool said = country == COUNTRY_ZZ;
		char letters[3];

		for (unsigned j = 0; j < i && !said; j++)
			said = decision->sources[j].country == country;
		if (said || used + 4 >= size)
			continue;
		country_to_text(country, letters);
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "",
					 letters);
	}
}

static void ban_stranger(const struct sighting *sighting, const struct place *place)
{
	struct decision decision;

	rule_begin(sighting, RULE_ACCOUNT_SPREAD, &decision);
	rule_set_account(sighting, &decision);
	rule_add_evidence(&decision, place->tag);
	snprintf(decision.reason, sizeof(decision.reason), "logged in to %.100s during its spread",
		 sighting->event->account);
	decision.action = ACTION_BAN;
	decision.has_prefix = true;
	decision.prefix = place->source;
	rule_decide(sighting, &decision);
}

/* The alert first, then the bans; then they are no places of the account's any more. */
static void fire(const struct sighting *sighting, const struct first *firsts,
		 const struct news *news, int64_t began_ns)
{
	const struct rule_settings *rule = &sighting->settings->rules[RULE_ACCOUNT_SPREAD];
	struct account *account = sighting->at;
	char window[TIME_TEXT_SIZE], countries[80];
	struct decision decision;
	bool strangers[PLACES_MAX] = { false };

	rule_begin(sighting, RULE_ACCOUNT_SPREAD, &decision);
	rule_set_account(sighting, &decision);
	/* Oldest first. */
	for (size_t i = news->count; i-- > 0;) {
		struct place *place = &account->places[firsts[i].place];

		if (firsts[i].network_ns < began_ns || is_presumed_own(sighting, news, i))
			continue;
		place->suspect = true;
		rule_add_evidence(&decision, place->tag);
		rule_add_source(sighting, &decision, &place->source);
		strangers[firsts[i].place] = !detect_is_home(sighting->settings, place->country);
	}
	duration_format(rule->window_s, window);
	say_countries(&decision, countries, sizeof(countries));
	snprintf(decision.reason, sizeof(decision.reason),
		 "logins from %u network%s and %u countr%s, all new in %s; strangers in %s",
		 news->networks, news->networks == 1 ? "" : "s", news->countries,
		 news->countries == 1 ? "y" : "ies", window, *countries ? countries : "ZZ");
	decision.action = ACTION_ALERT;
	rule_decide(sighting, &decision);
	accounts_spread(sighting->accounts, sighting->event->account, account,
			sighting->event->wall_ns);
	for (size_t i = account->count; i-- > 0;) {
		if (!strangers[i])
			continue;
		ban_stranger(sighting, &account->places[i]);
		accounts_expel(sighting->accounts, sighting->event->account, account, i);
	}
}

static void on_event(void *context, const struct sighting *sighting)
{
	const struct rule_settings *rule = &sighting->settings->rules[RULE_ACCOUNT_SPREAD];
	_cleanup_free_ struct first *firsts = NULL;
	const struct account *account = sighting->at;
	bool by_networks, by_countries;
	struct news news;
	int64_t sure_ns;

	(void)context;
	if (!account)
		return;
	if (sighting->arrival == ARRIVAL_STRANGER) {
		struct place place = { .source = sighting->source, .tag = sighting->tag };

		accounts_spread(sighting->accounts, sighting->event->account, sighting->at,
				sighting->event->wall_ns);
		ban_stranger(sighting, &place);
	}
	if (sighting->arrival != ARRIVAL_NEW ||
	    account_in_spread(sighting->accounts, account, sighting->event->wall_ns))
		return;
	firsts = list_firsts(sighting);
	if (!firsts)
		return;
	count_news(sighting, firsts, account->count, &news);
	by_networks = news.networks >= rule->count;
	by_countries = news.countries >= rule->countries;
	if (!by_networks && !by_countries)
		return;
	sure_ns = by_countries ? news.countries_ns : news.networks_ns;
	if (by_networks && news.networks_ns < sure_ns)
		sure_ns = news.networks_ns;
	fire(sighting, firsts, &news, began(firsts, &news, sure_ns));
}

static void add_usage(const void *context, struct detect_usage *usage)
{
	(void)context;
	(void)usage;
}

const struct rule_type rule_account_spread = {
	.rule = RULE_ACCOUNT_SPREAD,
	.create = create,
	.destroy = destroy,
	.configure = configure,
	.event = on_event,
	.add_usage = add_usage,
};
