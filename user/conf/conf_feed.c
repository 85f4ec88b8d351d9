// SPDX-License-Identifier: GPL-2.0-or-later
/* [list NAME] url, [country] url and provider-url: where a file is fetched from, and where the
 * fetched file is kept. */
#include "conf/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/ban_services.h"

#define URL_MOST    1024
#define SOCKET_MOST 108 /* sockaddr_un */

/* "/SOCKET:/PATH" */
static bool is_socket(const char *text)
{
	const char *colon = strchr(text, ':');

	return *text == '/' && colon && colon - text < SOCKET_MOST &&
	       (!colon[1] || colon[1] == '/');
}

/* HTTPS to any host; HTTP only to this machine, where nobody else can change what is received. */
static bool is_place(const char *value)
{
	static const char *const begins[] = { "https://", "http://127.0.0.1", "http://localhost",
					      "http://[::1]" };
	bool good = !strncmp(value, "http+unix:", 10) && is_socket(value + 10);

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins) && !good; i++) {
		size_t size = strlen(begins[i]);

		good = !strncmp(value, begins[i], size) && value[size] &&
		       (i ? strchr(":/", value[size]) != NULL : value[size] != '/');
	}
	for (const char *at = value; *at; at++)
		good &= *at > ' ' && *at <= '~';
	/* no user part: "http://127.0.0.1:80@elsewhere" */
	return good && !strchr(value, '@') && strlen(value) <= URL_MOST;
}

static bool check_place(struct conf_load *load, const char *value)
{
	if (is_place(value))
		return true;
	conf_fault(load, NULL,
		   "'%s' is no address of a feed; it begins with https:// (http:// for "
		   "127.0.0.1, [::1] and localhost alone, http+unix:/SOCKET:/PATH) and has "
		   "no blank and no '@'",
		   value);
	return false;
}

static void set_url(struct conf_load *load, struct config_list *list, const char *value)
{
	free(list->url);
	list->url = strdup(value);
	if (!list->url)
		conf_out_of_memory(load);
}

void conf_data_url(struct conf_load *load, const struct conf_key *key, void *base,
		   const char *value)
{
	struct config *config = base;

	if (check_place(load, value))
		set_url(load,
			&config->data_feeds[strcmp(key->name, "url") ? CONFIG_PROVIDERS
								     : CONFIG_COUNTRIES],
			value);
}

void conf_url(struct conf_load *load, const struct conf_key *key, void *base, const char *value)
{
	struct config_list *list = base;
	bool crowdsec = !strcmp(key->name, "crowdsec");

	if (!check_place(load, value))
		return;
	if (crowdsec && strchr(value, '?')) {
		conf_fault(load, NULL,
			   "'%s' is no address of a LAPI; name where it listens, as "
			   "http://127.0.0.1:8080",
			   value);
		return;
	}
	if (list->url && crowdsec != list->crowdsec) {
		conf_fault(load, NULL, "both 'url' and 'crowdsec'; make two lists of it");
		return;
	}
	list->crowdsec = crowdsec;
	set_url(load, list, value);
}

static bool check_crowdsec(struct conf_load *load, const struct conf_use *use,
			   const struct config_list *list)
{
	struct conf_where where = conf_key_where(use, "crowdsec");

	if (list->crowdsec && (list->allow || list->code))
		conf_fault(load, &where,
			   "[list %s] does not deny, but CrowdSec's decisions are bans; action = "
			   "deny",
			   use->name);
	else if (list->crowdsec && !list->key_file)
		conf_fault(load, &where,
			   "[list %s] has no 'key-file'; `cscli bouncers add sekisho` makes the "
			   "key for it",
			   use->name);
	else
		return true;
	return false;
}

void conf_check_feed(struct conf_load *load, const struct conf_use *use)
{
	struct config *config = load->config;
	struct config_list *list = &config->lists[use->index];
	struct conf_where where = conf_key_where(use, list->crowdsec ? "crowdsec" : "url");

	if (!list->every_s)
		list->every_s = list->crowdsec ? CONFIG_CROWDSEC_EVERY_S : CONFIG_FEED_EVERY_S;
	if (!list->url || !check_crowdsec(load, use, list))
		return;
	if (!list->crowdsec && list->every_s < CONFIG_FEED_LEAST_S) {
		where = conf_key_where(use, "every");
		conf_fault(load, &where,
			   "[list %s] 'every' is less than 15m, which only 'crowdsec' may have",
			   use->name);
		return;
	}
	if (list->file || list->provider_count) {
		conf_fault(load, &where, "[list %s] has both '%s' and '%s'; make two lists of it",
			   use->name, list->crowdsec ? "crowdsec" : "url",
			   list->file ? "file" : "providers");
		return;
	}
	if (asprintf(&list->file, "%s/%s.list", config->paths.feeds, list->name) < 0) {
		list->file = NULL;
		conf_out_of_memory(load);
	}
}

/* Adds the feed's file to the files that the configuration names. If it names none, the file takes
 * the place of the default ones. */
static void add_file(struct conf_load *load, const struct config_list *feed, bool is_default,
		     char ***files, size_t *count)
{
	char **grown;

	while (is_default && *count)
		free((*files)[--*count]);
	grown = conf_append(load, *files, count, sizeof(**files));
	if (!grown)
		return;
	*files = grown;
	grown[*count - 1] = strdup(feed->file);
	if (!grown[*count - 1])
		conf_out_of_memory(load);
}

void conf_check_data_feeds(struct conf_load *load)
{
	static const char *const names[] = { "country-data", "provider-data" };
	struct config *config = load->config;

	for (size_t i = 0; i < CONFIG_DATA_COUNT; i++) {
		struct config_list *feed = &config->data_feeds[i];

		if (!feed->url)
			continue;
		strcpy(feed->name, names[i]);
		feed->every_s = config->data_every_s ? config->data_every_s : CONFIG_DATA_EVERY_S;
		for (size_t j = 0; j < config->list_count; j++)
			if (!strcmp(config->lists[j].name, feed->name))
				conf_fault(load, NULL,
					   "[list %s] has the name that the data of [country] is "
					   "fetched under; give it another one",
					   feed->name);
		if (asprintf(&feed->file, "%s/%s.data", config->paths.feeds, feed->name) < 0) {
			feed->file = NULL;
			conf_out_of_memory(load);
			return;
		}
		if (i == CONFIG_COUNTRIES)
			add_file(load, feed, config->country_files_default, &config->country_files,
				 &config->country_file_count);
		else
			add_file(load, feed, config->provider_files_default,
				 &config->provider_files, &config->provider_file_count);
	}
}

const struct config_list *config_feed(const struct config *config, size_t index)
{
	for (size_t i = 0; i < config->list_count; i++)
		if (config->lists[i].url && !index--)
			return &config->lists[i];
	for (size_t i = 0; i < CONFIG_DATA_COUNT; i++)
		if (config->data_feeds[i].url && !index--)
			return &config->data_feeds[i];
	return NULL;
}

void conf_feed_services(struct config *config)
{
	for (size_t i = 0; i < config->list_count; i++) {
		struct config_list *list = &config->lists[i];

		for (size_t j = 0; list->url && !list->allow && !list->code &&
				   !list->services_said && j < config->service_count;
		     j++)
			if (config_service_group(config, j) == BAN_LOGIN)
				list->services |= (uint16_t)(2U << j);
	}
}
