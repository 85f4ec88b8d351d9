/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule is to the engine (detect.c): one file with one struct rule_type, which detect.c
 * calls. docs/finding-your-way.md has what else a new one needs. Private to user/detect/.
 */
#ifndef SEKISHO_RULE_H
#define SEKISHO_RULE_H

#include "detect/accounts.h"
#include "detect/detect.h"
#include "detect/distinct_window.h"
#include "detect/remote_logins.h"
#include "detect/strangers.h"
#include "detect/sliding_window.h"

/* What the whole server is in. */
struct server_state {
	int64_t spray_ns;     /* since when strangers fail unusually often; 0: they do not */
	int64_t ill_until_ns; /* it refuses good passwords until then */
};

/* One event, and what the engine found out about it for all rules. */
struct rule_input {
	const struct event *event; /* its time is set */
	uint64_t tag;
	const struct detect_settings *settings;
	struct accounts *accounts;
	struct strangers *strangers;
	struct server_state *server;
	struct prefix source, network; /* when event->has_source */
	bool lan;		       /* the source is of the local network */
	struct prefix account;	       /* key of lru_table.h, when event->has_account */
	struct standing standing;      /* of a failure with a source */
	struct tries *tries;	       /* likewise; else empty, never NULL */
	bool young;		       /* rules by history only alert */
	bool ill;		       /* the server is ill: see server_ill.c */
	enum login login;	       /* of a success or message with source and account */
	struct account *at;	       /* whose arrival it is; else NULL */
	bool first_mail;	       /* its first message from there */
	/* What other servers saw, by enum detect_sight. */
	struct remote_logins *const *remote;
	struct detect *engine;
};

/* A failure of somebody of whom nothing is known. */
static inline bool is_stranger(const struct rule_input *input)
{
	return input->standing.trust == TRUST_NONE;
}

#define RULE_LOOKUPS 4

struct rule_type {
	enum ban_rule rule;
	bool only_counts; /* within windows, and remembers nothing of the accounts */
	/* What it remembers beyond what is kept for all rules: nothing; one window, made as one of
	 * these two says; or what the next four care for. */
	struct window_settings (*sliding)(const struct detect_settings *settings);
	struct distinct_window_settings (*distinct)(const struct detect_settings *settings);
	void *(*create)(const struct detect_settings *settings); /* NULL: out of memory */
	void (*destroy)(void *state);
	/* Changed settings; what was seen is kept as far as it still means something. NULL: none
	 * that it keeps. */
	void (*configure)(void *state, const struct detect_settings *settings);
	/* Adds its own figures; NULL: none. */
	void (*add_usage)(const void *state, struct detect_usage *usage);
	/* Looks at one event; decides by rule_decide(). */
	void (*event)(void *state, const struct rule_input *input);
	/* Which tables it is about to look into, up to RULE_LOOKUPS: returns how many. NULL: none. */
	size_t (*expect)(const void *state, const struct rule_input *input,
			 struct lru_lookup lookups[]);
};

/* The state of a rule, by what its type says. NULL: out of memory; of one that remembers nothing it
 * is nothing to look into. */
void *rule_state_new(const struct rule_type *type, const struct detect_settings *settings);
void rule_state_free(const struct rule_type *type, void *state);
void rule_state_configure(const struct rule_type *type, void *state,
			  const struct detect_settings *settings);
void rule_state_add_usage(const struct rule_type *type, const void *state,
			  struct detect_usage *usage);

/* A fresh decision about this event: rule, time, and the group of services that it is on. */
void rule_begin(const struct rule_input *input, enum ban_rule rule, struct decision *decision);
void rule_set_account(const struct rule_input *input, struct decision *decision);
/* The newest DECISION_EVIDENCE_MAX are kept. */
void rule_add_evidence(struct decision *decision, uint64_t tag);
/* One more that the decision is about, with its country. */
void rule_add_source(const struct rule_input *input, struct decision *decision,
		     const struct prefix *prefix);
/* The ban is for failed logins: it never closes port 25 to who delivers mail here. */
void rule_spare_mail(const struct rule_input *input, struct decision *decision);
/* On how many accounts the source failed within the rule's window; 0: on fewer than it asks for. */
size_t rule_accounts_tried(const struct rule_input *input, enum ban_rule rule);
/* Bans the source for the newest `count` of them, and forgives it these. */
void rule_ban_tried(const struct rule_input *input, enum ban_rule rule, size_t count);
/* The rule decides on what decision->action says, as far as its settings let it: action, end of the
 * ban and whether it was said already are the engine's. */
void rule_decide(const struct rule_input *input, struct decision *decision);
/* An alert in place of a ban of somebody who must not be banned: whatever the settings' action is,
 * unless off. */
void rule_notice(const struct rule_input *input, struct decision *decision);
/* Tells other servers of what the account met; of the local network nothing but SIGHT_KNOWN. */
void rule_tell(const struct rule_input *input, enum detect_sight sight);
/* What other servers saw of the account within the rule's window, the oldest first, valid until the
 * next call; none where it is word of one alone (remote_logins.h). Returns how many. */
size_t rule_remote(const struct rule_input *input, enum ban_rule rule, enum detect_sight sight,
		   const struct detect_remote **seen);
/* Whether who fails on the account may be its owner at a new place: the source's provider is one of
 * the account's, or its country is one of the account's own or a home one. */
bool rule_may_be_owner(const struct rule_input *input);
/* Whether mail from this network was accepted lately. */
bool rule_delivers(const struct rule_input *input);
/* What is usual of the server. */
struct detect_habit *rule_server_habit(const struct rule_input *input);

/* The windows of a rule that counts, `factor` times its threshold, of `most` subjects. */
struct window_settings rule_windows(const struct rule_settings *rule, uint32_t most,
				    uint32_t factor);
struct distinct_window_settings rule_distinct(const struct rule_settings *rule, uint32_t most,
					      uint32_t factor);
uint64_t rule_ns(uint64_t seconds); /* up to 2^62 */

extern const struct rule_type rule_source_failures, rule_source_accounts, rule_source_slow,
	rule_network_failures, rule_server_spray, rule_server_ill, rule_account_siege,
	rule_account_spread, rule_account_flood, rule_bounce_surge, rule_source_abuse,
	rule_place_failures, rule_account_old_password;

#endif
