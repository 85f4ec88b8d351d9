// SPDX-License-Identifier: GPL-2.0-or-later
/* Compares right and failing digests. See passwords.h. */
#include "policy/passwords.h"

#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/lru_table.h"
#include "policy/digest_width.h"
#include "policy/secret.h"

#define DAY_S	     86400U
#define SURE_BITS    24	  /* of a digest: a guess hits one of four right ones once in 4 million */
#define GUESSES_MOST 16	  /* by strangers, between two hits of a short digest: 1 in 256 by chance */
#define REPEATS_MOST 1000 /* of one digest, from a mechanism that was not named */

/* An account's right digests, and which of them a stranger with a short digest hit last. */
struct rights {
	struct judge_digest items[JUDGE_RIGHT];
	struct prefix hit_source;
	uint32_t hit, guesses;
	bool was_hit;
};

struct wrongs {
	struct judge_digests digests;
	uint32_t repeats;
};

struct passwords {
	const struct judge_settings *settings;
	struct lru_seed seed;
	struct lru_table *rights; /* struct rights, by account */
	struct lru_table *wrongs; /* struct wrongs, by account and source */
	struct digest_width width;
};

struct passwords *passwords_new(const struct judge_settings *settings)
{
	struct passwords *passwords = calloc(1, sizeof(*passwords));

	if (!passwords)
		return NULL;
	passwords->settings = settings;
	passwords->seed = lru_seed_new();
	passwords->rights = lru_new(sizeof(struct rights), settings->most_accounts, NULL, NULL);
	passwords->wrongs = lru_new(sizeof(struct wrongs), settings->most_pairs, NULL, NULL);
	if (passwords->rights && passwords->wrongs)
		return passwords;
	passwords_free(passwords);
	return NULL;
}

void passwords_free(struct passwords *passwords)
{
	if (!passwords)
		return;
	lru_free(passwords->rights);
	lru_free(passwords->wrongs);
	free(passwords);
}

void passwords_configure(struct passwords *passwords, const struct judge_settings *settings)
{
	passwords->settings = settings;
	lru_resize(passwords->rights, settings->most_accounts);
	lru_resize(passwords->wrongs, settings->most_pairs);
}

/* Drops digests that are older than JUDGE_DAYS. A time of the future becomes now: after the clock
 * was set back, what was seen before must not be later than what is seen now. */
static void drop_old(struct judge_digest *items, unsigned count, uint32_t now_s)
{
	for (unsigned i = 0; i < count; i++) {
		if (now_s > JUDGE_DAYS * DAY_S && items[i].last_s < now_s - JUDGE_DAYS * DAY_S)
			items[i] = (struct judge_digest){ 0 };
		if (items[i].first_s > now_s)
			items[i].first_s = now_s;
		if (items[i].last_s > now_s)
			items[i].last_s = now_s;
	}
}

static void lower(const char *name, char text[EVENT_ACCOUNT_SIZE])
{
	size_t i = 0;

	for (; i < EVENT_ACCOUNT_SIZE - 1 && name[i]; i++)
		text[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] - 'A' + 'a') : name[i];
	text[i] = '\0';
}

static struct rights *rights_of(struct passwords *passwords, const char *account, uint32_t now_s)
{
	const struct judge_memory *memory = &passwords->settings->memory;
	struct prefix key = lru_name_key(&passwords->seed, account);
	struct judge_digests kept;
	struct rights *rights;
	bool fresh;

	rights = lru_touch(passwords->rights, &key, &fresh);
	if (fresh && memory->recall_digests &&
	    memory->recall_digests(account, NULL, &kept, memory->context))
		memcpy(rights->items, kept.items, sizeof(rights->items));
	drop_old(rights->items, JUDGE_RIGHT, now_s);
	return rights;
}

static struct wrongs *wrongs_of(struct passwords *passwords, const char *account,
				const struct prefix *source, uint32_t now_s)
{
	const struct judge_memory *memory = &passwords->settings->memory;
	struct prefix name = lru_name_key(&passwords->seed, account);
	struct prefix key = lru_pair_key(&name, source);
	struct wrongs *wrongs;
	bool fresh;

	wrongs = lru_touch(passwords->wrongs, &key, &fresh);
	if (fresh && memory->recall_digests &&
	    !memory->recall_digests(account, source, &wrongs->digests, memory->context))
		wrongs->digests = (struct judge_digests){ 0 };
	drop_old(wrongs->digests.items, JUDGE_WRONG, now_s);
	return wrongs;
}

static void keep_rights(const struct passwords *passwords, const char *account,
			const struct rights *rights)
{
	const struct judge_memory *memory = &passwords->settings->memory;
	struct judge_digests kept = { 0 };

	memcpy(kept.items, rights->items, sizeof(rights->items));
	if (memory->keep_digests)
		memory->keep_digests(account, NULL, &kept, memory->context);
}

static void keep_wrongs(const struct passwords *passwords, const char *account,
			const struct prefix *source, const struct wrongs *wrongs)
{
	const struct judge_memory *memory = &passwords->settings->memory;

	if (memory->keep_digests)
		memory->keep_digests(account, source, &wrongs->digests, memory->context);
}

static struct judge_digest *find(struct judge_digest *items, unsigned count, uint32_t mac)
{
	for (unsigned i = 0; i < count; i++)
		if (items[i].first_s && items[i].mac == mac)
			return &items[i];
	return NULL;
}

/* An unused item, or the one whose last sight is oldest. */
static struct judge_digest *oldest(struct judge_digest *items, unsigned count)
{
	struct judge_digest *result = items;

	for (unsigned i = 1; i < count; i++)
		if (items[i].last_s < result->last_s)
			result = &items[i];
	return result;
}

/* Whether another password was right after this one. */
static bool is_superseded(const struct rights *rights, const struct judge_digest *digest)
{
	for (unsigned i = 0; i < JUDGE_RIGHT; i++)
		if (rights->items[i].last_s > digest->last_s)
			return true;
	return false;
}

static bool says_nothing(const struct policy_login *login)
{
	return login->secret == POLICY_SECRET_NONE || !*login->hash;
}

static uint32_t seconds_of(const struct policy_login *login)
{
	int64_t now_s = login->wall_ns / NS_PER_S;

	return now_s < 1 ? 1 : now_s > UINT32_MAX ? UINT32_MAX : (uint32_t)now_s;
}

/* Whether a stranger knows the digest, and has not hit it by chance. */
static bool is_sure(struct passwords *passwords, struct rights *rights, uint32_t mac,
		    const struct prefix *source)
{
	bool again = rights->was_hit && rights->hit == mac && rights->guesses <= GUESSES_MOST &&
		     memcmp(&rights->hit_source, source, sizeof(*source)) != 0;

	rights->was_hit = true;
	rights->hit = mac;
	rights->hit_source = *source;
	rights->guesses = 0;
	return again || digest_width_reaches(&passwords->width, SURE_BITS);
}

enum judge_password passwords_fail(struct passwords *passwords, const struct policy_login *login,
				   const struct prefix *source, bool near, bool *sure)
{
	char account[EVENT_ACCOUNT_SIZE];
	uint32_t now_s = seconds_of(login), mac;
	struct judge_digest *right, *wrong;
	struct rights *rights;
	struct wrongs *wrongs;

	*sure = false;
	if (says_nothing(login))
		return JUDGE_PASSWORD_NONE;
	digest_width_see(&passwords->width, login);
	lower(login->account, account);
	mac = secret_digest(passwords->settings->key, login->hash);
	rights = rights_of(passwords, account, now_s);
	wrongs = wrongs_of(passwords, account, source, now_s);
	right = find(rights->items, JUDGE_RIGHT, mac);
	if (right && !is_superseded(rights, right)) {
		/* The digest may come from a mechanism without a password. */
		if (login->secret != POLICY_SECRET_PASSWORD)
			return JUDGE_PASSWORD_NONE;
		/* A server that is ill refuses right passwords, however often a program tries. */
		right = NULL;
	}
	if (right && near) {
		if (wrongs->digests.stale_ns <= time_less(login->wall_ns, DAY_S * NS_PER_S)) {
			wrongs->digests.stale_ns = login->wall_ns;
			keep_wrongs(passwords, account, source, wrongs);
		}
		return JUDGE_PASSWORD_STALE;
	}
	wrong = find(wrongs->digests.items, JUDGE_WRONG, mac);
	if (wrong) {
		wrong->last_s = now_s;
		return login->secret == POLICY_SECRET_UNKNOWN && ++wrongs->repeats > REPEATS_MOST
			       ? JUDGE_PASSWORD_NONE
			       : JUDGE_PASSWORD_REPEATED;
	}
	*oldest(wrongs->digests.items, JUDGE_WRONG) = (struct judge_digest){ mac, now_s, now_s };
	keep_wrongs(passwords, account, source, wrongs);
	if (right) {
		*sure = is_sure(passwords, rights, mac, source);
		return JUDGE_PASSWORD_OLD;
	}
	if (!near && rights->guesses < UINT32_MAX)
		rights->guesses++;
	return JUDGE_PASSWORD_NEW;
}

/* Whether the right ones are tokens: so many new ones within a day are no passwords. */
static bool are_tokens(const struct rights *rights, uint32_t now_s)
{
	unsigned today = 0;

	for (unsigned i = 0; i < JUDGE_RIGHT; i++)
		today += rights->items[i].first_s && now_s - rights->items[i].first_s < DAY_S;
	return today >= JUDGE_RIGHT - 1;
}

/* Whether the account has several passwords, for example for its programs: one was right again
 * after another one had been. Then a further one is no change. */
static bool are_several(const struct rights *rights)
{
	for (unsigned i = 0; i < JUDGE_RIGHT; i++)
		for (unsigned j = 0; j < JUDGE_RIGHT; j++)
			if (rights->items[i].first_s && rights->items[j].first_s &&
			    rights->items[i].first_s < rights->items[j].first_s &&
			    rights->items[i].last_s > rights->items[j].first_s)
				return true;
	return false;
}

bool passwords_succeed(struct passwords *passwords, const struct policy_login *login)
{
	char account[EVENT_ACCOUNT_SIZE];
	uint32_t now_s = seconds_of(login), mac;
	struct judge_digest *right, *place;
	struct rights *rights;
	bool had = false, due, changed;

	if (says_nothing(login))
		return false;
	digest_width_see(&passwords->width, login);
	lower(login->account, account);
	mac = secret_digest(passwords->settings->key, login->hash);
	rights = rights_of(passwords, account, now_s);
	right = find(rights->items, JUDGE_RIGHT, mac);
	if (right) {
		due = right->last_s / DAY_S != now_s / DAY_S;
		if (right->last_s < now_s)
			right->last_s = now_s;
		if (due)
			keep_rights(passwords, account, rights);
		return false;
	}
	for (unsigned i = 0; i < JUDGE_RIGHT; i++)
		had |= rights->items[i].first_s != 0;
	changed = had && !are_several(rights) && !are_tokens(rights, now_s);
	place = oldest(rights->items, JUDGE_RIGHT);
	*place = (struct judge_digest){ mac, now_s, now_s };
	keep_rights(passwords, account, rights);
	return changed;
}

void passwords_forget(struct passwords *passwords, const char *account)
{
	struct prefix key = lru_name_key(&passwords->seed, account);
	struct rights *rights = lru_find(passwords->rights, &key);

	/* The entry stays, empty, so that what the store still has is not recalled. */
	if (rights)
		*rights = (struct rights){ 0 };
}

void passwords_add_usage(const struct passwords *passwords, struct judge_usage *usage)
{
	usage->accounts += lru_used(passwords->rights);
	usage->pairs += lru_used(passwords->wrongs);
}
