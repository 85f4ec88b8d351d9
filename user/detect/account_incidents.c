// SPDX-License-Identifier: GPL-2.0-or-later
/* Which accounts are under siege, in a spread or leaked, since when they no longer are, and what is
 * usual for them. See accounts.h. */
#include <string.h>

#include "detect/accounts_internal.h"

static int64_t window_ns(const struct accounts *accounts, enum ban_rule rule, uint64_t times)
{
	uint64_t most_s = INT64_MAX / NS_PER_S / times;
	uint64_t window_s = accounts->settings->rules[rule].window_s;

	return (int64_t)((window_s < most_s ? window_s : most_s) * times) * NS_PER_S;
}

bool account_in_spread(const struct accounts *accounts, const struct account *account,
		       int64_t now_ns)
{
	return account->spread_ns && accounts_within(account->spread_ns, now_ns,
						     window_ns(accounts, RULE_ACCOUNT_SPREAD, 1));
}

bool account_leaked(const struct accounts *accounts, const struct account *account, int64_t now_ns)
{
	return account->leak_ns && accounts_within(account->leak_ns, now_ns,
						   window_ns(accounts, RULE_ACCOUNT_SPREAD, 2));
}

bool accounts_besieged(const struct accounts *accounts, const struct prefix *key, int64_t now_ns)
{
	const struct siege *siege = lru_find(accounts->sieges, key);

	return siege &&
	       accounts_within(siege->last_ns, now_ns, window_ns(accounts, RULE_ACCOUNT_SIEGE, 2));
}

/* Moves *last_ns on, and tells the store once an hour. */
static void go_on(struct accounts *accounts, const char *name, enum ban_rule rule, int64_t now_ns,
		  int64_t *last_ns, int64_t *told_ns)
{
	const struct detect_store *store = &accounts->settings->store;

	if (*last_ns < now_ns)
		*last_ns = now_ns;
	if (!store->incident || (*told_ns && accounts_within(*told_ns, *last_ns, 3600 * NS_PER_S)))
		return;
	*told_ns = *last_ns;
	store->incident(name, rule, *last_ns, store->context);
}

void accounts_besiege(struct accounts *accounts, const char *name, const struct prefix *key,
		      int64_t now_ns)
{
	struct siege *siege = lru_touch(accounts->sieges, key, NULL);

	go_on(accounts, name, RULE_ACCOUNT_SIEGE, now_ns, &siege->last_ns, &siege->told_ns);
}

void accounts_leak(struct accounts *accounts, const char *name, struct account *account,
		   int64_t now_ns)
{
	go_on(accounts, name, RULE_ACCOUNT_SPREAD, now_ns, &account->leak_ns, &account->told_ns);
}

void accounts_spread(struct accounts *accounts, const char *name, struct account *account,
		     int64_t now_ns)
{
	if (account->spread_ns < now_ns)
		account->spread_ns = now_ns;
	accounts_leak(accounts, name, account, now_ns);
}

void accounts_recall_incident(struct accounts *accounts, const char *name, enum ban_rule rule,
			      int64_t last_ns)
{
	struct prefix key = accounts_key(accounts, name);
	struct account *account;
	struct siege *siege;

	if (rule == RULE_ACCOUNT_SIEGE) {
		siege = lru_touch(accounts->sieges, &key, NULL);
		siege->last_ns = siege->told_ns = last_ns;
	} else if (rule == RULE_ACCOUNT_SPREAD) {
		account = accounts_find(accounts, name, &key, true, last_ns);
		account->spread_ns = account->leak_ns = account->told_ns = last_ns;
	}
}

bool accounts_in_incident(struct accounts *accounts, const char *name, enum ban_rule rule,
			  int64_t now_ns, int64_t *last_ns)
{
	struct prefix key = accounts_key(accounts, name);
	const struct account *account = lru_find(accounts->accounts, &key);
	const struct siege *siege = lru_find(accounts->sieges, &key);

	if (rule == RULE_ACCOUNT_SIEGE && siege && accounts_besieged(accounts, &key, now_ns)) {
		*last_ns = siege->last_ns;
		return true;
	}
	if (rule == RULE_ACCOUNT_SPREAD && account &&
	    (account_in_spread(accounts, account, now_ns) ||
	     account_leaked(accounts, account, now_ns))) {
		*last_ns = account->leak_ns > account->spread_ns ? account->leak_ns
								 : account->spread_ns;
		return true;
	}
	return false;
}

bool accounts_change(struct accounts *accounts, const char *name, int64_t now_ns)
{
	const struct detect_store *store = &accounts->settings->store;
	struct prefix key = accounts_key(accounts, name);
	struct account *account = lru_find(accounts->accounts, &key);
	char other[ACCOUNTS_NAME_SIZE];
	bool was;

	if (!account)
		return false;
	was = account_in_spread(accounts, account, now_ns) ||
	      account_leaked(accounts, account, now_ns);
	account->spread_ns = account->leak_ns = account->told_ns = account->alert_ns = 0;
	if (!was || !store->over)
		return was;
	store->over(name, RULE_ACCOUNT_SPREAD, store->context);
	/* The store may have the incident under the account's other name. */
	if (accounts_other_name(accounts, name, other))
		store->over(other, RULE_ACCOUNT_SPREAD, store->context);
	return was;
}

void accounts_trust(struct accounts *accounts, const char *name)
{
	struct prefix key = accounts_key(accounts, name);
	struct account *account = lru_find(accounts->accounts, &key);
	struct siege *siege = lru_find(accounts->sieges, &key);

	if (siege)
		lru_drop(accounts->sieges, siege);
	if (!account)
		return;
	account->spread_ns = account->leak_ns = account->told_ns = account->alert_ns = 0;
	for (size_t i = 0; i < account->count; i++)
		account->logins[i].suspect = false;
}

void accounts_forget(struct accounts *accounts, const char *name)
{
	struct prefix key = accounts_key(accounts, name);
	struct account *account = lru_find(accounts->accounts, &key);

	accounts_trust(accounts, name);
	known_drop_all(accounts, &key);
	if (account)
		lru_drop(accounts->accounts, account);
}

#define FADE 32

static uint32_t fade(uint32_t usual, uint32_t today, uint32_t days)
{
	for (; days && usual; days--)
		usual -= (usual + FADE - 1) / FADE;
	return usual > today ? usual : today;
}

struct detect_habit *accounts_habit(const struct accounts *accounts, const char *name,
				    struct account *account, int64_t now_ns)
{
	const struct detect_store *store = &accounts->settings->store;
	struct detect_habit *habit = &account->habit;
	uint32_t day = now_ns > 0 ? (uint32_t)(now_ns / ACCOUNTS_DAY_NS) : 0, passed;

	if (!habit->day)
		habit->day = day;
	if (day <= habit->day)
		return habit;
	passed = day - habit->day > 1000 ? 1000 : day - habit->day;
	habit->messages = fade(habit->messages, habit->today, passed);
	habit->failing = fade(habit->failing, habit->failing_today, passed);
	habit->today = habit->failing_today = 0;
	habit->day = day;
	if (store->habit && (habit->messages || habit->failing))
		store->habit(name, habit, store->context);
	return habit;
}
