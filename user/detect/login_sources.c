// SPDX-License-Identifier: GPL-2.0-or-later
/* The sources of one account: which of them the account knows, and their array. */
#include <stdlib.h>
#include <string.h>

#include "detect/accounts_internal.h"

bool accounts_young(const struct accounts *accounts, int64_t now_ns)
{
	uint64_t most_s = INT64_MAX / NS_PER_S, learn_s = accounts->settings->learn_s;

	return accounts_within(accounts->since_ns, now_ns,
			       (int64_t)(learn_s < most_s ? learn_s : most_s) * NS_PER_S);
}

bool place_came_on_two_days(const struct login_source *login)
{
	return !login->suspect && login->last_ns >= login->first_ns &&
	       (uint64_t)login->last_ns - (uint64_t)login->first_ns >=
		       (uint64_t)(DETECT_KNOWN_AFTER_S * NS_PER_S);
}

/* While the installation is young, no source can have come on two days, so one success makes it
 * known. */
bool login_source_is_known(const struct accounts *accounts, const struct login_source *login,
			   int64_t now_ns)
{
	return place_came_on_two_days(login) ||
	       (!login->suspect && accounts_young(accounts, now_ns));
}

/* A source that logged in on an installation's first day, an hour ago or longer, is new to us, but
 * not to the account. */
bool login_source_is_of_first_day(const struct accounts *accounts, const struct login_source *login,
				  int64_t now_ns)
{
	return !login->suspect &&
	       accounts_within(accounts->since_ns, login->first_ns, ACCOUNTS_DAY_NS) &&
	       accounts_young(accounts, now_ns) &&
	       !accounts_within(login->first_ns, now_ns, 3600 * NS_PER_S);
}

void account_own_countries(const struct account *account, uint8_t own[COUNTRY_MAP])
{
	const struct login_source *oldest = NULL;

	memset(own, 0, COUNTRY_MAP);
	for (size_t i = 0; i < account->count; i++) {
		const struct login_source *login = &account->logins[i];

		if (address_is_lan(&login->source.address))
			continue;
		if (place_came_on_two_days(login))
			own[login->country / 8] |= (uint8_t)(1U << login->country % 8);
		if (!oldest || login->first_ns < oldest->first_ns ||
		    (login->first_ns == oldest->first_ns && login->tag < oldest->tag))
			oldest = login;
	}
	if (oldest)
		own[oldest->country / 8] |= (uint8_t)(1U << oldest->country % 8);
}

bool account_has_line(const struct account *account, uint64_t provider, unsigned country,
		      int64_t then_ns)
{
	for (size_t i = 0; i < account->count; i++) {
		const struct login_source *login = &account->logins[i];

		if (!login->suspect && (!provider || login->provider == provider) &&
		    login->country == country && login->first_ns <= then_ns)
			return true;
	}
	return false;
}

unsigned accounts_country(const struct accounts *accounts, const struct address *address)
{
	const struct detect_settings *settings = accounts->settings;
	unsigned country = COUNTRY_ZZ;

	if (settings->country)
		country = settings->country(address, settings->country_context);
	return country < COUNTRY_COUNT ? country : COUNTRY_ZZ;
}

void login_source_set_origin(struct login_source *login, unsigned country, uint64_t provider)
{
	login->country = country & ((1U << PLACE_COUNTRY_BITS) - 1);
	login->provider = provider & ((1ULL << PROVIDER_BITS) - 1);
}

void login_source_remove(struct accounts *accounts, struct account *account, size_t at)
{
	account->logins[at] = account->logins[--account->count];
	accounts->logins--;
}

struct login_source *login_source_add(struct accounts *accounts, struct account *account)
{
	struct login_source *logins = account->logins;
	size_t oldest = 0;

	if (account->count == LOGIN_SOURCES_MAX) {
		for (size_t i = 1; i < account->count; i++)
			if (logins[i].last_ns < logins[oldest].last_ns)
				oldest = i;
		login_source_remove(accounts, account, oldest);
	}
	if (account->count == account->room) {
		size_t room = account->room + account->room / 8U + 1;

		logins = realloc(logins, room * sizeof(*logins));
		if (!logins)
			return NULL;
		account->logins = logins;
		account->room = (uint32_t)room & 0x7fff;
	}
	accounts->logins++;
	return &account->logins[account->count++];
}

/* In seconds. Times before 1970 become 0, which means "never told to the store": the source is told
 * once more then. */
uint32_t login_source_kept_at(int64_t wall_ns)
{
	int64_t wall_s = wall_ns / NS_PER_S;

	return wall_s < 0 ? 0 : wall_s > UINT32_MAX ? UINT32_MAX : (uint32_t)wall_s;
}

void login_source_join(struct login_source *login, const struct detect_known *known)
{
	if (known->first_ns < login->first_ns)
		login->first_ns = known->first_ns;
	if (known->last_ns <= login->last_ns)
		return;
	login->last_ns = known->last_ns;
	login->kept_s = login_source_kept_at(login->last_ns);
}
