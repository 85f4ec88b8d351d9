// SPDX-License-Identifier: GPL-2.0-or-later
/* The engine: hands events to the rules that are on, and completes their decisions. What a rule
 * counts is in the rule's own file. */
#include "detect/detect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "detect/rule.h"

static const struct rule_type *const rule_types[] = {
	&rule_source_failures,
};

#define TYPE_COUNT (sizeof(rule_types) / sizeof(*rule_types))

struct detect {
	struct detect_settings settings;
	void *states[TYPE_COUNT]; /* NULL while the rule is off */
	int64_t last_wall_ns;	  /* for events without a time of their own */
	uint64_t forgotten;	  /* by rules that found no memory, or were switched off */
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
	*settings = (struct detect_settings){ .source_length6 = 64, .most_sources = 1U << 18 };
	settings->rules[RULE_SOURCE_FAILURES] = (struct rule_settings){
		.action = ACTION_BAN, .count = 5, .window_s = 600, .ban_s = 3600
	};
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
	detect->settings = *settings;
	if (!start_rules(detect)) {
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
	free(detect);
}

void detect_configure(struct detect *detect, const struct detect_settings *settings)
{
	detect->settings = *settings;
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if (action_of(detect, rule_types[i]) == ACTION_OFF) {
			struct detect_usage usage = { 0 };

			if (detect->states[i])
				rule_types[i]->add_usage(detect->states[i], &usage);
			detect->forgotten += usage.forgotten;
			stop_rule(detect, i);
		} else if (detect->states[i]) {
			rule_types[i]->configure(detect->states[i], settings);
		}
	}
	start_rules(detect); /* what finds no memory now is tried again with the next event */
}

/* When a ban of this rule ends. Repeated bans that grow longer have their place here. */
static int64_t ban_end(const struct rule_settings *settings, int64_t wall_ns)
{
	int64_t end;

	if (settings->ban_s > (uint64_t)INT64_MAX / NS_PER_S ||
	    __builtin_add_overflow(wall_ns, (int64_t)settings->ban_s * NS_PER_S, &end))
		return INT64_MAX;
	return end;
}

void detect_event(struct detect *detect, const struct event *event, uint64_t tag,
		  void (*decide)(const struct decision *decision, void *context), void *context)
{
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
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		const struct rule_type *type = rule_types[i];
		const struct rule_settings *settings = &detect->settings.rules[type->rule];
		struct decision decision;

		if (!detect->states[i])
			continue;
		decision = (struct decision){ .rule = type->rule, .action = settings->action };
		if (!type->event(detect->states[i], event, tag, &decision))
			continue;
		if (decision.has_prefix && settings->action & ACTION_BAN)
			decision.until_wall_ns = ban_end(settings, decision.wall_ns);
		decide(&decision, context);
	}
}

void detect_get_usage(const struct detect *detect, struct detect_usage *usage)
{
	*usage = (struct detect_usage){ .forgotten = detect->forgotten };
	for (size_t i = 0; i < TYPE_COUNT; i++)
		if (detect->states[i])
			rule_types[i]->add_usage(detect->states[i], usage);
}
