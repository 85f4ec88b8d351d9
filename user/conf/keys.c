// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of sections and keys. Not here: what is done with it (sections.c, values.c). */
#include "conf/load.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define DAY_S	     86400

static const struct conf_choice modes[] = { { "monitor", GATE_MONITOR },
					    { "enforce", GATE_ENFORCE },
					    { NULL, 0 } };

static const struct conf_choice hooks[] = { { "auto", HOOK_AUTO },
					    { "xdp", HOOK_XDP },
					    { "tc", HOOK_TC },
					    { "generic", HOOK_GENERIC },
					    { NULL, 0 } };

static const struct conf_choice counts[] = { { "handshake", COUNT_HANDSHAKE },
					     { "syn", COUNT_SYN },
					     { NULL, 0 } };

static const struct conf_choice list_actions[] = { { "deny", false },
						   { "allow", true },
						   { NULL, 0 } };

static const struct conf_choice rule_actions[] = { { "off", ACTION_OFF },
						   { "ban", ACTION_BAN },
						   { "alert", ACTION_ALERT },
						   { "ban+alert", ACTION_BAN_ALERT },
						   { NULL, 0 } };

static const struct conf_key path_keys[] = {
	{ "state", conf_path, .offset = offsetof(struct config, paths.state) },
	{ "pins", conf_path, .offset = offsetof(struct config, paths.pins) },
	{ "runtime", conf_path, .offset = offsetof(struct config, paths.runtime) },
};

static const struct conf_key gate_keys[] = {
	{ "mode", conf_choice, .offset = offsetof(struct config, mode), .choices = modes },
	{ "interface", conf_interface, conf_clear_interfaces },
	{ "hook", conf_choice, .offset = offsetof(struct config, hook), .choices = hooks },
	{ "source-prefix6", conf_length, .offset = offsetof(struct config, source_length6),
	  .least = 32, .most = 128 },
	{ "network-prefix6", conf_length, .offset = offsetof(struct config, network_length6),
	  .least = 16, .most = 128 },
	{ "network-prefix4", conf_length, .offset = offsetof(struct config, network_length4),
	  .least = 8, .most = 32, .add = 96 },
	{ "never-ban", conf_prefix, conf_clear_prefixes },
	{ "cgroup", conf_path, .offset = offsetof(struct config, cgroup) },
	{ "count", conf_choice, .offset = offsetof(struct config, count), .choices = counts },
	{ "sources", conf_number, .offset = offsetof(struct config, source_size), .least = 1,
	  .most = 1 << 24 },
	{ "networks", conf_number, .offset = offsetof(struct config, network_size), .least = 1,
	  .most = 1 << 24 },
	{ "bans", conf_number, .offset = offsetof(struct config, ban_size), .least = 1,
	  .most = 1 << 24 },
};

static const struct conf_key country_keys[] = {
	{ "files", conf_country_file, conf_clear_country_files, .paths = true },
};

static const struct conf_key service_keys[] = {
	{ "ports", conf_port, conf_clear_ports },
	{ "countries", conf_service_country, conf_clear_service_countries },
};

#define CONNECTIONS(field)                                                                  \
	conf_number, .offset = offsetof(struct limits, field), .least = 1, .most = 1000000, \
		     .limit = true
#define RATE(field)  conf_rate, .offset = offsetof(struct limits, field)
#define BURST(field) CONNECTIONS(field)

static const struct conf_key class_keys[] = {
	{ "connections", CONNECTIONS(source_connections) },
	{ "rate", RATE(source_interval_ns) },
	{ "burst", BURST(source_burst) },
	{ "network-connections", CONNECTIONS(network_connections) },
	{ "network-rate", RATE(network_interval_ns) },
	{ "network-burst", BURST(network_burst) },
	{ "country-rate", RATE(country_interval_ns) },
	{ "country-burst", BURST(country_burst) },
};

static const struct conf_key list_keys[] = {
	{ "action", conf_list_action, .choices = list_actions, .required = true },
	{ "file", conf_path, .offset = offsetof(struct config_list, file) },
};

static const struct conf_key log_keys[] = {
	{ "file", conf_path, .offset = offsetof(struct config_log, file) },
	{ "journal", conf_journal, .offset = offsetof(struct config_log, file) },
};

#define FIELD(name) .offset = offsetof(struct config_outflow, name)
#define OUTFLOW_BURST(field) \
	conf_number, FIELD(limits.field), .least = 1, .most = CONFIG_BURST_MAX, .limit = true

static const struct conf_key outflow_keys[] = {
	{ "mode", conf_choice, FIELD(mode), .choices = modes },
	{ "rate", conf_rate, FIELD(limits.source_interval_ns) },
	{ "burst", OUTFLOW_BURST(source_burst) },
	{ "guest-rate", conf_rate, FIELD(limits.network_interval_ns) },
	{ "guest-burst", OUTFLOW_BURST(network_burst) },
	{ "calm", conf_duration, FIELD(calm_s), .least = 1, .most = DAY_S },
	{ "ports", conf_outflow_port, conf_clear_outflow_ports },
	{ "users", conf_outflow_user, conf_clear_outflow_users },
	{ "except", conf_outflow_except, conf_clear_outflow_excepts },
	{ "guests", conf_outflow_guest, conf_clear_outflow_guests },
};

static const struct conf_choice pattern_kinds[] = {
	{ "failure", EVENT_FAILURE }, { "success", EVENT_SUCCESS }, { "message", EVENT_MESSAGE },
	{ "bounce", EVENT_BOUNCE },   { "abuse", EVENT_ABUSE },	    { NULL, 0 }
};

static const struct conf_choice pattern_services[] = { { "none", EVENT_SERVICE_UNKNOWN },
						       { "smtp", EVENT_SERVICE_SMTP },
						       { "submission", EVENT_SERVICE_SUBMISSION },
						       { "imap", EVENT_SERVICE_IMAP },
						       { "pop3", EVENT_SERVICE_POP3 },
						       { "sieve", EVENT_SERVICE_SIEVE },
						       { NULL, 0 } };

static const struct conf_key pattern_keys[] = {
	{ "pattern", conf_text, .offset = offsetof(struct config_pattern, expression),
	  .required = true, .text = true },
	{ "daemon", conf_text, .offset = offsetof(struct config_pattern, daemon) },
	{ "kind", conf_choice, .offset = offsetof(struct config_pattern, kind),
	  .choices = pattern_kinds },
	{ "service", conf_choice, .offset = offsetof(struct config_pattern, service),
	  .choices = pattern_services },
};

static const struct conf_choice alert_actions[] = { { "off", ACTION_OFF },
						    { "alert", ACTION_ALERT },
						    { NULL, 0 } };

/* At how many a rule fires. */
#define RULE_COUNT_KEY(key, maximum)                                                           \
	{                                                                                      \
		key, conf_number, .offset = offsetof(struct rule_settings, count), .least = 1, \
				  .most = (maximum)                                            \
	}

/* What rules that cannot ban have. */
#define RULE_ALERT_KEYS                                                                            \
	{ "window", conf_duration, .offset = offsetof(struct rule_settings, window_s), .least = 1, \
	  .most = 30 * DAY_S },                                                                    \
	{                                                                                          \
		"action", conf_choice, .offset = offsetof(struct rule_settings, action),           \
				       .choices = alert_actions                                    \
	}

/* What the others have; their own counts come first. */
#define RULE_KEYS                                                                                  \
	{ "window", conf_duration, .offset = offsetof(struct rule_settings, window_s), .least = 1, \
	  .most = 30 * DAY_S },                                                                    \
		{ "ban", conf_duration, .offset = offsetof(struct rule_settings, ban_s),           \
		  .least = 1, .most = 366 * DAY_S },                                               \
	{                                                                                          \
		"action", conf_choice, .offset = offsetof(struct rule_settings, action),           \
				       .choices = rule_actions                                     \
	}

static const struct conf_key source_failures_keys[] = {
	RULE_COUNT_KEY("failures", DETECT_COUNT_MAX),
	RULE_KEYS,
};

static const struct conf_key source_accounts_keys[] = {
	RULE_COUNT_KEY("accounts", DETECT_COUNT_MAX),
	RULE_KEYS,
};

static const struct conf_key network_failures_keys[] = {
	RULE_COUNT_KEY("sources", DETECT_COUNT_MAX),
	RULE_KEYS,
};

static const struct conf_key account_siege_keys[] = {
	RULE_COUNT_KEY("networks", DETECT_COUNT_MAX),
	RULE_KEYS,
};

static const struct conf_key account_spread_keys[] = {
	{ "networks", conf_number, .offset = offsetof(struct rule_settings, count), .least = 2,
	  .most = 500 },
	{ "countries", conf_number, .offset = offsetof(struct rule_settings, countries), .least = 2,
	  .most = COUNTRY_COUNT },
	{ "home", conf_home, conf_clear_home },
	RULE_KEYS,
};

static const struct conf_key account_flood_keys[] = {
	RULE_COUNT_KEY("messages", 100000),
	RULE_ALERT_KEYS,
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

static const struct conf_key alert_keys[] = {
	{ "program", conf_alert_word, conf_clear_alert, .paths = true },
};

static void *base_config(struct config *config, size_t index)
{
	(void)index;
	return config;
}

static void *base_service(struct config *config, size_t index)
{
	return &config->services[index];
}

static void *base_class(struct config *config, size_t index)
{
	return &config->classes[index].limits;
}

static void *base_list(struct config *config, size_t index)
{
	return &config->lists[index];
}

static void *base_log(struct config *config, size_t index)
{
	return &config->logs[index];
}

static void *base_outflow(struct config *config, size_t index)
{
	(void)index;
	return &config->outflow;
}

static void *base_pattern(struct config *config, size_t index)
{
	return &config->patterns[index];
}

static void *base_rule(struct config *config, size_t index)
{
	return &config->detect.rules[index];
}

static const struct conf_key metrics_keys[] = {
	{ "listen", conf_listen, .offset = offsetof(struct config, metrics) },
};

#define KEYS(table) .keys = (table), .key_count = COUNT(table)

const struct conf_section conf_sections[] = {
	{ "paths", KEYS(path_keys), .base = base_config },
	{ "gate", KEYS(gate_keys), .base = base_config },
	{ "country", KEYS(country_keys), .base = base_config },
	{ "service", .named = true, KEYS(service_keys), .open = conf_open_service,
	  .base = base_service },
	{ "class", .named = true, KEYS(class_keys), .open = conf_open_class, .base = base_class },
	{ "list", .named = true, KEYS(list_keys), .open = conf_open_list, .base = base_list },
	{ "log", .named = true, KEYS(log_keys), .open = conf_open_log, .base = base_log },
	{ "outflow", KEYS(outflow_keys), .base = base_outflow },
	{ "pattern", .named = true, KEYS(pattern_keys), .open = conf_open_pattern,
	  .base = base_pattern },
	{ "metrics", KEYS(metrics_keys), .base = base_config },
	{ "alert", KEYS(alert_keys), .base = base_config },
	{ "rule", .named = true, .name = "source-failures", KEYS(source_failures_keys),
	  .index = RULE_SOURCE_FAILURES, .base = base_rule },
	{ "rule", .named = true, .name = "source-accounts", KEYS(source_accounts_keys),
	  .index = RULE_SOURCE_ACCOUNTS, .base = base_rule },
	{ "rule", .named = true, .name = "network-failures", KEYS(network_failures_keys),
	  .index = RULE_NETWORK_FAILURES, .base = base_rule },
	{ "rule", .named = true, .name = "account-siege", KEYS(account_siege_keys),
	  .index = RULE_ACCOUNT_SIEGE, .base = base_rule },
	{ "rule", .named = true, .name = "account-spread", KEYS(account_spread_keys),
	  .index = RULE_ACCOUNT_SPREAD, .base = base_rule },
	{ "rule", .named = true, .name = "account-flood", KEYS(account_flood_keys),
	  .index = RULE_ACCOUNT_FLOOD, .base = base_rule },
	{ "rule", .named = true, .name = "bounce-surge", KEYS(bounce_surge_keys),
	  .index = RULE_BOUNCE_SURGE, .base = base_rule },
	{ "rule", .named = true, .name = "source-abuse", KEYS(source_abuse_keys),
	  .index = RULE_SOURCE_ABUSE, .base = base_rule },
};

const size_t conf_section_count = COUNT(conf_sections);

#define FITS(table) _Static_assert(COUNT(table) <= CONF_KEYS_MAX, "struct conf_use has room")
FITS(gate_keys);
FITS(class_keys);
FITS(outflow_keys);
