// SPDX-License-Identifier: GPL-2.0-or-later
/* Who logged in from where. See accounts.h; sieges and spreads are in troubles.c. */
#include "detect/accounts.h"
#include "detect/accounts_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"

#define DAY_NS	 (86400 * NS_PER_S)
#define KNOWN_NS (DETECT_KNOWN_DAYS * DAY_NS)

/* A source or network that some account knows. */
struct known {
	int64_t last_ns;
};

static void leave(void *value, bool full, void *context)
{
	struct accounts *accounts = context;
	struct account *account = value;

	/* What the memory outside keeps is not lost. */
	if (full && account->count && !accounts->settings->memory.recall_account)
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
	accounts->known = recent_new(sizeof(struct known), settings->most_sources, NULL, NULL);
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
}

struct prefix accounts_key(const struct accounts *accounts, const char *name)
{
	return recent_name_key(&accounts->seed, name);
}

static unsigned country_of(const struct accounts *accounts, const struct address *address)
{
	const struct detect_settings *settings = accounts->settings;
	unsigned country = COUNTRY_ZZ;

	if (settings->country)
		country = settings->country(address, settings->country_context);
	return country < COUNTRY_COUNT ? country : COUNTRY_ZZ;
}

static struct prefix network_of(const struct accounts *accounts, const struct prefix *source)
{
	return address_network(&source->address, accounts->settings->network_length4,
			       accounts->settings->network_length6);
}

static bool same(const struct prefix *a, const struct prefix *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void note_known(struct accounts *accounts, const struct prefix *prefix, int64_t now_ns)
{
	struct known *known = recent_touch(accounts->known, prefix, NULL);

	if (known->last_ns < now_ns)
		known->last_ns = now_ns;
}

static void remove_place(struct accounts *accounts, struct account *account, size_t at)
{
	account->places[at] = account->places[--account->count];
	accounts->places--;
}

static struct place *add_place(struct accounts *accounts, struct account *account)
{
	struct place *places = account->places;
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

struct recalling {
	struct accounts *accounts;
	struct account *account;
	int64_t now_ns;
};

static void take_known(const struct detect_known *known, void *context)
{
	struct recalling *recalling = context;
	struct accounts *accounts = recalling->accounts;
	struct prefix network = network_of(accounts, &known->source);
	struct place *place;

	if (!accounts_within(known->last_ns, recalling->now_ns, KNOWN_NS))
		return;
	place = add_place(accounts, recalling->account);
	if (!place)
		return;
	*place = (struct place){ .source = known->source,
				 .first_ns = known->first_ns,
				 .last_ns = known->last_ns,
				 .kept_ns = known->last_ns };
	place->country = (uint16_t)country_of(accounts, &known->source.address);
	note_known(accounts, &known->source, known->last_ns);
	note_known(accounts, &network, known->last_ns);
}

/* A name without known sources takes no place: any stranger can make names up. */
struct account *accounts_find(struct accounts *accounts, const char *name, const struct prefix *key,
			      bool make, int64_t now_ns)
{
	const struct detect_memory *memory = &accounts->settings->memory;
	struct account *account = recent_find(accounts->accounts, key);
	struct recalling recalling = { .accounts = accounts, .now_ns = now_ns };

	if (account || (!make && !memory->recall_account))
		return account;
	recalling.account = recent_touch(accounts->accounts, key, NULL);
	if (memory->recall_account)
		memory->recall_account(name, take_known, &recalling, memory->context);
	if (make || recalling.account->count)
		return recalling.account;
	recent_drop(accounts->accounts, recalling.account);
	return NULL;
}

bool accounts_known_to_any(struct accounts *accounts, const struct prefix *prefix, int64_t now_ns)
{
	const struct detect_memory *memory = &accounts->settings->memory;
	struct known *known = recent_find(accounts->known, prefix);
	int64_t last_ns;

	if (!known && memory->recall_source &&
	    memory->recall_source(prefix, &last_ns, memory->context)) {
		note_known(accounts, prefix, last_ns);
		known = recent_find(accounts->known, prefix);
	}
	return known && accounts_within(known->last_ns, now_ns, KNOWN_NS);
}

enum trust accounts_trust(struct accounts *accounts, const char *name, const struct prefix *key,
			  const struct prefix *source, const struct prefix *network, int64_t now_ns)
{
	const struct account *account = name ? accounts_find(accounts, name, key, false, now_ns)
					     : NULL;
	enum trust trust = TRUST_NONE;

	if (!name && accounts_known_to_any(accounts, source, now_ns))
		return TRUST_SOURCE;
	for (size_t i = 0; account && i < account->count; i++) {
		const struct place *place = &account->places[i];
		struct prefix around;

		if (place->suspect || !accounts_within(place->last_ns, now_ns, KNOWN_NS))
			continue;
		if (same(&place->source, source))
			return TRUST_SOURCE;
		around = network_of(accounts, &place->source);
		if (same(&around, network))
			trust = TRUST_NETWORK;
	}
	return trust;
}

/* Known from now on, or still; the memory outside is told once a day. */
static void keep(struct accounts *accounts, const char *name, struct place *place,
		 const struct prefix *network)
{
	const struct detect_memory *memory = &accounts->settings->memory;
	struct detect_known known = { place->source, place->first_ns, place->last_ns };

	note_known(accounts, &place->source, place->last_ns);
	note_known(accounts, network, place->last_ns);
	if (!memory->keep ||
	    (place->kept_ns && accounts_within(place->kept_ns, place->last_ns, DAY_NS)))
		return;
	place->kept_ns = place->last_ns;
	memory->keep(name, &known, memory->context);
}

/* The bound on all places: accounts that were longest not logged in to go as a whole. */
static void make_room(struct accounts *accounts)
{
	while (accounts->places > accounts->settings->most_known) {
		struct account *oldest = recent_oldest(accounts->accounts);
		bool last = recent_used(accounts->accounts) == 1;

		if (last)
			return;
		if (!accounts->settings->memory.recall_account)
			accounts->forgotten++;
		recent_drop(accounts->accounts, oldest);
	}
}

static enum arrival arrive_anew(struct accounts *accounts, const struct event *event, uint64_t tag,
				struct account *account, const struct prefix *source,
				const struct prefix *network, bool besieged)
{
	unsigned country = country_of(accounts, &source->address);
	bool home = detect_is_home(accounts->settings, country), own = false;
	int64_t now_ns = event->wall_ns;
	struct place *place;

	for (size_t i = 0; i < account->count && !own; i++) {
		struct prefix of = network_of(accounts, &account->places[i].source);

		own = !account->places[i].suspect && same(&of, network);
	}
	if (account_in_spread(accounts, account, now_ns) && !own)
		return home ? ARRIVAL_HOME : ARRIVAL_STRANGER;
	place = add_place(accounts, account);
	if (!place)
		return ARRIVAL_KNOWN;
	*place = (struct place){ .source = *source,
				 .country = (uint16_t)country,
				 .suspect = besieged && !own && !home,
				 .first_ns = now_ns,
				 .last_ns = now_ns,
				 .tag = tag };
	if (!place->suspect)
		keep(accounts, event->account, place, network);
	return ARRIVAL_NEW;
}

enum arrival accounts_arrive(struct accounts *accounts, const struct event *event, uint64_t tag,
			     const struct prefix *key, const struct prefix *source,
			     const struct prefix *network, int64_t now_ns, struct account **result)
{
	struct account *account = accounts_find(accounts, event->account, key, true, now_ns);
	bool besieged = accounts_besieged(accounts, key, now_ns);
	enum arrival arrival;

	recent_touch(accounts->accounts, key, NULL);
	*result = account;
	for (size_t i = 0; i < account->count; i++) {
		struct place *place = &account->places[i];

		if (!same(&place->source, source))
			continue;
		if (!accounts_within(place->last_ns, now_ns, KNOWN_NS)) {
			remove_place(accounts, account, i);
			break;
		}
		if (place->last_ns < now_ns)
			place->last_ns = now_ns;
		if (place->suspect && !besieged)
			place->suspect = false;
		if (!place->suspect)
			keep(accounts, event->account, place, network);
		return ARRIVAL_KNOWN;
	}
	arrival = arrive_anew(accounts, event, tag, account, source, network, besieged);
	make_room(accounts);
	return arrival;
}

void accounts_expel(struct accounts *accounts, const char *name, struct account *account, size_t at)
{
	const struct detect_memory *memory = &accounts->settings->memory;
	struct prefix source = account->places[at].source, network = network_of(accounts, &source);
	struct known *known = recent_find(accounts->known, &source);
	struct known *around = recent_find(accounts->known, &network);

	if (memory->forget)
		memory->forget(name, &source, memory->context);
	/* Whom else it is known to is not counted: it will be known again at the next login. */
	if (known)
		recent_drop(accounts->known, known);
	if (around)
		recent_drop(accounts->known, around);
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
