// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules' names, and the thresholds that they have unless the configuration says otherwise. */
#include <errno.h>
#include <string.h>

#include "detect/detect.h"

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
	[RULE_SOURCE_SLOW] = "source-slow",
	[RULE_SERVER_SPRAY] = "server-spray",
	[RULE_SERVER_ILL] = "server-ill",
	[RULE_PLACE_FAILURES] = "place-failures",
	[RULE_ACCOUNT_OLD_PASSWORD] = "account-old-password",
	[RULE_FLEET] = "fleet",
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
		[RULE_SOURCE_FAILURES] = { ACTION_BAN, .count = 5, .window_s = 600,
					   .long_count = 20, .long_s = 86400, .ban_s = 3600 },
		[RULE_SOURCE_ACCOUNTS] = { ACTION_BAN, .count = 5, .window_s = 600, .ban_s = 3600 },
		[RULE_SOURCE_SLOW] = { ACTION_BAN, .count = 4, .window_s = 1209600,
				       .ban_s = 86400 },
		[RULE_NETWORK_FAILURES] = { ACTION_BAN, .count = 8, .window_s = 3600,
					    .ban_s = 3600 },
		[RULE_SERVER_SPRAY] = { ACTION_BAN_ALERT, .count = 50, .usual = 10,
					.window_s = 3600, .ban_s = 3600 },
		[RULE_SERVER_ILL] = { ACTION_ALERT, .count = 10, .window_s = 300 },
		[RULE_ACCOUNT_SIEGE] = { ACTION_BAN_ALERT, .count = 5, .usual = 10,
					 .window_s = 43200, .ban_s = 3600 },
		/* The ban lasts a day: the strangers have the right password, and a day is longer
		 * than it takes to change it. */
		[RULE_ACCOUNT_SPREAD] = { ACTION_BAN_ALERT, .count = 10, .countries = 3,
					  .long_s = 3600, .window_s = 86400, .long_count = 6,
					  .short_s = 3600, .ban_s = 86400 },
		[RULE_ACCOUNT_FLOOD] = { ACTION_BAN_ALERT, .count = 100, .usual = 10,
					 .window_s = 600, .long_count = 50, .short_s = 3600,
					 .ban_s = 3600 },
		[RULE_BOUNCE_SURGE] = { ACTION_ALERT, .count = 200, .percent = 50,
					.window_s = 600 },
		[RULE_SOURCE_ABUSE] = { ACTION_BAN, .count = 10, .window_s = 600, .ban_s = 3600 },
		[RULE_PLACE_FAILURES] = { ACTION_ALERT, .count = 60, .window_s = 3600 },
		[RULE_ACCOUNT_OLD_PASSWORD] = { ACTION_BAN_ALERT, .count = 2, .window_s = 86400,
						.ban_s = 86400 },
	};

	memset(settings, 0, sizeof(*settings));
	memcpy(settings->rules, rules, sizeof(rules));
	settings->source_length6 = 64;
	settings->network_length6 = 48;
	settings->network_length4 = 120;
	settings->most_sources = 1U << 18;
	settings->most_accounts = 1U << 17;
	settings->most_known = 1U << 20;
	settings->known_factor = DETECT_KNOWN_FACTOR;
	settings->other_factor = DETECT_OTHER_FACTOR;
	settings->shared_accounts = DETECT_SHARED;
	settings->learn_s = DETECT_LEARN_S;
}

bool detect_is_home(const struct detect_settings *settings, unsigned country)
{
	return country < COUNTRY_COUNT && settings->home[country / 8] >> country % 8 & 1;
}

void detect_add_home(struct detect_settings *settings, unsigned country)
{
	settings->home[country / 8] |= (uint8_t)(1 << country % 8);
}
