// SPDX-License-Identifier: GPL-2.0-or-later
/* Sources and networks that some account knows. See accounts.h. */
#include "detect/accounts_internal.h"

/* A network: times in seconds since 1970, 0: none. */
struct around {
	uint32_t last_s;  /* the last login of a known source */
	uint32_t first_s; /* the first login of any new source in DETECT_KNOWN_DAYS */
};

static void leave(void *value, bool full, void *context)
{
	(void)full;
	(void)context;
	known_source_free(value);
}

struct lru_table *known_new(uint32_t most)
{
	return lru_new(sizeof(struct known), most, leave, NULL);
}

struct lru_table *known_networks_new(uint32_t most)
{
	return lru_new(sizeof(struct around), most, NULL, NULL);
}

static uint32_t hash_of(const struct prefix *key)
{
	uint64_t low = address_low(&key->address);

	return (uint32_t)(low ^ low >> 32);
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

/* Enters the news that wait. */
static void settle(struct accounts *accounts)
{
	struct lru_lookup lookups[2 * KNOWN_NEWS];
	struct prefix networks[KNOWN_NEWS];
	uint32_t count = accounts->news_count;

	if (!count)
		return;
	for (uint32_t i = 0; i < count; i++) {
		const struct prefix *source = &accounts->news[i].source;

		networks[i] = network_of(accounts, source);
		lookups[2 * i] = (struct lru_lookup){ accounts->known, source };
		lookups[2 * i + 1] = (struct lru_lookup){ accounts->known_networks, &networks[i] };
	}
	lru_expect(lookups, 2 * (size_t)count);
	for (uint32_t i = 0; i < count; i++) {
		const struct known_news *news = &accounts->news[i];

		known_source_note(lru_touch(accounts->known, &news->source, NULL), &news->login);
		note_network(accounts, &networks[i], news->login.last_ns);
	}
	accounts->news_count = 0;
}

static struct known *look(struct accounts *accounts, const struct prefix *source)
{
	settle(accounts);
	return lru_find(accounts->known, source);
}

static struct around *look_around(struct accounts *accounts, const struct prefix *network)
{
	settle(accounts);
	return lru_find(accounts->known_networks, network);
}

static struct known_login known_login(const struct login_source *login, const struct prefix *key)
{
	return (struct known_login){ .hash = hash_of(key),
				     .two_days = place_came_on_two_days(login),
				     .last_ns = login->last_ns };
}

void known_note(struct accounts *accounts, const struct login_source *login,
		const struct prefix *key)
{
	accounts->news[accounts->news_count++] =
		(struct known_news){ .source = login->source, .login = known_login(login, key) };
	if (accounts->news_count == KNOWN_NEWS)
		settle(accounts);
}

void known_drop(struct accounts *accounts, const struct prefix *source, const struct prefix *key)
{
	struct prefix network = network_of(accounts, source);
	struct around *around = look_around(accounts, &network);
	struct known *known = look(accounts, source);
	bool others = false;

	if (known)
		known_source_drop(known, hash_of(key), &others);
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

	if (!known_source_drop(known, dropping->hash, &others) || others)
		return;
	known->last_ns = 0;
	network = network_of(dropping->accounts, source);
	around = look_around(dropping->accounts, &network);
	if (around)
		*around = (struct around){ 0 };
}

void known_drop_all(struct accounts *accounts, const struct prefix *key)
{
	struct dropping dropping = { accounts, hash_of(key) };

	settle(accounts);
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
	struct known_login known;
	struct prefix key;

	if (!login_source_is_known(recalling->accounts, &login, recalling->now_ns))
		return;
	key = accounts_key(recalling->accounts, account);
	known = known_login(&login, &key);
	known_source_note(recalling->known, &known);
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
	known_source_free(&kept);
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

	if (!look_around(accounts, &network))
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
	struct known *known = look(accounts, source);

	if (!known) {
		recall(accounts, source, false, now_ns);
		known = look(accounts, source);
	}
	return known && accounts_within(known->last_ns, now_ns, ACCOUNTS_KNOWN_NS) ? known : NULL;
}

bool accounts_known_to_any(struct accounts *accounts, const struct prefix *source, int64_t now_ns)
{
	return find(accounts, source, now_ns) != NULL;
}

bool accounts_network_known(struct accounts *accounts, const struct prefix *network, int64_t now_ns)
{
	const struct around *around = look_around(accounts, network);

	if (!around) {
		recall(accounts, network, true, now_ns);
		around = look_around(accounts, network);
	}
	return around && is_recent(around->last_s, now_ns);
}

unsigned accounts_knowing(struct accounts *accounts, const struct prefix *source, int64_t now_ns)
{
	const struct known *known = find(accounts, source, now_ns);

	return known ? known_source_accounts(known) : 0;
}

unsigned accounts_others(struct accounts *accounts, const struct prefix *source,
			 const struct prefix *key, int64_t now_ns,
			 uint32_t others[DETECT_SHARED_MAX])
{
	const struct known *known = find(accounts, source, now_ns);

	return known ? known_source_others(known, hash_of(key), now_ns, others) : 0;
}

bool accounts_shared(struct accounts *accounts, const struct prefix *source, int64_t now_ns)
{
	const struct known *known = find(accounts, source, now_ns);

	return (known ? known_source_lately(known, now_ns) : 0) >=
	       accounts->settings->shared_accounts;
}
