// SPDX-License-Identifier: GPL-2.0-or-later
/* See known_accounts.h. */
#include "fleet/known_accounts.h"

#include <stdlib.h>
#include <string.h>

#define SETS 65536
#define WAYS 4 /* names in a set; the oldest is replaced */

struct named {
	uint8_t hash[FLEET_ACCOUNT_SIZE];
	char *name;
};

struct known_accounts {
	struct named sets[SETS][WAYS]; /* in each set the latest first */
};

struct known_accounts *known_accounts_new(void)
{
	return calloc(1, sizeof(struct known_accounts));
}

void known_accounts_free(struct known_accounts *accounts)
{
	for (size_t i = 0; accounts && i < SETS; i++)
		for (size_t j = 0; j < WAYS; j++)
			free(accounts->sets[i][j].name);
	free(accounts);
}

/* The hash is keyed: without the secret nobody can choose a name's set. */
static size_t set_of(const uint8_t hash[FLEET_ACCOUNT_SIZE])
{
	return (size_t)hash[0] << 8 | hash[1];
}

static size_t find(const struct named *set, const uint8_t hash[FLEET_ACCOUNT_SIZE])
{
	size_t at = 0;

	while (at < WAYS && !(set[at].name && !memcmp(set[at].hash, hash, FLEET_ACCOUNT_SIZE)))
		at++;
	return at;
}

void known_accounts_add(struct known_accounts *accounts, const uint8_t hash[FLEET_ACCOUNT_SIZE],
			const char *name)
{
	struct named *set = accounts->sets[set_of(hash)], fresh;
	size_t at = find(set, hash);

	if (at < WAYS) {
		fresh = set[at];
	} else {
		fresh.name = strdup(name);
		if (!fresh.name)
			return;
		memcpy(fresh.hash, hash, sizeof(fresh.hash));
		free(set[WAYS - 1].name);
		at = WAYS - 1;
	}
	memmove(set + 1, set, at * sizeof(*set));
	set[0] = fresh;
}

const char *known_accounts_find(const struct known_accounts *accounts,
				const uint8_t hash[FLEET_ACCOUNT_SIZE])
{
	const struct named *set = accounts->sets[set_of(hash)];
	size_t at = find(set, hash);

	return at < WAYS ? set[at].name : NULL;
}
