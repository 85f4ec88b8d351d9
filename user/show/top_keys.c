// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of `top` (top_screen.h): what each does to the view. */
#include "show/top_line.h"
#include "show/top_screen.h"

#include <ctype.h>
#include <string.h>

static enum screen_action edit_filter(struct screen *screen, struct top_view *view)
{
	char text[sizeof(view->filter)] = "";
	size_t size = 0;
	int key = 0;

	timeout(-1);
	while (key != '\n' && key != KEY_ENTER) {
		top_line(LINES - 1, A_BOLD, "filter: %s_", text);
		refresh();
		key = getch();
		if (key == 27 || key == ERR)
			size = 0;
		if (key == 27 || key == ERR)
			break;
		if ((key == KEY_BACKSPACE || key == 127 || key == '\b') && size)
			text[--size] = '\0';
		else if (key < 256 && isprint(key) && size + 1 < sizeof(text))
			text[size++] = (char)key, text[size] = '\0';
	}
	if (!size)
		text[0] = '\0';
	memcpy(view->filter, text, sizeof(text));
	view->selected = view->first = 0;
	screen->message[0] = '\0';
	return SCREEN_REDRAW;
}

static enum screen_action choose_pane(struct top_view *view, enum top_pane pane)
{
	view->pane = pane;
	view->selected = view->first = 0;
	return SCREEN_REDRAW;
}

static enum screen_action move_by(struct top_view *view, int key, size_t count)
{
	size_t page = LINES > 14 ? (size_t)LINES - 13 : 1;

	if (key == KEY_UP && view->selected)
		view->selected--;
	else if (key == KEY_DOWN)
		view->selected++;
	else if (key == KEY_PPAGE)
		view->selected -= view->selected < page ? view->selected : page;
	else if (key == KEY_NPAGE)
		view->selected += page;
	else if (key == KEY_HOME)
		view->selected = 0;
	else if (key == KEY_END)
		view->selected = count;
	return SCREEN_REDRAW;
}

static enum screen_action take_key(struct screen *screen, struct top_view *view, int key)
{
	switch (key) {
	case 'q':
	case 3: /* Ctrl-C, where it is not a signal */
		return SCREEN_QUIT;
	case '\t':
		return choose_pane(view, (view->pane + 1) % TOP_PANES);
	case KEY_BTAB:
		return choose_pane(view, (view->pane + TOP_PANES - 1) % TOP_PANES);
	case 's':
		view->order = (view->order + 1) % TOP_ORDERS;
		return SCREEN_REDRAW;
	case 'S':
		view->order = (view->order + TOP_ORDERS - 1) % TOP_ORDERS;
		return SCREEN_REDRAW;
	case 'p':
	case ' ':
		view->paused = !view->paused;
		return SCREEN_REDRAW;
	case '/':
		return edit_filter(screen, view);
	case 27:
		view->filter[0] = '\0';
		return SCREEN_REDRAW;
	case '?':
	case 'h':
		view->help = true;
		return SCREEN_REDRAW;
	case 'b':
		return SCREEN_BAN;
	case 'u':
		return SCREEN_UNBAN;
	default:
		if (key >= '1' && key < '1' + TOP_PANES)
			return choose_pane(view, (enum top_pane)(key - '1'));
		return move_by(view, key, screen->count);
	}
}

enum screen_action screen_key(struct screen *screen, struct top_view *view, int wait_ms)
{
	int key;

	timeout(wait_ms > 0 ? wait_ms : 0);
	key = getch();
	if (key == ERR)
		return SCREEN_NOTHING;
	if (key == KEY_RESIZE)
		return SCREEN_REDRAW;
	screen->message[0] = '\0';
	if (view->help) {
		view->help = false;
		return SCREEN_REDRAW;
	}
	return take_key(screen, view, key);
}

bool screen_confirm(const char *question)
{
	int key;

	timeout(-1);
	do {
		top_line(LINES - 1, A_BOLD | A_REVERSE, "%s [y/N]", question);
		refresh();
		key = getch();
	} while (key == KEY_RESIZE);
	return key == 'y' || key == 'Y';
}
