// SPDX-License-Identifier: GPL-2.0-or-later
/* See replay.h. */
#include "show/replay.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "conf/ban_services.h"
#include "detect/lru_table.h"
#include "show/json.h"
#include "show/number.h"
#include "show/replay_later.h"
#include "show/visible.h"

#define ACCOUNTS_MOST (1U << 20)

/* The messages of one account. */
struct tally {
	uint64_t before, after, out; /* around its first alert; `out`: kept out by bans */
	bool alerted;
};

struct replay_report {
	FILE *stream;
	bool json;
	const struct config *config;
	struct lru_seed seed;
	struct lru_table *tallies; /* struct tally, by account */
	struct tally sum;	   /* of accounts with an alert */
	uint64_t bans, alerts, kept_out;
	struct replay_later *later;
};

static void add_up(void *value, bool full, void *context)
{
	const struct tally *tally = value;
	struct replay_report *report = context;

	(void)full;
	if (!tally->alerted)
		return;
	report->sum.before += tally->before;
	report->sum.after += tally->after;
	report->sum.out += tally->out;
}

struct replay_report *replay_report_new(FILE *out, bool json, const struct config *config)
{
	struct replay_report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->stream = out;
	report->json = json;
	report->config = config;
	report->seed = lru_seed_new();
	report->tallies = lru_new(sizeof(struct tally), ACCOUNTS_MOST, add_up, report);
	report->later = replay_later_new(config);
	if (report->tallies && report->later)
		return report;
	replay_report_free(report);
	return NULL;
}

void replay_report_free(struct replay_report *report)
{
	if (!report)
		return;
	lru_free(report->tallies);
	replay_later_free(report->later);
	free(report);
}

static struct tally *tally_of(struct replay_report *report, const char *account)
{
	struct prefix key = lru_name_key(&report->seed, account);

	return lru_touch(report->tallies, &key, NULL);
}

void replay_report_event(struct replay_report *report, const struct event *event, bool out)
{
	unsigned count = event->count ? event->count : 1;
	struct tally *tally;

	if (out)
		report->kept_out += count;
	replay_later_event(report->later, event);
	if (event->kind != EVENT_MESSAGE || !event->has_account)
		return;
	tally = tally_of(report, event->account);
	if (tally->alerted)
		tally->after += count;
	else
		tally->before += count;
	if (out)
		tally->out += count;
}

/* ---- JSON ---- */

static json_t *json_prefix(const struct prefix *prefix)
{
	char text[PREFIX_TEXT_SIZE];

	prefix_format(prefix, text);
	return json_string(text);
}

static json_t *evidence_of(const struct decision *decision, const struct past_logs *past_logs)
{
	json_t *evidence = json_array();

	for (unsigned i = 0; evidence && i < decision->evidence_count; i++) {
		const char *path;
		uint64_t line = past_logs_where(past_logs, decision->evidence[i], &path);
		json_t *item = json_pack("{s:o}", "line", json_count(line));

		if (path && item)
			json_object_set_new(item, "file", json_text(path));
		if (!json_add(evidence, item))
			break;
	}
	return evidence;
}

static json_t *sources_of(const struct decision *decision)
{
	json_t *sources = json_array();

	for (unsigned i = 0; sources && i < decision->source_count && i < DECISION_SOURCES_MAX;
	     i++) {
		char country[COUNTRY_TEXT_SIZE];

		country_to_text(decision->sources[i].country, country);
		if (!json_add(sources, json_pack("{s:o, s:s}", "prefix",
						 json_prefix(&decision->sources[i].prefix),
						 "country", country)))
			break;
	}
	return sources;
}

static void print_json(FILE *stream, json_t *value)
{
	_cleanup_free_ char *line = json_line(value);

	fputs(line ? line : "{\"fault\":\"out of memory\"}\n", stream);
}

static void decision_json(struct replay_report *report, const struct decision *decision,
			  const struct past_logs *past_logs)
{
	bool ban = decision->action == ACTION_BAN;

	print_json(report->stream,
		   json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i}", "time",
			     json_time(decision->wall_ns), "rule", rule_name(decision->rule),
			     "action", ban ? "ban" : "alert", "prefix",
			     decision->has_prefix ? json_prefix(&decision->prefix) : json_null(),
			     "account", json_text(decision->has_account ? decision->account : NULL),
			     "accounts", json_accounts(decision), "until",
			     ban ? json_time(decision->until_wall_ns) : json_null(), "services",
			     ban ? json_services(report->config, decision->services) : json_null(),
			     "evidence", evidence_of(decision, past_logs), "reason",
			     json_text(decision->reason), "sources", sources_of(decision),
			     "source_count", (int)decision->source_count));
}

/* ---- text ---- */

static void decision_text(struct replay_report *report, const struct decision *decision)
{
	FILE *stream = report->stream;
	char time[TIME_TEXT_SIZE], prefix[PREFIX_TEXT_SIZE], lasts[TIME_TEXT_SIZE];

	time_show(decision->wall_ns / NS_PER_S * NS_PER_S, time);
	fprintf(stream, "%s  ", time);
	if (decision->action == ACTION_BAN) {
		prefix_format(&decision->prefix, prefix);
		duration_format(decision->repeat.lasts_ns / NS_PER_S, lasts);
		fprintf(stream, "ban    %s from %s for %s", prefix,
			ban_services_word(decision->services), lasts);
	} else {
		fputs("alert  ", stream);
		if (decision->has_prefix) {
			prefix_format(&decision->prefix, prefix);
			fputs(prefix, stream);
		} else if (decision->account_count) {
			fprintf(stream, "%u accounts", decision->account_count);
		} else {
			visible_print(stream,
				      decision->has_account ? decision->account : "the server");
		}
	}
	fprintf(stream, "  %s: ", rule_name(decision->rule));
	visible_print(stream, decision->reason);
	putc('\n', stream);
}

void replay_report_decision(struct replay_report *report, const struct decision *decision,
			    const struct past_logs *past_logs)
{
	if (decision->action == ACTION_BAN)
		report->bans++;
	else
		report->alerts++;
	replay_later_ban(report->later, decision);
	for (unsigned i = 0;
	     decision->action == ACTION_ALERT && i < decision_account_count(decision); i++)
		tally_of(report, decision_account(decision, i))->alerted = true;
	if (report->json)
		decision_json(report, decision, past_logs);
	else
		decision_text(report, decision);
}

static void summary_text(struct replay_report *report, const struct past_logs_counts *counts)
{
	FILE *stream = report->stream;
	char a[NUMBER_TEXT_SIZE], b[NUMBER_TEXT_SIZE], from[TIME_TEXT_SIZE] = "-",
						       to[TIME_TEXT_SIZE] = "-";
	const struct tally *sum = &report->sum;

	if (counts->first_ns) {
		time_show(counts->first_ns / NS_PER_S * NS_PER_S, from);
		time_show(counts->last_ns / NS_PER_S * NS_PER_S, to);
	}
	fprintf(stream, "\n%s lines, %s events, %s to %s\n", number_format(counts->lines, a),
		number_format(counts->events, b), from, to);
	fprintf(stream, "%s bans, %s alerts\n", number_format(report->bans, a),
		number_format(report->alerts, b));
	fprintf(stream, "kept out by the bans: %s logins, messages and other events\n",
		number_format(report->kept_out, a));
	replay_later_text(report->later, stream);
	if (!sum->before && !sum->after)
		return;
	fprintf(stream, "accounts with an alert: %s messages before it, ",
		number_format(sum->before, a));
	fprintf(stream, "%s after it, %s of these kept out\n", number_format(sum->after, a),
		number_format(sum->out, b));
}

void replay_report_end(struct replay_report *report, const struct past_logs_counts *counts)
{
	const struct tally *sum = &report->sum;

	/* Each tally is added to the sum as it leaves the table. */
	lru_free(report->tallies);
	report->tallies = NULL;
	if (!report->json) {
		summary_text(report, counts);
		return;
	}
	print_json(report->stream,
		   json_pack("{s:{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}}",
			     "summary", "lines", json_count(counts->lines), "events",
			     json_count(counts->events), "first", json_time(counts->first_ns),
			     "last", json_time(counts->last_ns), "bans", json_count(report->bans),
			     "alerts", json_count(report->alerts), "messages_before",
			     json_count(sum->before), "messages_after", json_count(sum->after),
			     "messages_passed", json_count(sum->before + sum->after - sum->out),
			     "messages_kept_out", json_count(sum->out), "kept_out",
			     json_count(report->kept_out), "later",
			     replay_later_json(report->later)));
}
