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
	{ "feeds", conf_path, .offset = offsetof(struct config, paths.feeds) },
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
	{ "providers", conf_provider_file, conf_clear_provider_files, .paths = true },
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
	{ "url", conf_url },
	{ "crowdsec", conf_url },
	{ "key-file", conf_path, .offset = offsetof(struct config_list, key_file) },
	{ "every", conf_duration, .offset = offsetof(struct config_list, every_s), .least = 60,
	  .most = 30 * 86400 },
	{ "authorities", conf_path, .offset = offsetof(struct config_list, authorities) },
	{ "services", conf_list_service, conf_clear_list_services },
	{ "providers", conf_list_provider, conf_clear_list_providers },
};

static const struct conf_key log_keys[] = {
	{ "file", conf_path, .offset = offsetof(struct config_log, file) },
	{ "journal", conf_journal, .offset = offsetof(struct config_log, file) },
	{ "docker", conf_docker, .offset = offsetof(struct config_log, file) },
	{ "containers", conf_path, .offset = offsetof(struct config_log, containers) },
	{ "zone", conf_zone, .offset = offsetof(struct config_log, zone) },
	{ "format", conf_format, .offset = offsetof(struct config_log, bare) },
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
	  .text = true },
	{ "filter", conf_text, .offset = offsetof(struct config_pattern, filter) },
	{ "mode", conf_text, .offset = offsetof(struct config_pattern, mode) },
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

/* A second count, and its window. */
#define RULE_LONG_KEY(key, maximum)                                                     \
	{                                                                               \
		key, conf_number, .offset = offsetof(struct rule_settings, long_count), \
				  .least = 1, .most = (maximum)                         \
	}
#define RULE_SPAN_KEY(key, field)                                                                \
	{                                                                                        \
		key, conf_duration, .offset = offsetof(struct rule_settings, field), .least = 1, \
				    .most = 30 * DAY_S                                           \
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

/* `networks` is what `providers` was called before they were told apart. */
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

static const struct conf_choice noes[] = { { "no", 0 }, { "yes", 1 }, { NULL, 0 } };

/* What several rules share. */
static const struct conf_key rules_keys[] = {
	{ "realm", conf_realm },
	{ "ban-lan", conf_choice, .offset = offsetof(struct detect_settings, ban_lan),
	  .choices = noes },
	{ "learn", conf_duration, .offset = offsetof(struct detect_settings, learn_s), .least = 1,
	  .most = 366 * DAY_S },
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

static const struct conf_key metrics_keys[] = {
	{ "listen", conf_listen, .offset = offsetof(struct config, metrics),
	  .forms = "127.0.0.1:9119, [::1]:9119, unix:/run/sekisho/metrics or off" },
};

static const struct conf_choice overs[] = { { "hold", OVER_HOLD },
					    { "defer", OVER_DEFER },
					    { "reject", OVER_REJECT },
					    { "off", OVER_OFF },
					    { NULL, 0 } };

#define POLICY(name) .offset = offsetof(struct config, policy.name)

static const struct conf_key policy_keys[] = {
	{ "dovecot", conf_listen_tcp, POLICY(dovecot),
	  .forms = "127.0.0.1:9120, [::1]:9120 or off" },
	{ "api-key-file", conf_path, POLICY(key_file) },
	{ "postfix", conf_listen, POLICY(postfix),
	  .forms = "unix:/var/spool/postfix/private/sekisho, 127.0.0.1:10040 or off" },
	{ "insecure", conf_choice, POLICY(insecure), .choices = noes },
	{ "recipients", conf_number, POLICY(recipients), .least = 1, .most = 100000 },
	{ "recipients-day", conf_number, POLICY(recipients_day), .least = 1, .most = 1000000 },
	{ "over", conf_choice, POLICY(over), .choices = overs },
};

#define FLEET(name) .offset = offsetof(struct config, fleet.name)

static const struct conf_key fleet_keys[] = {
	{ "server", conf_fleet_server },
	{ "tls", conf_choice, FLEET(tls), .choices = noes },
	{ "user", conf_fleet_user },
	{ "password-file", conf_path, FLEET(password_file) },
	{ "member", conf_fleet_member },
	{ "key", conf_path, FLEET(key_file) },
	{ "secret", conf_path, FLEET(secret_file) },
	{ "quorum", conf_number, FLEET(quorum), .least = 1, .most = 8 },
	{ "budget", conf_rate, FLEET(budget_interval_ns) },
};

static const struct conf_key member_keys[] = {
	{ "key", conf_member_key, conf_clear_member_keys, .paths = true },
	{ "site", conf_member_site },
	{ "revoked", conf_choice, .offset = offsetof(struct config_member, revoked),
	  .choices = noes },
};

static void *base_member(struct config *config, size_t index)
{
	return &config->fleet.members[index];
}

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
	{ "policy", KEYS(policy_keys), .base = base_config },
	{ "fleet", KEYS(fleet_keys), .base = base_config },
	{ "member", .named = true, KEYS(member_keys), .open = conf_open_member,
	  .base = base_member },
	{ "alert", KEYS(alert_keys), .base = base_config },
	{ "rules", KEYS(rules_keys), .base = base_rules },
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
	{ "rule", .named = true, .name = "source-slow", KEYS(source_accounts_keys),
	  .index = RULE_SOURCE_SLOW, .base = base_rule },
	{ "rule", .named = true, .name = "server-spray", KEYS(server_spray_keys),
	  .index = RULE_SERVER_SPRAY, .base = base_rule },
	{ "rule", .named = true, .name = "server-ill", KEYS(server_ill_keys),
	  .index = RULE_SERVER_ILL, .base = base_rule },
	{ "rule", .named = true, .name = "place-failures", KEYS(place_failures_keys),
	  .index = RULE_PLACE_FAILURES, .base = base_rule },
	{ "rule", .named = true, .name = "account-old-password", KEYS(account_old_password_keys),
	  .index = RULE_ACCOUNT_OLD_PASSWORD, .base = base_rule },
};

const size_t conf_section_count = COUNT(conf_sections);

#define FITS(table) _Static_assert(COUNT(table) <= CONF_KEYS_MAX, "struct conf_use has room")
FITS(gate_keys);
FITS(class_keys);
FITS(outflow_keys);
