// SPDX-License-Identifier: GPL-2.0-or-later
/* See ban_services.h. */
#include "conf/ban_services.h"

#include <errno.h>
#include <stdio.h>
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

/* Whether `words`, separated by spaces, have this one. */
static bool has_word(const char *words, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = words; *at; at += strcspn(at, " "), at += strspn(at, " "))
		if (strcspn(at, " ") == size && !strncmp(at, word, size))
			return true;
	return false;
}

static uint16_t kept_services(const struct config *config, const char *kept)
{
	bool login = has_word(kept, "login");
	uint16_t services = 0;

	if (!*kept || !strcmp(kept, KEPT_ALL))
		return ALL_SERVICES;
	for (size_t i = 0; i < config->service_count; i++)
		if (!config->services[i].removed &&
		    (has_word(kept, config->services[i].name) ||
		     (login && config_service_group(config, i) == BAN_LOGIN)))
			services |= (uint16_t)(2U << i);
	return services;
}

/* The section of the list; NULL: it has none, or one that does not say which services. */
static const struct config_list *section_of(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->list_count; i++) {
		const struct config_list *list = &config->lists[i];

		if (!strcmp(list->name, name))
			return list->services || list->code || !list->services_said ? list : NULL;
	}
	return NULL;
}

uint16_t config_list_services(const struct config *config, const char *name, const char *kept)
{
	const struct config_list *list = section_of(config, name);

	if (!list)
		return kept_services(config, kept);
	if (list->code)
		return services_by_code(config, list->code);
	return list->services ? list->services : ALL_SERVICES;
}

bool config_keep_services(const struct config *config, const char *name,
			  char kept[KEPT_SERVICES_SIZE])
{
	const struct config_list *list = section_of(config, name);
	char now[KEPT_SERVICES_SIZE] = KEPT_ALL;
	size_t used = 0;

	if (!list || list->code)
		return false;
	for (size_t i = 0; list->services && i < config->service_count; i++)
		if (list->services >> (i + 1) & 1)
			used += (size_t)snprintf(now + used, sizeof(now) - used, "%s%s",
						 used ? " " : "", config->services[i].name);
	if (!strcmp(kept, now))
		return false;
	memcpy(kept, now, KEPT_SERVICES_SIZE);
	return true;
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
