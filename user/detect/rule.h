/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule is to the engine (detect.c): one file with one struct rule_type, which detect.c
 * calls. docs/finding-your-way.md says what else a new rule needs. Private to user/detect/.
 */
#ifndef SEKISHO_RULE_H
#define SEKISHO_RULE_H

#include "detect/accounts.h"
#include "detect/detect.h"
#include "detect/distinct_window.h"
#include "detect/remote_logins.h"
#include "detect/strangers.h"
#include "detect/sliding_window.h"

/* The state of the whole server. */
struct server_state {
	int64_t spray_ns;     /* since when strangers fail unusually often; 0: they do not */
	int64_t ill_until_ns; /* how long it is taken to refuse good passwords */
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
	struct standing standing;      /* for a failure with a source */
	struct tries *tries;	       /* likewise; else empty, never NULL */
	bool young;		       /* rules by history only alert */
	bool ill;		       /* the server is ill: see server_ill.c */
	enum login login;	       /* for a success or message with source and account */
	struct account *at;	       /* the account of that login; else NULL */
	bool first_mail;	       /* its first message from this source */
	/* What other servers saw, by enum detect_sight. */
	struct remote_logins *const *remote;
	struct detect *engine;
};

/* Whether a failure is of a source of which nothing is known. */
static inline bool is_stranger(const struct rule_input *input)
{
	return input->standing.trust == TRUST_NONE;
}

#define RULE_LOOKUPS 4

struct rule_type {
	enum ban_rule rule;
	bool only_counts; /* it counts within windows, and remembers nothing of the accounts */
	/* What the rule remembers beyond what is kept for all rules: nothing; one window, with the
	 * settings of one of these two; or a state of its own, by the next four. */
	struct window_settings (*sliding)(const struct detect_settings *settings);
	struct distinct_window_settings (*distinct)(const struct detect_settings *settings);
	void *(*create)(const struct detect_settings *settings); /* NULL: out of memory */
	void (*destroy)(void *state);
	/* Takes changed settings; what was seen is kept as far as it still means something. NULL:
	 * the rule keeps no settings. */
	void (*configure)(void *state, const struct detect_settings *settings);
	/* Adds its own figures; NULL: none. */
	void (*add_usage)(const void *state, struct detect_usage *usage);
	/* Looks at one event; decides by rule_decide(). */
	void (*event)(void *state, const struct rule_input *input);
	/* Which tables the rule will look into, up to RULE_LOOKUPS: returns how many. NULL: none. */
	size_t (*expect)(const void *state, const struct rule_input *input,
			 struct lru_lookup lookups[]);
};

/* The state of a rule, by its type. NULL: out of memory. The state of a rule that remembers nothing
 * is not to be read. */
void *rule_state_new(const struct rule_type *type, const struct detect_settings *settings);
void rule_state_free(const struct rule_type *type, void *state);
void rule_state_configure(const struct rule_type *type, void *state,
			  const struct detect_settings *settings);
void rule_state_add_usage(const struct rule_type *type, const void *state,
			  struct detect_usage *usage);

/* Begins a decision about this event: sets rule, time, and the group of the event's service. */
void rule_begin(const struct rule_input *input, enum ban_rule rule, struct decision *decision);
void rule_set_account(const struct rule_input *input, struct decision *decision);
/* Adds a line to the evidence, unless it was the last one added; the newest DECISION_EVIDENCE_MAX
 * are kept. */
void rule_add_evidence(struct decision *decision, uint64_t tag);
/* Adds a source that the decision is about, with its country. */
void rule_add_source(const struct rule_input *input, struct decision *decision,
		     const struct prefix *prefix);
/* For a ban because of failed logins: it never closes port 25 to a network that delivers
 * mail here. */
void rule_spare_mail(const struct rule_input *input, struct decision *decision);
/* On how many accounts the source failed within the rule's window; 0: on fewer than the rule
 * wants. */
size_t rule_accounts_tried(const struct rule_input *input, enum ban_rule rule);
/* Bans the source for the newest `count` of these accounts, and forgives it the failures on
 * them. */
void rule_ban_tried(const struct rule_input *input, enum ban_rule rule, size_t count);
/* Makes the decision of decision->action as far as the rule's settings allow. The engine sets the
 * action and the end of the ban, and leaves out what was decided already. */
void rule_decide(const struct rule_input *input, struct decision *decision);
/* Raises an alert in place of a ban of a source that must not be banned, whatever the action in the
 * settings is, unless that is off. */
void rule_notice(const struct rule_input *input, struct decision *decision);
/* Whether the event's source had an alert of that rule lately: one that may pause for eight days. */
bool rule_had_alert(const struct rule_input *input, enum ban_rule rule);
/* Tells other servers what the account met; for sources of the local network only SIGHT_KNOWN. */
void rule_tell(const struct rule_input *input, enum detect_sight sight);
/* What other servers saw of the account within the rule's window, the oldest first, valid until the
 * next call; none if only one server saw something (remote_logins.h). Returns how many. */
size_t rule_remote(const struct rule_input *input, enum ban_rule rule, enum detect_sight sight,
		   const struct detect_remote **seen);
/* Whether a source that fails on the account may be its owner at a new place: its provider is one
 * of the account's, or its country is one of the account's own or a home country. */
bool rule_may_be_owner(const struct rule_input *input);
/* The same of another account, on which failures were judged. */
bool rule_may_own(const struct rule_input *input, const char *account);
/* Whether the event's source may be that of an account's owner (NULL: no): by its provider, as the
 * caller found out, or by its country. */
bool rule_may_be_of(const struct rule_input *input, const struct account *account, bool provider);
/* Whether the event's source may be a new address of a line from which the account is logged in to
 * (account_has_line; NULL: no). If its provider is a guess, its country tells: such a line may get
 * any of many guesses. */
bool rule_at_line(const struct rule_input *input, const struct account *account);
/* Whether mail from this network was accepted lately. */
bool rule_delivers(const struct rule_input *input);
/* What is usual for the server. */
struct detect_habit *rule_server_habit(const struct rule_input *input);

/* The windows of a rule that counts: `most` subjects, and room for `factor` times the threshold. */
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
