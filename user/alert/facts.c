// SPDX-License-Identifier: GPL-2.0-or-later
/* The facts of an alert that the program gets. Pure. */
#include "alert/alert.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "net/address.h"
#include "show/json.h"

#define VARIABLES 21

static json_t *json_of_prefix(const struct prefix *prefix)
{
	char text[PREFIX_TEXT_SIZE];

	prefix_format(prefix, text);
	return json_string(text);
}

static unsigned listed(const struct decision *decision)
{
	return decision->source_count < DECISION_SOURCES_MAX ? decision->source_count
							     : DECISION_SOURCES_MAX;
}

static json_t *json_of_sources(const struct decision *decision)
{
	json_t *sources = json_array();

	for (unsigned i = 0; sources && i < listed(decision); i++) {
		char country[COUNTRY_TEXT_SIZE];

		country_to_text(decision->sources[i].country, country);
		if (!json_add(sources,
			      json_pack("{s:o, s:s, s:o}", "prefix",
					json_of_prefix(&decision->sources[i].prefix), "country",
					country, "provider",
					json_provider_number(decision->sources[i].provider))))
			break;
	}
	return sources;
}

static json_t *json_of_evidence(const struct alert *alert)
{
	json_t *evidence = json_array();

	for (size_t i = 0; evidence && i < alert->evidence_count; i++)
		if (!json_add(evidence,
			      json_pack("{s:o, s:o}", "time", json_time(alert->evidence[i].wall_ns),
					"text", json_text(alert->evidence[i].line))))
			break;
	return evidence;
}

static const char *rule_of(const struct alert *alert)
{
	return alert->rule ? alert->rule : rule_name(alert->decision->rule);
}

char *alert_json(const struct alert *alert, const char *host)
{
	const struct decision *decision = alert->decision;

	return json_line(json_pack(
		"{s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:o, s:b}", "action",
		"alert", "host", json_text(host), "time", json_time(decision->wall_ns), "rule",
		rule_of(alert), "program", "sekisho", "account",
		json_text(decision->has_account ? decision->account : NULL), "accounts",
		json_accounts(decision), "prefix",
		decision->has_prefix ? json_of_prefix(&decision->prefix) : json_null(), "reason",
		json_text(decision->reason), "sources", json_of_sources(decision), "source_count",
		(int)decision->source_count, "evidence", json_of_evidence(alert), "outflow",
		alert->outflow ? outflow_event_to_json(alert->outflow) : json_null(), "test",
		alert->test));
}

static bool has_word(const char *text, const char *word, size_t length)
{
	for (const char *at = text; (at = strstr(at, word)); at++)
		if ((at == text || at[-1] == ' ') && (!at[length] || at[length] == ' '))
			return true;
	return false;
}

/* Appends a word to words that are separated by blanks; one that does not fit is left out
 * entirely. */
static void append_word(char *text, size_t size, const char *word, bool once)
{
	size_t used = strlen(text), length = strlen(word);

	if ((once && has_word(text, word, length)) || used + length + 2 > size)
		return;
	snprintf(text + used, size - used, "%s%s", used ? " " : "", word);
}

static void list_sources(const struct decision *decision, char *sources, size_t sources_size,
			 char *countries, size_t countries_size, char *providers,
			 size_t providers_size)
{
	*sources = *countries = *providers = '\0';
	for (unsigned i = 0; i < listed(decision); i++) {
		char prefix[PREFIX_TEXT_SIZE], country[COUNTRY_TEXT_SIZE], provider[16];

		prefix_format(&decision->sources[i].prefix, prefix);
		country_to_text(decision->sources[i].country, country);
		append_word(sources, sources_size, prefix, false);
		append_word(countries, countries_size, country, true);
		snprintf(provider, sizeof(provider), "AS%u", decision->sources[i].provider);
		if (decision->sources[i].provider)
			append_word(providers, providers_size, provider, true);
	}
}

static bool add(char **environment, size_t *count, const char *name, const char *value)
{
	if (asprintf(&environment[*count], "%s=%s", name, value) < 0) {
		environment[*count] = NULL;
		return false;
	}
	(*count)++;
	return true;
}

/* Lists the uids and destinations of all suspects, each once, and one line for each suspect. */
static void list_suspects(const struct outflow_event *event, char *uids, size_t uids_size,
			  char *destinations, size_t destinations_size, char *senders,
			  size_t senders_size)
{
	*uids = *destinations = *senders = '\0';
	for (size_t i = 0; event && i < event->suspect_count; i++) {
		const struct outflow_suspect *suspect = &event->suspects[i];
		char text[OUTFLOW_SUSPECT_TEXT];
		size_t used = strlen(senders);

		snprintf(text, sizeof(text), "%u", suspect->who.id);
		if (suspect->who.origin == OUTFLOW_LOCAL && suspect->who.id != UINT32_MAX)
			append_word(uids, uids_size, text, true);
		for (size_t j = 0; j < suspect->destination_count; j++) {
			address_format(&suspect->destinations[j], text);
			append_word(destinations, destinations_size, text, true);
		}
		outflow_suspect_format(suspect, text);
		if (used + strlen(text) + 2 <= senders_size)
			snprintf(senders + used, senders_size - used, "%s%s", used ? "\n" : "",
				 text);
	}
}

/* A line for each account; of what one variable can hold as many as fit. */
#define ACCOUNTS_SIZE 65536

static bool add_accounts(char **environment, size_t *used, const struct decision *decision)
{
	_cleanup_free_ char *accounts = calloc(1, ACCOUNTS_SIZE);
	size_t length = 0;

	for (unsigned i = 0; accounts && i < decision_account_count(decision); i++) {
		const char *account = decision_account(decision, i);

		if (length + strlen(account) + 2 > ACCOUNTS_SIZE)
			break;
		length += (size_t)snprintf(accounts + length, ACCOUNTS_SIZE - length, "%s%s",
					   length ? "\n" : "", account);
	}
	return accounts && add(environment, used, "SEKISHO_ACCOUNTS", accounts);
}

static bool add_outflow(char **environment, size_t *used, const struct outflow_event *event)
{
	char uids[OUTFLOW_SUSPECTS * 12], senders[OUTFLOW_SUSPECTS * OUTFLOW_SUSPECT_TEXT];
	char destinations[OUTFLOW_SUSPECTS * OUTFLOW_DESTINATIONS * ADDRESS_TEXT_SIZE];
	char held[24] = "";

	list_suspects(event, uids, sizeof(uids), destinations, sizeof(destinations), senders,
		      sizeof(senders));
	if (event)
		snprintf(held, sizeof(held), "%" PRIu64, event->held);
	return add(environment, used, "SEKISHO_EVENT",
		   !event	   ? ""
		   : event->begins ? "tripped"
				   : "ended") &&
	       add(environment, used, "SEKISHO_SUBJECT", event ? event->subject : "") &&
	       add(environment, used, "SEKISHO_HELD", held) &&
	       add(environment, used, "SEKISHO_UIDS", uids) &&
	       add(environment, used, "SEKISHO_DESTINATIONS", destinations) &&
	       add(environment, used, "SEKISHO_SENDERS", senders);
}

char **alert_environment(const struct alert *alert, const char *host)
{
	const struct decision *decision = alert->decision;
	char time[TIME_TEXT_SIZE], prefix[PREFIX_TEXT_SIZE] = "", count[16];
	char sources[DECISION_SOURCES_MAX * PREFIX_TEXT_SIZE], countries[128];
	char providers[DECISION_SOURCES_MAX * 16];
	char **environment = calloc(VARIABLES + 1, sizeof(*environment));
	size_t used = 0;

	if (!environment)
		return NULL;
	time_format(decision->wall_ns, time);
	if (decision->has_prefix)
		prefix_format(&decision->prefix, prefix);
	list_sources(decision, sources, sizeof(sources), countries, sizeof(countries), providers,
		     sizeof(providers));
	snprintf(count, sizeof(count), "%u", decision->source_count);
	if (add(environment, &used, "PATH",
		"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") &&
	    add(environment, &used, "SEKISHO_ACTION", "alert") &&
	    add(environment, &used, "SEKISHO_HOST", host) &&
	    add(environment, &used, "SEKISHO_TIME", time) &&
	    add(environment, &used, "SEKISHO_RULE", rule_of(alert)) &&
	    add(environment, &used, "SEKISHO_ACCOUNT",
		decision->has_account ? decision->account : "") &&
	    add_accounts(environment, &used, decision) &&
	    add(environment, &used, "SEKISHO_PREFIX", prefix) &&
	    add(environment, &used, "SEKISHO_REASON", decision->reason) &&
	    add(environment, &used, "SEKISHO_SOURCES", sources) &&
	    add(environment, &used, "SEKISHO_SOURCE_COUNT", count) &&
	    add(environment, &used, "SEKISHO_COUNTRIES", countries) &&
	    add(environment, &used, "SEKISHO_PROVIDERS", providers) &&
	    add_outflow(environment, &used, alert->outflow))
		return environment;
	alert_environment_free(environment);
	return NULL;
}

void alert_environment_free(char **environment)
{
	for (char **at = environment; at && *at; at++)
		free(*at);
	free(environment);
}
