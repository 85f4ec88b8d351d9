// SPDX-License-Identifier: GPL-2.0-or-later
/* [list NAME] services: names that can only be resolved when all services are known. */
#include "conf/load.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "conf/ban_services.h"

static size_t list_index(const struct conf_load *load, const struct config_list *list)
{
	return (size_t)(list - load->config->lists);
}

void conf_clear_list_services(struct conf_load *load, void *base)
{
	size_t list = list_index(load, base), kept = 0;

	for (size_t i = 0; i < load->list_service_count; i++)
		if (load->list_services[i].list != list)
			load->list_services[kept++] = load->list_services[i];
	load->list_service_count = kept;
}

void conf_list_service(struct conf_load *load, const struct conf_key *key, void *base,
		       const char *value)
{
	struct conf_list_service *grown,
		found = { .list = list_index(load, base), .where = load->where };

	(void)key;
	if (!conf_name_valid(value)) {
		conf_fault(load, NULL, "'%s' is no name of a service", value);
		return;
	}
	snprintf(found.name, sizeof(found.name), "%s", value);
	grown = conf_append(load, load->list_services, &load->list_service_count, sizeof(found));
	if (!grown)
		return;
	load->list_services = grown;
	grown[load->list_service_count - 1] = found;
}

/* The services that a word stands for, one bit for each id; 0: none, reported. */
static uint16_t services_of(struct conf_load *load, const struct conf_list_service *word)
{
	const struct config *config = load->config;
	struct nearest nearest = { .word = word->name };
	uint16_t services = 0;

	for (size_t i = 0; i < config->service_count; i++) {
		if (!strcmp(config->services[i].name, word->name))
			return (uint16_t)(2U << i);
		nearest_offer(&nearest, config->services[i].name);
	}
	for (size_t i = 0; i < config->service_count && !strcmp(word->name, "login"); i++)
		if (config_service_group(config, i) == BAN_LOGIN)
			services |= (uint16_t)(2U << i);
	if (services)
		return services;
	if (nearest.found)
		conf_fault(load, &word->where, "there is no service '%s'; did you mean '%s'?",
			   word->name, nearest.found);
	else
		conf_fault(load, &word->where, "there is no service '%s'; add [service %s]",
			   word->name, word->name);
	return 0;
}

void conf_resolve_list_services(struct conf_load *load)
{
	for (size_t i = 0; i < load->list_service_count; i++) {
		const struct conf_list_service *word = &load->list_services[i];

		load->config->lists[word->list].services_said = true;
		load->config->lists[word->list].services |= services_of(load, word);
	}
}
