/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule is to the engine (detect.c): one file, one struct rule_type, one row in detect.c.
 * Private to user/detect/.
 */
#ifndef SEKISHO_RULE_H
#define SEKISHO_RULE_H

#include "detect/accounts.h"
#include "detect/detect.h"
#include "detect/distinct.h"
#include "detect/windows.h"

/* One event, and what the engine found out about it for all rules. */
struct sighting {
	const struct event *event; /* its time is set */
	uint64_t tag;
	const struct detect_settings *settings;
	struct accounts *accounts;
	struct prefix source, network; /* when event->has_source */
	struct prefix account;	       /* key of recent.h, when event->has_account */
	enum trust trust;	       /* of a failure: TRUST_SOURCE counts a tenth */
	enum arrival arrival;	       /* of a success or message with source and account */
	struct account *at;	       /* whose arrival it is; else NULL */
	struct detect *engine;
};

struct rule_type {
	enum ban_rule rule;
	bool only_counts; /* within windows, and remembers nothing of the accounts */
	void *(*create)(const struct detect_settings *settings); /* NULL: out of memory */
	void (*destroy)(void *state);
	/* Changed settings; what was seen is kept as far as it still means something. */
	void (*configure)(void *state, const struct detect_settings *settings);
	/* Looks at one event; decides by rule_decide(). */
	void (*event)(void *state, const struct sighting *sighting);
	/* Adds its own figures. */
	void (*add_usage)(const void *state, struct detect_usage *usage);
};

/* A fresh decision about this sighting: rule, time, and its tag as the only evidence. */
void rule_begin(const struct sighting *sighting, enum ban_rule rule, struct decision *decision);
void rule_set_account(const struct sighting *sighting, struct decision *decision);
void rule_add_evidence(struct decision *decision, uint64_t tag);
/* One more that the decision is about, with its country. */
void rule_add_source(const struct sighting *sighting, struct decision *decision,
		     const struct prefix *prefix);
/* The rule decides on what decision->action says, as far as its settings let it: action, end of the
 * ban and whether it was said already are the engine's. */
void rule_decide(const struct sighting *sighting, struct decision *decision);

/* The windows of a rule that counts, `factor` times its threshold, of `most` subjects. */
struct window_settings rule_windows(const struct rule_settings *rule, uint32_t most,
				    uint32_t factor);
struct distinct_settings rule_distinct(const struct rule_settings *rule, uint32_t most,
				       uint32_t factor);

extern const struct rule_type rule_source_failures, rule_source_accounts, rule_network_failures,
	rule_account_siege, rule_account_spread, rule_account_flood, rule_bounce_surge,
	rule_source_abuse;

#endif
