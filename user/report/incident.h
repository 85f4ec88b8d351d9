/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happened to one account, from the events and decisions of old logs, or from the store
 * (cmd/report_store.c). Pure. Not here: how it looks (pages.h).
 */
#ifndef SEKISHO_INCIDENT_H
#define SEKISHO_INCIDENT_H

#include "detect/detect.h"

#define INCIDENT_BUCKETS 1440 /* a day of minutes; for a longer time buckets are wider */
#define INCIDENT_MARKS	 24
#define INCIDENT_LINES	 40
#define INCIDENT_QUEUES	 200
#define INCIDENT_OTHERS	 40
#define INCIDENT_PAIRS	 (1U << 18) /* of a source and an account, remembered while logs are read */

struct incident_source {
	struct prefix source;
	unsigned country;
	uint64_t provider;	     /* detect/provider.h */
	int64_t first_ns, last_ns;   /* of its events on the account */
	uint64_t logins, failures;   /* that came through */
	uint64_t messages;	     /* likewise */
	uint64_t kept_out;	     /* messages */
	int64_t banned_ns, until_ns; /* 0: never */
	enum ban_rule rule;	     /* of the ban */
	bool stranger;		     /* by the rules it is not the owner's, and it logged in */
};

enum incident_mark_kind { MARK_STRANGER, MARK_ALERT, MARK_BANS, MARK_BREAKER, MARK_KINDS };

struct incident_mark {
	int64_t wall_ns;
	enum incident_mark_kind kind;
	enum ban_rule rule; /* of an alert, or of bans */
	uint64_t count;	    /* of bans within ten minutes */
};

struct incident_bucket {
	uint64_t passed, kept_out; /* messages */
};

struct incident_line {
	int64_t wall_ns;
	uint64_t tag; /* of the event, as in decisions; 0: from the store */
	char *text;   /* as a log has it, so a stranger wrote it. Owned; NULL: not known */
};

struct incident_other {
	char *account; /* owned */
	uint64_t sources, events;
};

/* Sums over sources. */
struct incident_group {
	uint64_t key; /* country, or provider */
	uint64_t strangers, own, messages, kept_out;
};

struct incident {
	char account[EVENT_ACCOUNT_SIZE];
	bool from_store;	   /* no messages are counted: the store has none */
	bool providers_known;	   /* else provider_is_guess() is true for all */
	int64_t first_ns, last_ns; /* the time that was read; 0: nothing was */
	uint64_t lines;		   /* of logs */
	/* Of the account. Messages after its first alert: messages_passed + messages_kept_out -
	 * messages_before. */
	uint64_t logins, failures, messages_passed, messages_kept_out, messages_before;
	uint64_t recipients; /* of messages of strangers that passed, as far as logs say */
	uint64_t bounces;    /* of these */
	int64_t stranger_first_ns, stranger_last_ns, noticed_ns; /* 0: never */
	uint64_t alerts, bans;					 /* about the account */
	/* The strangers first, then by messages and time. */
	struct incident_source *sources;
	size_t source_count, stranger_count;
	struct incident_group *countries, *providers; /* the most strangers first */
	size_t country_count, provider_count;	      /* of all sources */
	size_t stranger_countries, stranger_providers;
	int64_t bucket_start_s;
	unsigned bucket_s; /* 0: none */
	size_t bucket_count;
	struct incident_bucket buckets[INCIDENT_BUCKETS];
	struct incident_mark marks[INCIDENT_MARKS];
	size_t mark_count; /* by time */
	struct incident_line evidence[INCIDENT_LINES];
	size_t line_count;
	/* Of strangers' messages that passed, and have recipients about whom no further line tells.
	 */
	char queues[INCIDENT_QUEUES][EVENT_QUEUE_SIZE];
	uint64_t queue_count;	       /* may be larger */
	enum event_daemon mail_server; /* of strangers' messages; unknown: none passed */
	struct incident_other others[INCIDENT_OTHERS]; /* the most sources first */
	uint64_t other_count;			       /* may be larger */
	bool others_cut; /* more than INCIDENT_PAIRS: there may be others */
};

/* Frees it and what it points to. NULL is allowed. */
void incident_free(struct incident *incident);

/* ---- from events and decisions ---- */

/* Functions by which the caller tells the country and provider of addresses, and equal accounts. */
struct incident_world {
	unsigned (*country)(const struct address *address, void *context);
	uint64_t (*provider)(const struct address *address, void *context);
	/* Names without a realm may be the account's. */
	bool (*same)(const char *account, void *context);
	void *context;
	unsigned source_length6, network_length4, network_length6;
};

struct collection;

struct collection *collect_new(const char *account,
			       const struct incident_world *world); /* NULL: -ENOMEM */
void collect_free(struct collection *collection);
/* Take events and decisions in the order of time, each event before its decisions. `out`: a ban
 * would have kept the event out. */
void collect_event(struct collection *collection, const struct event *event, bool out);
void collect_decision(struct collection *collection, const struct decision *decision);
/* Returns the incident, which is the caller's; to be called once. NULL: out of memory. */
struct incident *collect_end(struct collection *collection);

/* Groups, counts and orders the sources: the last step of filling an incident. 0 or -ENOMEM. */
int incident_sum_up(struct incident *incident);
/* Counts messages in the bucket of their time; buckets widen when there are too many. */
void incident_count(struct incident *incident, int64_t wall_ns, unsigned count, bool out);
/* Adds a line of a decision's evidence, once; none beyond INCIDENT_LINES. */
void incident_line(struct incident *incident, int64_t wall_ns, uint64_t tag);
/* Adds a mark by its time; the last ones fall out. Bans of one rule in a short time are one. */
void incident_mark(struct incident *incident, const struct incident_mark *mark);

#endif
