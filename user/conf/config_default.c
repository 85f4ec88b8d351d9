// SPDX-License-Identifier: GPL-2.0-or-later
/* The defaults of a configuration, and freeing it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/load.h"
#include "lists/providers.h"

static const struct {
	const char *name;
	uint16_t ports[4];
} builtin_services[] = {
	{ "smtp", { 25 } },	  { "submission", { 465, 587 } }, { "imap", { 143, 993 } },
	{ "pop3", { 110, 995 } }, { "sieve", { 4190 } },
};

static void add_builtin(struct config *config)
{
	for (size_t i = 0; i < sizeof(builtin_services) / sizeof(*builtin_services); i++) {
		struct config_service *service = &config->services[config->service_count++];

		strcpy(service->name, builtin_services[i].name);
		while (builtin_services[i].ports[service->port_count]) {
			service->ports[service->port_count] =
				builtin_services[i].ports[service->port_count];
			service->port_count++;
		}
	}
	strcpy(config->classes[CLASS_PASS].name, "pass");
	strcpy(config->classes[CLASS_DENY].name, "deny");
	config->class_count = 2;
}

/* Debian's data: from its package, else what `make install` installed with the program. */
static bool add_country_files(struct config *config)
{
	static const char *const places[] = { "/usr/share/tor", "/usr/share/sekisho/geoip",
					      "/usr/local/share/sekisho/geoip" };
	const char *place = places[0];

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/geoip", places[i]);
		if (!access(path, R_OK)) {
			place = places[i];
			break;
		}
	}
	config->country_files_default = true;
	config->country_files = calloc(2, sizeof(*config->country_files));
	if (!config->country_files)
		return false;
	for (; config->country_file_count < 2; config->country_file_count++)
		if (asprintf(&config->country_files[config->country_file_count], "%s/%s", place,
			     config->country_file_count ? "geoip6" : "geoip") < 0)
			return false;
	return true;
}

struct config *conf_default(void)
{
	struct config *config = calloc(1, sizeof(*config));

	if (!config)
		return NULL;
	add_builtin(config);
	config->mode = GATE_MONITOR;
	config->hook = HOOK_AUTO;
	config->interface_auto = true;
	config->source_length6 = 64;
	config->network_length6 = 48;
	config->network_length4 = 96 + 24;
	config->ban_size = 131072;
	config->source_size = 65536;
	config->network_size = 32768;
	conf_outflow_defaults(&config->outflow);
	config->policy.recipients = 20;
	config->policy.recipients_day = 50;
	config->paths.state = strdup("/var/lib/sekisho");
	config->paths.pins = strdup("/sys/fs/bpf/sekisho");
	config->paths.runtime = strdup("/run/sekisho");
	config->paths.feeds = strdup("/var/lib/sekisho-fetch");
	config->provider_files = calloc(1, sizeof(*config->provider_files));
	if (config->provider_files) {
		config->provider_files[0] = strdup(PROVIDERS_DEFAULT);
		config->provider_file_count = config->provider_files[0] != NULL;
	}
	config->provider_files_default = true;
	if (!config->paths.state || !config->paths.pins || !config->paths.runtime ||
	    !config->paths.feeds || !add_country_files(config)) {
		config_free(config);
		return NULL;
	}
	detect_defaults(&config->detect);
	return config;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->interface_count; i++)
		free(config->interfaces[i]);
	for (size_t i = 0; config->country_files && i < config->country_file_count; i++)
		free(config->country_files[i]);
	for (size_t i = 0; i < config->list_count; i++) {
		free(config->lists[i].file);
		free(config->lists[i].url);
		free(config->lists[i].authorities);
		free(config->lists[i].key_file);
		free(config->lists[i].providers);
	}
	for (size_t i = 0; i < config->log_count; i++) {
		free(config->logs[i].file);
		free(config->logs[i].containers);
		zone_free(config->logs[i].zone);
	}
	for (size_t i = 0; i < config->pattern_count; i++) {
		free(config->patterns[i].expression);
		free(config->patterns[i].daemon);
		free(config->patterns[i].filter);
		free(config->patterns[i].mode);
	}
	free(config->patterns);
	patterns_free(config->compiled_patterns);
	free(config->path);
	free(config->paths.state);
	free(config->paths.pins);
	free(config->paths.runtime);
	free(config->paths.feeds);
	free(config->cgroup);
	free(config->interfaces);
	for (size_t i = 0; config->provider_files && i < config->provider_file_count; i++)
		free(config->provider_files[i]);
	free(config->provider_files);
	free(config->country_files);
	for (size_t i = 0; i < CONFIG_DATA_COUNT; i++) {
		free(config->data_feeds[i].file);
		free(config->data_feeds[i].url);
	}
	free(config->data_authorities);
	free(config->data_key_file);
	free(config->lists);
	free(config->logs);
	free(config->never_ban);
	for (size_t i = 0; i < config->never_ban_name_count; i++)
		free(config->never_ban_names[i]);
	free(config->never_ban_names);
	free(config->metrics.path);
	free(config->policy.postfix.path);
	free(config->policy.key_file);
	conf_fleet_free(&config->fleet);
	for (size_t i = 0; i < config->alert_words; i++)
		free(config->alert_program[i]);
	free(config->alert_program);
	conf_free_where(config);
	free(config);
}
