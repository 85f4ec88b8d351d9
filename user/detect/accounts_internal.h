/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What accounts.c, account_recall.c, login_sources.c, owner_failures.c, account_incidents.c,
 * known.c and realms.c share. Not for rules: they see accounts.h. */
#ifndef SEKISHO_DETECT_ACCOUNTS_INTERNAL_H
#define SEKISHO_DETECT_ACCOUNTS_INTERNAL_H

#include "base/time.h"
#include "detect/accounts.h"
#include "detect/known_source.h"

#define ACCOUNTS_DAY_NS	  (86400 * NS_PER_S)
#define ACCOUNTS_KNOWN_NS (DETECT_KNOWN_DAYS * ACCOUNTS_DAY_NS)
#define REALMS_MAX	  64

struct siege {
	int64_t last_ns, told_ns;
};

/* How many accounts have a realm. */
struct realm {
	char name[DETECT_REALM_SIZE];
	uint32_t accounts;
};

/* A login that known.c has not entered yet. */
struct known_news {
	struct prefix source;
	struct known_login login;
};
/* So many are entered at once: what they need lies far apart in memory, and is fetched together. */
#define KNOWN_NEWS 32

struct accounts {
	const struct detect_settings *settings;
	struct lru_seed seed;
	struct lru_table *accounts;	    /* struct account, by name */
	struct lru_table *sieges;	    /* struct siege, by name */
	struct lru_table *known;	    /* struct known, by source: known.c */
	struct lru_table *known_networks;   /* struct around, by network */
	struct known_news news[KNOWN_NEWS]; /* known.c alone */
	uint32_t news_count;
	uint64_t logins, forgotten;
	int64_t since_ns;
	struct realm realms[REALMS_MAX];
	uint32_t realm_count, realm_accounts; /* accounts: with a realm or without, all */
	const struct realm *most; /* the one that more than half of them have, or NULL */
};

/* Whether `then_ns` is at most `span_ns` ago. Times may run backwards a little, and far after a
 * wrong stamp. */
static inline bool accounts_within(int64_t then_ns, int64_t now_ns, int64_t span_ns)
{
	return then_ns >= now_ns || (uint64_t)now_ns - (uint64_t)then_ns <= (uint64_t)span_ns;
}

/* The account; NULL: it has no known sources, unless `make`, which makes an entry. */
struct account *accounts_find(struct accounts *accounts, const char *name, const struct prefix *key,
			      bool make, int64_t now_ns);

/* login_sources.c */
/* Whether the source logged in on the installation's first day, an hour ago or longer: it is new to
 * the installation and not to the account. */
bool login_source_is_of_first_day(const struct accounts *accounts, const struct login_source *login,
				  int64_t now_ns);
unsigned accounts_country(const struct accounts *accounts, const struct address *address);
void login_source_set_origin(struct login_source *login, unsigned country, uint64_t provider);
/* Removes the source at `at`; the last one takes its position. */
void login_source_remove(struct accounts *accounts, struct account *account, size_t at);
/* Adds an entry, which the caller fills; if there are LOGIN_SOURCES_MAX, the longest unused gives
 * way. NULL: out of memory. */
struct login_source *login_source_add(struct accounts *accounts, struct account *account);
uint32_t login_source_kept_at(int64_t wall_ns);
/* Joins the same source of the account's other name: first and last login of both. */
void login_source_join(struct login_source *login, const struct detect_known *known);

/* owner_failures.c: a login from there ends failures that began lately. */
void login_source_succeeds(struct login_source *login, int64_t now_ns);

/* realms.c: notes the first login to an account. */
void realms_note(struct accounts *accounts, const char *name);
/* Begins with settings->usual_realm, before the first account. */
void realms_begin(struct accounts *accounts);
/* The other name of the same account: "bob" for "bob@example.org" and the other way round. False:
 * there is none, since the realm is not the default one. */
#define ACCOUNTS_NAME_SIZE (EVENT_ACCOUNT_SIZE + DETECT_REALM_SIZE + 1)
bool accounts_other_name(const struct accounts *accounts, const char *name,
			 char other[ACCOUNTS_NAME_SIZE]);

/* known.c: tables of the sources that some account knows, and of their networks. */
struct lru_table *known_new(uint32_t most);
struct lru_table *known_networks_new(uint32_t most);
/* The account knows the source from now on, or still. */
void known_note(struct accounts *accounts, const struct login_source *login,
		const struct prefix *key);
/* A source that is new to its account logged in. If others did so in its network a day ago or
 * earlier, the network is known. */
void known_note_new(struct accounts *accounts, const struct prefix *source, int64_t now_ns);
/* The account does not know it any more. */
void known_drop(struct accounts *accounts, const struct prefix *source, const struct prefix *key);
/* The account knows no source any more, including those that were recalled by source. Looks at all
 * entries. */
void known_drop_all(struct accounts *accounts, const struct prefix *key);

#endif
