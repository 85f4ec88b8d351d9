// SPDX-License-Identifier: GPL-2.0-or-later
/* See ban_services.h. */
#include "conf/ban_services.h"

#include <errno.h>
#include <string.h>

#define SMTP_PORT 25

enum ban_services config_service_group(const struct config *config, size_t index)
{
	const struct config_service *service = &config->services[index];

	for (size_t i = 0; i < service->port_count; i++)
		if (service->ports[i] == SMTP_PORT)
			return BAN_SMTP;
	return strcmp(service->name, "smtp") ? BAN_LOGIN : BAN_SMTP;
}

static uint16_t services_by_code(const struct config *config, uint16_t code)
{
	uint16_t services = 0;

	for (size_t i = 0; i < config->service_count; i++)
		if (!config->services[i].removed &&
		    config->services[i].country_class[code] != CLASS_UNNAMED)
			services |= (uint16_t)(2U << i);
	return services;
}

uint16_t config_list_services(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->list_count; i++) {
		const struct config_list *list = &config->lists[i];

		if (strcmp(list->name, name) != 0)
			continue;
		if (list->code)
			return services_by_code(config, list->code);
		if (list->services)
			return list->services;
	}
	return ALL_SERVICES;
}

const char *ban_services_word(enum ban_services services)
{
	switch (services & BAN_ALL) {
	case BAN_SMTP:
		return "smtp";
	case BAN_LOGIN:
		return "login";
	case BAN_ALL:
		return "all";
	default:
		return "none";
	}
}

int ban_services_read(const struct config *config, const char *word)
{
	static const enum ban_services groups[] = { BAN_SMTP, BAN_LOGIN, BAN_ALL };

	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (!strcmp(word, ban_services_word(groups[i])))
			return (int)groups[i];
	for (size_t i = 0; i < config->service_count; i++)
		if (!config->services[i].removed && !strcmp(word, config->services[i].name))
			return (int)config_service_group(config, i);
	return -EINVAL;
}
