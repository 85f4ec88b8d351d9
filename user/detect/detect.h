/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events in, decisions out. No clock, no I/O: time is the events' own. Memory is bounded by
 * struct detect_limits. One file per rule beside this one.
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
	uint32_t count; /* fires at this many */
	uint64_t window_s;
	uint64_t ban_s;
};

struct detect_settings {
	struct rule_settings rules[RULE_COUNT];
	unsigned source_length6;
	uint32_t most_sources; /* the bound on memory; the least recently seen go first, counted */
};

/* The defaults of design section 6, for rules that exist. */
void detect_defaults(struct detect_settings *settings);

#define DECISION_EVIDENCE_MAX 32

struct decision {
	enum ban_rule rule;
	enum rule_action action;
	int64_t wall_ns;
	bool has_prefix;
	struct prefix prefix;
	int64_t until_wall_ns; /* for bans */
	char account[EVENT_ACCOUNT_SIZE];
	bool has_account;
	char reason[160]; /* for people: "5 failed logins in 10m (bob, alice)" */
	unsigned evidence_count;
	uint64_t evidence[DECISION_EVIDENCE_MAX]; /* the `tag`s of the events, oldest first */
};

struct detect;

struct detect *detect_new(const struct detect_settings *settings); /* NULL: out of memory */
void detect_free(struct detect *detect);
void detect_configure(struct detect *detect, const struct detect_settings *settings);

/* Feeds one event; `tag` names its line to the caller. Calls `decide` for each decision, at most
 * one per rule and event. Events may come up to a few seconds out of order. */
void detect_event(struct detect *detect, const struct event *event, uint64_t tag,
		  void (*decide)(const struct decision *decision, void *context), void *context);

struct detect_usage {
	uint64_t sources, sources_size;
	uint64_t forgotten; /* sources given up for room while still inside a window */
};
void detect_get_usage(const struct detect *detect, struct detect_usage *usage);

#endif
