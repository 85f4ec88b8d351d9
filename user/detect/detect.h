/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events in, decisions out. No clock, no I/O: time is the events' own, countries and what was known
 * before come from functions that the caller gives. Memory is bounded by struct detect_settings.
 * One file per rule beside this one. What the rules mean, exactly: docs/rules.md.
 */
#ifndef SEKISHO_DETECT_H
#define SEKISHO_DETECT_H

#include "log/event.h"

/* Also `rule` of struct ban in contract.h: do not renumber. */
enum ban_rule {
	RULE_MANUAL = 0, /* banned by hand */
	RULE_SOURCE_FAILURES,
	RULE_SOURCE_ACCOUNTS,
	RULE_NETWORK_FAILURES,
	RULE_ACCOUNT_SIEGE,
	RULE_ACCOUNT_SPREAD,
	RULE_ACCOUNT_FLOOD,
	RULE_BOUNCE_SURGE,
	RULE_SOURCE_ABUSE,
	RULE_COUNT,
};

enum rule_action { ACTION_OFF = 0, ACTION_BAN = 1, ACTION_ALERT = 2, ACTION_BAN_ALERT = 3 };

const char *rule_name(enum ban_rule rule); /* "source-failures", "manual" */
int rule_from_name(const char *name);	   /* or -EINVAL */

struct rule_settings {
	enum rule_action action;
	uint32_t count;	    /* fires at this many: failures, accounts, sources, networks, ... */
	uint32_t countries; /* account-spread: or at this many */
	uint32_t percent;   /* bounce-surge: this share of at least `count` */
	uint64_t window_s;
	uint64_t ban_s; /* the first one; a repeated ban doubles */
};

#define DETECT_KNOWN_DAYS    30	    /* how long a source that logged in is known */
#define DETECT_REPEAT_DAYS   30	    /* how long a ban that ended is remembered */
#define DETECT_LONGEST_BAN_S 604800 /* that doubling leads to */
#define DETECT_KNOWN_FACTOR  10	    /* times a threshold, for what is known */
#define DETECT_COUNT_MAX     1000   /* of any threshold but bounce-surge's */

/* A source from which an account was logged in to, outside a siege or spread. */
struct detect_known {
	struct prefix source;
	int64_t first_ns, last_ns; /* wall clock */
};

/* A prefix's bans so far. */
struct detect_repeat {
	uint32_t bans;	   /* in a row */
	int64_t until_ns;  /* when the last one ends or ended; wall clock */
	uint64_t lasts_ns; /* how long it is or was */
};

/*
 * Where what is to be remembered lives beyond this process. Any may be NULL. The two `recall_`s
 * hand over what was kept, and are asked once for what is not in memory.
 */
struct detect_memory {
	void *context;
	void (*recall_account)(const char *account,
			       void (*take)(const struct detect_known *known, void *to), void *to,
			       void *context);
	/* False: nothing is known of it. */
	bool (*recall_source)(const struct prefix *source, int64_t *last_ns, void *context);
	bool (*recall_repeat)(const struct prefix *prefix, struct detect_repeat *repeat,
			      void *context);
	/* A source is known from now on, or still (told once a day). */
	void (*keep)(const char *account, const struct detect_known *known, void *context);
	/* It turned out to be none of the account's. */
	void (*forget)(const char *account, const struct prefix *source, void *context);
	/* An account is under siege or in a spread (rule), last seen then (told once an hour). */
	void (*trouble)(const char *account, enum ban_rule rule, int64_t last_ns, void *context);
};

struct detect_settings {
	struct rule_settings rules[RULE_COUNT];
	uint8_t home[(COUNTRY_COUNT + 7) / 8]; /* bitmap: countries that account-spread spares */
	unsigned source_length6, network_length6, network_length4; /* as in struct policy */
	/* The bounds on memory; what was longest unused goes first, and is counted. */
	uint32_t most_sources;	/* of each table of sources, networks or bans */
	uint32_t most_accounts; /* of each table of accounts */
	uint32_t most_known;	/* known sources of all accounts together */
	/* The country index of an address; NULL: all are COUNTRY_ZZ. */
	unsigned (*country)(const struct address *address, void *context);
	void *country_context;
	struct detect_memory memory;
};

/* The defaults of design section 6. */
void detect_defaults(struct detect_settings *settings);
bool detect_is_home(const struct detect_settings *settings, unsigned country);
void detect_add_home(struct detect_settings *settings, unsigned country);

#define DECISION_EVIDENCE_MAX 32
#define DECISION_SOURCES_MAX  32

/* One ban or one alert. */
struct decision {
	enum ban_rule rule;
	enum rule_action action; /* ACTION_BAN or ACTION_ALERT */
	int64_t wall_ns;
	bool has_prefix; /* always for a ban */
	struct prefix prefix;
	int64_t until_wall_ns; /* for bans */
	/* The ban should be in force already (its end is until_wall_ns): to be made again only if
	 * somebody took it away. */
	bool again;
	struct detect_repeat repeat; /* for bans: what is to be remembered of this one */
	char account[EVENT_ACCOUNT_SIZE];
	bool has_account;
	char reason[160]; /* for people: "5 failed logins in 10m (bob, alice)" */
	unsigned evidence_count;
	uint64_t evidence[DECISION_EVIDENCE_MAX]; /* the `tag`s of the events, oldest first */
	/* Of an alert: who it is about, as far as there is room; source_count may be larger. */
	unsigned source_count;
	struct {
		struct prefix prefix;
		uint16_t country;
	} sources[DECISION_SOURCES_MAX];
};

struct detect;

struct detect *detect_new(const struct detect_settings *settings); /* NULL: out of memory */
void detect_free(struct detect *detect);
void detect_configure(struct detect *detect, const struct detect_settings *settings);

/* What `trouble` was told, handed back after a start. */
void detect_recall_trouble(struct detect *detect, const char *account, enum ban_rule rule,
			   int64_t last_ns);

/* Whether an account is under siege or in a spread (`rule`) at a time, and the last event of it. */
bool detect_in_trouble(const struct detect *detect, const char *account, enum ban_rule rule,
		       int64_t now_ns, int64_t *last_ns);

typedef void detect_decide(const struct decision *decision, void *context);

/* Feeds one event; `tag` names its line to the caller. Calls `decide` for each decision: at most
 * one alert per rule, and bans. Events may come up to a few seconds out of order. */
void detect_event(struct detect *detect, const struct event *event, uint64_t tag,
		  detect_decide *decide, void *context);

/* Feeds an event of before a restart again: what counts within windows counts it, nothing is
 * decided, and what is remembered beyond this process stays as it is. */
void detect_recall_event(struct detect *detect, const struct event *event, uint64_t tag);

/* Whether a ban of these rules, as far as they remember, holds an address at a time. */
bool detect_bans(const struct detect *detect, const struct address *address, int64_t wall_ns);

struct detect_usage {
	uint64_t sources, sources_size; /* of source-failures */
	uint64_t forgotten; /* sources and accounts given up for room while still inside a window */
	uint64_t accounts, accounts_size; /* with known sources */
	uint64_t known, known_size;	  /* known sources, of all accounts */
};
void detect_get_usage(const struct detect *detect, struct detect_usage *usage);

#endif
