// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks that need the whole configuration: names that refer to each other, ports and limits that
 * must fit together, missing keys. */
#include "conf/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/time.h"
#include "conf/codes.h"

static void check_required(struct conf_load *load, const struct conf_use *use)
{
	const struct conf_section *section = use->section;

	for (size_t i = 0; i < section->key_count; i++) {
		const struct conf_key *key = &section->keys[i];

		if (key->required && !use->keys[i].where.file)
			conf_fault(load, &use->where, "[%s %s] has no '%s'", section->kind,
				   use->name, key->name);
		if (key->clear && use->keys[i].where.file && !use->keys[i].values)
			conf_fault(load, &use->keys[i].where, "'%s' has no value", key->name);
	}
}

/* ---- classes ---- */

static const struct scope {
	const char *rate, *burst;
	size_t interval_offset, burst_offset;
} scopes[] = {
	{ "rate", "burst", offsetof(struct limits, source_interval_ns),
	  offsetof(struct limits, source_burst) },
	{ "network-rate", "network-burst", offsetof(struct limits, network_interval_ns),
	  offsetof(struct limits, network_burst) },
	{ "country-rate", "country-burst", offsetof(struct limits, country_interval_ns),
	  offsetof(struct limits, country_burst) },
};

static const struct scope outflow_scopes[] = {
	{ "rate", "burst", offsetof(struct limits, source_interval_ns),
	  offsetof(struct limits, source_burst) },
	{ "guest-rate", "guest-burst", offsetof(struct limits, network_interval_ns),
	  offsetof(struct limits, network_burst) },
};

static uint32_t default_burst(uint64_t interval_ns)
{
	uint64_t burst = 60 * (uint64_t)NS_PER_S / interval_ns;

	return burst < 1 ? 1 : burst > CONFIG_BURST_MAX ? CONFIG_BURST_MAX : (uint32_t)burst;
}

static void check_scope(struct conf_load *load, const struct conf_use *use,
			const struct scope *scope, struct limits *limits)
{
	uint64_t *interval_ns = (uint64_t *)((char *)limits + scope->interval_offset);
	uint32_t *burst = (uint32_t *)((char *)limits + scope->burst_offset);
	struct conf_where where = conf_key_where(use, scope->burst);

	if (*burst && !conf_key_where(use, scope->rate).file)
		conf_fault(load, &where, "'%s' is nothing without '%s'", scope->burst, scope->rate);
	if (!*interval_ns)
		return;
	if (!*burst)
		*burst = default_burst(*interval_ns);
	else if (*burst > 366 * 86400 * (uint64_t)NS_PER_S / *interval_ns)
		conf_fault(load, &where, "'%s' is more than '%s' gives in a year", scope->burst,
			   scope->rate);
}

static const char *nearest_class(const struct config *config, const char *name)
{
	struct nearest nearest = { .word = name };

	for (size_t i = 0; i < config->class_count; i++)
		nearest_offer(&nearest, config->classes[i].name);
	return nearest.found;
}

/* The class's id, or CLASS_MAX, reported. */
static size_t find_class(struct conf_load *load, const struct conf_country *country)
{
	const struct config *config = load->config;
	const char *nearest;

	for (size_t i = 0; i < config->class_count; i++)
		if (!strcmp(config->classes[i].name, country->class_name))
			return i;
	nearest = nearest_class(config, country->class_name);
	if (nearest)
		conf_fault(load, &country->where, "there is no class '%s'; did you mean '%s'?",
			   country->class_name, nearest);
	else
		conf_fault(load, &country->where, "there is no class '%s'; add [class %s]",
			   country->class_name, country->class_name);
	return CLASS_MAX;
}

/* Mail comes from every country: "*:deny" on port 25 would refuse most of it. */
static void check_port25(struct conf_load *load, const struct conf_country *country)
{
	const struct config_service *service = &load->config->services[country->service];

	for (size_t i = 0; i < service->port_count; i++)
		if (service->ports[i] == 25)
			conf_fault(load, &country->where,
				   "'*:deny' on port 25 refuses the mail of every country that is "
				   "not named; deny some by name (XX:deny), bound the others with "
				   "a class (*:CLASS), and keep *:deny for services of logins");
}

/* A code that a list gives changes nothing unless the service names it. */
static void unname_codes(const struct config *config, uint8_t *classes)
{
	for (size_t i = 0; i < config->list_count; i++)
		if (config->lists[i].code)
			classes[config->lists[i].code] = CLASS_UNNAMED;
}

static void check_code(struct conf_load *load, const struct conf_country *country)
{
	char code[COUNTRY_TEXT_SIZE];

	if (config_gives_code(load->config, (unsigned)country->country))
		return;
	country_to_text((unsigned)country->country, code);
	conf_fault(load, &country->where,
		   "no list gives the code %s; add 'action = %s' to the list whose addresses it "
		   "is to stand for",
		   code, code);
}

/* "*" is applied first, wherever it stands; unnamed countries pass. Local addresses have no
 * country: only the name LAN applies to them. */
static void resolve_countries(struct conf_load *load)
{
	for (size_t i = 0; i < load->config->service_count; i++)
		unname_codes(load->config, load->config->services[i].country_class);
	for (int all = 1; all >= 0; all--)
		for (size_t i = 0; i < load->country_count; i++) {
			const struct conf_country *country = &load->countries[i];
			uint8_t *classes = load->config->services[country->service].country_class;
			size_t class;

			if ((country->country < 0) != all)
				continue;
			class = find_class(load, country);
			if (class == CLASS_MAX)
				continue;
			if (all && class == CLASS_DENY)
				check_port25(load, country);
			if (all) {
				memset(classes, (int)class, COUNTRY_COUNT);
				classes[COUNTRY_LAN] = CLASS_PASS;
				unname_codes(load->config, classes);
			} else {
				if (country_code_is_list((unsigned)country->country))
					check_code(load, country);
				classes[country->country] = (uint8_t) class;
			}
		}
}

/* ---- services ---- */

static void port_taken(struct conf_load *load, size_t service, size_t at, size_t owner)
{
	const struct config_service *services = load->config->services;
	const struct conf_where *where = &load->ports[service][at];
	unsigned port = services[service].ports[at];

	/* The fault is reported where the user wrote something: a built-in port has no line. */
	if (!where->file) {
		for (at = 0; services[owner].ports[at] != port;)
			at++;
		where = &load->ports[owner][at];
		owner = service;
	}
	conf_fault(load, where,
		   "port %u is already that of the service '%s'; take it out of one of them "
		   "('ports = none' empties a service)",
		   port, services[owner].name);
}

static void check_ports(struct conf_load *load)
{
	const struct config *config = load->config;
	uint8_t owners[PORT_COUNT] = { 0 };

	for (size_t i = 0; i < config->service_count; i++)
		for (size_t j = 0; j < config->services[i].port_count; j++) {
			uint8_t *owner = &owners[config->services[i].ports[j]];

			if (*owner)
				port_taken(load, i, j, *owner - 1U);
			else
				*owner = (uint8_t)(i + 1);
		}
}

static void check_service(struct conf_load *load, const struct conf_use *use)
{
	if (!load->config->services[use->index].port_count && !conf_key_where(use, "ports").file)
		conf_fault(load, &use->where, "[service %s] has no 'ports'", use->name);
}

/* ---- all of it ---- */

static void check_lengths(struct conf_load *load, const struct conf_use *use)
{
	struct conf_where where = conf_key_where(use, "network-prefix6");

	if (!where.file)
		where = conf_key_where(use, "source-prefix6");
	if (load->config->network_length6 > load->config->source_length6)
		conf_fault(load, &where,
			   "'network-prefix6' (%u) is longer than 'source-prefix6' (%u); a network "
			   "holds its sources",
			   load->config->network_length6, load->config->source_length6);
}

/* A log is read from exactly one place. */
static void check_log(struct conf_load *load, const struct conf_use *use)
{
	static const char *const kinds[] = { "file", "journal", "docker" };
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct conf_where where = conf_key_where(use, kinds[i]);

		if (!where.file)
			continue;
		if (first)
			conf_fault(load, &where,
				   "[log %s] has both '%s' and '%s'; make two logs of it",
				   use->name, first, kinds[i]);
		first = kinds[i];
	}
	if (!first)
		conf_fault(load, &use->where, "[log %s] has no 'file', 'journal' or 'docker'",
			   use->name);
}

/* A list is filled from exactly one place. */
static void check_list(struct conf_load *load, const struct conf_use *use)
{
	const struct config_list *list = &load->config->lists[use->index];
	struct conf_where where = conf_key_where(use, "services");

	if (list->code && where.file)
		conf_fault(load, &where,
			   "the code of [list %s] counts for the services that name it in "
			   "'countries'; leave 'services' out",
			   use->name);
	where = conf_key_where(use, "providers");
	if (list->file && list->provider_count)
		conf_fault(load, &where,
			   "[list %s] has both 'file' and 'providers'; make two lists of it",
			   use->name);
}

void conf_finish(struct conf_load *load)
{
	struct config *config = load->config;

	for (size_t i = 0; i < load->use_count; i++) {
		const struct conf_use *use = &load->uses[i];
		const char *kind = use->section->kind;

		conf_keep_where(load, use);
		check_required(load, use);
		if (!strcmp(kind, "gate"))
			check_lengths(load, use);
		else if (!strcmp(kind, "policy"))
			conf_check_policy(load, use);
		else if (!strcmp(kind, "fleet"))
			conf_check_fleet(load, use);
		else if (!strcmp(kind, "service"))
			check_service(load, use);
		else if (!strcmp(kind, "list")) {
			check_list(load, use);
			conf_check_feed(load, use);
		} else if (!strcmp(kind, "log"))
			check_log(load, use);
		else if (!strcmp(kind, "pattern"))
			conf_compile_pattern(load, use);
		for (size_t scope = 0; scope < 3 && !strcmp(kind, "class"); scope++)
			check_scope(load, use, &scopes[scope], &config->classes[use->index].limits);
		for (size_t scope = 0; scope < 2 && !strcmp(kind, "outflow"); scope++)
			check_scope(load, use, &outflow_scopes[scope], &config->outflow.limits);
	}
	check_ports(load);
	resolve_countries(load);
	conf_resolve_list_services(load);
	conf_feed_services(config);
	conf_check_data_feeds(load);
	config->detect.source_length6 = config->source_length6;
	config->detect.network_length6 = config->network_length6;
	config->detect.network_length4 = config->network_length4;
}
