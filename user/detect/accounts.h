/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of accounts: the sources that logged in to each in the last 30 days, and
 * whether it is under siege, in a spread or leaked. Several rules need it, so it belongs to none.
 * Pure; data from outside this process comes through struct detect_store. Not here: when a siege or
 * spread begins.
 */
#ifndef SEKISHO_DETECT_ACCOUNTS_H
#define SEKISHO_DETECT_ACCOUNTS_H

#include "detect/detect.h"
#include "detect/provider.h"
#include "detect/lru_table.h"

/* Sources of one account; the longest unused gives way. An account with more would be shared by
 * everybody. */
#define LOGIN_SOURCES_MAX  512

#define PLACE_COUNTRY_BITS 10

/* A source that logged in to an account. */
struct login_source {
	struct prefix source;
	uint32_t kept_s; /* when the store was told of it, since 1970 */
	int64_t first_ns, last_ns;
	uint64_t provider : PROVIDER_BITS; /* provider.h */
	uint64_t country : PLACE_COUNTRY_BITS;
	uint64_t suspect : 1;  /* came in a spread: it does not become known */
	uint64_t returned : 1; /* it came back: after a spread that only alerted, in which it was
				* suspect, or after it was forgotten; it is not new then */
	uint64_t mailed : 1;   /* it handed in a message */
	/* Its failures on the account, owner_failures.c. */
	uint64_t failing_since : 9; /* the half hour, or that it is longer ago */
	uint64_t failed_day : 8;    /* the last day; 0: none */
	uint32_t tag;		    /* the lower half of its first login's tag */
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct login_source) == 52 && COUNTRY_COUNT <= 1 << PLACE_COUNTRY_BITS,
	       "docs/rules.md");

struct account {
	int64_t spread_ns; /* the last login of a stranger in a spread that bans; 0: none */
	int64_t leak_ns;  /* the last login or failure of a stranger after such a spread; 0: none */
	int64_t told_ns;  /* when the store was told */
	int64_t alert_ns; /* the last new place of a spread that only alerts; 0: none */
	struct detect_habit habit;
	uint32_t count : 16, room : 15;
	uint32_t alert_many : 1; /* that spread would have banned if an owner had been known */
	struct login_source *logins;
};

/* What a source that fails is to the account. */
enum trust {
	TRUST_NONE,  /* a stranger */
	TRUST_OTHER, /* known to some account, but not to this one */
	TRUST_SEEN,  /* it logged in to this account, and is not known yet */
	TRUST_OWN,   /* known to this account; or the line names no account, and some account knows
			it */
};

/* What is known of a source that fails. */
struct standing {
	enum trust trust;
	bool shared;		    /* a shared place */
	bool exists;		    /* some source logged in to the account */
	bool provider;		    /* the source's provider is known to the account */
	bool seen;		    /* the source logged in to the account, and not in a spread */
	bool suddenly;		    /* the account knows the source, and it did not fail before */
	bool forgotten;		    /* it has not logged in for DETECT_KNOWN_DAYS */
	bool line;		    /* it is a line from which accounts log in that have it */
	int64_t first_ns;	    /* the source's first login to this account; 0: none is known */
	struct login_source *login; /* the source among the account's; NULL: it is not */
	struct account *account;    /* NULL unless it exists; valid until the next call */
};

enum login {
	LOGIN_KNOWN,	/* from a source that came on two days, at any age of the installation */
	LOGIN_SEEN,	/* from a source that logged in before */
	LOGIN_NEW,	/* from a new source */
	LOGIN_HOME,	/* from a new source in a spread, but in a home country */
	LOGIN_STRANGER, /* from a new source in a spread that is not the account's */
};

struct accounts;

struct accounts *accounts_new(const struct detect_settings *settings); /* NULL: out of memory */
void accounts_free(struct accounts *accounts);
/* `settings` must live on until the next call. */
void accounts_configure(struct accounts *accounts, const struct detect_settings *settings);

/* An event of that time is about to be judged. If the settings have no since_ns, the first event is
 * the beginning of what is known. */
void accounts_begin(struct accounts *accounts, int64_t now_ns);
int64_t accounts_since(const struct accounts *accounts);

/* The key of an account; a name without a realm has the server's default one. */
struct prefix accounts_key(const struct accounts *accounts, const char *name);
/* The key of the part before the realm. */
struct prefix accounts_local_key(const struct accounts *accounts, const char *name);

/* Fills in the lookups to come, three at most, for an account (NULL: none) and for a source that
 * fails. Returns their number. */
size_t accounts_expect(const struct accounts *accounts, const struct prefix *source,
		       const struct prefix *key, bool fails, struct lru_lookup lookups[]);

/* Fills in *standing for a failure; `name` and `key` NULL: the failure names no account. */
void accounts_judge(struct accounts *accounts, const char *name, const struct prefix *key,
		    const struct prefix *source, int64_t now_ns, struct standing *standing);

/* Notes a failure that was judged, of a source that the account knows: sets standing->suddenly.
 * That is so in the first half hour of its failures (or hour: it is counted by half hours). A
 * device with an old password fails for days, and pauses for eight days at most. Such a device is
 * known for longer, as far as failures go: standing->trust is raised for 90 days after its last
 * login. */
void accounts_note_failure(struct standing *standing, int64_t now_ns);

/* An account on which failures were judged, valid until the next accounts_judge() or
 * accounts_login(); NULL: nobody logged in to it. */
const struct account *accounts_look(const struct accounts *accounts, const char *name);

/* Whether the account was logged in to from the provider, and not in a spread. */
bool account_knows_provider(const struct account *account, uint64_t provider);

/* Whether the account was logged in to from that provider (0: any) and country at that time or
 * before: they may be those of a line whose address changes. */
bool account_has_line(const struct account *account, uint64_t provider, unsigned country,
		      int64_t then_ns);
#define ACCOUNT_LINE_NS (7 * 86400 * NS_PER_S) /* how long ago that should be */

/* Whether an account on which failures were judged was logged in to in the last 30 days. */
bool accounts_in_use(const struct accounts *accounts, const char *name, int64_t now_ns);

/* Notes a login. *account is valid until the next call of this or accounts_judge(). *first_mail:
 * the event is the first message from a source that had logged in before. */
enum login accounts_login(struct accounts *accounts, const struct event *event, uint64_t tag,
			  const struct prefix *key, const struct prefix *source, int64_t now_ns,
			  struct account **account, bool *first_mail);

/* The source is not the account's: forgets it. The account's last source takes its position. */
void accounts_remove_source(struct accounts *accounts, const char *name, struct account *account,
			    size_t login);

/* Whether a source, or some source of a network, is known to any account. */
bool accounts_known_to_any(struct accounts *accounts, const struct prefix *source, int64_t now_ns);
bool accounts_network_known(struct accounts *accounts, const struct prefix *network,
			    int64_t now_ns);
/* Whether a source is a shared place: known to as many accounts as the settings say. */
bool accounts_shared(struct accounts *accounts, const struct prefix *source, int64_t now_ns);
/* About how many accounts know a source, or did so a month ago: exact for a few, within a fifth or
 * so for a hundred. After a restart only a few are known until the others log in. */
unsigned accounts_knowing(struct accounts *accounts, const struct prefix *source, int64_t now_ns);
/* How many accounts other than the key's were logged in to from the source on two days, at any age
 * of the installation, of those that logged in from there last. `others` (NULL: not wanted) gets a
 * number for each, the same wherever the account logs in. At least those that make a shared place
 * are counted. */
unsigned accounts_others(struct accounts *accounts, const struct prefix *source,
			 const struct prefix *key, int64_t now_ns,
			 uint32_t others[DETECT_SHARED_MAX]);

/* The tag of a source's first login; `now` is a later event's tag. */
static inline uint64_t place_tag(const struct login_source *login, uint64_t now)
{
	return now - (uint32_t)((uint32_t)now - login->tag);
}

/* Whether the first and last login are DETECT_KNOWN_AFTER_S apart, and the source is not
 * suspect. */
bool place_came_on_two_days(const struct login_source *login);
/* The same, but in the first days of an installation one login that is not suspect is enough. */
bool login_source_is_known(const struct accounts *accounts, const struct login_source *login,
			   int64_t now_ns);
/* The account's own countries as a bitmap: that of its oldest source, and those of the sources that
 * came on two days, since servers that fetch a user's mail may have come before the user. The local
 * network has no country here. */
#define COUNTRY_MAP ((COUNTRY_COUNT + 7) / 8)
void account_own_countries(const struct account *account, uint8_t own[COUNTRY_MAP]);
/* Whether the installation has so little history that rules by history only alert. */
bool accounts_young(const struct accounts *accounts, int64_t now_ns);

/* Whether the account's last spread is within the window of account-spread. */
bool account_in_spread(const struct accounts *accounts, const struct account *account,
		       int64_t now_ns);
/* Whether a spread has led to bans, and strangers still come. */
bool account_leaked(const struct accounts *accounts, const struct account *account, int64_t now_ns);

/* Whether the account is under siege: that ends when no failure has come for two windows. */
bool accounts_besieged(const struct accounts *accounts, const struct prefix *key, int64_t now_ns);
void accounts_besiege(struct accounts *accounts, const char *name, const struct prefix *key,
		      int64_t now_ns);
/* Notes a login of a stranger, by which a spread and a leak begin or go on. */
void accounts_spread(struct accounts *accounts, const char *name, struct account *account,
		     int64_t now_ns);
/* Notes a failure of a stranger after a leak. */
void accounts_leak(struct accounts *accounts, const char *name, struct account *account,
		   int64_t now_ns);
void accounts_recall_incident(struct accounts *accounts, const char *name, enum ban_rule rule,
			      int64_t last_ns);
/* The password was changed: no spread and no leak any more. False: there was neither. */
bool accounts_change(struct accounts *accounts, const char *name, int64_t now_ns);
/* By hand: ends spread, siege and leak; no source is suspect any more. */
void accounts_trust(struct accounts *accounts, const char *name);
/* By hand: forgets the account. */
void accounts_forget(struct accounts *accounts, const char *name);

/* Whether the account is under siege (RULE_ACCOUNT_SIEGE) or strangers log in to it
 * (RULE_ACCOUNT_SPREAD) now; false for other rules. *last_ns is set only if true: when that was
 * last seen. */
bool accounts_in_incident(struct accounts *accounts, const char *name, enum ban_rule rule,
			  int64_t now_ns, int64_t *last_ns);

/* The account's habits as of the day of `now_ns`; the store is told when a day has ended. */
struct detect_habit *accounts_habit(const struct accounts *accounts, const char *name,
				    struct account *account, int64_t now_ns);

/* Adds the figures of the accounts to `usage`. */
void accounts_add_usage(const struct accounts *accounts, struct detect_usage *usage);

#endif
