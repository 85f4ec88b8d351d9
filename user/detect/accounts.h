/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of accounts: from where each was logged in to in the last 30 days, and whether
 * it is under siege or in a spread. Several rules need it, so it belongs to none. Pure; what lies
 * beyond this process comes through struct detect_memory. Not here: when a siege or spread begins.
 */
#ifndef SEKISHO_DETECT_ACCOUNTS_H
#define SEKISHO_DETECT_ACCOUNTS_H

#include "detect/detect.h"
#include "detect/recent.h"

/* Of one account; the longest unused gives way. More would be an open relay of passwords. */
#define PLACES_MAX 512

/* A source that logged in to an account. */
struct place {
	struct prefix source;
	uint16_t country;
	bool suspect; /* first seen during a siege: not known */
	int64_t first_ns, last_ns, kept_ns;
	uint64_t tag; /* of its first login */
};

struct account {
	int64_t spread_ns;	/* the last login of a spread; 0: none */
	int64_t spread_told_ns; /* to the memory outside */
	uint16_t count, room;
	struct place *places;
};

/* How far a failure is its account's own. */
enum trust {
	TRUST_NONE,
	TRUST_NETWORK, /* the account was logged in to from this network */
	TRUST_SOURCE,  /* from this source; or the line names no account, and the source is known to
			  some account */
};

enum arrival {
	ARRIVAL_KNOWN,	  /* from a source that logged in before */
	ARRIVAL_NEW,	  /* from a new one */
	ARRIVAL_HOME,	  /* new, in a spread, but in a home country */
	ARRIVAL_STRANGER, /* new, in a spread, and not the account's */
};

struct accounts;

struct accounts *accounts_new(const struct detect_settings *settings); /* NULL: out of memory */
void accounts_free(struct accounts *accounts);
/* `settings` must live on until the next call. */
void accounts_configure(struct accounts *accounts, const struct detect_settings *settings);

struct prefix accounts_key(const struct accounts *accounts, const char *name);

/* One failure is about to be judged; `name` and `key` NULL: none was named. */
enum trust accounts_trust(struct accounts *accounts, const char *name, const struct prefix *key,
			  const struct prefix *source, const struct prefix *network,
			  int64_t now_ns);

/* Somebody logged in. *account is valid until the next call of this or accounts_trust(). */
enum arrival accounts_arrive(struct accounts *accounts, const struct event *event, uint64_t tag,
			     const struct prefix *key, const struct prefix *source,
			     const struct prefix *network, int64_t now_ns,
			     struct account **account);

/* The place is none of the account's; it is forgotten here, and the last one takes its position. */
void accounts_expel(struct accounts *accounts, const char *name, struct account *account,
		    size_t place);

/* Whether a source, or a network, is known to any account. */
bool accounts_known_to_any(struct accounts *accounts, const struct prefix *prefix, int64_t now_ns);

bool account_in_spread(const struct accounts *accounts, const struct account *account,
		       int64_t now_ns);
bool accounts_in_spread(struct accounts *accounts, const struct prefix *key, int64_t now_ns);

/* A siege goes on while failures come; it is over when none came for two windows. */
bool accounts_besieged(const struct accounts *accounts, const struct prefix *key, int64_t now_ns);
void accounts_besiege(struct accounts *accounts, const char *name, const struct prefix *key,
		      int64_t now_ns);
/* A login of a stranger, by which the spread goes on or begins. */
void accounts_spread(struct accounts *accounts, const char *name, struct account *account,
		     int64_t now_ns);
void accounts_recall_trouble(struct accounts *accounts, const char *name, enum ban_rule rule,
			     int64_t last_ns);

bool accounts_in_trouble(struct accounts *accounts, const char *name, enum ban_rule rule,
			 int64_t now_ns, int64_t *last_ns);

void accounts_add_usage(const struct accounts *accounts, struct detect_usage *usage);

#endif
