/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The screen of `top`, by ncurses: drawing and keys. Not here: what the rows are (top.h), and what
 * is done about one (cmd/cmd_top.c). */
#ifndef SEKISHO_TOP_SCREEN_H
#define SEKISHO_TOP_SCREEN_H

#include "show/top.h"

struct top_view { /* what the keys change */
	enum top_pane pane;
	enum top_order order;
	char filter[48];
	bool paused;
	bool help;
	size_t selected; /* row; kept within what there is by screen_draw() */
	size_t first;	 /* of the rows on the screen */
};

enum screen_action {
	SCREEN_NOTHING = 0,
	SCREEN_REDRAW,
	SCREEN_QUIT,
	SCREEN_BAN,
	SCREEN_UNBAN,
};

struct screen {
	struct top_row *rows;
	size_t count;
	const struct top_row *selected; /* NULL: none */
	char message[256];		/* at the bottom until the next key; "" the keys */
	bool colour;
	const struct providers *providers; /* not owned; NULL: not known */
};

/* Takes the terminal, which screen_end() gives back. `colour`: if it can. The rows become the
 * screen's: malloc()ed, freed at its end. */
void screen_begin(struct screen *screen, bool colour);
void screen_end(struct screen *screen);

/* Makes the rows of the view anew and draws all. `before` may be NULL. -ENOMEM. */
int screen_draw(struct screen *screen, struct top_view *view, const struct top_frame *before,
		const struct top_frame *now, const struct top_bans *bans);

/* Waits up to `wait_ms` for a key and changes the view by it. */
enum screen_action screen_key(struct screen *screen, struct top_view *view, int wait_ms);

/* Asks at the bottom line; true for y. Anything else except a resize means no. */
bool screen_confirm(const char *question);

#endif
