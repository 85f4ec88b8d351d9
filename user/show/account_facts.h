/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the store has about an account: filled by one function, rendered by two pure ones. The
 * daemon writes what it learns to the store once a second. Not here: how to change it (store.h,
 * orders).
 */
#ifndef SEKISHO_ACCOUNT_FACTS_H
#define SEKISHO_ACCOUNT_FACTS_H

#include <stdio.h>
#include "enforce/instance.h"
#include "log/event.h"
#include "policy/judge.h"
#include "show/shown_ban.h"

#define ACCOUNT_NAMES_MAX    8	/* spellings of one account: with the realm and without, any case */
#define ACCOUNT_SHOWN_MAX    64 /* bans, and sources that failed */
#define ACCOUNT_HELD_MAX     256 /* messages on hold */
#define ACCOUNT_ALERTS_MAX   16
#define ACCOUNT_EVIDENCE_MAX 1000 /* lines looked through for these */

struct account_source {
	struct prefix source;
	unsigned country;
	uint64_t provider; /* provider.h */
	int64_t first_wall_ns, last_wall_ns;
	bool known; /* it logged in on two days; else once, or within one day */
};

/* A source that failed, or handed in too much, if its lines led to a decision. */
struct account_failed {
	struct prefix source;
	unsigned country;
	uint64_t provider, lines;
	int64_t last_wall_ns;
};

/* last_wall_ns 0: the account has no such incident. */
struct account_incident {
	int64_t last_wall_ns, until_wall_ns;
};

struct account_alert {
	int64_t wall_ns;
	bool recent; /* another alert of the same kind is not raised yet: for a day, or the
			rule's window */
	char rule[32], reason[200];
};

struct account_facts {
	char names[ACCOUNT_NAMES_MAX][EVENT_ACCOUNT_SIZE]; /* the one that was asked for first */
	size_t name_count;
	struct account_source *sources; /* the last ones first */
	size_t source_count, source_room, known_count;
	size_t networks, providers, countries; /* of these sources */
	struct account_incident siege, spread;
	struct store_habit habit; /* zero: nothing is usual yet */
	struct ban_record bans[ACCOUNT_SHOWN_MAX];
	size_t ban_count; /* may be larger */
	struct account_failed failed[ACCOUNT_SHOWN_MAX];
	size_t failed_count;
	bool countries_known, providers_known; /* there is data */
	/* The policy server's budget as of now: zero unless it was asked about the account. */
	struct judge_budget budget;
	uint32_t left[JUDGE_PURSE_COUNT], full[JUDGE_PURSE_COUNT];
	struct judge_held held[ACCOUNT_HELD_MAX]; /* within 30 days, the last ones first */
	size_t held_count;
	struct account_alert alerts[ACCOUNT_ALERTS_MAX]; /* the last ones first */
	size_t alert_count;
};

/* Fills *facts (the caller's). -ENOENT: there is no store yet. */
int account_facts_fill(const struct instance *instance, const char *name, int64_t now_wall_ns,
		       struct account_facts **facts, struct fault *fault);
void account_facts_free(struct account_facts *facts);

/* Prints the text of `sekisho account NAME`. */
void account_facts_text(FILE *out, const struct account_facts *facts);
char *account_facts_json(const struct config *config,
			 const struct account_facts *facts); /* one line, malloc()ed; or NULL */

/* Prints the queue ids of messages on hold, one a line, for `postsuper -H -` or `xargs exim -M`. */
void account_facts_queue(FILE *out, const struct account_facts *facts);

/* Fills in the members of *facts about the policy server, for all names. account_policy.c. */
int account_policy_fill(const struct instance *instance, int64_t now_wall_ns,
			struct account_facts *facts, struct fault *fault);
void account_policy_text(FILE *out, const struct account_facts *facts);
/* Adds "budget", "held" and "alerts" to an object; NULL if there is none. */
struct json_t *account_policy_json(struct json_t *object, const struct account_facts *facts);

/* The realm of names without one: the configured realm, or that of most accounts; "": none. */
void account_realm(const struct instance *instance, char realm[DETECT_REALM_SIZE]);
/* Whether two names are one account. */
bool account_same(const char *a, const char *b, const char *realm);
/* When an incident of this rule ends if nothing more happens. */
int64_t account_incident_until(const struct config *config, enum ban_rule rule,
			       int64_t last_wall_ns);

static inline void cleanup_account_facts(struct account_facts **facts)
{
	account_facts_free(*facts);
}

#endif
