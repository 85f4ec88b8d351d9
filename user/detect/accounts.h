/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of accounts: from where each was logged in to in the last 30 days, and whether
 * it is under siege, in a spread or leaked. Several rules need it, so it belongs to none. Pure;
 * what lies beyond this process comes through struct detect_store. Not here: when a siege or
 * spread begins.
 */
#ifndef SEKISHO_DETECT_ACCOUNTS_H
#define SEKISHO_DETECT_ACCOUNTS_H

#include "detect/detect.h"
#include "detect/provider.h"
#include "detect/lru_table.h"

/* Of one account; the longest unused gives way. More would be an open relay of passwords. */
#define LOGIN_SOURCES_MAX  512

#define PLACE_COUNTRY_BITS 10

/* A source that logged in to an account. */
struct login_source {
	struct prefix source;
	uint32_t kept_s; /* when the memory outside was told, since 1970 */
	int64_t first_ns, last_ns;
	uint64_t provider : PROVIDER_BITS; /* provider.h */
	uint64_t country : PLACE_COUNTRY_BITS;
	uint64_t suspect : 1;  /* came in a spread: it is not on the way to be known */
	uint64_t returned : 1; /* was a suspect of one that only alerted, and came back after it */
	uint64_t mailed : 1;   /* it handed in a message */
	uint32_t tag;	       /* the lower half of its first login's */
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct login_source) == 52 && COUNTRY_COUNT <= 1 << PLACE_COUNTRY_BITS,
	       "docs/rules.md");

struct account {
	int64_t spread_ns; /* the last login of a stranger in a spread that bans; 0: none */
	int64_t leak_ns;   /* the last login or failure of a stranger after one; 0: none */
	int64_t told_ns;   /* to the memory outside */
	int64_t alert_ns;  /* the last new place of a spread that only alerts; 0: none */
	struct detect_habit habit;
	uint32_t count : 16, room : 15;
	uint32_t alert_many : 1; /* only the owner was missing, else it would have banned */
	struct login_source *logins;
};

/* Whose a failure is. */
enum trust {
	TRUST_NONE,  /* a stranger's */
	TRUST_OTHER, /* the source is known to some account, but not to this one */
	TRUST_SEEN,  /* it logged in to this account, and is not known yet */
	TRUST_OWN, /* it is known to this account; or the line names no account, and it is known to
		      some account */
};

/* What is known of who fails. */
struct standing {
	enum trust trust;
	bool shared;		 /* a shared place */
	bool exists;		 /* the account was logged in to, from wherever */
	bool provider;		 /* the source's provider is known to the account */
	int64_t first_ns;	 /* its first login to this account; 0: none is known */
	struct account *account; /* NULL unless it exists; valid until the next call */
};

enum login {
	LOGIN_KNOWN,	/* from a source that came on two days, whatever the installation's age */
	LOGIN_SEEN,	/* from one that logged in before */
	LOGIN_NEW,	/* from a new one */
	LOGIN_HOME,	/* new, in a spread, but in a home country */
	LOGIN_STRANGER, /* new, in a spread, and not the account's */
};

struct accounts;

struct accounts *accounts_new(const struct detect_settings *settings); /* NULL: out of memory */
void accounts_free(struct accounts *accounts);
/* `settings` must live on until the next call. */
void accounts_configure(struct accounts *accounts, const struct detect_settings *settings);

/* An event of that time is about to be judged: without since_ns in the settings, the first one
 * begins what is known. */
void accounts_begin(struct accounts *accounts, int64_t now_ns);
int64_t accounts_since(const struct accounts *accounts);

/* The key of an account; a name without a realm is of the server's default one. */
struct prefix accounts_key(const struct accounts *accounts, const char *name);
/* Of the part before the realm alone. */
struct prefix accounts_local_key(const struct accounts *accounts, const char *name);

/* What is known of an account (NULL: none) will be looked for, and of a source that fails: up to
 * three lookups. */
size_t accounts_expect(const struct accounts *accounts, const struct prefix *source,
		       const struct prefix *key, bool fails, struct lru_lookup lookups[]);

/* One failure is about to be judged; `name` and `key` NULL: none was named. */
void accounts_judge(struct accounts *accounts, const char *name, const struct prefix *key,
		    const struct prefix *source, int64_t now_ns, struct standing *standing);

/* Somebody logged in. *account is valid until the next call of this or accounts_judge();
 * *first_mail: it is the first message from a place that was there. */
enum login accounts_login(struct accounts *accounts, const struct event *event, uint64_t tag,
			  const struct prefix *key, const struct prefix *source, int64_t now_ns,
			  struct account **account, bool *first_mail);

/* The place is none of the account's; it is forgotten here, and the last one takes its position. */
void accounts_remove_source(struct accounts *accounts, const char *name, struct account *account,
			    size_t login);

/* Whether a source, or some source of a network, is known to any account. */
bool accounts_known_to_any(struct accounts *accounts, const struct prefix *source, int64_t now_ns);
bool accounts_network_known(struct accounts *accounts, const struct prefix *network,
			    int64_t now_ns);
/* Whether a source is a shared place: known to as many accounts as settings say. */
bool accounts_shared(struct accounts *accounts, const struct prefix *source, int64_t now_ns);

/* The tag of a place's first login; `now` is a later event's. */
static inline uint64_t place_tag(const struct login_source *login, uint64_t now)
{
	return now - (uint32_t)((uint32_t)now - login->tag);
}

/* Its first and last login lie DETECT_KNOWN_AFTER_S apart, and none of them is suspect. */
bool place_came_on_two_days(const struct login_source *login);
/* The same; in the first days of an installation one login that is not suspect is enough. */
bool login_source_is_known(const struct accounts *accounts, const struct login_source *login,
			   int64_t now_ns);
/* The account's own countries as a bitmap: of its oldest source, and of each that came on two days.
 * Servers that fetch a user's mail may have been there before the user. The local network has none.
 */
#define COUNTRY_MAP ((COUNTRY_COUNT + 7) / 8)
void account_own_countries(const struct account *account, uint8_t own[COUNTRY_MAP]);
/* The installation has so little history that rules by history only alert. */
bool accounts_young(const struct accounts *accounts, int64_t now_ns);

/* Its last spread is not longer ago than the window of account-spread. */
bool account_in_spread(const struct accounts *accounts, const struct account *account,
		       int64_t now_ns);
/* A spread banned, and strangers still come. */
bool account_leaked(const struct accounts *accounts, const struct account *account, int64_t now_ns);

/* A siege goes on while failures come; it is over when none came for two windows. */
bool accounts_besieged(const struct accounts *accounts, const struct prefix *key, int64_t now_ns);
void accounts_besiege(struct accounts *accounts, const char *name, const struct prefix *key,
		      int64_t now_ns);
/* A login of a stranger, by which the spread goes on or begins; a leak with it. */
void accounts_spread(struct accounts *accounts, const char *name, struct account *account,
		     int64_t now_ns);
/* A failure of a stranger after a leak. */
void accounts_leak(struct accounts *accounts, const char *name, struct account *account,
		   int64_t now_ns);
void accounts_recall_incident(struct accounts *accounts, const char *name, enum ban_rule rule,
			      int64_t last_ns);
/* The password was changed: no spread and no leak any more. False: there was neither. */
bool accounts_change(struct accounts *accounts, const char *name, int64_t now_ns);
/* By hand: no spread, siege or leak any more; who was suspect is not. */
void accounts_trust(struct accounts *accounts, const char *name);
/* By hand: nothing is known of it. */
void accounts_forget(struct accounts *accounts, const char *name);

/* Whether the account is under siege (RULE_ACCOUNT_SIEGE) or strangers log in to it
 * (RULE_ACCOUNT_SPREAD) now; false for other rules. *last_ns is set only if true: when that was
 * last seen. */
bool accounts_in_incident(struct accounts *accounts, const char *name, enum ban_rule rule,
			  int64_t now_ns, int64_t *last_ns);

/* The account's habits as of a day; the memory outside is told when one has ended. */
struct detect_habit *accounts_habit(const struct accounts *accounts, const char *name,
				    struct account *account, int64_t now_ns);

/* Adds its numbers to those of `usage`. */
void accounts_add_usage(const struct accounts *accounts, struct detect_usage *usage);

#endif
