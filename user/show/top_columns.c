// SPDX-License-Identifier: GPL-2.0-or-later
/* See top_columns.h. */
#include "show/top_columns.h"

#include <stdio.h>
#include <string.h>

#include "show/number.h"

#define NAME_LEAST 16 /* an IPv4 address */
#define NAME_WHOLE 22 /* most IPv6 prefixes; the provider is left out before a name is cut */
#define NAME_MOST  44 /* an IPv6 prefix */
#define CELL_SIZE  32

enum column { COUNTRY, PROVIDER, RATE, DROP_RATE, OPEN, ATTEMPTS, DROPS, SEEN, COLUMNS };

static const struct {
	int width;
	unsigned rank; /* 0 is left out last */
} columns[COLUMNS] = {
	[COUNTRY] = { 4, 2 },  [RATE] = { 9, 0 },  [DROP_RATE] = { 8, 1 }, [OPEN] = { 6, 3 },
	[ATTEMPTS] = { 9, 6 }, [DROPS] = { 9, 5 }, [SEEN] = { 8, 4 },	   [PROVIDER] = { 13, 7 },
};

/* Returns a bit for each column that fits beside the shortest name; *name is the width for the
 * name. */
static unsigned choose(unsigned width, int *name)
{
	int left = (int)width - NAME_LEAST;
	unsigned chosen = 0;

	for (unsigned rank = 0; rank < COLUMNS; rank++)
		for (unsigned i = 0; i < COLUMNS; i++)
			if (columns[i].rank == rank &&
			    columns[i].width + (i == PROVIDER ? NAME_WHOLE - NAME_LEAST : 0) <=
				    left) {
				chosen |= 1U << i;
				left -= columns[i].width;
			}
	*name = left > 0 ? NAME_LEAST + left : NAME_LEAST;
	if (*name > NAME_MOST)
		*name = NAME_MOST;
	return chosen;
}

static void compose(const char *name, char cells[COLUMNS][CELL_SIZE], unsigned width,
		    char text[TOP_LINE_SIZE])
{
	int name_width;
	unsigned chosen = choose(width, &name_width);
	int used = snprintf(text, TOP_LINE_SIZE, "%-*.*s", name_width, name_width, name);

	for (unsigned i = 0; i < COLUMNS && used < TOP_LINE_SIZE; i++)
		if (chosen & 1U << i)
			used += snprintf(text + used, (size_t)(TOP_LINE_SIZE - used), "%*.*s",
					 columns[i].width, columns[i].width, cells[i]);
}

void top_columns_head(enum top_pane pane, bool would, unsigned width, char text[TOP_LINE_SIZE])
{
	char cells[COLUMNS][CELL_SIZE] = {
		[RATE] = "att/min", [OPEN] = "open", [ATTEMPTS] = "attempts", [SEEN] = "seen"
	};

	if (pane != TOP_COUNTRIES)
		snprintf(cells[PROVIDER], CELL_SIZE, "provider");

	snprintf(cells[DROP_RATE], CELL_SIZE, "%s", would ? "would/m" : "drop/m");
	snprintf(cells[DROPS], CELL_SIZE, "%s", would ? "would" : "drops");
	compose(top_pane_name(pane), cells, width, text);
}

void top_columns_row(const struct top_row *row, enum top_pane pane, int64_t now_wall_ns,
		     unsigned width, char text[TOP_LINE_SIZE])
{
	char cells[COLUMNS][CELL_SIZE] = { "" };

	if (pane != TOP_COUNTRIES)
		snprintf(cells[COUNTRY], CELL_SIZE, "%s", row->country);
	snprintf(cells[PROVIDER], CELL_SIZE, "%s", row->provider);
	rate_format(row->attempts_pm, cells[RATE]);
	rate_format(row->drops_pm, cells[DROP_RATE]);
	snprintf(cells[OPEN], CELL_SIZE, "%llu", (unsigned long long)row->open);
	snprintf(cells[ATTEMPTS], CELL_SIZE, "%llu", (unsigned long long)row->attempts);
	snprintf(cells[DROPS], CELL_SIZE, "%llu", (unsigned long long)row->drops);
	if (row->banned)
		snprintf(cells[SEEN], CELL_SIZE, row->would ? "would" : "banned");
	else if (row->last_wall_ns)
		age_format(row->last_wall_ns, now_wall_ns, cells[SEEN]);
	compose(row->name, cells, width, text);
}
