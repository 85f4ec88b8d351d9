// SPDX-License-Identifier: GPL-2.0-or-later
/* See verdict_line.h. */
#include "show/verdict_line.h"

#include <string.h>

#include "base/time.h"
#include "kernel/gate.h"
#include "net/address.h"
#include "show/json.h"
#include "show/visible.h"

static const char *verdict_text(__u32 word)
{
	if (word & VERDICT_DROP)
		return "drop";
	return word & VERDICT_WOULD ? "would drop" : "pass";
}

static const char *service_of(const struct verdict_names *names, __u32 word)
{
	const char *name = names->services.of[verdict_service(word)];

	return *name ? name : "-";
}

static void country_of(__u32 word, char text[COUNTRY_TEXT_SIZE])
{
	__u32 country = verdict_country(word);

	country_to_text(country < COUNTRY_COUNT ? country : COUNTRY_ZZ, text);
}

/* The list that decided, or NULL. */
static const char *list_of(const struct verdict_names *names, __u32 word)
{
	const char *name = names->lists[verdict_list(word)];

	if (!verdict_list(word) ||
	    (verdict_reason(word) != REASON_LISTED && verdict_reason(word) != REASON_NONE))
		return NULL;
	return *name ? name : NULL;
}

void verdict_print(FILE *out, const struct verdict_names *names, const struct watch_record *record,
		   int64_t wall_ns)
{
	char when[TIME_TEXT_SIZE], source[ADDRESS_TEXT_SIZE], country[COUNTRY_TEXT_SIZE];
	const char *list = list_of(names, record->word);
	enum reason reason = verdict_reason(record->word);
	char service[SERVICE_NAME_SIZE + 8];

	/* The time to the second, behind the date, whatever the zone. */
	time_show(wall_ns / NS_PER_S * NS_PER_S, when);
	address_format(&record->source, source);
	country_of(record->word, country);
	snprintf(service, sizeof(service), "%s:%u", service_of(names, record->word), record->port);
	fprintf(out, "%.8s.%03d  %-10s  %-22s %-3s  %-14s  %s", when + 11,
		(int)(wall_ns % NS_PER_S / NS_PER_MS), verdict_text(record->word), source, country,
		service,
		reason ? reason_name(reason)
		: list ? "by list"
		       : "");
	if (list) {
		fputc(' ', out);
		visible_print(out, list);
	}
	fputs(record->syn || reason == REASON_UNREADABLE ? "\n" : ", in a session\n", out);
}

void verdict_comment(const struct verdict_names *names, const struct watch_record *record,
		     char *text, size_t size)
{
	char country[COUNTRY_TEXT_SIZE];

	country_of(record->word, country);
	snprintf(text, size, "%s: %s, %s, %s", verdict_text(record->word),
		 reason_name(verdict_reason(record->word)), service_of(names, record->word),
		 country);
}

char *verdict_json(const struct verdict_names *names, const struct watch_record *record,
		   int64_t wall_ns)
{
	char source[ADDRESS_TEXT_SIZE], country[COUNTRY_TEXT_SIZE];
	const char *verdict = verdict_text(record->word);
	__u32 reason = verdict_reason(record->word);
	const char *service = service_of(names, record->word);

	address_format(&record->source, source);
	country_of(record->word, country);
	return json_line(json_pack("{s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:b}", "time",
				   json_time(wall_ns / 1000 * 1000), "verdict",
				   record->word & VERDICT_WOULD ? "would-drop" : verdict, "source",
				   source, "country", country, "service",
				   json_text(strcmp(service, "-") ? service : NULL), "port",
				   record->port ? json_integer(record->port) : json_null(),
				   "reason", json_text(reason ? reason_name(reason) : NULL), "list",
				   json_text(list_of(names, record->word)), "syn", record->syn));
}
