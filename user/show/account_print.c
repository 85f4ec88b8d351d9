// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints what is known of an account, as text and JSON. Pure. */
#include <jansson.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "detect/provider.h"
#include "show/account_facts.h"
#include "show/json.h"
#include "show/visible.h"

#define TIME_WIDTH 20 /* width of a table's column, which is that of a time with --utc */

static void print_time_in(FILE *out, int64_t wall_ns, int width)
{
	char text[TIME_TEXT_SIZE];

	time_show(wall_ns / NS_PER_S * NS_PER_S, text);
	fprintf(out, "%-*s", width, text);
}

static void print_time(FILE *out, int64_t wall_ns)
{
	print_time_in(out, wall_ns, 0);
}

/* Prints a column of a table. */
static void print_time_cell(FILE *out, int64_t wall_ns)
{
	fputc(' ', out);
	print_time_in(out, wall_ns, TIME_WIDTH);
}

static void print_incident(FILE *out, const char *what, const struct account_incident *incident)
{
	fprintf(out, "state      %s; last ", what);
	print_time(out, incident->last_wall_ns);
	fputs(", ends ", out);
	print_time(out, incident->until_wall_ns);
	fputs(" unless it goes on\n", out);
}

/* The latest alert that is still recent; NULL: there is none. */
static const struct account_alert *recent_alert(const struct account_facts *facts)
{
	const struct account_alert *last = NULL;

	for (size_t i = 0; i < facts->alert_count; i++)
		if (facts->alerts[i].recent && (!last || facts->alerts[i].wall_ns > last->wall_ns))
			last = &facts->alerts[i];
	return last;
}

/* An account without an incident may have an alert all the same. */
static void print_no_incident(FILE *out, const struct account_facts *facts)
{
	const struct account_alert *alert = recent_alert(facts);

	if (!alert) {
		fputs("state      in no trouble\n", out);
		return;
	}
	fprintf(out, "state      alerted to by %s at ", alert->rule);
	print_time(out, alert->wall_ns);
	fputs(facts->ban_count ? "; the bans below name it\n" : "; nobody is banned for it\n", out);
}

static void print_head(FILE *out, const struct account_facts *facts)
{
	fputs("account    ", out);
	visible_print(out, facts->names[0]);
	for (size_t i = 1; i < facts->name_count; i++) {
		fputs(i == 1 ? " (also written " : ", ", out);
		visible_print(out, facts->names[i]);
	}
	fputs(facts->name_count > 1 ? ")\n" : "\n", out);
	if (facts->spread.last_wall_ns)
		print_incident(out, "account-spread: strangers have, or had, its password",
			       &facts->spread);
	if (facts->siege.last_wall_ns)
		print_incident(out, "account-siege: strangers of many networks fail on it",
			       &facts->siege);
	if (!facts->spread.last_wall_ns && !facts->siege.last_wall_ns)
		print_no_incident(out, facts);
	if (facts->habit.messages || facts->habit.failing)
		fprintf(out,
			"usual      up to %u messages, and up to %u networks that fail, in the "
			"rules' windows\n",
			facts->habit.messages, facts->habit.failing);
}

static void print_provider(FILE *out, uint64_t provider)
{
	char text[PROVIDER_TEXT_SIZE] = "-";

	if (!provider_is_guess(provider))
		provider_format(provider, text);
	fprintf(out, " %-11s", text);
}

static void print_source(FILE *out, const struct prefix *source, unsigned country,
			 uint64_t provider)
{
	char text[PREFIX_TEXT_SIZE], letters[COUNTRY_TEXT_SIZE];

	prefix_format(source, text);
	country_to_text(country, letters);
	fprintf(out, "%-26s %-3s", text, letters);
	print_provider(out, provider);
}

static void print_sources(FILE *out, const struct account_facts *facts)
{
	int64_t since = 0;

	if (!facts->source_count) {
		fputs("sources    none: nobody is known to have logged in to it in 30 days\n", out);
		return;
	}
	for (size_t i = 0; i < facts->source_count; i++)
		if (!since || facts->sources[i].first_wall_ns < since)
			since = facts->sources[i].first_wall_ns;
	fprintf(out,
		"sources    %zu, %zu of them known; %zu network%s, %zu provider%s, %zu countr%s; "
		"since ",
		facts->source_count, facts->known_count, facts->networks,
		facts->networks == 1 ? "" : "s", facts->providers, facts->providers == 1 ? "" : "s",
		facts->countries, facts->countries == 1 ? "y" : "ies");
	print_time(out, since);
	fprintf(out, "\n\n%-26s %-3s %-11s %-20s %-20s %s\n", "LOGGED IN FROM", "CC", "PROVIDER",
		"FIRST", "LAST", "IS");
	for (size_t i = 0; i < facts->source_count; i++) {
		const struct account_source *at = &facts->sources[i];

		print_source(out, &at->source, at->country, at->provider);
		print_time_cell(out, at->first_wall_ns);
		print_time_cell(out, at->last_wall_ns);
		fputs(at->known ? " known\n" : " seen\n", out);
	}
}

static void print_bans(FILE *out, const struct account_facts *facts)
{
	size_t shown = facts->ban_count < ACCOUNT_SHOWN_MAX ? facts->ban_count : ACCOUNT_SHOWN_MAX;

	for (size_t i = 0; i < shown; i++) {
		const struct ban_record *at = &facts->bans[i];
		char text[PREFIX_TEXT_SIZE];

		if (!i)
			fprintf(out, "\n%-26s %-20s %-16s %s\n", "BANNED FOR IT", "UNTIL", "RULE",
				"REASON");
		prefix_format(&at->prefix, text);
		fprintf(out, "%-26s", text);
		print_time_cell(out, at->until_wall_ns);
		fprintf(out, " %-16s ", rule_name((enum ban_rule)at->rule));
		visible_print(out, at->reason);
		fputc('\n', out);
	}
	if (facts->ban_count > shown)
		fprintf(out, "and %zu more\n", facts->ban_count - shown);
}

static void print_failed(FILE *out, const struct account_facts *facts)
{
	for (size_t i = 0; i < facts->failed_count; i++) {
		const struct account_failed *at = &facts->failed[i];

		if (!i)
			fprintf(out, "\n%-26s %-3s %-11s %-20s %s\n", "IN EVIDENCE", "CC",
				"PROVIDER", "LAST", "LINES");
		print_source(out, &at->source, at->country, at->provider);
		print_time_cell(out, at->last_wall_ns);
		fprintf(out, " %5llu\n", (unsigned long long)at->lines);
	}
}

void account_facts_text(FILE *out, const struct account_facts *facts)
{
	print_head(out, facts);
	account_policy_text(out, facts);
	print_sources(out, facts);
	print_bans(out, facts);
	print_failed(out, facts);
	if (facts->spread.last_wall_ns || facts->siege.last_wall_ns || recent_alert(facts))
		fputs("\nOnce its password is changed: `sekisho account --trust NAME`. Bans stay "
		      "until "
		      "they end,\nor `sekisho unban`.\n",
		      out);
}

/* ---- JSON ---- */

static json_t *json_prefix(const struct prefix *prefix)
{
	char text[PREFIX_TEXT_SIZE];

	prefix_format(prefix, text);
	return json_string(text);
}

static json_t *json_provider(uint64_t provider)
{
	char text[PROVIDER_TEXT_SIZE];

	if (provider_is_guess(provider))
		return json_null();
	provider_format(provider, text);
	return json_string(text);
}

static json_t *json_country(unsigned country)
{
	char letters[COUNTRY_TEXT_SIZE];

	country_to_text(country, letters);
	return json_string(letters);
}

static json_t *json_sources(const struct account_facts *facts)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < facts->source_count; i++) {
		const struct account_source *at = &facts->sources[i];

		if (!json_add(array, json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "source",
					       json_prefix(&at->source), "country",
					       json_country(at->country), "provider",
					       json_provider(at->provider), "first",
					       json_time(at->first_wall_ns), "last",
					       json_time(at->last_wall_ns), "known", at->known)))
			break;
	}
	return array;
}

static json_t *json_bans(const struct config *config, const struct account_facts *facts)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < facts->ban_count && i < ACCOUNT_SHOWN_MAX; i++) {
		const struct ban_record *at = &facts->bans[i];

		if (!json_add(array,
			      shown_ban_to_json(at, json_services(config, at->services), false)))
			break;
	}
	return array;
}

static json_t *json_failed(const struct account_facts *facts)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < facts->failed_count; i++) {
		const struct account_failed *at = &facts->failed[i];

		if (!json_add(array, json_pack("{s:o, s:o, s:o, s:o, s:o}", "source",
					       json_prefix(&at->source), "country",
					       json_country(at->country), "provider",
					       json_provider(at->provider), "last",
					       json_time(at->last_wall_ns), "lines",
					       json_count(at->lines))))
			break;
	}
	return array;
}

static bool add_incident(json_t *array, enum ban_rule rule, const struct account_incident *incident)
{
	return !incident->last_wall_ns ||
	       json_add(array, json_pack("{s:s, s:o, s:o}", "rule", rule_name(rule), "last",
					 json_time(incident->last_wall_ns), "until",
					 json_time(incident->until_wall_ns)));
}

static json_t *json_incidents(const struct account_facts *facts)
{
	json_t *array = json_array();

	if (array && add_incident(array, RULE_ACCOUNT_SPREAD, &facts->spread))
		add_incident(array, RULE_ACCOUNT_SIEGE, &facts->siege);
	return array;
}

static json_t *json_names(const struct account_facts *facts)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < facts->name_count; i++)
		if (!json_add(array, json_text(facts->names[i])))
			break;
	return array;
}

char *account_facts_json(const struct config *config, const struct account_facts *facts)
{
	return json_line(account_policy_json(
		json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:o, s:o}",
			  "account", json_text(facts->names[0]), "names", json_names(facts),
			  "sources", json_sources(facts), "known", json_count(facts->known_count),
			  "networks", json_count(facts->networks), "providers",
			  json_count(facts->providers), "countries", json_count(facts->countries),
			  "usual", "messages", json_count(facts->habit.messages), "failing",
			  json_count(facts->habit.failing), "troubles", json_incidents(facts),
			  "bans", json_bans(config, facts), "failed", json_failed(facts)),
		facts));
}
