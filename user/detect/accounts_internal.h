/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What accounts.c, account_recall.c, login_sources.c, account_incidents.c, known.c and realms.c
 * share. Not for rules: they see accounts.h. */
#ifndef SEKISHO_DETECT_ACCOUNTS_INTERNAL_H
#define SEKISHO_DETECT_ACCOUNTS_INTERNAL_H

#include "base/time.h"
#include "detect/accounts.h"

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

struct accounts {
	const struct detect_settings *settings;
	struct lru_seed seed;
	struct lru_table *accounts;	  /* struct account, by name */
	struct lru_table *sieges;	  /* struct siege, by name */
	struct lru_table *known;	  /* struct known, by source: known.c */
	struct lru_table *known_networks; /* int64_t: when last; by network */
	uint64_t logins, forgotten;
	int64_t since_ns;
	struct realm realms[REALMS_MAX];
	uint32_t realm_count, realm_accounts; /* accounts: with a realm or without, all */
	const struct realm *most;	      /* that more than half of them have, or NULL */
};

/* Times may run backwards a little, and after a wrong stamp by much. */
static inline bool accounts_within(int64_t then_ns, int64_t now_ns, int64_t span_ns)
{
	return then_ns >= now_ns || (uint64_t)now_ns - (uint64_t)then_ns <= (uint64_t)span_ns;
}

/* A name without known sources takes no place (NULL) unless `make`. */
struct account *accounts_find(struct accounts *accounts, const char *name, const struct prefix *key,
			      bool make, int64_t now_ns);

/* login_sources.c */
/* Who logged in on an installation's first day, an hour ago or longer, is nobody new to the account
 * but to us. */
bool login_source_is_of_first_day(const struct accounts *accounts, const struct login_source *login,
				  int64_t now_ns);
unsigned accounts_country(const struct accounts *accounts, const struct address *address);
void login_source_set_origin(struct login_source *login, unsigned country, uint64_t provider);
/* The last one takes the position of the one at `at`. */
void login_source_remove(struct accounts *accounts, struct account *account, size_t at);
/* Room for one more, not filled; of LOGIN_SOURCES_MAX the longest unused gives way. NULL: out of
 * memory. */
struct login_source *login_source_add(struct accounts *accounts, struct account *account);
uint32_t login_source_kept_at(int64_t wall_ns);
/* The same source by the account's other name: first and last login of both. */
void login_source_join(struct login_source *login, const struct detect_known *known);

/* realms.c: an account was logged in to that was not there before. */
void realms_note(struct accounts *accounts, const char *name);
/* Before the first: settings->usual_realm. */
void realms_begin(struct accounts *accounts);
/* The other name of the same account, "bob" of "bob@example.org" and the other way round. False:
 * there is none, since the realm is not the default one. */
#define ACCOUNTS_NAME_SIZE (EVENT_ACCOUNT_SIZE + DETECT_REALM_SIZE + 1)
bool accounts_other_name(const struct accounts *accounts, const char *name,
			 char other[ACCOUNTS_NAME_SIZE]);

/* known.c: tables of the sources that some account knows, and of their networks. */
struct lru_table *known_new(uint32_t most);
struct lru_table *known_networks_new(uint32_t most);
/* The account knows the source from now on, or still. */
void known_note(struct accounts *accounts, const struct prefix *source, const struct prefix *key,
		int64_t last_ns);
/* The account does not know it any more. */
void known_drop(struct accounts *accounts, const struct prefix *source, const struct prefix *key);
/* It knows none any more, also of those that were asked for by source alone. Looks at all. */
void known_drop_all(struct accounts *accounts, const struct prefix *key);

#endif
