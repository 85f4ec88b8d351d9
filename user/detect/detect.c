// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine: finds out what all rules want to know of an event, hands it to the rules that are on,
 * and completes their decisions. What a rule counts is in the rule's own file. */
#include "detect/detect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/repeats.h"
#include "detect/rule.h"

static const struct rule_type *const rule_types[] = {
	&rule_source_failures, &rule_source_accounts, &rule_network_failures, &rule_account_siege,
	&rule_account_spread,  &rule_account_flood,   &rule_bounce_surge,     &rule_source_abuse,
};

#define TYPE_COUNT  (sizeof(rule_types) / sizeof(*rule_types))
#define ALERTS_MOST 65536 /* subjects whose last alert is remembered */

struct detect {
	struct detect_settings settings;
	void *states[TYPE_COUNT]; /* NULL while the rule is off */
	struct accounts *accounts;
	struct repeats *repeats;
	struct recent *alerts; /* int64_t: when the last one was, by rule and subject */
	int64_t last_wall_ns;  /* for events without a time of their own */
	uint64_t forgotten;    /* by rules that found no memory, or were switched off */
	bool recalling;	       /* the event is one of before a restart */
	detect_decide *decide; /* while an event is looked at */
	void *context;
};

static const char *const rule_names[] = {
	[RULE_MANUAL] = "manual",
	[RULE_SOURCE_FAILURES] = "source-failures",
	[RULE_SOURCE_ACCOUNTS] = "source-accounts",
	[RULE_NETWORK_FAILURES] = "network-failures",
	[RULE_ACCOUNT_SIEGE] = "account-siege",
	[RULE_ACCOUNT_SPREAD] = "account-spread",
	[RULE_ACCOUNT_FLOOD] = "account-flood",
	[RULE_BOUNCE_SURGE] = "bounce-surge",
	[RULE_SOURCE_ABUSE] = "source-abuse",
};
_Static_assert(sizeof(rule_names) / sizeof(*rule_names) == RULE_COUNT, "each rule has a name");

const char *rule_name(enum ban_rule rule)
{
	return (unsigned)rule < RULE_COUNT ? rule_names[rule] : "unknown";
}

int rule_from_name(const char *name)
{
	for (int rule = 0; rule < RULE_COUNT; rule++)
		if (!strcmp(rule_names[rule], name))
			return rule;
	return -EINVAL;
}

void detect_defaults(struct detect_settings *settings)
{
	static const struct rule_settings rules[RULE_COUNT] = {
		[RULE_SOURCE_FAILURES] = { ACTION_BAN, .count = 5, .window_s = 600, .ban_s = 3600 },
		[RULE_SOURCE_ACCOUNTS] = { ACTION_BAN, .count = 3, .window_s = 600, .ban_s = 3600 },
		[RULE_NETWORK_FAILURES] = { ACTION_BAN, .count = 8, .window_s = 3600,
					    .ban_s = 3600 },
		[RULE_ACCOUNT_SIEGE] = { ACTION_BAN_ALERT, .count = 5, .window_s = 43200,
					 .ban_s = 3600 },
		/* A day: longer than what it was made after, with passwords that are right. */
		[RULE_ACCOUNT_SPREAD] = { ACTION_BAN_ALERT, .count = 10, .countries = 3,
					  .window_s = 86400, .ban_s = 86400 },
		[RULE_ACCOUNT_FLOOD] = { ACTION_ALERT, .count = 100, .window_s = 600 },
		[RULE_BOUNCE_SURGE] = { ACTION_ALERT, .count = 200, .percent = 50,
					.window_s = 600 },
		[RULE_SOURCE_ABUSE] = { ACTION_BAN, .count = 10, .window_s = 600, .ban_s = 3600 },
	};

	memset(settings, 0, sizeof(*settings));
	memcpy(settings->rules, rules, sizeof(rules));
	settings->source_length6 = 64;
	settings->network_length6 = 48;
	settings->network_length4 = 120;
	settings->most_sources = 1U << 18;
	settings->most_accounts = 1U << 17;
	settings->most_known = 1U << 20;
}

bool detect_is_home(const struct detect_settings *settings, unsigned country)
{
	return country < COUNTRY_COUNT && settings->home[country / 8] >> country % 8 & 1;
}

void detect_add_home(struct detect_settings *settings, unsigned country)
{
	settings->home[country / 8] |= (uint8_t)(1 << country % 8);
}

/* Whatever is asked for, the tables must work. */
static void take_settings(struct detect *detect, const struct detect_settings *settings)
{
	uint32_t *bounds[] = { &detect->settings.most_sources, &detect->settings.most_accounts,
			       &detect->settings.most_known };

	detect->settings = *settings;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
		if (!*bounds[i])
			*bounds[i] = 1;
		if (*bounds[i] > 1U << 30)
			*bounds[i] = 1U << 30;
	}
}

static enum rule_action action_of(const struct detect *detect, const struct rule_type *type)
{
	return detect->settings.rules[type->rule].action;
}

/* Creates the states of rules that are on. False: out of memory. */
static bool start_rules(struct detect *detect)
{
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (detect->states[i] || action_of(detect, rule_types[i]) == ACTION_OFF)
			continue;
		detect->states[i] = rule_types[i]->create(&detect->settings);
		if (!detect->states[i])
			return false;
	}
	return true;
}

struct detect *detect_new(const struct detect_settings *settings)
{
	struct detect *detect = calloc(1, sizeof(*detect));

	if (!detect)
		return NULL;
	take_settings(detect, settings);
	detect->accounts = accounts_new(&detect->settings);
	detect->repeats = repeats_new(&detect->settings);
	detect->alerts = recent_new(sizeof(int64_t), ALERTS_MOST, NULL, NULL);
	if (!detect->accounts || !detect->repeats || !detect->alerts || !start_rules(detect)) {
		detect_free(detect);
		return NULL;
	}
	return detect;
}

static void stop_rule(struct detect *detect, size_t i)
{
	if (detect->states[i])
		rule_types[i]->destroy(detect->states[i]);
	detect->states[i] = NULL;
}

void detect_free(struct detect *detect)
{
	if (!detect)
		return;
	for (size_t i = 0; i < TYPE_COUNT; i++)
		stop_rule(detect, i);
	accounts_free(detect->accounts);
	repeats_free(detect->repeats);
	recent_free(detect->alerts);
	free(detect);
}

void detect_configure(struct detect *detect, const struct detect_settings *settings)
{
	take_settings(detect, settings);
	accounts_configure(detect->accounts, &detect->settings);
	repeats_configure(detect->repeats, &detect->settings);
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (action_of(detect, rule_types[i]) == ACTION_OFF) {
			struct detect_usage usage = { 0 };

			if (detect->states[i])
				rule_types[i]->add_usage(detect->states[i], &usage);
			detect->forgotten += usage.forgotten;
			stop_rule(detect, i);
		} else if (detect->states[i]) {
			rule_types[i]->configure(detect->states[i], &detect->settings);
		}
	}
	start_rules(detect); /* what finds no memory now is tried again with the next event */
}

void detect_recall_trouble(struct detect *detect, const char *account, enum ban_rule rule,
			   int64_t last_ns)
{
	accounts_recall_trouble(detect->accounts, account, rule, last_ns);
}

bool detect_in_trouble(const struct detect *detect, const char *account, enum ban_rule rule,
		       int64_t now_ns, int64_t *last_ns)
{
	return accounts_in_trouble(detect->accounts, account, rule, now_ns, last_ns);
}

/* ---- decisions ---- */

/* Nobody wants to read of the same thing twice in its window. */
static bool alerted(struct detect *detect, const struct decision *decision)
{
	uint64_t window_s = detect->settings.rules[decision->rule].window_s;
	struct prefix key = decision->prefix;
	int64_t *last_ns;
	bool fresh;

	if (!decision->has_prefix)
		key = accounts_key(detect->accounts,
				   decision->has_account ? decision->account : "");
	key.length |= (uint32_t)decision->rule << 20;
	last_ns = recent_touch(detect->alerts, &key, &fresh);
	if (!fresh && *last_ns <= decision->wall_ns &&
	    (uint64_t)decision->wall_ns - (uint64_t)*last_ns < window_s * NS_PER_S)
		return true;
	*last_ns = decision->wall_ns;
	return false;
}

void rule_decide(const struct sighting *sighting, struct decision *decision)
{
	struct detect *detect = sighting->engine;
	const struct rule_settings *settings = &detect->settings.rules[decision->rule];
	enum rule_action actions = decision->action & settings->action;

	if (detect->recalling) /* it was carried out then */
		return;
	if (actions & ACTION_BAN && decision->has_prefix) {
		decision->action = ACTION_BAN;
		repeats_ban(detect->repeats, settings->ban_s, decision);
		detect->decide(decision, detect->context);
	}
	if (actions & ACTION_ALERT && !alerted(detect, decision)) {
		decision->action = ACTION_ALERT;
		decision->again = false;
		detect->decide(decision, detect->context);
	}
}

static void look_at(struct detect *detect, struct sighting *sighting)
{
	const struct event *event = sighting->event;
	const struct detect_settings *settings = &detect->settings;
	const struct prefix *account = event->has_account ? &sighting->account : NULL;

	if (event->has_source) {
		sighting->source = address_source(&event->source, settings->source_length6);
		sighting->network = address_network(&event->source, settings->network_length4,
						    settings->network_length6);
	}
	if (account)
		sighting->account = accounts_key(detect->accounts, event->account);
	if (event->kind == EVENT_FAILURE && event->has_source)
		sighting->trust = accounts_trust(detect->accounts, account ? event->account : NULL,
						 account, &sighting->source, &sighting->network,
						 event->wall_ns);
	if ((event->kind == EVENT_SUCCESS || event->kind == EVENT_MESSAGE) && event->has_source &&
	    account && !detect->recalling)
		sighting->arrival = accounts_arrive(detect->accounts, event, sighting->tag, account,
						    &sighting->source, &sighting->network,
						    event->wall_ns, &sighting->at);
}

void detect_event(struct detect *detect, const struct event *event, uint64_t tag,
		  detect_decide *decide, void *context)
{
	struct sighting sighting = { .tag = tag,
				     .settings = &detect->settings,
				     .accounts = detect->accounts,
				     .engine = detect };
	struct event timed;

	if (event->wall_ns) {
		detect->last_wall_ns = event->wall_ns;
	} else {
		timed = *event;
		timed.wall_ns = detect->last_wall_ns;
		event = &timed;
	}
	if (!start_rules(detect))
		detect->forgotten++;
	sighting.event = event;
	detect->decide = decide;
	detect->context = context;
	look_at(detect, &sighting);
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (detect->states[i] && (!detect->recalling || rule_types[i]->only_counts))
			rule_types[i]->event(detect->states[i], &sighting);
}

void detect_recall_event(struct detect *detect, const struct event *event, uint64_t tag)
{
	detect->recalling = true;
	detect_event(detect, event, tag, NULL, NULL);
	detect->recalling = false;
}

bool detect_bans(const struct detect *detect, const struct address *address, int64_t wall_ns)
{
	const struct detect_settings *settings = &detect->settings;
	struct prefix source = address_source(address, settings->source_length6);
	struct prefix network =
		address_network(address, settings->network_length4, settings->network_length6);

	return repeats_running(detect->repeats, &source, wall_ns) ||
	       repeats_running(detect->repeats, &network, wall_ns);
}

void detect_get_usage(const struct detect *detect, struct detect_usage *usage)
{
	*usage = (struct detect_usage){ .forgotten = detect->forgotten };
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (detect->states[i])
			rule_types[i]->add_usage(detect->states[i], usage);
	accounts_add_usage(detect->accounts, usage);
}
