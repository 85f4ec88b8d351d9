// SPDX-License-Identifier: GPL-2.0-or-later
/* See check.h: the files, feeds and providers of [list NAME]. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/check.h"
#include "enforce/provider_lists.h"
#include "feed/feed_key.h"
#include "lists/input.h"
#include "lists/text.h"

struct absent {
	struct check *check;
	const struct config_list *list;
};

static const char *where_of(const struct check *check, const struct config_list *list,
			    const char *key)
{
	return config_where(check->config, "list", list->name, key);
}

static void on_absent(uint32_t number, void *context)
{
	const struct absent *absent = context;

	check_tell(&absent->check->report, false,
		   where_of(absent->check, absent->list, "providers"),
		   "list '%s': the provider data has no address of AS%u", absent->list->name,
		   number);
}

static void check_provider_list(struct check *check, const struct config_list *list)
{
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	struct absent absent = { check, list };
	struct fault fault = { 0 };

	if (provider_list_read(check->config, list, check->own, check->own_count, on_absent,
			       &absent, &ranges, &fault))
		check_tell(&check->report, true, where_of(check, list, "providers"),
			   "list '%s': %s", list->name, fault.text);
	else
		check->list_prefixes += ranges_count_prefixes(&ranges);
}

static void check_code(struct check *check, const struct config_list *list)
{
	const struct config *config = check->config;
	char code[COUNTRY_TEXT_SIZE];

	for (size_t i = 0; i < config->service_count; i++)
		if (config->services[i].country_class[list->code] != CLASS_UNNAMED)
			return;
	country_to_text(list->code, code);
	check_tell(
		&check->report, false, where_of(check, list, "action"),
		"list '%s': no service names its code; write %s:CLASS in the 'countries' of those "
		"that are to judge by it",
		list->name, code);
}

static void check_feed(struct check *check, const struct config_list *list, const char *what)
{
	const char *where = where_of(check, list, "key-file");
	char header[FEED_KEY_MOST];
	struct fault fault = { 0 };

	if (list->key_file && check_may_read(check, where, what, list->key_file) &&
	    feed_key_read(list->key_file, header, &fault))
		check_tell_file(check, where, what, &fault, "");
	check_authorities(check, where_of(check, list, "authorities"), what, list->authorities);
}

static void check_content(struct check *check, const struct config_list *list, const char *what)
{
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	_cleanup_(input_free) struct input input = { 0 };
	struct check_refusals refusals = { 0 };
	struct list_options options = { .allow = list->allow,
					.feed = list->url != NULL,
					.stream = list->crowdsec,
					.own = check->own,
					.own_count = check->own_count };
	struct list_callbacks callbacks = { .refused = check_add_refusal, .context = &refusals };
	struct list_report counts = { 0 };
	struct fault fault = { 0 };
	const char *where = where_of(check, list, "file");
	int error = input_read_file(list->file, &input, &fault);

	if (error) {
		check_tell_file(check, where, what, &fault, "");
		return;
	}
	error = list_read(input.text, input.size, &options, &callbacks, &ranges, &counts, &fault);
	check_tell_refusals(&check->report, error, list->file, &refusals);
	if (error)
		check_tell(&check->report, true, where, "%s: %s: %s", what, list->file,
			   fault.error ? fault.text : strerror(-error));
	else
		check->list_prefixes += counts.prefixes;
}

static void check_list(struct check *check, const struct config_list *list)
{
	char what[CONFIG_NAME_SIZE + 16];

	snprintf(what, sizeof(what), "list '%s'", list->name);
	if (list->code)
		check_code(check, list);
	if (list->provider_count)
		check_provider_list(check, list);
	if (!list->file)
		return;
	check_feed(check, list, what);
	if (list->url && access(list->file, F_OK))
		check_tell(&check->report, false,
			   where_of(check, list, list->crowdsec ? "crowdsec" : "url"),
			   "%s has not been fetched yet; enable sekisho-fetch.timer, or run "
			   "`sekisho fetch`",
			   what);
	else
		check_content(check, list, what);
}

void check_lists(struct check *check)
{
	for (size_t i = 0; i < check->config->list_count; i++)
		check_list(check, &check->config->lists[i]);
}
