// SPDX-License-Identifier: GPL-2.0-or-later
/* See old_logs.h. */
#include "cmd/old_logs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "detect/provider.h"
#include "lists/country.h"

static unsigned country_of(const struct address *address, void *context)
{
	return country_find(context, address);
}

static uint32_t provider_of_address(const struct address *address, void *context)
{
	return providers_find(context, address);
}

static void take_providers(struct old_logs *logs, struct detect_settings *settings)
{
	const struct config *config = logs->config;
	struct fault fault = { 0 };

	if (providers_load(config->provider_files, config->provider_file_count,
			   config->provider_files_default, &logs->providers, &fault))
		cmd_warn(logs->command, "%s; a network's surroundings stand for its provider",
			 fault.text);
	settings->provider = provider_of_address;
	settings->provider_context = logs->providers;
}

/* Takes the prefixes of `never-ban`. This machine's own addresses say nothing about an old log. */
static int take_protected(struct old_logs *logs, struct fault *fault)
{
	const struct config *config = logs->config;
	char text[PREFIX_TEXT_SIZE];

	if (!config->never_ban_count)
		return 0;
	logs->protected.items = calloc(config->never_ban_count, sizeof(*logs->protected.items));
	if (!logs->protected.items)
		return fault_set(fault, -ENOMEM, "out of memory");
	for (size_t i = 0; i < config->never_ban_count; i++) {
		prefix_format(&config->never_ban[i], text);
		logs->protected.items[i].prefix = config->never_ban[i];
		snprintf(logs->protected.items[i].why, sizeof(logs->protected.items[i].why),
			 "%s is in never-ban", text);
	}
	logs->protected.count = config->never_ban_count;
	return 0;
}

static void take_countries(struct old_logs *logs)
{
	const struct config *config = logs->config;
	struct fault fault = { 0 };

	if (!config->country_file_count)
		return;
	if (country_load(config->country_files, config->country_file_count, &logs->countries,
			 &fault)) {
		logs->countries = (struct ranges){ 0 };
		cmd_warn(logs->command,
			 "%s; every country is unknown, and rules see networks alone", fault.text);
	}
}

static void on_decision(const struct decision *decision, void *context)
{
	struct old_logs *logs = context;

	if (decision->action == ACTION_BAN &&
	    (decision->again || protected_why(&logs->protected, &decision->prefix)))
		return;
	progress_line_clear(&logs->progress); /* the decision may be printed */
	logs->on_decision(decision, logs->context);
}

/* Whether a ban would have kept the event's source out, so that the line would not exist. */
static bool kept_out(const struct old_logs *logs, const struct event *event)
{
	struct prefix source;

	if (!event->has_source || !detect_bans(logs->detect, &event->source,
					       detect_services(event->service), event->wall_ns))
		return false;
	source = address_source(&event->source, logs->config->detect.source_length6);
	return !protected_why(&logs->protected, &source);
}

static void on_event(const struct event *event, uint64_t tag, void *context)
{
	struct old_logs *logs = context;
	bool out = kept_out(logs, event);

	logs->on_event(event, tag, out, logs->context);
	if (!out)
		detect_event(logs->detect, event, tag, on_decision, logs);
}

int old_logs_open(struct old_logs *logs, struct fault *fault)
{
	struct detect_settings settings = logs->config->detect;

	take_countries(logs);
	settings.country = country_of;
	settings.country_context = &logs->countries;
	take_providers(logs, &settings);
	/* An old log is read in one go, so what has to be remembered is bounded by its size. */
	settings.most_sources = settings.most_accounts = 1U << 20;
	logs->detect = detect_new(&settings);
	logs->past_logs = past_logs_new(logs->config->compiled_patterns);
	if (!logs->detect || !logs->past_logs)
		return fault_set(fault, -ENOMEM, "out of memory");
	return take_protected(logs, fault);
}

int old_logs_read(struct old_logs *logs, char **paths, struct past_logs_counts *counts)
{
	struct fault fault = { 0 };
	int status = EXIT_DONE, error;

	*counts = (struct past_logs_counts){ 0 };
	for (; *paths; paths++)
		if (past_logs_add(logs->past_logs, *paths, &fault))
			return cmd_failed(logs->command, &fault);
	logs->opened = true;
	past_logs_set_progress(logs->past_logs, progress_line_logs, &logs->progress);
	/* A file with a fault ends there; the other files count. */
	error = past_logs_run(logs->past_logs, on_event, logs, &fault);
	progress_line_clear(&logs->progress);
	if (error)
		status = cmd_failed(logs->command, &fault);
	detect_say_held(logs->detect, INT64_MAX, on_decision, logs);
	past_logs_get_counts(logs->past_logs, counts);
	if (counts->cut)
		cmd_warn(logs->command, "%llu lines of more than %d bytes were cut",
			 (unsigned long long)counts->cut, LOG_LINE_MAX);
	return status;
}

void old_logs_close(struct old_logs *logs)
{
	detect_free(logs->detect);
	past_logs_free(logs->past_logs);
	ranges_free(&logs->countries);
	providers_free(logs->providers);
	free(logs->protected.items);
}

unsigned old_logs_country(const struct old_logs *logs, const struct address *address)
{
	return country_find(&logs->countries, address);
}

uint64_t old_logs_provider(const struct old_logs *logs, const struct address *address)
{
	struct detect_settings settings = { .provider = provider_of_address,
					    .provider_context = logs->providers };

	return provider_of(&settings, address);
}
