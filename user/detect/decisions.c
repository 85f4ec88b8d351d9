// SPDX-License-Identifier: GPL-2.0-or-later
/* What happens to a rule's decision: how long a ban lasts, who must not be banned, and whether an
 * alert was raised already. */
#include "detect/detect_internal.h"

#define DAY_S 86400
/* A device with an old password, or a mailing list that is refused, may pause over a weekend or for
 * a week. */
#define PAUSE_S (8 * DAY_S)

/* Whether an alert is raised: the same thing is raised once within its window. What lasts for days
 * is raised once, and again only after it had stopped for a day, or for PAUSE_S if it may pause
 * that long. */
static bool admit(struct detect *detect, const struct decision *decision, bool spared)
{
	static const uint32_t stopped_s[RULE_COUNT] = {
		[RULE_ACCOUNT_SIEGE] = DAY_S,	[RULE_ACCOUNT_SPREAD] = DAY_S,
		[RULE_SERVER_SPRAY] = DAY_S,	[RULE_BOUNCE_SURGE] = DAY_S,
		[RULE_SOURCE_FAILURES] = DAY_S, [RULE_PLACE_FAILURES] = PAUSE_S,
		[RULE_SERVER_ILL] = DAY_S,
	};
	static const bool daily[RULE_COUNT] = {
		[RULE_ACCOUNT_FLOOD] = true, [RULE_ACCOUNT_OLD_PASSWORD] = true
	};
	uint32_t lasts_s = spared ? PAUSE_S : stopped_s[decision->rule];
	uint32_t least_s = !lasts_s && daily[decision->rule] ? DAY_S : lasts_s;
	uint64_t quiet_s = detect->settings.rules[decision->rule].window_s;
	struct prefix key = decision->prefix;

	if (!decision->has_prefix)
		key = accounts_key(detect->accounts,
				   decision->has_account ? decision->account : "");
	if (quiet_s < least_s)
		quiet_s = least_s;
	return summing_admit(detect->summing, &key, quiet_s, lasts_s > 0, decision);
}

static void raise(struct detect *detect, struct decision *decision, bool spared)
{
	decision->action = ACTION_ALERT;
	decision->again = false;
	if (admit(detect, decision, spared))
		detect->take(decision, detect->context);
}

bool rule_had_alert(const struct rule_input *input, enum ban_rule rule)
{
	return summing_had(input->engine->summing, &input->source, rule, input->event->wall_ns,
			   PAUSE_S);
}

void rule_notice(const struct rule_input *input, struct decision *decision)
{
	struct detect *detect = input->engine;

	if (!detect->recalling && detect->settings.rules[decision->rule].action != ACTION_OFF)
		raise(detect, decision, true);
}

/* Many people work at a shared place, and a ban shuts them all out: its bans do not double. */
static bool is_shared_place(const struct rule_input *input, const struct decision *decision)
{
	return input->event->has_source &&
	       accounts_shared(input->accounts, &decision->prefix, input->event->wall_ns);
}

void rule_decide(const struct rule_input *input, struct decision *decision)
{
	struct detect *detect = input->engine;
	const struct rule_settings *settings = &detect->settings.rules[decision->rule];
	enum rule_action actions = decision->action & settings->action;
	bool spared = actions & ACTION_BAN && decision->has_prefix && !detect->settings.ban_lan &&
		      address_is_lan(&decision->prefix.address);

	if (detect->recalling) /* it was carried out when the line was first read */
		return;
	if (spared)
		actions = ACTION_ALERT;
	if (actions & ACTION_BAN && decision->has_prefix) {
		decision->action = ACTION_BAN;
		ban_history_ban(detect->ban_history, settings->ban_s,
				!is_shared_place(input, decision), decision);
		detect->take(decision, detect->context);
	}
	if (actions & ACTION_ALERT)
		raise(detect, decision, spared);
}

bool decision_is_about(const struct decision *decision,
		       bool (*same)(const char *account, void *context), void *context)
{
	for (unsigned i = 0; i < decision_account_count(decision); i++)
		if (same(decision_account(decision, i), context))
			return true;
	return false;
}

bool rule_delivers(const struct rule_input *input)
{
	return senders_know(input->engine->senders, &input->network, input->event->wall_ns);
}

struct detect_habit *rule_server_habit(const struct rule_input *input)
{
	return &input->engine->habit;
}

void detect_say_held(struct detect *detect, int64_t now_ns, decision_take *take, void *context)
{
	struct decision decision;

	while (summing_due(detect->summing, now_ns, &decision))
		take(&decision, context);
}

void detect_notice(struct detect *detect, const struct decision *alert, decision_take *take,
		   void *context)
{
	struct decision decision = *alert;

	detect_say_held(detect, alert->wall_ns, take, context);
	detect->take = take;
	detect->context = context;
	if (detect->settings.rules[alert->rule].action != ACTION_OFF)
		raise(detect, &decision, false);
}
