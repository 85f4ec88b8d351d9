// SPDX-License-Identifier: GPL-2.0-or-later
/* A struct why (why.h) as text for people. Pure. */
#include "show/why_internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "conf/ban_services.h"
#include "conf/codes.h"
#include "detect/detect.h"
#include "show/json.h"
#include "show/visible.h"
#include "show/why_then.h"

void why_free(struct why *why)
{
	if (!why)
		return;
	for (size_t i = 0; i < why->evidence_count; i++)
		free(why->evidence[i].line);
	free(why->bans);
	free(why->lists);
	free(why);
}

const char *why_list_name(const struct why *why, uint8_t id)
{
	for (size_t i = 0; id && i < why->list_count; i++)
		if (why->lists[i].id == id)
			return why->lists[i].name;
	return NULL;
}

void why_source_text(const struct why *why, char text[PREFIX_TEXT_SIZE])
{
	if (prefix_is4(&why->source))
		address_format(&why->source.address, text);
	else
		prefix_format(&why->source, text);
}

static bool any_drop(const struct why *why)
{
	for (size_t i = 0; i < why->service_count; i++)
		if (why->services[i].verdict.drop)
			return true;
	return false;
}

void why_undo(const struct why *why, void (*step)(const char *text, void *context), void *context)
{
	char text[1400], prefix[PREFIX_TEXT_SIZE];

	/* If an allow list lets the address pass, there is nothing to undo. */
	if (!any_drop(why))
		return;
	for (size_t i = 0; i < why->ban_count; i++) {
		if (i && prefix_same(&why->bans[i].prefix, &why->bans[i - 1].prefix))
			continue; /* one command lifts the bans of both groups */
		prefix_format(&why->bans[i].prefix, prefix);
		snprintf(text, sizeof(text), "sekisho unban %s", prefix);
		step(text, context);
	}
	for (size_t i = 0; i < why->list_count; i++) {
		const struct why_list *list = &why->lists[i];
		const char *file = *list->source ? list->source : "-";

		if (list->allow || list->code)
			continue;
		snprintf(text, sizeof(text), "take it out of list %s, then: sekisho import %s %s",
			 list->name, list->name, file);
		step(text, context);
	}
	for (size_t i = 0; i < why->service_count; i++) {
		char country[COUNTRY_TEXT_SIZE];

		if (why->services[i].verdict.reason != REASON_COUNTRY)
			continue;
		country_to_text(why->services[i].country, country);
		snprintf(text, sizeof(text), "let %s in: [service %s] countries in %s", country,
			 why->services[i].name, why->config_path);
		step(text, context);
	}
}

/* ---- text ---- */

static void stamp(FILE *out, int64_t wall_ns)
{
	char text[TIME_TEXT_SIZE];

	time_show(wall_ns - wall_ns % NS_PER_S, text);
	fputs(text, out);
}

static void print_service(FILE *out, const struct why *why, const struct why_service *service)
{
	const struct verdict *verdict = &service->verdict;
	const char *list = why_list_name(why, verdict->list);
	bool would = !why->loaded || why->mode == GATE_MONITOR;
	char code[COUNTRY_TEXT_SIZE];

	fprintf(out, "  %-14s ", service->name);
	if (!verdict->drop)
		fputs("pass", out);
	else
		fprintf(out, "%s: %s", would ? "would drop" : "drop", reason_name(verdict->reason));
	if (list)
		fprintf(out, " (list %s)", list);
	country_to_text(service->country, code);
	if (service->country != why->country)
		fprintf(out, " (as %s)", code);
	fputc('\n', out);
}

static void print_bans(FILE *out, const struct why *why)
{
	if (why->ban_count)
		fputs(why->loaded && why->mode == GATE_MONITOR
			      ? "\nbans, which would shut it out in enforce mode\n"
			      : "\nbans\n",
		      out);
	for (size_t i = 0; i < why->ban_count; i++) {
		const struct ban_record *ban = &why->bans[i];
		char prefix[PREFIX_TEXT_SIZE];

		prefix_format(&ban->prefix, prefix);
		fprintf(out, "  %s", prefix);
		if (ban->services != BAN_ALL)
			fprintf(out, " from %s", ban_services_word(ban->services));
		fputs(" until ", out);
		stamp(out, ban->until_wall_ns);
		fprintf(out, ", %s since ", rule_name(ban->rule));
		stamp(out, ban->since_wall_ns);
		if (*ban->reason) {
			fputs("\n    ", out);
			visible_print(out, ban->reason);
		}
		if (ban->in_kernel)
			fprintf(out, "\n    met %llu packets, %llu of them attempts",
				(unsigned long long)ban->packets,
				(unsigned long long)ban->attempts);
		fputc('\n', out);
	}
}

/* Names the services of a list, unless it is for all. */
static void print_listed(FILE *out, const struct why *why, uint16_t services)
{
	const char *between = ", for ";

	for (size_t i = 0; services != ALL_SERVICES && i < why->service_count; i++) {
		if (!(services >> (i + 1) & 1))
			continue;
		fprintf(out, "%s%s", between, why->services[i].name);
		between = " ";
	}
}

static void print_lists(FILE *out, const struct why *why)
{
	if (why->list_count)
		fputs("\nlists that contain it\n", out);
	for (size_t i = 0; i < why->list_count; i++) {
		char code[COUNTRY_TEXT_SIZE];

		fputs("  ", out);
		visible_print(out, why->lists[i].name);
		fprintf(out, " (%s) ",
			list_action_name(why->lists[i].allow, why->lists[i].code, code));
		visible_print(out, why->lists[i].source);
		if (why->lists[i].services)
			print_listed(out, why, why->lists[i].services);
		fputc('\n', out);
	}
}

static void print_step(const char *text, void *context)
{
	FILE *out = context;

	fputs("  ", out);
	visible_print(out, text);
	fputc('\n', out);
}

static void print_evidence(FILE *out, const struct why *why)
{
	if (why->evidence_count)
		fputs("\nevidence, newest first\n", out);
	for (size_t i = 0; i < why->evidence_count; i++) {
		fputs("  ", out);
		stamp(out, why->evidence[i].wall_ns);
		fputs("  ", out);
		visible_print(out, why->evidence[i].line);
		fputc('\n', out);
	}
}

void text_why(FILE *out, const struct why *why)
{
	char address[ADDRESS_TEXT_SIZE], source[PREFIX_TEXT_SIZE], country[COUNTRY_TEXT_SIZE];

	address_format(&why->address, address);
	why_source_text(why, source);
	country_to_text(why->country, country);
	fputs(address, out);
	if (strcmp(address, source))
		fprintf(out, ", source %s", source);
	fprintf(out, ", country %s%s", country,
		why->country == COUNTRY_ZZ    ? " (unknown)"
		: why->country == COUNTRY_LAN ? " (local)"
					      : "");
	if (why->provider)
		fprintf(out, ", provider AS%u", why->provider);
	fputc('\n', out);
	if (!why->loaded)
		fputs("no gate is loaded: by configuration and store alone\n", out);
	else if (why->mode == GATE_MONITOR)
		fputs("mode monitor: nothing is dropped\n", out);
	else
		fputs("mode enforce\n", out);
	for (size_t i = 0; i < why->service_count; i++)
		if (!why->services[i].removed)
			print_service(out, why, &why->services[i]);
	if (*why->protected) {
		fputs("\ncannot be banned: ", out);
		visible_print(out, why->protected);
		fputc('\n', out);
	}
	print_bans(out, why);
	print_lists(out, why);
	why_print_past(out, why);
	why_print_stale(out, why);
	print_evidence(out, why);
	if (any_drop(why))
		fputs("\nto let it pass\n", out);
	why_undo(why, print_step, out);
	for (size_t i = 0; i < why->fault_count; i++) {
		fputs(i ? "unknown: " : "\nunknown: ", out);
		visible_print(out, why->faults[i].text);
		fputc('\n', out);
	}
}
