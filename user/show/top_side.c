// SPDX-License-Identifier: GPL-2.0-or-later
/* See top_side.h. */
#include "show/top_side.h"

#include <curses.h>
#include <inttypes.h>
#include <langinfo.h>
#include <string.h>

#include "base/cleanup.h"
#include "detect/detect.h"
#include "show/number.h"
#include "show/visible.h"

#define WIDE  150 /* columns from which on there is room beside the tables */
#define HIGH  24
#define BANS  12
#define LABEL 6

bool top_side_fits(int columns, int lines)
{
	return columns >= WIDE && lines >= HIGH;
}

void top_sparkline(const uint64_t *values, size_t count, bool utf8, char *text)
{
	static const char *const blocks[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const plain[] = { " ", ".", ":", "-", "=", "+", "*", "%", "#" };
	uint64_t most = 0;

	for (size_t i = 0; i < count; i++)
		most = values[i] > most ? values[i] : most;
	*text = '\0';
	for (size_t i = 0; i < count; i++) {
		/* Any value above zero is visible. */
		unsigned height = values[i] ? 1 + (unsigned)((double)values[i] * 7 / (double)most)
					    : 0;
		const char *character = utf8 ? blocks[height] : plain[height];

		strcpy(text, character);
		text += strlen(character);
	}
}

static void side_line(int y, attr_t attributes, const char *text)
{
	_cleanup_free_ char *visible = NULL;
	size_t size = 0;
	FILE *out = y < LINES ? open_memstream(&visible, &size) : NULL;

	if (!out)
		return;
	visible_print(out, text);
	fclose(out);
	attron(attributes);
	mvaddnstr(y, COLS - TOP_SIDE_WIDTH, visible, TOP_SIDE_WIDTH);
	attroff(attributes);
}

static int draw_history(const struct top_history *history, int y)
{
	static const char *const names[TOP_HISTORY_KINDS] = { "connections", "refused",
							      "failed logins" };
	bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	char line[TOP_HISTORY_MINUTES * 3 + 1], text[128];

	side_line(y++, A_UNDERLINE,
		  "the last hour, per minute                                          ");
	for (unsigned kind = 0; kind < TOP_HISTORY_KINDS; kind++) {
		const uint64_t *values = history->values[kind];
		uint64_t most = 0;

		for (size_t i = 0; i < TOP_HISTORY_MINUTES; i++)
			most = values[i] > most ? values[i] : most;
		snprintf(text, sizeof(text), "%-14s%8" PRIu64 " in the last, at most %" PRIu64,
			 names[kind], values[TOP_HISTORY_MINUTES - 1], most);
		side_line(y++, A_NORMAL, text);
		top_sparkline(values, TOP_HISTORY_MINUTES, utf8, line);
		/* The line has only this program's own characters. mvaddstr() counts columns, not
		 * bytes. */
		if (y < LINES)
			mvaddstr(y++, COLS - TOP_SIDE_WIDTH, line);
	}
	return y;
}

static void draw_bans(const struct top_frame *now, const struct top_bans *bans, int y)
{
	char text[256], age[NUMBER_TEXT_SIZE], prefix[PREFIX_TEXT_SIZE];

	side_line(y++, A_UNDERLINE,
		  "the latest bans                                                    ");
	for (size_t i = 0; i < bans->count && i < BANS && y < LINES - 2; i++) {
		const struct top_ban *ban = &bans->items[i];

		prefix_format(&ban->ban.prefix, prefix);
		snprintf(text, sizeof(text), "%8s ago  %-28s %s",
			 age_format(ban->ban.since_wall_ns, now->snapshot->now_wall_ns, age),
			 prefix, rule_name(ban->ban.rule));
		side_line(y++, A_NORMAL, text);
	}
	if (!bans->count)
		side_line(y, A_NORMAL, "nobody is banned");
}

void top_side_draw(const struct top_frame *now, const struct top_bans *bans)
{
	int y = draw_history(&now->history, 1);

	draw_bans(now, bans, y + 1);
}
