// SPDX-License-Identifier: GPL-2.0-or-later
/* The sections and keys of the rules: first each rule's own counts, then the keys that rules
 * share. */
#include "conf/load.h"

static const struct conf_choice rule_actions[] = { { "off", ACTION_OFF },
						   { "ban", ACTION_BAN },
						   { "alert", ACTION_ALERT },
						   { "ban+alert", ACTION_BAN_ALERT },
						   { NULL, 0 } };

static const struct conf_choice alert_actions[] = { { "off", ACTION_OFF },
						    { "alert", ACTION_ALERT },
						    { NULL, 0 } };

/* The count at which a rule fires. */
#define RULE_COUNT_KEY(key, maximum)                                                           \
	{                                                                                      \
		key, conf_number, .offset = offsetof(struct rule_settings, count), .least = 1, \
				  .most = (maximum)                                            \
	}

/* The keys of rules that cannot ban. */
#define RULE_ALERT_KEYS                                                                            \
	{ "window", conf_duration, .offset = offsetof(struct rule_settings, window_s), .least = 1, \
	  .most = 30 * CONF_DAY_S },                                                               \
	{                                                                                          \
		"action", conf_choice, .offset = offsetof(struct rule_settings, action),           \
				       .choices = alert_actions                                    \
	}

/* The keys of all other rules; their own counts come first. */
#define RULE_KEYS                                                                                  \
	{ "window", conf_duration, .offset = offsetof(struct rule_settings, window_s), .least = 1, \
	  .most = 30 * CONF_DAY_S },                                                               \
		{ "ban", conf_duration, .offset = offsetof(struct rule_settings, ban_s),           \
		  .least = 1, .most = 366 * CONF_DAY_S },                                          \
	{                                                                                          \
		"action", conf_choice, .offset = offsetof(struct rule_settings, action),           \
				       .choices = rule_actions                                     \
	}

/* A second count, with its window. */
#define RULE_LONG_KEY(key, maximum)                                                     \
	{                                                                               \
		key, conf_number, .offset = offsetof(struct rule_settings, long_count), \
				  .least = 1, .most = (maximum)                         \
	}
#define RULE_SPAN_KEY(key, field)                                                                \
	{                                                                                        \
		key, conf_duration, .offset = offsetof(struct rule_settings, field), .least = 1, \
				    .most = 30 * CONF_DAY_S                                      \
	}
#define RULE_USUAL_KEY                                                                             \
	{                                                                                          \
		"usual", conf_number, .offset = offsetof(struct rule_settings, usual), .least = 1, \
				      .most = 1000                                                 \
	}

static const struct conf_key source_failures_keys[] = {
	RULE_COUNT_KEY("failures", DETECT_COUNT_MAX),
	RULE_LONG_KEY("long-failures", DETECT_COUNT_MAX),
	RULE_SPAN_KEY("long-window", long_s),
	RULE_KEYS,
};

static const struct conf_key account_old_password_keys[] = {
	RULE_COUNT_KEY("strangers", DETECT_COUNT_MAX),
	RULE_KEYS,
};

static const struct conf_key source_accounts_keys[] = {
	RULE_COUNT_KEY("accounts", DETECT_COUNT_MAX),
	RULE_KEYS,
};

static const struct conf_key server_spray_keys[] = {
	RULE_COUNT_KEY("failures", 100000),
	RULE_USUAL_KEY,
	RULE_KEYS,
};

static const struct conf_key server_ill_keys[] = {
	RULE_COUNT_KEY("accounts", DETECT_ILL_MAX),
	RULE_ALERT_KEYS,
};

static const struct conf_key place_failures_keys[] = {
	RULE_COUNT_KEY("failures", DETECT_COUNT_MAX),
	RULE_ALERT_KEYS,
};

static const struct conf_key network_failures_keys[] = {
	RULE_COUNT_KEY("sources", DETECT_COUNT_MAX),
	RULE_KEYS,
};

static const struct conf_key account_siege_keys[] = {
	RULE_COUNT_KEY("networks", DETECT_COUNT_MAX),
	RULE_USUAL_KEY,
	RULE_KEYS,
};

/* `networks` is the former name of `providers`, from before the two were distinguished. */
static const struct conf_key account_spread_keys[] = {
	{ "providers", conf_number, .offset = offsetof(struct rule_settings, count), .least = 2,
	  .most = 500 },
	{ "networks", conf_number, .offset = offsetof(struct rule_settings, count), .least = 2,
	  .most = 500 },
	{ "countries", conf_number, .offset = offsetof(struct rule_settings, countries), .least = 2,
	  .most = COUNTRY_COUNT },
	{ "sending-providers", conf_number, .offset = offsetof(struct rule_settings, long_count),
	  .least = 2, .most = 500 },
	RULE_SPAN_KEY("sending-window", short_s),
	RULE_SPAN_KEY("owner-age", long_s),
	{ "home", conf_home, conf_clear_home },
	RULE_KEYS,
};

static const struct conf_key account_flood_keys[] = {
	RULE_COUNT_KEY("messages", 100000),
	RULE_USUAL_KEY,
	RULE_LONG_KEY("unknown-messages", 100000),
	RULE_SPAN_KEY("unknown-window", short_s),
	RULE_KEYS,
};

static const struct conf_key bounce_surge_keys[] = {
	RULE_COUNT_KEY("deliveries", 1000000),
	{ "share", conf_percent, .offset = offsetof(struct rule_settings, percent), .least = 1,
	  .most = 100 },
	RULE_ALERT_KEYS,
};

static const struct conf_key source_abuse_keys[] = {
	RULE_COUNT_KEY("count", DETECT_COUNT_MAX),
	RULE_KEYS,
};

/* The keys that several rules share. */
static const struct conf_key rules_keys[] = {
	{ "realm", conf_realm },
	{ "ban-lan", conf_choice, .offset = offsetof(struct detect_settings, ban_lan),
	  .choices = conf_noes },
	{ "learn", conf_duration, .offset = offsetof(struct detect_settings, learn_s), .least = 1,
	  .most = 366 * CONF_DAY_S },
	{ "shared-accounts", conf_number,
	  .offset = offsetof(struct detect_settings, shared_accounts), .least = 2,
	  .most = DETECT_SHARED_MAX },
	{ "known-factor", conf_number, .offset = offsetof(struct detect_settings, known_factor),
	  .least = 1, .most = 100 },
	{ "other-factor", conf_number, .offset = offsetof(struct detect_settings, other_factor),
	  .least = 1, .most = 100 },
};

static void *base_rules(struct config *config, size_t index)
{
	(void)index;
	return &config->detect;
}

static void *base_rule(struct config *config, size_t index)
{
	return &config->detect.rules[index];
}

const struct conf_section conf_rule_sections[] = {
	{ "rules", CONF_KEYS(rules_keys), .base = base_rules },
	{ "rule", .named = true, .name = "source-failures", CONF_KEYS(source_failures_keys),
	  .index = RULE_SOURCE_FAILURES, .base = base_rule },
	{ "rule", .named = true, .name = "source-accounts", CONF_KEYS(source_accounts_keys),
	  .index = RULE_SOURCE_ACCOUNTS, .base = base_rule },
	{ "rule", .named = true, .name = "network-failures", CONF_KEYS(network_failures_keys),
	  .index = RULE_NETWORK_FAILURES, .base = base_rule },
	{ "rule", .named = true, .name = "account-siege", CONF_KEYS(account_siege_keys),
	  .index = RULE_ACCOUNT_SIEGE, .base = base_rule },
	{ "rule", .named = true, .name = "account-spread", CONF_KEYS(account_spread_keys),
	  .index = RULE_ACCOUNT_SPREAD, .base = base_rule },
	{ "rule", .named = true, .name = "account-flood", CONF_KEYS(account_flood_keys),
	  .index = RULE_ACCOUNT_FLOOD, .base = base_rule },
	{ "rule", .named = true, .name = "bounce-surge", CONF_KEYS(bounce_surge_keys),
	  .index = RULE_BOUNCE_SURGE, .base = base_rule },
	{ "rule", .named = true, .name = "source-abuse", CONF_KEYS(source_abuse_keys),
	  .index = RULE_SOURCE_ABUSE, .base = base_rule },
	{ "rule", .named = true, .name = "source-slow", CONF_KEYS(source_accounts_keys),
	  .index = RULE_SOURCE_SLOW, .base = base_rule },
	{ "rule", .named = true, .name = "server-spray", CONF_KEYS(server_spray_keys),
	  .index = RULE_SERVER_SPRAY, .base = base_rule },
	{ "rule", .named = true, .name = "server-ill", CONF_KEYS(server_ill_keys),
	  .index = RULE_SERVER_ILL, .base = base_rule },
	{ "rule", .named = true, .name = "place-failures", CONF_KEYS(place_failures_keys),
	  .index = RULE_PLACE_FAILURES, .base = base_rule },
	{ "rule", .named = true, .name = "account-old-password",
	  CONF_KEYS(account_old_password_keys), .index = RULE_ACCOUNT_OLD_PASSWORD,
	  .base = base_rule },
};

const size_t conf_rule_section_count = CONF_COUNT(conf_rule_sections);

_Static_assert(CONF_COUNT(account_spread_keys) <= CONF_KEYS_MAX, "struct conf_use has room");
