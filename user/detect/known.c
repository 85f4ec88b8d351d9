// SPDX-License-Identifier: GPL-2.0-or-later
/* Sources and networks that some account knows, and how many accounts know them. The number is
 * exact up to what makes a shared place: for each source, only the accounts that logged in from it
 * last are kept; of more it is estimated. See accounts.h. */
#include <stdlib.h>

#include "detect/accounts_internal.h"

/* Accounts are told apart by a 32-bit hash: two accounts of one source with the same hash count as
 * one. */
struct known_account {
	uint32_t hash;
	uint16_t day;	   /* of the last login, since 1970; 0: unused */
	uint16_t two_days; /* 1: it was logged in to on two days, also while we are young */
};

#define CROWD_BITS 128

/* The accounts of a source that several know. */
struct crowd {
	struct known_account last[DETECT_SHARED_MAX];
	/* A bit for each account, by its hash: of those since a day, and of those in the
	 * DETECT_KNOWN_DAYS before it. */
	uint64_t bits[CROWD_BITS / 64], before[CROWD_BITS / 64];
	uint16_t since;
};
_Static_assert(sizeof(struct crowd) == 104, "docs/rules.md");

/* Most sources belong to one account. */
struct known {
	int64_t last_ns;
	uint32_t room; /* 1: the account is `one`; else DETECT_SHARED_MAX */
	union {
		struct known_account one;
		struct crowd *many;
	} __attribute__((packed, aligned(4)));
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct known) == 20, "docs/rules.md");

static void leave(void *value, bool full, void *context)
{
	const struct known *known = value;

	(void)full;
	(void)context;
	if (known->room > 1)
		free(known->many);
}

/* A network: times in seconds since 1970, 0: none. */
struct around {
	uint32_t last_s;  /* the last login of a known source */
	uint32_t first_s; /* the first login of any new source in DETECT_KNOWN_DAYS */
};

struct lru_table *known_new(uint32_t most)
{
	return lru_new(sizeof(struct known), most, leave, NULL);
}

struct lru_table *known_networks_new(uint32_t most)
{
	return lru_new(sizeof(struct around), most, NULL, NULL);
}

static struct known_account *accounts_of(struct known *known)
{
	if (!known->room)
		known->room = 1;
	return known->room > 1 ? known->many->last : &known->one;
}

static uint32_t hash_of(const struct prefix *key)
{
	uint64_t low = address_low(&key->address);

	return (uint32_t)(low ^ low >> 32);
}

static uint16_t day_of(int64_t wall_ns)
{
	int64_t day = wall_ns / ACCOUNTS_DAY_NS;

	return (uint16_t)(day < 1 ? 1 : day > UINT16_MAX ? UINT16_MAX : day);
}

/* If there is no memory, the first account stays the only one. */
static void make_many(struct known *known)
{
	struct crowd *many = calloc(1, sizeof(*many));

	if (!many)
		return;
	many->last[0] = known->one;
	many->since = known->one.day;
	many->bits[known->one.hash % CROWD_BITS / 64] |= 1ULL << known->one.hash % 64;
	known->many = many;
	known->room = DETECT_SHARED_MAX;
}

static void join_crowd(struct crowd *crowd, uint32_t hash, uint16_t day)
{
	if (day > crowd->since + DETECT_KNOWN_DAYS) {
		bool follows = day <= crowd->since + 2 * DETECT_KNOWN_DAYS;

		for (unsigned i = 0; i < CROWD_BITS / 64; i++) {
			crowd->before[i] = follows ? crowd->bits[i] : 0;
			crowd->bits[i] = 0;
		}
		crowd->since = day;
	}
	crowd->bits[hash % CROWD_BITS / 64] |= 1ULL << hash % 64;
}

static void note(struct known *known, uint32_t hash, const struct login_source *login)
{
	int64_t last_ns = login->last_ns;

	struct known_account *accounts = accounts_of(known);
	unsigned at = 0, oldest = 0;

	if (known->last_ns < last_ns)
		known->last_ns = last_ns;
	if (known->room == 1 && accounts->day && accounts->hash != hash) {
		make_many(known);
		accounts = accounts_of(known);
	}
	if (known->room > 1)
		join_crowd(known->many, hash, day_of(last_ns));
	for (; at < known->room; at++) {
		if (accounts[at].day && accounts[at].hash == hash)
			break;
		if (accounts[at].day < accounts[oldest].day)
			oldest = at;
	}
	if (at == known->room) {
		at = oldest;
		if (accounts[at].day > day_of(last_ns))
			return;
		accounts[at].day = 0;
		accounts[at].two_days = 0;
	}
	accounts[at].hash = hash;
	accounts[at].two_days |= place_came_on_two_days(login);
	if (accounts[at].day < day_of(last_ns))
		accounts[at].day = day_of(last_ns);
}

static struct prefix network_of(const struct accounts *accounts, const struct prefix *source)
{
	return address_network(&source->address, accounts->settings->network_length4,
			       accounts->settings->network_length6);
}

static void note_network(struct accounts *accounts, const struct prefix *network, int64_t last_ns)
{
	struct around *around = lru_touch(accounts->known_networks, network, NULL);

	if (around->last_s < login_source_kept_at(last_ns))
		around->last_s = login_source_kept_at(last_ns);
}

void known_note(struct accounts *accounts, const struct login_source *login,
		const struct prefix *key)
{
	const struct prefix source = login->source; /* aligned */
	struct prefix network = network_of(accounts, &source);
	const struct lru_lookup lookups[] = { { accounts->known, &source },
					      { accounts->known_networks, &network } };

	lru_expect(lookups, sizeof(lookups) / sizeof(*lookups));
	note(lru_touch(accounts->known, &source, NULL), hash_of(key), login);
	note_network(accounts, &network, login->last_ns);
}

/* Takes an account out. Returns whether it was there; *others: whether other accounts remain. */
static bool take_out(struct known *known, uint32_t hash, bool *others)
{
	struct known_account *accounts = accounts_of(known);
	bool was = false;

	*others = false;
	for (unsigned i = 0; i < known->room; i++) {
		if (accounts[i].day && accounts[i].hash == hash) {
			accounts[i].day = accounts[i].two_days = 0;
			was = true;
		}
		*others |= accounts[i].day != 0;
	}
	return was;
}

void known_drop(struct accounts *accounts, const struct prefix *source, const struct prefix *key)
{
	struct prefix network = network_of(accounts, source);
	struct known *known = lru_find(accounts->known, source);
	struct around *around = lru_find(accounts->known_networks, &network);
	bool others = false;

	if (known)
		take_out(known, hash_of(key), &others);
	if (known && !others)
		lru_drop(accounts->known, known);
	/* The network's other known sources are not looked up: it is known again at their next
	 * login. */
	if (around && !others)
		lru_drop(accounts->known_networks, around);
}

struct dropping {
	struct accounts *accounts;
	uint32_t hash;
};

static void drop_from(const struct prefix *source, void *value, void *context)
{
	const struct dropping *dropping = context;
	struct known *known = value;
	struct prefix network;
	struct around *around;
	bool others;

	if (!take_out(known, dropping->hash, &others) || others)
		return;
	known->last_ns = 0;
	network = network_of(dropping->accounts, source);
	around = lru_find(dropping->accounts->known_networks, &network);
	if (around)
		*around = (struct around){ 0 };
}

void known_drop_all(struct accounts *accounts, const struct prefix *key)
{
	struct dropping dropping = { accounts, hash_of(key) };

	lru_each(accounts->known, drop_from, &dropping);
}

struct known_recalling {
	struct accounts *accounts;
	struct known *known;
	const struct prefix *prefix;
	int64_t now_ns;
};

static void take_known(const char *account, const struct detect_known *stored, void *context)
{
	const struct known_recalling *recalling = context;
	struct login_source login = { .first_ns = stored->first_ns, .last_ns = stored->last_ns };
	struct prefix key;

	if (!login_source_is_known(recalling->accounts, &login, recalling->now_ns))
		return;
	key = accounts_key(recalling->accounts, account);
	note(recalling->known, hash_of(&key), &login);
}

/* Recalls a source or network from the store into its table. */
static void recall(struct accounts *accounts, const struct prefix *prefix, bool is_network,
		   int64_t now_ns)
{
	const struct detect_store *store = &accounts->settings->store;
	struct known kept = { 0 };
	struct known_recalling recalling = { accounts, &kept, prefix, now_ns };

	if (!store->recall_source)
		return;
	store->recall_source(prefix, 2 * DETECT_SHARED_MAX, take_known, &recalling, store->context);
	if (kept.last_ns && !is_network) {
		*(struct known *)lru_touch(accounts->known, prefix, NULL) = kept;
		return;
	}
	if (kept.last_ns)
		note_network(accounts, prefix, kept.last_ns);
	leave(&kept, false, NULL);
}

static bool is_recent(uint32_t then_s, int64_t now_ns)
{
	return then_s && accounts_within(then_s * NS_PER_S, now_ns, ACCOUNTS_KNOWN_NS);
}

/* Telephones of a carrier may get another source each day, so that none of them comes twice. */
void known_note_new(struct accounts *accounts, const struct prefix *source, int64_t now_ns)
{
	struct prefix network = network_of(accounts, source);
	struct around *around;

	if (!lru_find(accounts->known_networks, &network))
		recall(accounts, &network, true, now_ns);
	around = lru_touch(accounts->known_networks, &network, NULL);
	if (!around->first_s || around->first_s > now_ns / NS_PER_S ||
	    (!is_recent(around->first_s, now_ns) && !is_recent(around->last_s, now_ns)))
		around->first_s = login_source_kept_at(now_ns);
	else if (now_ns / NS_PER_S - around->first_s >= DETECT_KNOWN_AFTER_S)
		note_network(accounts, &network, now_ns);
}

static struct known *find(struct accounts *accounts, const struct prefix *source, int64_t now_ns)
{
	struct known *known = lru_find(accounts->known, source);

	if (!known) {
		recall(accounts, source, false, now_ns);
		known = lru_find(accounts->known, source);
	}
	return known && accounts_within(known->last_ns, now_ns, ACCOUNTS_KNOWN_NS) ? known : NULL;
}

bool accounts_known_to_any(struct accounts *accounts, const struct prefix *source, int64_t now_ns)
{
	return find(accounts, source, now_ns) != NULL;
}

bool accounts_network_known(struct accounts *accounts, const struct prefix *network, int64_t now_ns)
{
	const struct around *around = lru_find(accounts->known_networks, network);

	if (!around) {
		recall(accounts, network, true, now_ns);
		around = lru_find(accounts->known_networks, network);
	}
	return around && is_recent(around->last_s, now_ns);
}

unsigned accounts_knowing(struct accounts *accounts, const struct prefix *source, int64_t now_ns)
{
	const struct known *known = find(accounts, source, now_ns);
	unsigned used = 0, count = 0;

	if (!known || known->room <= 1)
		return known != NULL;
	for (unsigned i = 0; i < CROWD_BITS / 64; i++)
		used += (unsigned)__builtin_popcountll(known->many->bits[i] |
						       known->many->before[i]);
	/* So many accounts it takes on average to set so many bits; in 1/256. */
	for (unsigned i = 0; i < used; i++)
		count += CROWD_BITS * 256 / (CROWD_BITS - i);
	return count / 256;
}

unsigned accounts_others(struct accounts *accounts, const struct prefix *source,
			 const struct prefix *key, int64_t now_ns,
			 uint32_t others[DETECT_SHARED_MAX])
{
	struct known *known = find(accounts, source, now_ns);
	const struct known_account *each = known ? accounts_of(known) : NULL;
	unsigned since = day_of(now_ns), count = 0;

	since = since > DETECT_KNOWN_DAYS ? since - DETECT_KNOWN_DAYS : 1;
	for (unsigned i = 0; known && i < known->room; i++) {
		if (!each[i].two_days || each[i].day < since || each[i].hash == hash_of(key))
			continue;
		if (others)
			others[count] = each[i].hash;
		count++;
	}
	return count;
}

bool accounts_shared(struct accounts *accounts, const struct prefix *source, int64_t now_ns)
{
	struct known *known = find(accounts, source, now_ns);
	const struct known_account *each = known ? accounts_of(known) : NULL;
	unsigned since = day_of(now_ns), count = 0;

	since = since > DETECT_KNOWN_DAYS ? since - DETECT_KNOWN_DAYS : 1;
	for (unsigned i = 0; known && i < known->room; i++)
		count += each[i].day >= since;
	return count >= accounts->settings->shared_accounts;
}
