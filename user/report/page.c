// SPDX-License-Identifier: GPL-2.0-or-later
/* See page.h. Charts: chart.c. */
#include "report/page.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "show/number.h"
#include "show/visible.h"

/* ---- text ---- */

static void escape(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

static bool is_plain(const char *text)
{
	while (*text >= ' ' && *text < 0x7f)
		text++;
	return !*text;
}

void page_text(const struct page *page, const char *text)
{
	_cleanup_free_ char *visible = NULL;
	size_t size;
	FILE *stream;

	if (is_plain(text)) {
		escape(page->out, text);
		return;
	}
	stream = open_memstream(&visible, &size);
	if (!stream)
		return;
	visible_print(stream, text);
	if (!fclose(stream))
		escape(page->out, visible);
}

/* Replaces what is between the braces: "0" or "0|host|hosts". */
static void put_value(FILE *out, const char *inside, size_t size, const char *const *values,
		      void (*put)(void *context, const char *text), void *context)
{
	const char *value = values[inside[0] - '0'];
	const char *one = memchr(inside, '|', size), *many = memrchr(inside, '|', size);

	put(context, value);
	if (!one)
		return;
	fputc(' ', out);
	if (!strcmp(value, "1"))
		fwrite(one + 1, 1, (size_t)(many - one - 1), out);
	else
		fwrite(many + 1, 1, (size_t)(inside + size - many - 1), out);
}

static void put_word(FILE *out, const char *text, const char *const *values,
		     void (*put)(void *context, const char *text), void *context)
{
	for (const char *open; (open = strchr(text, '{')) && values;) {
		const char *close = strchr(open, '}');

		fwrite(text, 1, (size_t)(open - text), out);
		put_value(out, open + 1, (size_t)(close - open - 1), values, put, context);
		text = close + 1;
	}
	fputs(text, out);
}

static void put_escaped(void *context, const char *text)
{
	page_text(context, text);
}

static void put_visible(void *context, const char *text)
{
	visible_print(context, text);
}

void page_word(const struct page *page, enum word word, const char *const *values)
{
	struct page own = *page;

	put_word(page->out, word_of(page->lang, word), values, put_escaped, &own);
}

void words_print(FILE *out, enum lang lang, enum word word, const char *const *values)
{
	put_word(out, word_of(lang, word), values, put_visible, out);
}

void page_tag(const struct page *page, const char *tag, enum word word, const char *const *values)
{
	fprintf(page->out, "<%s>", tag);
	page_word(page, word, values);
	fprintf(page->out, "</%s>\n", tag);
}

void page_time(int64_t wall_ns, char text[PAGE_TIME_SIZE])
{
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm local;

	if (!wall_ns || !localtime_r(&seconds, &local) ||
	    !strftime(text, PAGE_TIME_SIZE, "%Y-%m-%d %H:%M:%S", &local))
		memcpy(text, "-", 2);
}

void page_time_of_day(int64_t wall_ns, int64_t of_wall_ns, char text[PAGE_TIME_SIZE])
{
	char of[PAGE_TIME_SIZE];

	page_time(wall_ns, text);
	page_time(of_wall_ns, of);
	if (strlen(text) > 11 && !strncmp(text, of, 11))
		memmove(text, text + 11, strlen(text + 11) + 1);
}

void page_duration(enum lang lang, uint64_t seconds, char text[PAGE_TIME_SIZE])
{
	static const struct {
		uint64_t length;
		const char *names[LANG_COUNT];
	} units[] = { { 86400, { "d", "日" } },
		      { 3600, { "h", "時間" } },
		      { 60, { "min", "分" } },
		      { 1, { "s", "秒" } } };
	size_t i = 0;

	while (i < 3 && seconds < 2 * units[i].length && seconds != units[i].length)
		i++;
	snprintf(text, PAGE_TIME_SIZE, "%llu %s", (unsigned long long)(seconds / units[i].length),
		 units[i].names[lang]);
}

/* ---- the frame ---- */

/* In both colour schemes the contrast to the background is at least 4.5. Wide tables become cards
 * on a narrow screen. */
static const char style[] =
	":root{color-scheme:light dark;--back:#fff;--text:#1b1f24;--dim:#57606a;--line:#d0d7de;"
	"--bad:#b42318;--good:#0b5cad;--card:#f6f8fa}"
	"@media(prefers-color-scheme:dark){:root{--back:#0f1419;--text:#e6e9ec;--dim:#9aa4ae;"
	"--line:#39424c;--bad:#ff8a7a;--good:#79b8ff;--card:#1a2027}}"
	"*{box-sizing:border-box}"
	"body{margin:0;background:var(--back);color:var(--text);font:1rem/1.5 system-ui,sans-serif}"
	"main{max-width:64rem;margin:0 auto;padding:1rem}"
	"h1{font-size:1.5rem;overflow-wrap:anywhere}h2{font-size:1.15rem;margin:2rem 0 .5rem}"
	"p,li,td,th,pre{overflow-wrap:anywhere}"
	/* With enough room, cells for which is_whole() is true are not broken within a word. */
	"table:not(.cards) .n,table:not(.cards) .w{overflow-wrap:normal}"
	"@media(min-width:64rem){.n,.w{overflow-wrap:normal}}"
	"@media print and (min-width:30rem){.n,.w{overflow-wrap:normal}}"
	".lead{font-size:1.15rem;border-left:4px solid var(--bad);padding-left:.8rem}"
	".calm{border-color:var(--good)}"
	".dim,footer{color:var(--dim);font-size:.9rem}"
	"table{border-collapse:collapse;width:100%;font-size:.9rem}"
	"th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid var(--line);"
	"vertical-align:top}"
	"th{color:var(--dim);font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums}"
	".bad td:first-child{color:var(--bad);font-weight:600}"
	".own td:first-child{color:var(--good);font-weight:600}"
	"pre{background:var(--card);border:1px solid "
	"var(--line);padding:.6rem;white-space:pre-wrap;"
	"font-size:.85rem}pre span{display:block;padding-left:1.5em;text-indent:-1.5em}"
	".chart{position:relative;padding-top:1.4rem}.chart svg{display:block;width:100%;"
	"height:11rem}"
	".mark{position:absolute;top:0;transform:translateX(-50%);font-size:.75rem;font-weight:600}"
	".axis{display:flex;justify-content:space-between;color:var(--dim);font-size:.8rem}"
	".bars-bad{fill:var(--bad)}.bars-good{fill:var(--good)}"
	".rule{stroke:var(--dim);stroke-width:1;vector-effect:non-scaling-stroke}"
	".badly{color:var(--bad)}.well{color:var(--good)}"
	"@media screen and (max-width:40rem){th,td{padding:.2rem}table{font-size:.8rem}"
	"th{font-size:.7rem}}"
	"@media screen and (max-width:63.9rem){"
	".cards thead{display:none}"
	".cards tr{display:block;border-bottom:1px solid var(--line);padding:.4rem 0}"
	".cards td{display:flex;justify-content:space-between;gap:1rem;border:0;"
	"padding:.1rem 0;text-align:right}"
	".cards td::before{content:attr(data-l);color:var(--dim);text-align:left;flex:none}}"
	"@media print{:root{--back:#fff;--text:#000;--dim:#444;--line:#999;--bad:#a01c12;"
	"--good:#0b4c91;--card:#fff;font-size:11px}main{max-width:none;padding:0}"
	"tr,li,pre{break-inside:avoid}h2{break-after:avoid}}";

void page_begin(const struct page *page, enum word title, const char *const *values)
{
	fputs("<!DOCTYPE html>\n<html lang=\"", page->out);
	page_word(page, W_CODE, NULL);
	/* If anything got past the escaping, it would load and run nothing. */
	fputs("\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'unsafe-inline'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"referrer\" content=\"no-referrer\">\n",
	      page->out);
	page_tag(page, "title", title, values);
	fprintf(page->out, "<style>%s</style>\n</head>\n<body>\n<main>\n", style);
	page_tag(page, "h1", title, values);
}

void page_end(const struct page *page, int64_t now_wall_ns)
{
	char now[PAGE_TIME_SIZE];

	page_time(now_wall_ns, now);
	page_tag(page, "footer", W_MADE_BY, (const char *[]){ SEKISHO_VERSION, now });
	fputs("</main>\n</body>\n</html>\n", page->out);
}

/* ---- tables ---- */

static bool is_number(enum word column)
{
	return column == W_STRANGERS || column == W_OWN || column == W_LOGINS ||
	       column == W_FAILURES || column == W_PASSED || column == W_KEPT_OUT ||
	       column == W_ATTEMPTS || column == W_COUNT_OF || column == W_DROPPED ||
	       column == W_WOULD_DROP;
}

/* Whether the column's text is ours, or short, and is not broken within a word. Names that
 * strangers chose may be. */
static bool is_whole(enum word column)
{
	return column == W_SOURCE || column == W_COUNTRY || column == W_PROVIDER ||
	       column == W_FIRST || column == W_LAST || column == W_BANNED_UNTIL ||
	       column == W_TIME || column == W_RULE || column == W_SERVICE || column == W_REASON;
}

static const char *class_of(enum word column)
{
	return is_number(column) ? " class=\"n\"" : is_whole(column) ? " class=\"w\"" : "";
}

#define FLAT_MOST 5 /* columns that fit the screen of a telephone */
#define TEXT_MOST 3

void page_command(const struct page *page, const char *before, const char *account,
		  const char *after)
{
	if (!visible_is_word(account))
		return;
	fprintf(page->out, "<pre>%s'", before);
	page_text(page, account);
	fprintf(page->out, "'%s</pre>\n", after);
}

void page_table_begin(const struct page *page, const enum word *columns)
{
	size_t count = 0, numbers = 0;
	bool wide;

	for (; columns[count] != W_WORD_COUNT; count++)
		numbers += is_number(columns[count]);
	wide = count > FLAT_MOST || count - numbers > TEXT_MOST;
	fprintf(page->out, "<table%s>\n<thead><tr>", wide ? " class=\"cards\"" : "");
	for (; *columns != W_WORD_COUNT; columns++) {
		fprintf(page->out, "<th%s>", class_of(*columns));
		page_word(page, *columns, NULL);
		fputs("</th>", page->out);
	}
	fputs("</tr></thead>\n<tbody>", page->out);
}

void page_row(const struct page *page, const char *row_class)
{
	if (row_class)
		fprintf(page->out, "\n<tr class=\"%s\">", row_class);
	else
		fputs("\n<tr>", page->out);
}

void page_cell(const struct page *page, enum word column, const char *text)
{
	fprintf(page->out, "<td%s data-l=\"", class_of(column));
	page_word(page, column, NULL);
	fputs("\">", page->out);
	page_text(page, text);
	fputs("</td>", page->out);
}

void page_cell_count(const struct page *page, enum word column, uint64_t count)
{
	char text[NUMBER_TEXT_SIZE];

	page_cell(page, column, number_format(count, text));
}

void page_table_end(const struct page *page)
{
	fputs("\n</tbody>\n</table>\n", page->out);
}
