// SPDX-License-Identifier: GPL-2.0-or-later
/* The page after an incident: what happened, when, and to whom; what left, and what to do. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "detect/provider.h"
#include "report/mail_server.h"
#include "report/pages.h"
#include "show/number.h"

#define SOURCES_SHOWN 200
#define GROUPS_SHOWN  40

static const char *count_text(uint64_t count, char text[NUMBER_TEXT_SIZE])
{
	return number_format(count, text);
}

static void more(const struct page *page, uint64_t count, uint64_t shown)
{
	char text[NUMBER_TEXT_SIZE];

	if (count > shown)
		page_tag(page, "p", W_MORE, (const char *[]){ count_text(count - shown, text) });
}

/* ---- one sentence ---- */

static void sentence(const struct page *page, const struct incident *incident)
{
	char hosts[NUMBER_TEXT_SIZE], providers[NUMBER_TEXT_SIZE], countries[NUMBER_TEXT_SIZE];
	char from[PAGE_TIME_SIZE], to[PAGE_TIME_SIZE], noticed[PAGE_TIME_SIZE];
	char passed[NUMBER_TEXT_SIZE], out[NUMBER_TEXT_SIZE];
	const char *stop = page->lang == LANG_JA ? "。" : "; ";

	page_time(incident->stranger_first_ns, from);
	page_time_of_day(incident->stranger_last_ns, incident->stranger_first_ns, to);
	page_word(page, incident->providers_known ? W_SENTENCE : W_SENTENCE_NETWORKS,
		  (const char *[]){ incident->account, count_text(incident->stranger_count, hosts),
				    count_text(incident->stranger_providers, providers),
				    count_text(incident->stranger_countries, countries), from,
				    to });
	if (incident->noticed_ns) {
		int64_t after = incident->noticed_ns - incident->stranger_first_ns;

		page_duration(page->lang, after > 0 ? (uint64_t)(after / NS_PER_S) : 0, noticed);
		fputs(stop, page->out);
		page_word(page, W_NOTICED, (const char *[]){ noticed });
	}
	if (!incident->from_store) {
		fputs(stop, page->out);
		page_word(page, W_MESSAGES,
			  (const char *[]){ count_text(incident->messages_passed, passed),
					    count_text(incident->messages_kept_out, out) });
	}
	fputs(page->lang == LANG_JA ? "。" : ".", page->out);
}

static void lead(const struct page *page, const struct incident *incident)
{
	char from[PAGE_TIME_SIZE], to[PAGE_TIME_SIZE], a[NUMBER_TEXT_SIZE], b[NUMBER_TEXT_SIZE],
		c[NUMBER_TEXT_SIZE];

	fprintf(page->out, "<p class=\"lead%s\">", incident->stranger_count ? "" : " calm");
	if (incident->stranger_count)
		sentence(page, incident);
	else if (incident->from_store)
		page_word(page, W_NO_STRANGERS_STORE, (const char *[]){ incident->account });
	else
		page_word(page, W_NO_STRANGERS,
			  (const char *[]){ incident->account, count_text(incident->logins, a),
					    count_text(incident->failures, b),
					    count_text(incident->messages_passed, c) });
	fputs("</p>\n", page->out);
	if (incident->from_store) {
		page_tag(page, "p", W_STORE_NOTE, NULL);
	} else if (incident->first_ns) {
		page_time(incident->first_ns, from);
		page_time(incident->last_ns, to);
		fputs("<p class=\"dim\">", page->out);
		page_word(page, W_SPAN, (const char *[]){ from, to });
		fputs("</p>\n", page->out);
	}
}

/* ---- the timeline ---- */

static void mark_words(const struct page *page, const struct incident_mark *mark)
{
	static const enum word kinds[MARK_KINDS] = {
		[MARK_STRANGER] = W_MARK_STRANGER,
		[MARK_ALERT] = W_MARK_ALERT,
		[MARK_BANS] = W_MARK_BANS,
		[MARK_BREAKER] = W_MARK_BREAKER,
	};
	char time[PAGE_TIME_SIZE], count[NUMBER_TEXT_SIZE];

	page_time(mark->wall_ns, time);
	fprintf(page->out, "<li>%s ", time);
	page_word(page, kinds[mark->kind],
		  (const char *[]){ rule_name(mark->rule), count_text(mark->count, count) });
	fputs("</li>\n", page->out);
}

static void chart_words(const struct page *page, enum word word, const char *word_class,
			const uint64_t *values, const struct incident *incident)
{
	char most_text[NUMBER_TEXT_SIZE], span[PAGE_TIME_SIZE];
	uint64_t most = 0;

	for (size_t i = 0; i < incident->bucket_count; i++)
		if (values[i] > most)
			most = values[i];
	page_duration(page->lang, incident->bucket_s, span);
	fprintf(page->out, "<div class=\"%s\">", word_class);
	page_word(page, word, (const char *[]){ count_text(most, most_text), span });
	fputs("</div>\n", page->out);
}

static void draw(const struct page *page, const struct incident *incident)
{
	static const char *const labels[LANG_COUNT] = { "messages kept out and passed, over time",
							"遮断したメールと通過したメールの推移" };
	_cleanup_free_ uint64_t *values = calloc(2 * INCIDENT_BUCKETS, sizeof(*values));
	double span_s = (double)incident->bucket_s * (double)incident->bucket_count;
	struct chart_mark marks[INCIDENT_MARKS];
	char from[PAGE_TIME_SIZE], to[PAGE_TIME_SIZE];
	int64_t start_ns = incident->bucket_start_s * NS_PER_S;

	if (!values)
		return;
	for (size_t i = 0; i < incident->bucket_count; i++) {
		values[i] = incident->buckets[i].kept_out;
		values[INCIDENT_BUCKETS + i] = incident->buckets[i].passed;
	}
	for (size_t i = 0; i < incident->mark_count; i++) {
		double at = (double)(incident->marks[i].wall_ns - start_ns) / NS_PER_S / span_s;

		marks[i].at = at < 0 ? 0 : at > 1 ? 1 : at;
	}
	chart_words(page, W_KEPT_OUT_MOST, "badly", values, incident);
	page_chart(page, &(struct chart){ .above = values,
					  .below = values + INCIDENT_BUCKETS,
					  .count = incident->bucket_count,
					  .marks = marks,
					  .mark_count = incident->mark_count,
					  .label = labels[page->lang] });
	page_time(start_ns, from);
	page_time(start_ns + (int64_t)span_s * NS_PER_S, to);
	fprintf(page->out, "<div class=\"axis\"><span>%s</span><span>%s</span></div>\n", from, to);
	chart_words(page, W_PASSED_MOST, "well", values + INCIDENT_BUCKETS, incident);
}

static void timeline(const struct page *page, const struct incident *incident)
{
	page_tag(page, "h2", W_TIMELINE, NULL);
	if (incident->bucket_count)
		draw(page, incident);
	else if (!incident->from_store)
		page_tag(page, "p", W_NO_MESSAGES, NULL);
	if (!incident->mark_count)
		return;
	fputs("<ol>\n", page->out);
	for (size_t i = 0; i < incident->mark_count; i++)
		mark_words(page, &incident->marks[i]);
	fputs("</ol>\n", page->out);
}

/* ---- who ---- */

/* A count; "-" if the facts come from the store, which does not count it. */
static void counted(const struct page *page, enum word column, uint64_t count, bool from_store)
{
	if (from_store)
		page_cell(page, column, "-");
	else
		page_cell_count(page, column, count);
}

static void groups(const struct page *page, enum word title, enum word column,
		   const struct incident_group *all, size_t count, bool from_store)
{
	const enum word columns[] = {
		column, W_STRANGERS, W_OWN, W_PASSED, W_KEPT_OUT, W_WORD_COUNT
	};

	page_tag(page, "h2", title, NULL);
	page_table_begin(page, columns);
	for (size_t i = 0; i < count && i < GROUPS_SHOWN; i++) {
		char name[PROVIDER_TEXT_SIZE];

		if (column == W_COUNTRY)
			country_to_text((unsigned)all[i].key, name);
		else
			provider_format(all[i].key, name);
		page_row(page, all[i].strangers ? "bad" : "own");
		page_cell(page, column, name);
		page_cell_count(page, W_STRANGERS, all[i].strangers);
		page_cell_count(page, W_OWN, all[i].own);
		counted(page, W_PASSED, all[i].messages, from_store);
		counted(page, W_KEPT_OUT, all[i].kept_out, from_store);
	}
	page_table_end(page);
	more(page, count, GROUPS_SHOWN);
}

static void source_row(const struct page *page, const struct incident_source *source,
		       bool from_store)
{
	char text[PREFIX_TEXT_SIZE];
	char country[COUNTRY_TEXT_SIZE], first[PAGE_TIME_SIZE], last[PAGE_TIME_SIZE];
	char until[PAGE_TIME_SIZE];

	if (source->source.length == 128)
		address_format(&source->source.address, text);
	else
		prefix_format(&source->source, text);
	country_to_text(source->country, country);
	page_time(source->first_ns, first);
	page_time_of_day(source->last_ns, source->first_ns, last);
	page_time(source->until_ns, until);
	page_row(page, source->stranger			    ? "bad"
		       : source->logins || source->messages ? "own"
							    : NULL);
	page_cell(page, W_SOURCE, text);
	page_cell(page, W_COUNTRY, country);
	page_cell(page, W_FIRST, first);
	page_cell(page, W_LAST, last);
	counted(page, W_LOGINS, source->logins, from_store);
	counted(page, W_FAILURES, source->failures, from_store);
	counted(page, W_PASSED, source->messages, from_store);
	counted(page, W_KEPT_OUT, source->kept_out, from_store);
	page_cell(page, W_BANNED_UNTIL, until);
}

static void sources(const struct page *page, const struct incident *incident)
{
	static const enum word columns[] = { W_SOURCE,	     W_COUNTRY,	  W_FIRST,  W_LAST,
					     W_LOGINS,	     W_FAILURES,  W_PASSED, W_KEPT_OUT,
					     W_BANNED_UNTIL, W_WORD_COUNT };

	page_tag(page, "h2", W_SOURCES, NULL);
	page_table_begin(page, columns);
	for (size_t i = 0; i < incident->source_count && i < SOURCES_SHOWN; i++)
		source_row(page, &incident->sources[i], incident->from_store);
	page_table_end(page);
	more(page, incident->source_count, SOURCES_SHOWN);
}

/* ---- what left ---- */

static void left(const struct page *page, const struct incident *incident)
{
	uint64_t passed = 0;
	char a[NUMBER_TEXT_SIZE], b[NUMBER_TEXT_SIZE], c[NUMBER_TEXT_SIZE], d[NUMBER_TEXT_SIZE];

	for (size_t i = 0; i < incident->source_count; i++)
		if (incident->sources[i].stranger)
			passed += incident->sources[i].messages;
	page_tag(page, "h2", W_LEFT, NULL);
	if (!passed) {
		page_tag(page, "p", W_LEFT_NONE, NULL);
		return;
	}
	page_tag(page, "p", W_LEFT_SUMS,
		 (const char *[]){ count_text(passed, a), count_text(incident->recipients, b),
				   count_text(incident->bounces, c),
				   count_text(incident->queue_count, d) });
	if (mail_server_hold(page, incident))
		more(page, incident->queue_count, INCIDENT_QUEUES);
}

/* ---- and the rest ---- */

static void others(const struct page *page, const struct incident *incident)
{
	static const enum word columns[] = { W_ACCOUNT, W_STRANGERS, W_ATTEMPTS, W_WORD_COUNT };

	page_tag(page, "h2", W_OTHERS, NULL);
	if (!incident->others[0].account) {
		page_tag(page, "p", incident->others_cut ? W_OTHERS_CUT : W_OTHERS_NONE, NULL);
		return;
	}
	page_tag(page, "p", W_OTHERS_INTRO, NULL);
	page_table_begin(page, columns);
	for (size_t i = 0; i < INCIDENT_OTHERS && incident->others[i].account; i++) {
		page_row(page, NULL);
		page_cell(page, W_ACCOUNT, incident->others[i].account);
		page_cell_count(page, W_STRANGERS, incident->others[i].sources);
		page_cell_count(page, W_ATTEMPTS, incident->others[i].events);
	}
	page_table_end(page);
	more(page, incident->other_count, INCIDENT_OTHERS);
	if (incident->others_cut)
		page_tag(page, "p", W_OTHERS_CUT, NULL);
}

static void log_lines(const struct page *page, const struct incident *incident)
{
	page_tag(page, "h2", W_LINES, NULL);
	if (!incident->line_count) {
		page_tag(page, "p", W_LINES_NONE, NULL);
		return;
	}
	fputs("<pre>", page->out);
	for (size_t i = 0; i < incident->line_count; i++) {
		if (!incident->evidence[i].text)
			continue;
		fputs("<span>", page->out);
		page_text(page, incident->evidence[i].text);
		fputs("</span>", page->out);
	}
	fputs("</pre>\n", page->out);
}

static void steps(const struct page *page, const struct incident *incident)
{
	const char *values[] = { incident->account };

	page_tag(page, "h2", W_STEPS, NULL);
	fputs("<ol>\n<li>", page->out);
	page_word(page, W_STEP_LOCK, values);
	fputs("</li>\n<li>", page->out);
	page_word(page, W_STEP_KICK, NULL);
	page_command(page, "doveadm kick ", incident->account, "");
	fputs("</li>\n<li>", page->out);
	page_word(page, W_STEP_QUEUE, NULL);
	mail_server_hold_by_sender(page, incident);
	fputs("</li>\n<li>", page->out);
	page_word(page, W_STEP_DELIST, NULL);
	fputs("</li>\n<li>", page->out);
	page_word(page, W_STEP_TELL, NULL);
	fputs("</li>\n<li>", page->out);
	page_word(page, W_STEP_TRUST, NULL);
	page_command(page, "sekisho account --trust ", incident->account, "");
	fputs("</li>\n</ol>\n", page->out);
}

void incident_page(const struct page *page, const struct incident *incident, int64_t now_wall_ns)
{
	page_begin(page, W_TITLE, (const char *[]){ incident->account });
	lead(page, incident);
	timeline(page, incident);
	if (incident->source_count) {
		groups(page, W_COUNTRIES, W_COUNTRY, incident->countries, incident->country_count,
		       incident->from_store);
		groups(page, W_PROVIDERS, W_PROVIDER, incident->providers, incident->provider_count,
		       incident->from_store);
		sources(page, incident);
	}
	if (!incident->from_store)
		left(page, incident);
	if (!incident->from_store)
		others(page, incident);
	log_lines(page, incident);
	if (incident->stranger_count)
		steps(page, incident);
	page_end(page, now_wall_ns);
}
