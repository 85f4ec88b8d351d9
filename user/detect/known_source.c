// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of accounts, as small as most of them are. See known_source.h. */
#include "detect/known_source.h"

#include <stdlib.h>

#include "base/time.h"

#define DAY_NS	   (86400 * NS_PER_S)
#define CROWD_BITS 128

/* The accounts of a source that several know. */
struct known_crowd {
	struct known_account last[DETECT_SHARED_MAX];
	/* A bit for each account, by its hash: of those since a day, and of those in the
	 * DETECT_KNOWN_DAYS before it. */
	uint64_t bits[CROWD_BITS / 64], before[CROWD_BITS / 64];
	uint16_t since;
};
_Static_assert(sizeof(struct known_crowd) == 104, "docs/rules.md");

void known_source_free(struct known *known)
{
	if (known->room > 1)
		free(known->many);
}

static const struct known_account *kept(const struct known *known)
{
	return known->room > 1 ? known->many->last : &known->one;
}

static struct known_account *accounts_of(struct known *known)
{
	if (!known->room)
		known->room = 1;
	return known->room > 1 ? known->many->last : &known->one;
}

static uint16_t day_of(int64_t wall_ns)
{
	int64_t day = wall_ns / DAY_NS;

	return (uint16_t)(day < 1 ? 1 : day > UINT16_MAX ? UINT16_MAX : day);
}

/* If there is no memory, the first account stays the only one. */
static void make_many(struct known *known)
{
	struct known_crowd *many = calloc(1, sizeof(*many));

	if (!many)
		return;
	many->last[0] = known->one;
	many->since = known->one.day;
	many->bits[known->one.hash % CROWD_BITS / 64] |= 1ULL << known->one.hash % 64;
	known->many = many;
	known->room = DETECT_SHARED_MAX;
}

static void join_crowd(struct known_crowd *crowd, uint32_t hash, uint16_t day)
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

void known_source_note(struct known *known, const struct known_login *login)
{
	struct known_account *accounts = accounts_of(known);
	int64_t last_ns = login->last_ns;
	uint32_t hash = login->hash;
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
	accounts[at].two_days |= login->two_days;
	if (accounts[at].day < day_of(last_ns))
		accounts[at].day = day_of(last_ns);
}

bool known_source_drop(struct known *known, uint32_t hash, bool *others)
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

unsigned known_source_accounts(const struct known *known)
{
	unsigned used = 0, count = 0;

	if (known->room <= 1)
		return 1;
	for (unsigned i = 0; i < CROWD_BITS / 64; i++)
		used += (unsigned)__builtin_popcountll(known->many->bits[i] |
						       known->many->before[i]);
	/* So many accounts it takes on average to set so many bits; in 1/256. */
	for (unsigned i = 0; i < used; i++)
		count += CROWD_BITS * 256 / (CROWD_BITS - i);
	return count / 256;
}

/* Whether the account logged in within the last DETECT_KNOWN_DAYS. */
static bool is_late(const struct known_account *account, int64_t now_ns)
{
	return account->day && account->day + DETECT_KNOWN_DAYS >= day_of(now_ns);
}

unsigned known_source_lately(const struct known *known, int64_t now_ns)
{
	const struct known_account *accounts = kept(known);
	unsigned count = 0;

	for (unsigned i = 0; i < known->room; i++)
		count += is_late(&accounts[i], now_ns);
	return count;
}

unsigned known_source_others(const struct known *known, uint32_t hash, int64_t now_ns,
			     uint32_t others[DETECT_SHARED_MAX])
{
	const struct known_account *accounts = kept(known);
	unsigned count = 0;

	for (unsigned i = 0; i < known->room; i++) {
		if (!accounts[i].two_days || !is_late(&accounts[i], now_ns) ||
		    accounts[i].hash == hash)
			continue;
		if (others)
			others[count] = accounts[i].hash;
		count++;
	}
	return count;
}
