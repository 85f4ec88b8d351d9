/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules' engine: events in, decisions out. No clock, no I/O: time is that of the events; the
 * caller's functions give countries and what was known before. Memory is bounded by struct
 * detect_settings. Each rule has its own file in this folder; docs/rules.md says exactly what it
 * does.
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
	RULE_SOURCE_SLOW,
	RULE_SERVER_SPRAY,
	RULE_SERVER_ILL,
	RULE_PLACE_FAILURES,
	RULE_ACCOUNT_OLD_PASSWORD,
	RULE_FLEET, /* adopted from other members: no rule of this server's */
	RULE_COUNT,
};

enum rule_action { ACTION_OFF = 0, ACTION_BAN = 1, ACTION_ALERT = 2, ACTION_BAN_ALERT = 3 };

const char *rule_name(enum ban_rule rule); /* "source-failures", "manual" */
int rule_from_name(const char *name);	   /* or -EINVAL */

struct rule_settings {
	enum rule_action action;
	uint32_t count;	     /* fires at so many failures, accounts, sources, providers, ... */
	uint32_t countries;  /* account-spread: alerts at this many */
	uint32_t percent;    /* bounce-surge: this share of at least `count` */
	uint32_t long_count; /* source-failures: or at this many in long_s; account-spread and
				account-flood: or at this many in short_s */
	uint32_t usual;	     /* account-siege, account-flood, server-spray: times the usual */
	/* long_s of account-spread: the least age of an owner's source. */
	uint64_t window_s, long_s, short_s;
	uint64_t ban_s; /* how long the first ban lasts; a repeated one lasts twice as long */
};

#define DETECT_KNOWN_DAYS    30	    /* how long a source that logged in is known */
#define DETECT_KNOWN_AFTER_S 86400  /* between the successes that make it known */
#define DETECT_REPEAT_DAYS   30	    /* how long a ban that ended is remembered */
#define DETECT_LONGEST_BAN_S 604800 /* that doubling leads to */
#define DETECT_KNOWN_FACTOR  10	    /* times a threshold, for known sources and shared places */
#define DETECT_OTHER_FACTOR  3	    /* for a source that is known to other accounts only */
#define DETECT_SHARED	     5	    /* accounts that make a source a shared place */
#define DETECT_SHARED_MAX    8
#define DETECT_LEARN_S	     604800 /* a history of less is too short to ban by */
#define DETECT_COUNT_MAX     1000   /* of any threshold but bounce-surge's */
#define DETECT_REALM_SIZE    128
#define DETECT_ILL_MAX	     64 /* of server-ill's accounts */

/* A source from which an account was logged in to, outside a spread. The account knows it once its
 * first and last login are DETECT_KNOWN_AFTER_S apart. */
struct detect_known {
	struct prefix source;
	int64_t first_ns, last_ns; /* wall clock */
};

/* A prefix's bans so far, of one group of services. */
struct detect_repeat {
	uint32_t bans;	   /* in a row */
	int64_t until_ns;  /* when the last one ends or ended; wall clock */
	uint64_t lasts_ns; /* how long the last one is or was */
};

/* What is usual for an account, or for the server: the busiest of past days, of which a 32nd part
 * fades each day. */
struct detect_habit {
	uint32_t day;			 /* the day of `*today`, since 1970 */
	uint32_t messages, today;	 /* in one window of account-flood */
	uint32_t failing, failing_today; /* networks in one window of account-siege; for the server
					    (no account): strangers' failures in an hour */
};

/* What an account met: told to other servers, and by them. */
enum detect_sight {
	SIGHT_KNOWN = 0, /* a login from a known source */
	SIGHT_LOGIN,	 /* a login from a network that is new to the account */
	SIGHT_FAILURE,	 /* a stranger's failed login; told of few networks for each account */
	SIGHT_OLD,	 /* a stranger knew an old password */
	SIGHTS,
};

/*
 * What the engine wants to have stored beyond this process. Any function may be NULL. Those named
 * `recall_` return what was stored, and are called once for what is not in memory.
 */
struct detect_store {
	void *context;
	void (*recall_account)(const char *account,
			       void (*take)(const struct detect_known *known, void *to), void *to,
			       void *context);
	/* What is known of the sources in a prefix; at most `most` of them, the last seen first. */
	void (*recall_source)(const struct prefix *prefix, unsigned most,
			      void (*take)(const char *account, const struct detect_known *known,
					   void *to),
			      void *to, void *context);
	/* False: no mail from there was accepted lately. */
	bool (*recall_sender)(const struct prefix *network, int64_t *last_ns, void *context);
	/* False: nothing is usual yet. `account` "": the server. */
	bool (*recall_habit)(const char *account, struct detect_habit *habit, void *context);
	bool (*recall_repeat)(const struct prefix *prefix, enum ban_services services,
			      struct detect_repeat *repeat, void *context);
	/* An account that is logged in to here met something (enum detect_sight). */
	void (*sight)(const char *account, const struct address *source, enum detect_sight sight,
		      int64_t wall_ns, void *context);
	/* A source is known from now on, or still (told once a day). */
	void (*keep)(const char *account, const struct detect_known *known, void *context);
	/* A source turned out not to be the account's. */
	void (*forget)(const char *account, const struct prefix *source, void *context);
	/* A network delivered mail that was accepted (told once a day). */
	void (*sender)(const struct prefix *network, int64_t last_ns, void *context);
	/* What became usual (told once a day). */
	void (*habit)(const char *account, const struct detect_habit *habit, void *context);
	/* An account is under siege or in a spread (rule), last seen at last_ns (told once an
	 * hour). */
	void (*incident)(const char *account, enum ban_rule rule, int64_t last_ns, void *context);
	/* That incident is over. */
	void (*over)(const char *account, enum ban_rule rule, void *context);
};

struct detect_settings {
	struct rule_settings rules[RULE_COUNT];
	uint8_t home[(COUNTRY_COUNT + 7) / 8]; /* bitmap: countries that account-spread spares */
	uint32_t known_factor, other_factor, shared_accounts; /* DETECT_*, unless set */
	uint64_t learn_s; /* for so long after since_ns rules by history only alert */
	int64_t since_ns; /* the beginning of what is known; 0: the first event */
	int ban_lan;	  /* not 0: sources of the local network are banned like others */
	char realm[DETECT_REALM_SIZE]; /* of names without one; "": the one that most accounts have */
	/* The realm that most stored accounts had before this process; "": not known. Only
	 * detect_new() reads it. */
	char usual_realm[DETECT_REALM_SIZE];
	unsigned source_length6, network_length6, network_length4; /* as in struct policy */
	/* The bounds on memory; the longest unused entry goes first, which is counted. */
	uint32_t most_sources;	/* of each table of sources, networks or bans */
	uint32_t most_accounts; /* of each table of accounts */
	uint32_t most_known;	/* known sources of all accounts together */
	/* The country index of an address; NULL: all are COUNTRY_ZZ. */
	unsigned (*country)(const struct address *address, void *context);
	void *country_context;
	/* The number of an address's autonomous system; 0, or no function: not known. */
	uint32_t (*provider)(const struct address *address, void *context);
	void *provider_context;
	struct detect_store store;
};

/* The defaults, as docs/rules.md has them. */
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
	/* The services that a ban closes. rule_begin() sets the group of the event's service. */
	enum ban_services services;
	int64_t until_wall_ns; /* for bans */
	/* The ban should be in force already (its end is until_wall_ns): it is to be made again
	 * only if somebody has lifted it. */
	bool again;
	struct detect_repeat repeat; /* for bans: what is to be stored of this one */
	char account[EVENT_ACCOUNT_SIZE];
	bool has_account;
	/* Of alerts that were summed up: the accounts of all, each once. Valid for the caller of
	 * decision_take only. */
	const char *const *accounts;
	unsigned account_count;
	/* An alert that nobody can raise without the account's password: it is hardly ever held to
	 * be summed up (summing.h). */
	bool at_once;
	char reason[160]; /* for people: "5 failed logins in 10m (bob, alice)" */
	unsigned evidence_count;
	uint64_t evidence[DECISION_EVIDENCE_MAX]; /* the `tag`s of the events, oldest first */
	/* The sources that an alert is about, as far as there is room; source_count may be larger. */
	unsigned source_count;
	struct {
		struct prefix prefix;
		uint16_t country;
		uint32_t provider; /* number of the autonomous system; 0: not known */
	} sources[DECISION_SOURCES_MAX];
};

/* The accounts that a decision is about: its own, or those of a sum. */
static inline unsigned decision_account_count(const struct decision *decision)
{
	return decision->has_account ? 1 : decision->account_count;
}
static inline const char *decision_account(const struct decision *decision, unsigned at)
{
	return decision->has_account ? decision->account : decision->accounts[at];
}
/* Whether `same` is true of one of them. */
bool decision_is_about(const struct decision *decision,
		       bool (*same)(const char *account, void *context), void *context);

struct detect;

struct detect *detect_new(const struct detect_settings *settings); /* NULL: out of memory */
void detect_free(struct detect *detect);
/* Sets other settings, of which a copy is kept. What is remembered stays as far as the new bounds
 * allow; a rule that is off forgets. */
void detect_configure(struct detect *detect, const struct detect_settings *settings);

/* Restores an account's incident, of which the store was told, after a start. */
void detect_recall_incident(struct detect *detect, const char *account, enum ban_rule rule,
			    int64_t last_ns);

/* Whether an account is under siege or in a spread (`rule`) at a time, and when the last event of
 * that was. */
bool detect_in_incident(const struct detect *detect, const char *account, enum ban_rule rule,
			int64_t now_ns, int64_t *last_ns);

typedef void decision_take(const struct decision *decision, void *context);

/* Feeds one event; `tag` names its line to the caller. Calls `take` for each decision: at most
 * one alert per rule, and bans. Events may come up to a few seconds out of order. */
void detect_event(struct detect *detect, const struct event *event, uint64_t tag,
		  decision_take *take, void *context);

/* Feeds an event again that was before a restart: the rules that count within windows count it,
 * nothing is decided, and the store stays as it is. */
void detect_recall_event(struct detect *detect, const struct event *event, uint64_t tag);

/* The group of services of an event; the login services if it names no service. */
enum ban_services detect_services(enum event_service service);

/* Whether a ban of these rules closes `services` (one group) to an address at a time, as far as the
 * rules remember. */
bool detect_bans(const struct detect *detect, const struct address *address,
		 enum ban_services services, int64_t wall_ns);

/* Raises the alerts that were held to be summed up: those that are due at a time, or all
 * (INT64_MAX). Events raise them by themselves; this is for times without events. */
void detect_say_held(struct detect *detect, int64_t now_ns, decision_take *take, void *context);

/* By hand: ends the account's spread, siege and leak; or forgets the account. */
void detect_trust_account(struct detect *detect, const char *account);
void detect_forget_account(struct detect *detect, const char *account);

/* The account's password was changed: the spread and the leak are over. A suspect source stays one
 * until it comes again. False: there was neither spread nor leak. */
bool detect_password_changed(struct detect *detect, const char *account, int64_t now_ns);

/* The account's key in tables of lru_table.h; a name without a realm has the default one. */
struct prefix detect_account_key(const struct detect *detect, const char *account);

/* What a source is to an account. */
struct detect_look {
	struct prefix account, source; /* as keys; no address has the account's key */
	uint64_t provider;	       /* provider.h */
	unsigned country;	       /* index; COUNTRY_ZZ */
	bool exists;		       /* some source logged in to the account */
	bool known;  /* the source came on two days; in an installation's first days, once */
	bool fresh;  /* known, and first seen less than DETECT_LEARN_S ago */
	bool near;   /* not known, but its provider is one of the account's */
	bool shared; /* a shared place */
	bool lan, home;
	bool leaked;	/* strangers have, or had, the account's password */
	bool young;	/* rules by history only alert */
	bool ill;	/* the server refuses good passwords */
	uint32_t usual; /* messages of the account in its busiest window of account-flood */
};

/* What another server of the fleet saw of an account: anything but SIGHT_KNOWN. It counts within
 * bounds only: remote_logins.h. */
struct detect_remote {
	enum detect_sight sight;
	uint16_t server; /* by number */
	struct prefix network;
	int64_t wall_ns;
};
/* Takes a sighting of another server. It counts only for accounts that are logged in to here. */
void detect_remote(struct detect *detect, const char *account, const struct detect_remote *seen,
		   decision_take *take, void *context);

/* Fills in *look. Changes nothing. */
void detect_look(struct detect *detect, const char *account, const struct address *source,
		 int64_t now_ns, struct detect_look *look);

/* Raises an alert that does not come from a rule's event. It is raised, held or dropped like the
 * rules' own. */
void detect_notice(struct detect *detect, const struct decision *alert, decision_take *take,
		   void *context);

/* Why the bans of other members are not enough to shut out a source or a network. */
enum detect_vouch {
	VOUCH_NONE,
	VOUCH_KNOWN,  /* an account knows the source, or a source in the network */
	VOUCH_SENDER, /* the network delivered mail that was accepted within 30 days */
};
enum detect_vouch detect_vouches(struct detect *detect, const struct prefix *prefix,
				 int64_t now_ns);

struct detect_usage {
	uint64_t sources, sources_size; /* of source-failures */
	uint64_t forgotten; /* sources and accounts dropped for room while still inside a window */
	uint64_t accounts, accounts_size; /* with known sources */
	uint64_t known, known_size;	  /* known sources, of all accounts */
};
/* How much the rules remember now; forgotten: since detect_new(). */
void detect_get_usage(const struct detect *detect, struct detect_usage *usage);

#endif
