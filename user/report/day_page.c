// SPDX-License-Identifier: GPL-2.0-or-later
/* A day as a page and as text. */
#include <string.h>

#include "base/time.h"
#include "kernel/gate.h"
#include "report/pages.h"
#include "show/number.h"
#include "show/visible.h"

/* What is said about the events, in this order. */
struct day_page_line {
	enum word word;
	uint64_t count;
};
#define LINES 7

static void lines_of(const struct span_counts *sum, struct day_page_line lines[LINES])
{
	memcpy(lines,
	       (struct day_page_line[LINES]){ { W_LOGINS, sum->events[EVENT_SUCCESS] },
					      { W_FAILURES, sum->events[EVENT_FAILURE] },
					      { W_MESSAGES_OF, sum->events[EVENT_MESSAGE] },
					      { W_BOUNCES, sum->events[EVENT_BOUNCE] },
					      { W_ABUSES, sum->events[EVENT_ABUSE] },
					      { W_BANS, sum->bans },
					      { W_ALERTS, sum->alerts } },
	       LINES * sizeof(*lines));
}

struct numbers {
	char text[7][NUMBER_TEXT_SIZE];
	const char *values[7];
};

static void sentence_of(const struct span_counts *sum, struct numbers *numbers)
{
	uint64_t attempts, dropped;

	day_attempts(sum, &attempts, &dropped);
	const uint64_t counts[7] = { attempts,
				     dropped,
				     sum->events[EVENT_FAILURE],
				     sum->events[EVENT_SUCCESS],
				     sum->events[EVENT_MESSAGE],
				     sum->bans,
				     sum->alerts };

	for (size_t i = 0; i < 7; i++)
		numbers->values[i] = number_format(counts[i], numbers->text[i]);
}

static uint64_t would_drop_of(const struct span_counts *sum)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < sum->service_count; i++)
		count += span_would_drop(&sum->services[i]);
	return count;
}

/* Sums the reasons over all services. */
static void add_reasons(const struct span_counts *sum, uint64_t dropped[REASON_COUNT],
			uint64_t would_drop[REASON_COUNT])
{
	memset(dropped, 0, REASON_COUNT * sizeof(*dropped));
	memset(would_drop, 0, REASON_COUNT * sizeof(*would_drop));
	for (unsigned i = 0; i < sum->service_count; i++) {
		for (unsigned reason = 0; reason < REASON_COUNT; reason++) {
			dropped[reason] += sum->services[i].dropped[reason];
			would_drop[reason] += sum->services[i].would_drop[reason];
		}
	}
}

static const char *service_name(enum lang lang, const struct span_service *service)
{
	return *service->name ? service->name : word_of(lang, W_OTHER_PORTS);
}

static uint64_t passed_of(const struct span_service *service)
{
	uint64_t dropped = span_dropped(service);

	return service->attempts > dropped ? service->attempts - dropped : 0;
}

static bool is_quiet(const struct span_service *service)
{
	return !service->attempts && !span_dropped(service) && !span_would_drop(service);
}

/* ---- the page ---- */

static void most_words(const struct page *page, enum word word, const char *word_class,
		       const uint64_t *values, size_t count)
{
	char text[NUMBER_TEXT_SIZE], span[PAGE_TIME_SIZE];
	uint64_t most = 0;

	for (size_t i = 0; i < count; i++)
		if (values[i] > most)
			most = values[i];
	page_duration(page->lang, SPAN_HOUR_S, span);
	fprintf(page->out, "<div class=\"%s\">", word_class);
	page_word(page, word, (const char *[]){ number_format(most, text), span });
	fputs("</div>\n", page->out);
}

static void hours(const struct page *page, const struct day *day)
{
	static const char *const labels[LANG_COUNT] = { "attempts dropped and passed, by the hour",
							"時間別の遮断と通過" };
	uint64_t passed[DAY_HOURS], dropped[DAY_HOURS];

	for (size_t i = 0; i < day->hour_count; i++) {
		day_attempts(&day->hours[i], &passed[i], &dropped[i]);
		passed[i] = passed[i] > dropped[i] ? passed[i] - dropped[i] : 0;
	}
	page_tag(page, "h2", W_DAY_HOURS, NULL);
	most_words(page, W_DAY_DROPPED_MOST, "badly", dropped, day->hour_count);
	page_chart(page, &(struct chart){ .above = dropped,
					  .below = passed,
					  .count = day->hour_count,
					  .label = labels[page->lang] });
	fputs("<div class=\"axis\"><span>0:00</span><span>12:00</span><span>24:00</span></div>\n",
	      page->out);
	most_words(page, W_DAY_PASSED_MOST, "well", passed, day->hour_count);
}

static void services(const struct page *page, const struct span_counts *sum)
{
	static const enum word columns[] = { W_SERVICE, W_PASSED, W_DROPPED, W_WOULD_DROP,
					     W_WORD_COUNT };

	page_tag(page, "h2", W_DAY_SERVICES, NULL);
	page_table_begin(page, columns);
	for (unsigned i = 0; i < sum->service_count; i++) {
		const struct span_service *service = &sum->services[i];

		if (is_quiet(service))
			continue;
		page_row(page, NULL);
		page_cell(page, W_SERVICE, service_name(page->lang, service));
		page_cell_count(page, W_PASSED, passed_of(service));
		page_cell_count(page, W_DROPPED, span_dropped(service));
		page_cell_count(page, W_WOULD_DROP, span_would_drop(service));
	}
	page_table_end(page);
}

static void reasons(const struct page *page, const struct span_counts *sum)
{
	static const enum word columns[] = { W_REASON, W_DROPPED, W_WOULD_DROP, W_WORD_COUNT };
	uint64_t dropped[REASON_COUNT], would_drop[REASON_COUNT];

	add_reasons(sum, dropped, would_drop);
	page_tag(page, "h2", W_DAY_REASONS, NULL);
	page_table_begin(page, columns);
	for (unsigned reason = 1; reason < REASON_COUNT; reason++) {
		if (!dropped[reason] && !would_drop[reason])
			continue;
		page_row(page, NULL);
		page_cell(page, W_REASON, reason_name(reason));
		page_cell_count(page, W_DROPPED, dropped[reason]);
		page_cell_count(page, W_WOULD_DROP, would_drop[reason]);
	}
	page_table_end(page);
}

static void events(const struct page *page, const struct span_counts *sum)
{
	static const enum word columns[] = { W_EVENT, W_COUNT_OF, W_WORD_COUNT };
	struct day_page_line lines[LINES];

	lines_of(sum, lines);
	page_tag(page, "h2", W_DAY_EVENTS, NULL);
	page_table_begin(page, columns);
	for (size_t i = 0; i < LINES; i++) {
		page_row(page, NULL);
		page_cell(page, W_EVENT, word_of(page->lang, lines[i].word));
		page_cell_count(page, W_COUNT_OF, lines[i].count);
	}
	page_table_end(page);
}

static size_t alerts_shown(const struct day *day)
{
	return day->alert_count < DAY_ALERTS ? (size_t)day->alert_count : DAY_ALERTS;
}

static void more(const struct page *page, const struct day *day)
{
	char text[NUMBER_TEXT_SIZE];

	if (day->alert_count > DAY_ALERTS)
		page_tag(page, "p", W_MORE,
			 (const char *[]){ number_format(day->alert_count - DAY_ALERTS, text) });
}

static void alerts(const struct page *page, const struct day *day)
{
	static const enum word columns[] = { W_TIME, W_RULE, W_ABOUT, W_WHY, W_WORD_COUNT };

	page_tag(page, "h2", W_DAY_ALERTS, NULL);
	if (!day->alert_count) {
		page_tag(page, "p", W_DAY_NO_ALERTS, NULL);
		return;
	}
	page_table_begin(page, columns);
	for (size_t i = 0; i < alerts_shown(day); i++) {
		const struct day_alert *alert = &day->alerts[i];
		char time[PAGE_TIME_SIZE];

		page_time_of_day(alert->wall_ns, day->from_s * NS_PER_S, time);
		page_row(page, "bad");
		page_cell(page, W_TIME, time);
		page_cell(page, W_RULE, alert->rule ? alert->rule : "");
		page_cell(page, W_ABOUT,
			  alert->about ? alert->about : word_of(page->lang, W_THE_SERVER));
		page_cell(page, W_WHY, alert->why ? alert->why : "");
	}
	page_table_end(page);
	more(page, day);
}

void day_page(const struct page *page, const struct day *day, int64_t now_wall_ns)
{
	bool empty = span_is_empty(&day->sum);
	char text[NUMBER_TEXT_SIZE];
	struct numbers numbers = { 0 };

	sentence_of(&day->sum, &numbers);
	page_begin(page, W_DAY_TITLE, (const char *[]){ day->name });
	fprintf(page->out, "<p class=\"lead%s\">", day->alert_count ? "" : " calm");
	page_word(page, empty ? W_DAY_NOTHING : W_DAY_SENTENCE, numbers.values);
	if (would_drop_of(&day->sum)) {
		fputc(' ', page->out);
		page_word(page, W_DAY_WOULD,
			  (const char *[]){ number_format(would_drop_of(&day->sum), text) });
	}
	fputs("</p>\n", page->out);
	if (!empty) {
		hours(page, day);
		services(page, &day->sum);
		reasons(page, &day->sum);
		events(page, &day->sum);
	}
	alerts(page, day);
	page_end(page, now_wall_ns);
}

/* ---- text ---- */

static void heading(FILE *out, enum lang lang, enum word word)
{
	fprintf(out, "\n%s\n", word_of(lang, word));
}

static void text_services(FILE *out, enum lang lang, const struct span_counts *sum)
{
	char a[NUMBER_TEXT_SIZE], b[NUMBER_TEXT_SIZE], c[NUMBER_TEXT_SIZE];

	heading(out, lang, W_DAY_SERVICES);
	for (unsigned i = 0; i < sum->service_count; i++) {
		const struct span_service *service = &sum->services[i];

		if (is_quiet(service))
			continue;
		fprintf(out, "  %s: %s %s, %s %s", service_name(lang, service),
			word_of(lang, W_PASSED), number_format(passed_of(service), a),
			word_of(lang, W_DROPPED), number_format(span_dropped(service), b));
		if (span_would_drop(service))
			fprintf(out, ", %s %s", word_of(lang, W_WOULD_DROP),
				number_format(span_would_drop(service), c));
		fputc('\n', out);
	}
}

static void text_reasons(FILE *out, enum lang lang, const struct span_counts *sum)
{
	uint64_t dropped[REASON_COUNT], would_drop[REASON_COUNT];
	char text[NUMBER_TEXT_SIZE];

	add_reasons(sum, dropped, would_drop);
	heading(out, lang, W_DAY_REASONS);
	for (unsigned reason = 1; reason < REASON_COUNT; reason++) {
		if (!dropped[reason] && !would_drop[reason])
			continue;
		fprintf(out, "  %s: %s", reason_name(reason), number_format(dropped[reason], text));
		if (would_drop[reason])
			fprintf(out, ", %s %s", word_of(lang, W_WOULD_DROP),
				number_format(would_drop[reason], text));
		fputc('\n', out);
	}
}

static void text_alerts(FILE *out, enum lang lang, const struct day *day)
{
	char text[NUMBER_TEXT_SIZE];

	heading(out, lang, W_DAY_ALERTS);
	if (!day->alert_count)
		fprintf(out, "  %s\n", word_of(lang, W_DAY_NO_ALERTS));
	for (size_t i = 0; i < alerts_shown(day); i++) {
		const struct day_alert *alert = &day->alerts[i];
		char time[PAGE_TIME_SIZE];

		page_time_of_day(alert->wall_ns, day->from_s * NS_PER_S, time);
		fprintf(out, "  %s  %s: ", time, alert->rule ? alert->rule : "");
		visible_print(out, alert->about ? alert->about : word_of(lang, W_THE_SERVER));
		fputs(": ", out);
		visible_print(out, alert->why ? alert->why : "");
		fputc('\n', out);
	}
	if (day->alert_count > DAY_ALERTS) {
		fputs("  ", out);
		words_print(out, lang, W_MORE,
			    (const char *[]){ number_format(day->alert_count - DAY_ALERTS, text) });
		fputc('\n', out);
	}
}

void day_text(FILE *out, enum lang lang, const struct day *day)
{
	struct day_page_line lines[LINES];
	struct numbers numbers = { 0 };
	char text[NUMBER_TEXT_SIZE];

	sentence_of(&day->sum, &numbers);
	words_print(out, lang, W_DAY_TITLE, (const char *[]){ day->name });
	fputs("\n\n", out);
	if (span_is_empty(&day->sum)) {
		fprintf(out, "%s\n", word_of(lang, W_DAY_NOTHING));
		text_alerts(out, lang, day);
		return;
	}
	words_print(out, lang, W_DAY_SENTENCE, numbers.values);
	fputc('\n', out);
	if (would_drop_of(&day->sum)) {
		words_print(out, lang, W_DAY_WOULD,
			    (const char *[]){ number_format(would_drop_of(&day->sum), text) });
		fputc('\n', out);
	}
	text_services(out, lang, &day->sum);
	text_reasons(out, lang, &day->sum);
	heading(out, lang, W_DAY_EVENTS);
	lines_of(&day->sum, lines);
	for (size_t i = 0; i < LINES; i++)
		fprintf(out, "  %s: %s\n", word_of(lang, lines[i].word),
			number_format(lines[i].count, text));
	text_alerts(out, lang, day);
}
