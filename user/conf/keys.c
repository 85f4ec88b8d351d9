// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of sections and keys. Not here: those of the rules (rule_keys.c), and how they are
 * processed (sections.c, values.c). */
#include "conf/load.h"

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

static const struct conf_choice cookies[] = { { "auto", COOKIES_AUTO },
					      { "off", COOKIES_OFF },
					      { NULL, 0 } };

/* Besides these, the codes XA to XZ are actions. */
static const struct conf_choice list_actions[] = { { "deny", false },
						   { "allow", true },
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
	{ "syn-cookies", conf_choice, .offset = offsetof(struct config, syn_cookies),
	  .choices = cookies },
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
	{ "url", conf_data_url },
	{ "provider-url", conf_data_url },
	{ "every", conf_duration, .offset = offsetof(struct config, data_every_s),
	  .least = CONFIG_FEED_LEAST_S, .most = 30 * 86400 },
	{ "authorities", conf_path, .offset = offsetof(struct config, data_authorities) },
	{ "key-file", conf_path, .offset = offsetof(struct config, data_key_file) },
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
	{ "action", conf_list_action, .choices = list_actions, .required = true,
	  .forms = ", or a code of your own from XA to XZ, but not XK" },
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
	{ "calm", conf_duration, FIELD(calm_s), .least = 1, .most = CONF_DAY_S },
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
	{ "insecure", conf_choice, POLICY(insecure), .choices = conf_noes },
	{ "recipients", conf_number, POLICY(recipients), .least = 1, .most = 100000 },
	{ "recipients-day", conf_number, POLICY(recipients_day), .least = 1, .most = 1000000 },
	{ "over", conf_choice, POLICY(over), .choices = overs },
};

#define FLEET(name) .offset = offsetof(struct config, fleet.name)

static const struct conf_key fleet_keys[] = {
	{ "server", conf_fleet_server, conf_clear_fleet_servers },
	{ "tls", conf_choice, FLEET(tls), .choices = conf_noes },
	{ "ca-file", conf_path, FLEET(ca_file) },
	{ "tls-name", conf_fleet_tls_name },
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
	  .choices = conf_noes },
};

static void *base_member(struct config *config, size_t index)
{
	return &config->fleet.members[index];
}

static const struct conf_section sections[] = {
	{ "paths", CONF_KEYS(path_keys), .base = base_config },
	{ "gate", CONF_KEYS(gate_keys), .base = base_config },
	{ "country", CONF_KEYS(country_keys), .base = base_config },
	{ "service", .named = true, CONF_KEYS(service_keys), .open = conf_open_service,
	  .base = base_service },
	{ "class", .named = true, CONF_KEYS(class_keys), .open = conf_open_class,
	  .base = base_class },
	{ "list", .named = true, CONF_KEYS(list_keys), .open = conf_open_list, .base = base_list },
	{ "log", .named = true, CONF_KEYS(log_keys), .open = conf_open_log, .base = base_log },
	{ "outflow", CONF_KEYS(outflow_keys), .base = base_outflow },
	{ "pattern", .named = true, CONF_KEYS(pattern_keys), .open = conf_open_pattern,
	  .base = base_pattern },
	{ "metrics", CONF_KEYS(metrics_keys), .base = base_config },
	{ "policy", CONF_KEYS(policy_keys), .base = base_config },
	{ "fleet", CONF_KEYS(fleet_keys), .base = base_config },
	{ "member", .named = true, CONF_KEYS(member_keys), .open = conf_open_member,
	  .base = base_member },
	{ "alert", CONF_KEYS(alert_keys), .base = base_config },
};

const struct conf_section *conf_section_at(size_t index)
{
	if (index < CONF_COUNT(sections))
		return &sections[index];
	index -= CONF_COUNT(sections);
	return index < conf_rule_section_count ? &conf_rule_sections[index] : NULL;
}

#define FITS(table) _Static_assert(CONF_COUNT(table) <= CONF_KEYS_MAX, "struct conf_use has room")
FITS(gate_keys);
FITS(class_keys);
FITS(outflow_keys);
