// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds an account in the rules' memory, or recalls it from the store. */
#include "detect/accounts_internal.h"
#include "detect/provider.h"

struct accounts_recalling {
	struct accounts *accounts;
	struct account *account;
	const struct prefix *key;
	int64_t now_ns;
};

static void take_known(const struct detect_known *known, void *context)
{
	struct accounts_recalling *recalling = context;
	struct accounts *accounts = recalling->accounts;
	struct login_source *login;

	if (!accounts_within(known->last_ns, recalling->now_ns, ACCOUNTS_KNOWN_NS))
		return;
	for (size_t i = 0; i < recalling->account->count; i++) {
		login = &recalling->account->logins[i];
		if (!prefix_same(&login->source, &known->source))
			continue;
		login_source_join(login, known); /* recalled before, by the account's other name */
		if (login_source_is_known(accounts, login, recalling->now_ns))
			known_note(accounts, login, recalling->key);
		return;
	}
	login = login_source_add(accounts, recalling->account);
	if (!login)
		return;
	*login = (struct login_source){ .source = known->source,
					.first_ns = known->first_ns,
					.last_ns = known->last_ns,
					.kept_s = login_source_kept_at(known->last_ns) };
	login_source_set_origin(login, accounts_country(accounts, &known->source.address),
				provider_of(accounts->settings, &known->source.address));
	if (login_source_is_known(accounts, login, recalling->now_ns))
		known_note(accounts, login, recalling->key);
}

/* A name without known sources takes no slot unless `make` is set: any stranger can make names
 * up. */
struct account *accounts_find(struct accounts *accounts, const char *name, const struct prefix *key,
			      bool make, int64_t now_ns)
{
	const struct detect_store *store = &accounts->settings->store;
	struct account *account = lru_find(accounts->accounts, key);
	struct accounts_recalling recalling = { .accounts = accounts,
						.key = key,
						.now_ns = now_ns };
	char other[ACCOUNTS_NAME_SIZE];
	bool has_other;

	if (account || (!make && !store->recall_account))
		return account;
	has_other = accounts_other_name(accounts, name, other);
	recalling.account = lru_touch(accounts->accounts, key, NULL);
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
	lru_drop(accounts->accounts, recalling.account);
	return NULL;
}
