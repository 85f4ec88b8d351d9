// SPDX-License-Identifier: GPL-2.0-or-later
/* Bars over time as SVG. See page.h. */
#include "report/page.h"

#define BARS_MOST  360 /* if there are more values, each bar shows the highest of several */
#define WIDTH	   720
#define LABEL_ROOM 0.07 /* as a part of the width */
#define TICK	   16	/* height of a mark: it hides only the highest bar */
#define HALF	   100	/* height above the middle, and below */

static uint64_t highest(const uint64_t *values, size_t from, size_t to)
{
	uint64_t most = 0;

	for (; from < to; from++)
		if (values[from] > most)
			most = values[from];
	return most;
}

/* Draws one path for all bars of a row; a bar above zero is always visible. */
static void draw_row(FILE *out, const uint64_t *values, size_t count, const char *row_class,
		     int direction)
{
	size_t bars = count < BARS_MOST ? count : BARS_MOST;
	uint64_t most = highest(values, 0, count);

	if (!most)
		return;
	fprintf(out, "<path class=\"%s\" d=\"", row_class);
	for (size_t i = 0; i < bars; i++) {
		uint64_t value = highest(values, i * count / bars, (i + 1) * count / bars);
		double height = (double)value * (HALF - TICK) / (double)most;
		double left = (double)i * WIDTH / (double)bars;

		if (!value)
			continue;
		fprintf(out, "M%.1f %dv%.1fh%.1fv%.1fz", left, HALF,
			direction * (height < 2 ? 2 : height), (double)WIDTH / (double)bars,
			-direction * (height < 2 ? 2 : height));
	}
	fputs("\"/>", out);
}

/* Draws one label for marks that are near each other: "2-5". Labels stay within the page, also at
 * its edges. */
static void draw_labels(FILE *out, const struct chart *chart)
{
	for (size_t i = 0, last; i < chart->mark_count; i = last + 1) {
		double at = chart->marks[i].at * 100;

		for (last = i; last + 1 < chart->mark_count &&
			       chart->marks[last + 1].at - chart->marks[i].at < LABEL_ROOM;)
			last++;
		fprintf(out, "<span class=\"mark\" style=\"left:%.1f%%\">%zu",
			at < 2	  ? 2
			: at > 97 ? 97
				  : at,
			i + 1);
		if (last > i)
			fprintf(out, "-%zu", last + 1);
		fputs("</span>", out);
	}
}

void page_chart(const struct page *page, const struct chart *chart)
{
	FILE *out = page->out;

	fputs("<div class=\"chart\">", out);
	draw_labels(out, chart);
	fprintf(out,
		"<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
		"aria-label=\"",
		WIDTH, 2 * HALF);
	page_text(page, chart->label);
	fputs("\">", out);
	draw_row(out, chart->above, chart->count, "bars-bad", -1);
	draw_row(out, chart->below, chart->count, "bars-good", 1);
	fprintf(out, "<path class=\"rule\" d=\"M0 %dh%d", HALF, WIDTH);
	for (size_t i = 0; i < chart->mark_count; i++)
		fprintf(out, "M%.1f 0v%d", chart->marks[i].at * WIDTH, TICK);
	fputs("\"/></svg></div>\n", out);
}
