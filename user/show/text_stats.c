// SPDX-License-Identifier: GPL-2.0-or-later
/* The counters of a snapshot as text for people (render.h), for 80 columns. Pure. */
#include "show/render.h"

#include <stdlib.h>
#include "base/time.h"
#include "conf/codes.h"
#include "show/number.h"
#include "show/text_recent.h"
#include "show/visible.h"

#define COUNTRIES_MOST 20
#define NAME_WIDTH     15

static void print_number(FILE *out, uint64_t number)
{
	char text[NUMBER_TEXT_SIZE];

	/* With its commas a number of more than nine digits would touch the column before. */
	if (number > 999999999)
		fprintf(out, " %12llu", (unsigned long long)number);
	else
		fprintf(out, "%13s", number_format(number, text));
}

static void print_sum(FILE *out, int indent, const char *name, const struct snapshot_sum *sum)
{
	visible_print_column(out, indent, name, NAME_WIDTH);
	print_number(out, sum->attempts);
	print_number(out, sum->passed);
	print_number(out, sum->dropped);
	print_number(out, sum->would_drop);
	print_number(out, sum->handshakes);
	fputc('\n', out);
}

static void print_head(FILE *out, const char *name)
{
	visible_print_column(out, 0, name, NAME_WIDTH);
	fprintf(out, "%13s%13s%13s%13s%13s\n", "attempts", "passed", "dropped", "would-drop",
		"handshakes");
}

static void print_mode(FILE *out, const struct snapshot *snapshot)
{
	if (!snapshot->has_policy)
		fputs("no policy yet: everything passes\n\n", out);
	else if (snapshot->mode == GATE_MONITOR)
		fputs("monitor mode: nothing is dropped; would-drop is what enforce would drop\n\n",
		      out);
	else
		fputs("enforce mode\n\n", out);
}

static void print_services(FILE *out, const struct snapshot *snapshot)
{
	print_head(out, "service");
	print_sum(out, 0, "all", &snapshot->sum);
	for (unsigned id = 1; id <= snapshot->service_count; id++)
		print_sum(out, 0, snapshot->services[id].name, &snapshot->services[id].sum);
}

/* Events are summed over all services, since lines do not always name theirs. */
static void print_events(FILE *out, const struct snapshot *snapshot)
{
	static const struct {
		enum event_kind kind;
		const char *name;
	} rows[] = { { EVENT_SUCCESS, "logins" },
		     { EVENT_FAILURE, "failed" },
		     { EVENT_MESSAGE, "messages" } };
	const struct daemon_status *daemon = snapshot->daemon;
	char since[TIME_TEXT_SIZE], number[NUMBER_TEXT_SIZE];

	if (!daemon)
		return;
	fputs("\nfrom the logs:", out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		fprintf(out, " %s %s,", rows[i].name,
			number_format(daemon->events[rows[i].kind], number));
	time_show(daemon->started_wall_ns - daemon->started_wall_ns % NS_PER_S, since);
	fprintf(out, " since %s\n", since);
}

/* SYNs that were answered on the device, if there were any. */
static void print_cookies(FILE *out, const struct snapshot *snapshot)
{
	bool headed = false;

	for (unsigned id = 1; id <= snapshot->service_count; id++) {
		const struct snapshot_service *service = &snapshot->services[id];

		if (!service->cookies && !service->would_cookies)
			continue;
		if (!headed) {
			fputc('\n', out);
			visible_print_column(out, 0, "SYN cookies", NAME_WIDTH);
			fprintf(out, "%13s%13s\n", "answered", "would-answer");
		}
		headed = true;
		visible_print_column(out, 2, service->name, NAME_WIDTH);
		print_number(out, service->cookies);
		print_number(out, service->would_cookies);
		fputc('\n', out);
	}
}

/* ---- countries ---- */

struct country_row {
	unsigned country;
	struct snapshot_sum sum;
};

static int by_drops(const void *a, const void *b)
{
	const struct country_row *x = a, *y = b;
	uint64_t dropped = x->sum.dropped + x->sum.would_drop;
	uint64_t others = y->sum.dropped + y->sum.would_drop;

	if (dropped != others)
		return dropped < others ? 1 : -1;
	if (x->sum.attempts != y->sum.attempts)
		return x->sum.attempts < y->sum.attempts ? 1 : -1;
	return x->country < y->country ? -1 : 1;
}

static void print_others(FILE *out, const struct country_row *rows, size_t count)
{
	struct snapshot_sum others = { 0 };
	char name[32];

	for (size_t i = 0; i < count; i++)
		snapshot_sum_add(&others, &rows[i].sum);
	snprintf(name, sizeof(name), "%zu others", count);
	print_sum(out, 2, name, &others);
}

static void print_countries(FILE *out, const struct snapshot *snapshot)
{
	struct country_row rows[COUNTRY_COUNT];
	size_t count = 0;

	for (unsigned country = 0; country < COUNTRY_COUNT; country++) {
		struct snapshot_sum all = { 0 };

		for (unsigned id = 1; id <= snapshot->service_count; id++) {
			struct snapshot_sum sum =
				snapshot_country_sum(&snapshot->services[id], country);

			snapshot_sum_add(&all, &sum);
		}
		if (snapshot_sum_is_zero(&all))
			continue;
		rows[count].country = country;
		rows[count++].sum = all;
	}
	if (!count)
		return;
	qsort(rows, count, sizeof(*rows), by_drops);
	fputc('\n', out);
	print_head(out, "country");
	for (size_t i = 0; i < count; i++) {
		char name[COUNTRY_TEXT_SIZE];

		/* A single country left takes the same line that "1 others" would. */
		if (i == COUNTRIES_MOST && count > COUNTRIES_MOST + 1) {
			print_others(out, rows + i, count - i);
			break;
		}
		country_to_text(rows[i].country, name);
		print_sum(out, 2, name, &rows[i].sum);
	}
}

/* ---- reasons ---- */

static bool reason_is_zero(const struct reason_counts counts[2])
{
	return !counts[0].packets && !counts[0].attempts && !counts[1].packets &&
	       !counts[1].attempts;
}

static void print_reason(FILE *out, enum reason reason, const struct reason_counts counts[2])
{
	fprintf(out, "  %-22s", reason_name(reason));
	print_number(out, counts[GATE_ENFORCE].packets);
	print_number(out, counts[GATE_ENFORCE].attempts);
	print_number(out, counts[GATE_MONITOR].packets);
	print_number(out, counts[GATE_MONITOR].attempts);
	fputc('\n', out);
}

static void print_reasons(FILE *out, const struct snapshot *snapshot)
{
	bool head = false;

	for (unsigned id = 0; id <= snapshot->service_count; id++) {
		/* Packets that could not be read may have had any port: they come last. */
		unsigned at = id < snapshot->service_count ? id + 1 : 0;
		const struct snapshot_service *service = &snapshot->services[at];
		bool named = false;

		for (enum reason reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
			if (reason_is_zero(service->reasons[reason]))
				continue;
			if (!head)
				fprintf(out, "\n%-24s%26s%26s\n%-24s%13s%13s%13s%13s\n", "",
					"dropped", "would-drop", "reason", "packets", "attempts",
					"packets", "attempts");
			head = true;
			if (!named)
				visible_print(out, at ? service->name : "no known port");
			if (!named)
				fputc('\n', out);
			named = true;
			print_reason(out, reason, service->reasons[reason]);
		}
	}
	if (!head)
		fputs("\nnothing was dropped, or would have been\n", out);
}

/* ---- lists, tables ---- */

static void print_lists(FILE *out, const struct snapshot *snapshot)
{
	if (!snapshot->list_count)
		return;
	fprintf(out, "\n%-*s%13s%13s%13s%13s\n", NAME_WIDTH, "list", "action", "prefixes",
		"packets", "attempts");
	for (size_t i = 0; i < snapshot->list_count; i++) {
		const struct snapshot_list *list = &snapshot->lists[i];
		char code[COUNTRY_TEXT_SIZE];

		visible_print_column(out, 0, list->name, NAME_WIDTH);
		if (list->known) {
			fprintf(out, "%13s", list_action_name(list->allow, list->code, code));
			print_number(out, list->prefixes);
		} else {
			fprintf(out, "%13s%13s", "-", "-");
		}
		print_number(out, list->hits.packets);
		print_number(out, list->hits.attempts);
		fputc('\n', out);
	}
}

static void print_outflow(FILE *out, const struct snapshot *snapshot)
{
	struct outflow_count sum;

	if (!snapshot->outflow || outflow_state(snapshot->outflow) == OUTFLOW_IS_OFF)
		return;
	sum = outflow_sum(snapshot->outflow, -1);
	fprintf(out, "\n%-*s%13s%13s%13s%13s\n", NAME_WIDTH, "outflow", "attempts", "held",
		"refused", "state");
	visible_print_column(out, 0, "all", NAME_WIDTH);
	print_number(out, sum.attempts);
	print_number(out, sum.verdicts[OUTFLOW_HELD]);
	print_number(out, sum.verdicts[OUTFLOW_USER] + sum.verdicts[OUTFLOW_UNREADABLE]);
	fprintf(out, "%13s\n", outflow_state_name(outflow_state(snapshot->outflow)));
}

static bool is_nearly_full(const struct snapshot_usage *usage)
{
	return usage->known &&
	       (usage->usage.overflows || usage->usage.used > usage->usage.size / 5 * 4);
}

void text_tables(FILE *out, const struct snapshot *snapshot, bool all)
{
	bool headed = false;

	for (enum snapshot_table table = 0; table < SNAPSHOT_TABLE_COUNT; table++) {
		const struct snapshot_usage *usage = &snapshot->tables[table];

		if (!all && !is_nearly_full(usage))
			continue;
		if (!headed)
			fprintf(out, "%s%-*s%13s%13s%13s\n", all ? "" : "\n", NAME_WIDTH, "table",
				"used", "size", "overflows");
		headed = true;
		visible_print_column(out, 0, snapshot_table_name(table), NAME_WIDTH);
		if (usage->known) {
			print_number(out, usage->usage.used);
			print_number(out, usage->usage.size);
			print_number(out, usage->usage.overflows);
		} else {
			fprintf(out, "%13s%13s%13s", "-", "-", "-");
		}
		fputc('\n', out);
	}
}

void text_stats(FILE *out, const struct snapshot *snapshot)
{
	print_mode(out, snapshot);
	print_services(out, snapshot);
	print_events(out, snapshot);
	text_rates(out, snapshot);
	print_reasons(out, snapshot);
	print_cookies(out, snapshot);
	print_countries(out, snapshot);
	text_top(out, snapshot);
	print_lists(out, snapshot);
	print_outflow(out, snapshot);
	fputc('\n', out);
	text_tables(out, snapshot, true);
	for (size_t i = 0; i < snapshot->fault_count; i++) {
		fputs(i ? "" : "\n", out);
		fputs("unknown: ", out);
		visible_print(out, snapshot->faults[i].text);
		fputc('\n', out);
	}
}
