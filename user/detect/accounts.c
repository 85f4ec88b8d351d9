// SPDX-License-Identifier: GPL-2.0-or-later
/* Which account was logged in to from where. See accounts.h; sieges and spreads are in
 * account_incidents.c. */
#include "detect/accounts.h"
#include "detect/accounts_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "detect/provider.h"

static void leave(void *value, bool full, void *context)
{
	struct accounts *accounts = context;
	struct account *account = value;

	/* An account that the store can recall is not forgotten. */
	if (full && account->count && !accounts->settings->store.recall_account)
		accounts->forgotten++;
	accounts->logins -= account->count;
	free(account->logins);
}

struct accounts *accounts_new(const struct detect_settings *settings)
{
	struct accounts *accounts = calloc(1, sizeof(*accounts));

	if (!accounts)
		return NULL;
	accounts->settings = settings;
	accounts->seed = lru_seed_new();
	accounts->accounts =
		lru_new(sizeof(struct account), settings->most_accounts, leave, accounts);
	accounts->sieges = lru_new(sizeof(struct siege), settings->most_accounts, NULL, NULL);
	accounts->known = known_new(settings->most_known);
	accounts->known_networks = known_networks_new(settings->most_known);
	accounts->since_ns = settings->since_ns;
	realms_begin(accounts);
	if (accounts->accounts && accounts->sieges && accounts->known && accounts->known_networks)
		return accounts;
	accounts_free(accounts);
	return NULL;
}

void accounts_free(struct accounts *accounts)
{
	if (!accounts)
		return;
	lru_free(accounts->accounts);
	lru_free(accounts->sieges);
	lru_free(accounts->known);
	lru_free(accounts->known_networks);
	free(accounts);
}

void accounts_configure(struct accounts *accounts, const struct detect_settings *settings)
{
	accounts->settings = settings;
	/* If there is no memory for another size, a table keeps its size. */
	lru_resize(accounts->accounts, settings->most_accounts);
	lru_resize(accounts->sieges, settings->most_accounts);
	lru_resize(accounts->known, settings->most_sources);
	lru_resize(accounts->known_networks, settings->most_sources);
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

bool account_knows_provider(const struct account *account, uint64_t provider)
{
	for (size_t i = 0; i < account->count; i++)
		if (account->logins[i].provider == provider && !account->logins[i].suspect)
			return true;
	return false;
}

/* Also one that has not logged in for so long that it is forgotten. */
static struct login_source *find_login_source(const struct account *account,
					      const struct prefix *source)
{
	for (size_t i = 0; account && i < account->count; i++)
		if (prefix_same(&account->logins[i].source, source))
			return &account->logins[i];
	return NULL;
}

/* Does not recall the account: that could evict the account that the caller holds. */
const struct account *accounts_look(const struct accounts *accounts, const char *name)
{
	struct prefix key = accounts_key(accounts, name);

	return lru_find(accounts->accounts, &key);
}

bool accounts_in_use(const struct accounts *accounts, const char *name, int64_t now_ns)
{
	const struct account *account = accounts_look(accounts, name);

	for (size_t i = 0; account && i < account->count; i++)
		if (accounts_within(account->logins[i].last_ns, now_ns, ACCOUNTS_KNOWN_NS))
			return true;
	return false;
}

size_t accounts_expect(const struct accounts *accounts, const struct prefix *source,
		       const struct prefix *key, bool fails, struct lru_lookup lookups[])
{
	lookups[0] = (struct lru_lookup){ key ? accounts->accounts : NULL, key };
	if (!fails)
		return 1;
	lookups[1] = (struct lru_lookup){ accounts->known, source };
	lookups[2] = (struct lru_lookup){ key ? accounts->sieges : NULL, key };
	return 3;
}

void accounts_judge(struct accounts *accounts, const char *name, const struct prefix *key,
		    const struct prefix *source, int64_t now_ns, struct standing *standing)
{
	struct account *account = name ? accounts_find(accounts, name, key, false, now_ns) : NULL;
	struct login_source *found = find_login_source(account, source);
	const struct login_source *login = NULL;
	bool known = accounts_known_to_any(accounts, source, now_ns);

	if (found && accounts_within(found->last_ns, now_ns, ACCOUNTS_KNOWN_NS))
		login = found;
	*standing = (struct standing){ .trust = known ? TRUST_OTHER : TRUST_NONE };
	standing->shared = known && accounts_shared(accounts, source, now_ns);
	if (!name) {
		standing->trust = known ? TRUST_OWN : TRUST_NONE;
		return;
	}
	if (!account || !account->count)
		return;
	standing->account = account;
	standing->login = found;
	standing->forgotten = found && !login;
	standing->exists = true;
	standing->provider =
		account_knows_provider(account, provider_of(accounts->settings, &source->address));
	standing->first_ns = login ? login->first_ns : 0;
	standing->seen = login && !login->suspect;
	if (login && login_source_is_known(accounts, login, now_ns))
		standing->trust = TRUST_OWN;
	else if (standing->seen && !known)
		standing->trust = TRUST_SEEN;
}

/* That a source is still known to some account is noted once a day: each note looks into two tables
 * that are not in the cache. */
static bool is_same_day(int64_t then_ns, int64_t now_ns)
{
	return then_ns / ACCOUNTS_DAY_NS == now_ns / ACCOUNTS_DAY_NS;
}

/* Notes a source that is known, or may become so. The store is told once a day, and when the source
 * becomes known. */
static void keep(struct accounts *accounts, const char *name, const struct prefix *key,
		 struct login_source *login)
{
	const struct detect_store *store = &accounts->settings->store;
	struct detect_known known = { login->source, login->first_ns, login->last_ns };
	struct login_source told = { .first_ns = login->first_ns,
				     .last_ns = login->kept_s * NS_PER_S };
	bool is_known = login_source_is_known(accounts, login, login->last_ns);

	if (is_known)
		known_note(accounts, login, key);
	if (!store->keep || (login->kept_s && is_same_day(told.last_ns, login->last_ns) &&
			     login_source_is_known(accounts, &told, login->last_ns) == is_known))
		return;
	login->kept_s = login_source_kept_at(login->last_ns);
	store->keep(name, &known, store->context);
}

/* Holds the bound on all sources of all accounts: the accounts whose last login is longest ago are
 * dropped as a whole. */
static void make_room(struct accounts *accounts)
{
	while (accounts->logins > accounts->settings->most_known) {
		struct account *oldest = lru_oldest(accounts->accounts);
		bool last = lru_used(accounts->accounts) == 1;

		if (last)
			return;
		if (!accounts->settings->store.recall_account)
			accounts->forgotten++;
		lru_drop(accounts->accounts, oldest);
	}
}

/* Whether a spread that only alerted lasts: no source becomes known during it. */
static bool in_alert(const struct accounts *accounts, const struct account *account, int64_t now_ns)
{
	uint64_t window_s = accounts->settings->rules[RULE_ACCOUNT_SPREAD].window_s;

	return account->alert_ns && window_s < INT64_MAX / NS_PER_S &&
	       accounts_within(account->alert_ns, now_ns, (int64_t)window_s * NS_PER_S);
}

static enum login login_anew(struct accounts *accounts, const struct event *event, uint64_t tag,
			     struct account *account, const struct prefix *key,
			     const struct prefix *source, bool forgotten)
{
	unsigned country = accounts_country(accounts, &source->address);
	uint64_t provider = provider_of(accounts->settings, &source->address);
	bool own = forgotten || account_knows_provider(account, provider) ||
		   address_is_lan(&source->address);
	bool spread = account_in_spread(accounts, account, event->wall_ns);
	struct login_source *login;

	if (spread && !own)
		return detect_is_home(accounts->settings, country) ? LOGIN_HOME : LOGIN_STRANGER;
	if (!account->count)
		realms_note(accounts, event->account);
	login = login_source_add(accounts, account);
	if (!login)
		return LOGIN_KNOWN;
	*login = (struct login_source){ .source = *source,
					.suspect = spread || (!own && in_alert(accounts, account,
									       event->wall_ns)),
					.returned = forgotten,
					.mailed = event->kind == EVENT_MESSAGE,
					.first_ns = event->wall_ns,
					.last_ns = event->wall_ns,
					.tag = (uint32_t)tag };
	login_source_set_origin(login, country, provider);
	if (!login->suspect) {
		keep(accounts, event->account, key, login);
		known_note_new(accounts, source, event->wall_ns);
	}
	return LOGIN_NEW;
}

/* A login from a source that the account already has. */
static enum login login_again(struct accounts *accounts, const struct event *event,
			      const struct account *account, const struct prefix *key,
			      struct login_source *login)
{
	int64_t now_ns = event->wall_ns, before_ns = login->last_ns;
	bool spread = account_in_spread(accounts, account, now_ns);
	bool was_known = login_source_is_known(accounts, login, now_ns), is_known;

	/* Logins in a spread make no source known: the time that counts begins anew after it. The
	 * source is no new one all the same, or one alert would lead to the next for good. Only
	 * where AS numbers are known, ten new providers at once surely were a spread, and the
	 * source is new again. */
	if (login->suspect && !spread && !in_alert(accounts, account, now_ns)) {
		login->suspect = false;
		login->returned = !account->alert_many || provider_is_guess(login->provider);
		login->first_ns = now_ns;
	} else if (spread && !was_known && !login->suspect) {
		login->first_ns = now_ns;
	}
	if (login->last_ns < now_ns)
		login->last_ns = now_ns;
	login_source_succeeds(login, now_ns);
	login->mailed |= event->kind == EVENT_MESSAGE;
	is_known = login_source_is_known(accounts, login, now_ns);
	if (!login->suspect && (!is_same_day(before_ns, now_ns) || is_known != was_known))
		keep(accounts, event->account, key, login);
	return place_came_on_two_days(login) ||
			       login_source_is_of_first_day(accounts, login, now_ns)
		       ? LOGIN_KNOWN
		       : LOGIN_SEEN;
}

enum login accounts_login(struct accounts *accounts, const struct event *event, uint64_t tag,
			  const struct prefix *key, const struct prefix *source, int64_t now_ns,
			  struct account **result, bool *first_mail)
{
	struct account *account = accounts_find(accounts, event->account, key, true, now_ns);
	bool forgotten = false; /* the account knew the source more than 30 days ago */
	enum login how;

	lru_use(accounts->accounts, account);
	*result = account;
	*first_mail = false;
	for (size_t i = 0; i < account->count; i++) {
		struct login_source *login = &account->logins[i];

		if (!prefix_same(&login->source, source))
			continue;
		if (!accounts_within(login->last_ns, now_ns, ACCOUNTS_KNOWN_NS)) {
			forgotten = place_came_on_two_days(login);
			login_source_remove(accounts, account, i);
			break;
		}
		*first_mail = event->kind == EVENT_MESSAGE && !login->mailed;
		return login_again(accounts, event, account, key, login);
	}
	how = login_anew(accounts, event, tag, account, key, source, forgotten);
	make_room(accounts);
	return how;
}

void accounts_remove_source(struct accounts *accounts, const char *name, struct account *account,
			    size_t at)
{
	const struct detect_store *store = &accounts->settings->store;
	struct prefix source = account->logins[at].source, key = accounts_key(accounts, name);
	char other[ACCOUNTS_NAME_SIZE];

	if (store->forget)
		store->forget(name, &source, store->context);
	if (store->forget && accounts_other_name(accounts, name, other))
		store->forget(other, &source, store->context);
	known_drop(accounts, &source, &key);
	login_source_remove(accounts, account, at);
}

void accounts_add_usage(const struct accounts *accounts, struct detect_usage *usage)
{
	usage->accounts += lru_used(accounts->accounts);
	usage->accounts_size += lru_size(accounts->accounts);
	usage->known += accounts->logins;
	usage->known_size += accounts->settings->most_known;
	usage->forgotten += accounts->forgotten;
}
