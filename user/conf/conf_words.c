// SPDX-License-Identifier: GPL-2.0-or-later
/* The kinds of values that are lists of words, one word at a time: how each list is emptied and
 * extended. Not here: single values (values.c). */
#include "conf/load.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/codes.h"
#include "net/address.h"

void conf_clear_interfaces(struct conf_load *load, void *base)
{
	struct config *config = base;

	(void)load;
	while (config->interface_count)
		free(config->interfaces[--config->interface_count]);
	config->interface_auto = false;
}

static bool interface_name_valid(const char *name)
{
	return strlen(name) < IF_NAMESIZE && strcmp(name, ".") && strcmp(name, "..") &&
	       !strpbrk(name, "/: \t");
}

static void add_string(struct conf_load *load, char ***strings, size_t *count, const char *text)
{
	char **grown = conf_append(load, *strings, count, sizeof(**strings));

	if (!grown)
		return;
	*strings = grown;
	grown[*count - 1] = strdup(text);
	if (!grown[*count - 1]) {
		(*count)--;
		conf_out_of_memory(load);
	}
}

void conf_interface(struct conf_load *load, const struct conf_key *key, void *base,
		    const char *value)
{
	struct config *config = base;
	bool is_auto = !strcmp(value, "auto");

	(void)key;
	if (config->interface_auto || (is_auto && config->interface_count)) {
		conf_fault(load, NULL, "'interface' is either 'auto' or names, not both");
		return;
	}
	if (is_auto) {
		config->interface_auto = true;
		return;
	}
	if (!interface_name_valid(value)) {
		conf_fault(load, NULL,
			   "'%s' is no name of a network interface; `ip link` lists them", value);
		return;
	}
	for (size_t i = 0; i < config->interface_count; i++)
		if (!strcmp(config->interfaces[i], value)) {
			conf_fault(load, NULL, "the interface '%s' is named twice", value);
			return;
		}
	add_string(load, &config->interfaces, &config->interface_count, value);
}

void conf_clear_prefixes(struct conf_load *load, void *base)
{
	struct config *config = base;

	(void)load;
	config->never_ban_count = 0;
	while (config->never_ban_name_count)
		free(config->never_ban_names[--config->never_ban_name_count]);
}

/* It has a letter and no ':', so it is no address. */
static bool is_host_name(const char *value)
{
	return !strchr(value, ':') &&
	       strpbrk(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* At least two labels of letters, digits and hyphens, separated by dots (RFC 1123, 2.1). The last
 * one begins with a letter, so that a mistyped address is no name. */
static bool is_dns_name(const char *value)
{
	size_t size = strlen(value), labels = 0, length;

	if (size >= DNS_NAME_SIZE)
		return false;
	for (const char *at = value;; at += length + 1) {
		length = strcspn(at, ".");
		if (!length || length > 63 || at[0] == '-' || at[length - 1] == '-' ||
		    strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") <
			    length)
			return false;
		labels++;
		if (!at[length])
			return labels > 1 && (at[0] < '0' || at[0] > '9') && length > 1;
	}
}

static void add_never_ban_name(struct conf_load *load, struct config *config, const char *value)
{
	for (size_t i = 0; i < config->never_ban_name_count; i++)
		if (!strcasecmp(config->never_ban_names[i], value))
			return;
	if (config->never_ban_name_count == NEVER_BAN_NAMES_MOST) {
		conf_fault(load, NULL, "'%s' is one name too many: there can be %d", value,
			   NEVER_BAN_NAMES_MOST);
		config->never_ban_faulty = true;
		return;
	}
	add_string(load, &config->never_ban_names, &config->never_ban_name_count, value);
}

bool conf_read_prefix(struct conf_load *load, const char *value, struct prefix *prefix)
{
	char corrected[PREFIX_TEXT_SIZE];
	int error = prefix_parse(value, strlen(value), prefix);

	if (error == -EDOM) {
		prefix_format(prefix, corrected);
		conf_fault(load, NULL, "'%s' has bits beyond its length; write %s", value,
			   corrected);
	} else if (error && is_host_name(value)) {
		conf_fault(load, NULL,
			   "'%s' is not a full DNS name: write it whole, as "
			   "home.example.net, or the address or prefix, as 192.0.2.0/24",
			   value);
	} else if (error) {
		conf_fault(load, NULL,
			   "'%s' is no address and no prefix; write it as 192.0.2.0/24 or "
			   "2001:db8::/32",
			   value);
	}
	return !error;
}

void conf_prefix(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	struct config *config = base;
	struct prefix prefix, *grown;

	(void)key;
	if (is_host_name(value) && is_dns_name(value)) {
		add_never_ban_name(load, config, value);
		return;
	}
	if (!conf_read_prefix(load, value, &prefix)) {
		config->never_ban_faulty = true;
		return;
	}
	grown = conf_append(load, config->never_ban, &config->never_ban_count, sizeof(prefix));
	if (!grown)
		return;
	config->never_ban = grown;
	grown[config->never_ban_count - 1] = prefix;
}

void conf_clear_country_files(struct conf_load *load, void *base)
{
	struct config *config = base;

	(void)load;
	while (config->country_file_count)
		free(config->country_files[--config->country_file_count]);
	config->country_files_default = false;
}

void conf_country_file(struct conf_load *load, const struct conf_key *key, void *base,
		       const char *value)
{
	struct config *config = base;
	char *path = conf_read_path(load, key, value);

	if (!path)
		return;
	add_string(load, &config->country_files, &config->country_file_count, path);
	free(path);
}

void conf_clear_provider_files(struct conf_load *load, void *base)
{
	struct config *config = base;

	(void)load;
	while (config->provider_file_count)
		free(config->provider_files[--config->provider_file_count]);
	config->provider_files_default = false;
}

void conf_provider_file(struct conf_load *load, const struct conf_key *key, void *base,
			const char *value)
{
	struct config *config = base;
	char *path = conf_read_path(load, key, value);

	if (!path)
		return;
	add_string(load, &config->provider_files, &config->provider_file_count, path);
	free(path);
}

static size_t service_index(const struct conf_load *load, const struct config_service *service)
{
	return (size_t)(service - load->config->services);
}

void conf_clear_ports(struct conf_load *load, void *base)
{
	struct config_service *service = base;

	service->port_count = 0;
	load->no_ports[service_index(load, service)] = false;
}

void conf_port(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	struct config_service *service = base;
	size_t most = sizeof(service->ports) / sizeof(*service->ports);
	size_t index = service_index(load, service);
	bool none = !strcmp(value, "none");
	uint64_t port;

	(void)key;
	if (load->no_ports[index] || (none && service->port_count)) {
		conf_fault(load, NULL, "'ports' is either 'none' or numbers, not both");
		return;
	}
	if (none) {
		load->no_ports[index] = true;
		return;
	}
	if (!conf_read_number(value, 1, 65535, &port)) {
		conf_fault(load, NULL, "'%s' is no TCP port; ports are 1 to 65535", value);
		return;
	}
	for (size_t i = 0; i < service->port_count; i++)
		if (service->ports[i] == port) {
			conf_fault(load, NULL, "port %s is named twice", value);
			return;
		}
	if (service->port_count == most) {
		conf_fault(load, NULL, "a service has at most %zu ports", most);
		return;
	}
	load->ports[index][service->port_count] = load->where;
	service->ports[service->port_count++] = (uint16_t)port;
}

void conf_clear_service_countries(struct conf_load *load, void *base)
{
	size_t service = service_index(load, base), kept = 0;

	for (size_t i = 0; i < load->country_count; i++)
		if (load->countries[i].service != service)
			load->countries[kept++] = load->countries[i];
	load->country_count = kept;
}

int conf_read_country(struct conf_load *load, const char *text, size_t size)
{
	int country;

	if (size == 1 && *text == '*')
		return -1;
	country = country_from_text(text, size);
	if (country == country_from_text("UK", 2)) {
		conf_fault(load, NULL, "'%.*s' is no country code; the United Kingdom's is GB",
			   (int)size, text);
		return -2;
	}
	if (country < 0 || !country_code_known((unsigned)country)) {
		conf_fault(load, NULL,
			   "'%.*s' is no country code; it is two letters of ISO 3166 (JP), ZZ for "
			   "unknown, LAN for local addresses, or * for all others",
			   (int)size, text);
		return -2;
	}
	return country;
}

void conf_service_country(struct conf_load *load, const struct conf_key *key, void *base,
			  const char *value)
{
	struct conf_country found = { .service = service_index(load, base), .where = load->where };
	struct conf_country *grown;
	const char *colon = strchr(value, ':');

	(void)key;
	if (!colon || !conf_name_valid(colon + 1)) {
		conf_fault(load, NULL,
			   "'%s' is not COUNTRY:CLASS; write, for example, JP:home *:deny", value);
		return;
	}
	found.country = country_from_text(value, (size_t)(colon - value));
	if (found.country < 0 || !country_code_is_list((unsigned)found.country))
		found.country = conf_read_country(load, value, (size_t)(colon - value));
	if (found.country < -1)
		return;
	snprintf(found.class_name, sizeof(found.class_name), "%s", colon + 1);
	for (size_t i = 0; i < load->country_count; i++)
		if (load->countries[i].service == found.service &&
		    load->countries[i].country == found.country) {
			conf_fault(load, NULL, "'%.*s' is named twice; the first time in line %u",
				   (int)(colon - value), value, load->countries[i].where.line);
			return;
		}
	grown = conf_append(load, load->countries, &load->country_count, sizeof(found));
	if (!grown)
		return;
	load->countries = grown;
	grown[load->country_count - 1] = found;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

bool conf_name_valid(const char *name)
{
	static const char letters[] = LETTERS, letters_and_marks[] = LETTERS "._-";
	size_t size = strlen(name);

	return size && size < CONFIG_NAME_SIZE && strchr(letters, *name) &&
	       strspn(name, letters_and_marks) == size;
}
