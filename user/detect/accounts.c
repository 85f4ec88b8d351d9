// SPDX-License-Identifier: GPL-2.0-or-later
/* Who logged in from where. See accounts.h; sieges and spreads are in troubles.c. */
#include "detect/accounts.h"
#include "detect/accounts_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "detect/provider.h"

static void leave(void *value, bool full, void *context)
{
	struct accounts *accounts = context;
	struct account *account = value;

	/* What the memory outside keeps is not lost. */
	if (full && account->count && !accounts->settings->store.recall_account)
		accounts->forgotten++;
	accounts->places -= account->count;
	free(account->places);
}

struct accounts *accounts_new(const struct detect_settings *settings)
{
	struct accounts *accounts = calloc(1, sizeof(*accounts));

	if (!accounts)
		return NULL;
	accounts->settings = settings;
	accounts->seed = recent_seed_new();
	accounts->accounts =
		recent_new(sizeof(struct account), settings->most_accounts, leave, accounts);
	accounts->sieges = recent_new(sizeof(struct siege), settings->most_accounts, NULL, NULL);
	accounts->known = known_new(settings->most_sources);
	accounts->since_ns = settings->since_ns;
	realms_begin(accounts);
	if (accounts->accounts && accounts->sieges && accounts->known)
		return accounts;
	accounts_free(accounts);
	return NULL;
}

void accounts_free(struct accounts *accounts)
{
	if (!accounts)
		return;
	recent_free(accounts->accounts);
	recent_free(accounts->sieges);
	recent_free(accounts->known);
	free(accounts);
}

void accounts_configure(struct accounts *accounts, const struct detect_settings *settings)
{
	accounts->settings = settings;
	/* Without memory for another size the old one stays. */
	recent_resize(accounts->accounts, settings->most_accounts);
	recent_resize(accounts->sieges, settings->most_accounts);
	recent_resize(accounts->known, settings->most_sources);
	if (settings->since_ns)
		accounts->since_ns = settings->since_ns;
}

void accounts_begin(struct accounts *accounts, int64_t now_ns)
{
	if (!accounts->since_ns)
		accounts->since_ns = now_ns;
}

int64_t accounts_since(const struct accounts *accounts)
{
	return accounts->since_ns;
}

bool accounts_young(const struct accounts *accounts, int64_t now_ns)
{
	uint64_t most_s = INT64_MAX / NS_PER_S, learn_s = accounts->settings->learn_s;

	return accounts_within(accounts->since_ns, now_ns,
			       (int64_t)(learn_s < most_s ? learn_s : most_s) * NS_PER_S);
}

static bool came_on_two_days(const struct login_place *place)
{
	return !place->suspect && place->last_ns >= place->first_ns &&
	       (uint64_t)place->last_ns - (uint64_t)place->first_ns >=
		       (uint64_t)(DETECT_KNOWN_AFTER_S * NS_PER_S);
}

/* Where there is little history yet, nobody can have come on two days: whoever fails is known by
 * one success then. */
bool place_is_known(const struct accounts *accounts, const struct login_place *place,
		    int64_t now_ns)
{
	return came_on_two_days(place) || (!place->suspect && accounts_young(accounts, now_ns));
}

/* Who logged in on an installation's first day, an hour ago or longer, is nobody new to the account
 * but to us. */
static bool is_of_first_day(const struct accounts *accounts, const struct login_place *place,
			    int64_t now_ns)
{
	return !place->suspect &&
	       accounts_within(accounts->since_ns, place->first_ns, ACCOUNTS_DAY_NS) &&
	       accounts_young(accounts, now_ns) &&
	       !accounts_within(place->first_ns, now_ns, 3600 * NS_PER_S);
}

static unsigned country_of(const struct accounts *accounts, const struct address *address)
{
	const struct detect_settings *settings = accounts->settings;
	unsigned country = COUNTRY_ZZ;

	if (settings->country)
		country = settings->country(address, settings->country_context);
	return country < COUNTRY_COUNT ? country : COUNTRY_ZZ;
}

static bool same(const struct prefix *a, const struct prefix *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void remove_place(struct accounts *accounts, struct account *account, size_t at)
{
	account->places[at] = account->places[--account->count];
	accounts->places--;
}

static struct login_place *add_place(struct accounts *accounts, struct account *account)
{
	struct login_place *places = account->places;
	size_t oldest = 0;

	if (account->count == PLACES_MAX) {
		for (size_t i = 1; i < account->count; i++)
			if (places[i].last_ns < places[oldest].last_ns)
				oldest = i;
		remove_place(accounts, account, oldest);
	}
	if (account->count == account->room) {
		size_t room = account->room + account->room / 4U + 1;

		places = realloc(places, room * sizeof(*places));
		if (!places)
			return NULL;
		account->places = places;
		account->room = (uint16_t)room;
	}
	accounts->places++;
	return &account->places[account->count++];
}

struct accounts_recalling {
	struct accounts *accounts;
	struct account *account;
	const struct prefix *key;
	int64_t now_ns;
};

static void join_place(struct login_place *place, const struct detect_known *known)
{
	if (known->first_ns < place->first_ns)
		place->first_ns = known->first_ns;
	if (known->last_ns > place->last_ns)
		place->last_ns = place->kept_ns = known->last_ns;
}

static void take_known(const struct detect_known *known, void *context)
{
	struct accounts_recalling *recalling = context;
	struct accounts *accounts = recalling->accounts;
	struct login_place *place;

	if (!accounts_within(known->last_ns, recalling->now_ns, ACCOUNTS_KNOWN_NS))
		return;
	for (size_t i = 0; i < recalling->account->count; i++) {
		place = &recalling->account->places[i];
		if (!same(&place->source, &known->source))
			continue;
		join_place(place, known); /* by the account's other name */
		if (place_is_known(accounts, place, recalling->now_ns))
			known_note(accounts, &known->source, recalling->key, place->last_ns);
		return;
	}
	place = add_place(accounts, recalling->account);
	if (!place)
		return;
	*place = (struct login_place){ .source = known->source,
				       .first_ns = known->first_ns,
				       .last_ns = known->last_ns,
				       .kept_ns = known->last_ns };
	place->country = (uint16_t)country_of(accounts, &known->source.address);
	place->provider = provider_of(accounts->settings, &known->source.address);
	if (place_is_known(accounts, place, recalling->now_ns))
		known_note(accounts, &known->source, recalling->key, known->last_ns);
}

/* A name without known sources takes no place: any stranger can make names up. */
struct account *accounts_find(struct accounts *accounts, const char *name, const struct prefix *key,
			      bool make, int64_t now_ns)
{
	const struct detect_store *store = &accounts->settings->store;
	struct account *account = recent_find(accounts->accounts, key);
	struct accounts_recalling recalling = { .accounts = accounts,
						.key = key,
						.now_ns = now_ns };
	char other[ACCOUNTS_NAME_SIZE];
	bool has_other;

	if (account || (!make && !store->recall_account))
		return account;
	has_other = accounts_other_name(accounts, name, other);
	recalling.account = recent_touch(accounts->accounts, key, NULL);
	if (store->recall_account) {
		store->recall_account(name, take_known, &recalling, store->context);
		if (has_other)
			store->recall_account(other, take_known, &recalling, store->context);
	}
	if (recalling.account->count) {
		realms_note(accounts, name);
		if (store->recall_habit &&
		    !store->recall_habit(name, &recalling.account->habit, store->context) &&
		    has_other)
			store->recall_habit(other, &recalling.account->habit, store->context);
	}
	if (make || recalling.account->count)
		return recalling.account;
	recent_drop(accounts->accounts, recalling.account);
	return NULL;
}

/* Of the account's own, not those that came in a spread. */
static bool knows_provider(const struct account *account, uint64_t provider)
{
	for (size_t i = 0; i < account->count; i++)
		if (account->places[i].provider == provider && !account->places[i].suspect)
			return true;
	return false;
}

static struct login_place *find_place(const struct account *account, const struct prefix *source,
				      int64_t now_ns)
{
	for (size_t i = 0; account && i < account->count; i++)
		if (same(&account->places[i].source, source) &&
		    accounts_within(account->places[i].last_ns, now_ns, ACCOUNTS_KNOWN_NS))
			return &account->places[i];
	return NULL;
}

void accounts_judge(struct accounts *accounts, const char *name, const struct prefix *key,
		    const struct prefix *source, int64_t now_ns, struct standing *standing)
{
	struct account *account = name ? accounts_find(accounts, name, key, false, now_ns) : NULL;
	const struct login_place *place = find_place(account, source, now_ns);
	bool known = accounts_known_to_any(accounts, source, now_ns);

	*standing = (struct standing){ .trust = known ? TRUST_OTHER : TRUST_NONE };
	standing->shared = known && accounts_shared(accounts, source, now_ns);
	if (!name) {
		standing->trust = known ? TRUST_OWN : TRUST_NONE;
		return;
	}
	if (!account || !account->count)
		return;
	standing->account = account;
	standing->exists = true;
	standing->provider =
		knows_provider(account, provider_of(accounts->settings, &source->address));
	standing->first_ns = place ? place->first_ns : 0;
	if (place && place_is_known(accounts, place, now_ns))
		standing->trust = TRUST_OWN;
	else if (place && !place->suspect && !known)
		standing->trust = TRUST_SEEN;
}

/* It is on the way to be known, or still known; the memory outside is told once a day, and when it
 * becomes known. */
static void keep(struct accounts *accounts, const char *name, const struct prefix *key,
		 struct login_place *place)
{
	const struct detect_store *store = &accounts->settings->store;
	struct detect_known known = { place->source, place->first_ns, place->last_ns };
	struct login_place told = { .first_ns = place->first_ns, .last_ns = place->kept_ns };
	bool is_known = place_is_known(accounts, place, place->last_ns);

	if (is_known)
		known_note(accounts, &place->source, key, place->last_ns);
	if (!store->keep ||
	    (place->kept_ns && accounts_within(place->kept_ns, place->last_ns, ACCOUNTS_DAY_NS) &&
	     place_is_known(accounts, &told, place->last_ns) == is_known))
		return;
	place->kept_ns = place->last_ns;
	store->keep(name, &known, store->context);
}

/* The bound on all places: accounts that were longest not logged in to go as a whole. */
static void make_room(struct accounts *accounts)
{
	while (accounts->places > accounts->settings->most_known) {
		struct account *oldest = recent_oldest(accounts->accounts);
		bool last = recent_used(accounts->accounts) == 1;

		if (last)
			return;
		if (!accounts->settings->store.recall_account)
			accounts->forgotten++;
		recent_drop(accounts->accounts, oldest);
	}
}

/* A spread that only alerts goes on: nobody new becomes known by it. */
static bool in_alert(const struct accounts *accounts, const struct account *account, int64_t now_ns)
{
	uint64_t window_s = accounts->settings->rules[RULE_ACCOUNT_SPREAD].window_s;

	return account->alert_ns && window_s < INT64_MAX / NS_PER_S &&
	       accounts_within(account->alert_ns, now_ns, (int64_t)window_s * NS_PER_S);
}

static enum arrival arrive_anew(struct accounts *accounts, const struct event *event, uint64_t tag,
				struct account *account, const struct prefix *key,
				const struct prefix *source)
{
	unsigned country = country_of(accounts, &source->address);
	uint64_t provider = provider_of(accounts->settings, &source->address);
	bool own = knows_provider(account, provider) || address_is_lan(&source->address);
	bool spread = account_in_spread(accounts, account, event->wall_ns);
	struct login_place *place;

	if (spread && !own)
		return detect_is_home(accounts->settings, country) ? ARRIVAL_HOME
								   : ARRIVAL_STRANGER;
	if (!account->count)
		realms_note(accounts, event->account);
	place = add_place(accounts, account);
	if (!place)
		return ARRIVAL_KNOWN;
	*place = (struct login_place){ .source = *source,
				       .country = (uint16_t)country,
				       .provider = provider,
				       .suspect = spread || (!own && in_alert(accounts, account,
									      event->wall_ns)),
				       .mailed = event->kind == EVENT_MESSAGE,
				       .first_ns = event->wall_ns,
				       .last_ns = event->wall_ns,
				       .tag = tag };
	if (!place->suspect)
		keep(accounts, event->account, key, place);
	return ARRIVAL_NEW;
}

/* Again from a place that is there. */
static enum arrival arrive_again(struct accounts *accounts, const struct event *event,
				 const struct account *account, const struct prefix *key,
				 struct login_place *place)
{
	int64_t now_ns = event->wall_ns, before_ns = place->last_ns;
	bool spread = account_in_spread(accounts, account, now_ns);
	bool was_known = place_is_known(accounts, place, now_ns), is_known;

	/* Successes in a spread make nobody known: what counts begins anew. */
	if (place->suspect && !spread && !in_alert(accounts, account, now_ns)) {
		place->suspect = false;
		place->first_ns = now_ns;
	} else if (spread && !was_known && !place->suspect) {
		place->first_ns = now_ns;
	}
	if (place->last_ns < now_ns)
		place->last_ns = now_ns;
	place->mailed |= event->kind == EVENT_MESSAGE;
	is_known = place_is_known(accounts, place, now_ns);
	if (!place->suspect &&
	    (before_ns / (3600 * NS_PER_S) != now_ns / (3600 * NS_PER_S) || is_known != was_known))
		keep(accounts, event->account, key, place);
	return came_on_two_days(place) || is_of_first_day(accounts, place, now_ns) ? ARRIVAL_KNOWN
										   : ARRIVAL_SEEN;
}

enum arrival accounts_arrive(struct accounts *accounts, const struct event *event, uint64_t tag,
			     const struct prefix *key, const struct prefix *source, int64_t now_ns,
			     struct account **result, bool *first_mail)
{
	struct account *account = accounts_find(accounts, event->account, key, true, now_ns);
	enum arrival arrival;

	recent_touch(accounts->accounts, key, NULL);
	*result = account;
	*first_mail = false;
	for (size_t i = 0; i < account->count; i++) {
		struct login_place *place = &account->places[i];

		if (!same(&place->source, source))
			continue;
		if (!accounts_within(place->last_ns, now_ns, ACCOUNTS_KNOWN_NS)) {
			remove_place(accounts, account, i);
			break;
		}
		*first_mail = event->kind == EVENT_MESSAGE && !place->mailed;
		return arrive_again(accounts, event, account, key, place);
	}
	arrival = arrive_anew(accounts, event, tag, account, key, source);
	make_room(accounts);
	return arrival;
}

void accounts_expel(struct accounts *accounts, const char *name, struct account *account, size_t at)
{
	const struct detect_store *store = &accounts->settings->store;
	struct prefix source = account->places[at].source, key = accounts_key(accounts, name);
	char other[ACCOUNTS_NAME_SIZE];

	if (store->forget)
		store->forget(name, &source, store->context);
	if (store->forget && accounts_other_name(accounts, name, other))
		store->forget(other, &source, store->context);
	known_drop(accounts, &source, &key);
	remove_place(accounts, account, at);
}

void accounts_add_usage(const struct accounts *accounts, struct detect_usage *usage)
{
	usage->accounts += recent_used(accounts->accounts);
	usage->accounts_size += recent_size(accounts->accounts);
	usage->known += accounts->places;
	usage->known_size += accounts->settings->most_known;
	usage->forgotten += accounts->forgotten;
}
