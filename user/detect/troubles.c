// SPDX-License-Identifier: GPL-2.0-or-later
/* Which accounts are under siege or in a spread, and since when not any more. See accounts.h. */
#include "base/time.h"
#include "detect/accounts_inside.h"

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

bool accounts_in_spread(struct accounts *accounts, const struct prefix *key, int64_t now_ns)
{
	const struct account *account = recent_find(accounts->accounts, key);

	return account && account_in_spread(accounts, account, now_ns);
}

bool accounts_besieged(const struct accounts *accounts, const struct prefix *key, int64_t now_ns)
{
	const struct siege *siege = recent_find(accounts->sieges, key);

	return siege &&
	       accounts_within(siege->last_ns, now_ns, window_ns(accounts, RULE_ACCOUNT_SIEGE, 2));
}

/* Moves *last_ns on; the memory outside is told now and then. */
static void go_on(struct accounts *accounts, const char *name, enum ban_rule rule, int64_t now_ns,
		  int64_t *last_ns, int64_t *told_ns)
{
	const struct detect_memory *memory = &accounts->settings->memory;

	if (*last_ns < now_ns)
		*last_ns = now_ns;
	if (!memory->trouble || (*told_ns && accounts_within(*told_ns, *last_ns, 3600 * NS_PER_S)))
		return;
	*told_ns = *last_ns;
	memory->trouble(name, rule, *last_ns, memory->context);
}

void accounts_besiege(struct accounts *accounts, const char *name, const struct prefix *key,
		      int64_t now_ns)
{
	struct siege *siege = recent_touch(accounts->sieges, key, NULL);

	go_on(accounts, name, RULE_ACCOUNT_SIEGE, now_ns, &siege->last_ns, &siege->told_ns);
}

void accounts_spread(struct accounts *accounts, const char *name, struct account *account,
		     int64_t now_ns)
{
	go_on(accounts, name, RULE_ACCOUNT_SPREAD, now_ns, &account->spread_ns,
	      &account->spread_told_ns);
}

void accounts_recall_trouble(struct accounts *accounts, const char *name, enum ban_rule rule,
			     int64_t last_ns)
{
	struct prefix key = accounts_key(accounts, name);
	struct account *account;
	struct siege *siege;

	if (rule == RULE_ACCOUNT_SIEGE) {
		siege = recent_touch(accounts->sieges, &key, NULL);
		siege->last_ns = siege->told_ns = last_ns;
	} else if (rule == RULE_ACCOUNT_SPREAD) {
		account = accounts_find(accounts, name, &key, true, last_ns);
		account->spread_ns = account->spread_told_ns = last_ns;
	}
}

bool accounts_in_trouble(struct accounts *accounts, const char *name, enum ban_rule rule,
			 int64_t now_ns, int64_t *last_ns)
{
	struct prefix key = accounts_key(accounts, name);
	const struct account *account;
	const struct siege *siege;

	if (rule == RULE_ACCOUNT_SIEGE && accounts_besieged(accounts, &key, now_ns)) {
		siege = recent_find(accounts->sieges, &key);
		*last_ns = siege->last_ns;
		return true;
	}
	if (rule == RULE_ACCOUNT_SPREAD && accounts_in_spread(accounts, &key, now_ns)) {
		account = recent_find(accounts->accounts, &key);
		*last_ns = account->spread_ns;
		return true;
	}
	return false;
}
