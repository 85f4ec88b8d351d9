// SPDX-License-Identifier: GPL-2.0-or-later
/* Converts the configuration to the struct that the gate gets. Pure. */
#include "conf/ban_services.h"

#include <string.h>
#include "conf/codes.h"

void config_to_policy(const struct config *config, struct policy *policy)
{
	memset(policy, 0, sizeof(*policy)); /* 0: CLASS_PASS for a country, no service for a port */
	policy->mode = config->mode;
	policy->service_count = (__u32)config->service_count;
	policy->count_syn = config->count == COUNT_SYN;
	policy->syn_cookies = config->syn_cookies == COOKIES_AUTO;
	policy->source_length6 = config->source_length6;
	policy->network_length6 = config->network_length6;
	policy->network_length4 = config->network_length4;
	for (size_t i = 0; i < config->class_count; i++)
		policy->classes[i] = config->classes[i].limits;
	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *service = &config->services[i];
		__u8 group = config_service_group(config, i) == BAN_LOGIN ? PORT_LOGIN : 0;

		memcpy(policy->country_class[i + 1], service->country_class, COUNTRY_COUNT);
		for (size_t j = 0; j < service->port_count; j++)
			policy->port_service[service->ports[j]] = (__u8)(i + 1) | group;
	}
}

const struct config_service *config_needs_countries(const struct config *config)
{
	for (size_t i = 0; i < config->service_count; i++) {
		const uint8_t *classes = config->services[i].country_class;

		for (size_t j = 0; j < COUNTRY_COUNT && classes[COUNTRY_ZZ] == CLASS_DENY; j++)
			if (j != COUNTRY_LAN && classes[j] != CLASS_DENY &&
			    !country_code_is_list((unsigned)j))
				return &config->services[i];
	}
	return NULL;
}

bool config_gives_code(const struct config *config, unsigned code)
{
	for (size_t i = 0; i < config->list_count; i++)
		if (config->lists[i].code == code)
			return true;
	return false;
}

bool config_tells_countries_apart(const struct config *config)
{
	for (size_t i = 0; i < config->service_count; i++) {
		const uint8_t *classes = config->services[i].country_class;

		for (unsigned country = 1; country < COUNTRY_COUNT; country++)
			if (country != COUNTRY_LAN && !country_code_is_list(country) &&
			    classes[country] != classes[0])
				return true;
	}
	return false;
}
