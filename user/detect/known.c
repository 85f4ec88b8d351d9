// SPDX-License-Identifier: GPL-2.0-or-later
/* Sources and networks that some account knows, and how many do: exact up to what makes a shared
 * place, since of each source the accounts are kept that it logged in to last. See accounts.h. */
#include <string.h>

#include "detect/accounts_internal.h"

/* The hash tells accounts apart: two of a source that meet in 32 bits count as one. */
struct known {
	int64_t last_ns;
	uint32_t accounts[DETECT_SHARED_MAX];
	uint16_t days[DETECT_SHARED_MAX]; /* when last, since 1970; 0: unused */
};

struct lru_table *known_new(uint32_t most)
{
	return lru_new(sizeof(struct known), most, NULL, NULL);
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

static void note(struct known *known, uint32_t hash, int64_t last_ns)
{
	unsigned at = 0, oldest = 0;

	if (known->last_ns < last_ns)
		known->last_ns = last_ns;
	for (; at < DETECT_SHARED_MAX; at++) {
		if (known->days[at] && known->accounts[at] == hash)
			break;
		if (known->days[at] < known->days[oldest])
			oldest = at;
	}
	if (at == DETECT_SHARED_MAX) {
		at = oldest;
		if (known->days[at] > day_of(last_ns))
			return;
		known->days[at] = 0;
	}
	known->accounts[at] = hash;
	if (known->days[at] < day_of(last_ns))
		known->days[at] = day_of(last_ns);
}

static struct prefix network_of(const struct accounts *accounts, const struct prefix *source)
{
	return address_network(&source->address, accounts->settings->network_length4,
			       accounts->settings->network_length6);
}

void known_note(struct accounts *accounts, const struct prefix *source, const struct prefix *key,
		int64_t last_ns)
{
	struct prefix network = network_of(accounts, source);
	struct known *around;

	note(lru_touch(accounts->known, source, NULL), hash_of(key), last_ns);
	around = lru_touch(accounts->known, &network, NULL);
	if (around->last_ns < last_ns)
		around->last_ns = last_ns;
}

void known_drop(struct accounts *accounts, const struct prefix *source, const struct prefix *key)
{
	struct prefix network = network_of(accounts, source);
	struct known *known = lru_find(accounts->known, source);
	struct known *around = lru_find(accounts->known, &network);
	bool others = false;

	for (unsigned i = 0; known && i < DETECT_SHARED_MAX; i++) {
		if (known->accounts[i] == hash_of(key))
			known->days[i] = 0;
		others |= known->days[i] != 0;
	}
	if (known && !others)
		lru_drop(accounts->known, known);
	/* Whom else in the network is known is not counted: it is known again at the next login. */
	if (around && !others)
		lru_drop(accounts->known, around);
}

struct dropping {
	struct accounts *accounts;
	uint32_t hash;
};

static void drop_from(const struct prefix *source, void *value, void *context)
{
	const struct dropping *dropping = context;
	struct known *known = value, *around;
	bool was = false, others = false;
	struct prefix network;

	for (unsigned i = 0; i < DETECT_SHARED_MAX; i++) {
		if (known->days[i] && known->accounts[i] == dropping->hash) {
			known->days[i] = 0;
			was = true;
		}
		others |= known->days[i] != 0;
	}
	if (!was || others)
		return;
	known->last_ns = 0;
	network = network_of(dropping->accounts, source);
	around = lru_find(dropping->accounts->known, &network);
	if (around)
		around->last_ns = 0;
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
	note(recalling->known, hash_of(&key), stored->last_ns);
}

static struct known *find(struct accounts *accounts, const struct prefix *prefix, int64_t now_ns)
{
	const struct detect_store *store = &accounts->settings->store;
	struct known *known = lru_find(accounts->known, prefix), kept = { 0 };
	struct known_recalling recalling = { accounts, &kept, prefix, now_ns };

	if (!known && store->recall_source) {
		store->recall_source(prefix, 2 * DETECT_SHARED_MAX, take_known, &recalling,
				     store->context);
		if (kept.last_ns) {
			known = lru_touch(accounts->known, prefix, NULL);
			*known = kept;
		}
	}
	return known && accounts_within(known->last_ns, now_ns, ACCOUNTS_KNOWN_NS) ? known : NULL;
}

bool accounts_known_to_any(struct accounts *accounts, const struct prefix *prefix, int64_t now_ns)
{
	return find(accounts, prefix, now_ns) != NULL;
}

bool accounts_shared(struct accounts *accounts, const struct prefix *source, int64_t now_ns)
{
	const struct known *known = find(accounts, source, now_ns);
	unsigned since = day_of(now_ns), count = 0;

	since = since > DETECT_KNOWN_DAYS ? since - DETECT_KNOWN_DAYS : 1;
	for (unsigned i = 0; known && i < DETECT_SHARED_MAX; i++)
		count += known->days[i] >= since;
	return count >= accounts->settings->shared_accounts;
}
