// SPDX-License-Identifier: GPL-2.0-or-later
/* Draws the screen of `top` (top_screen.h). Every line is cut to the screen's width, so that any
 * size works. Keys: top_keys.c. */
#include "show/top_line.h"
#include "show/top_screen.h"

#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "base/time.h"
#include "show/number.h"
#include "show/top_columns.h"
#include "show/top_side.h"
#include "show/visible.h"

enum { PAIR_WARN = 1, PAIR_BAD, PAIR_GOOD };

#define ROWS_MOST 10000

void screen_begin(struct screen *screen, bool colour)
{
	*screen = (struct screen){ .colour = colour };
	setlocale(LC_CTYPE, "");
	initscr();
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	set_escdelay(50);
	screen->colour = colour && has_colors();
	if (!screen->colour)
		return;
	start_color();
	use_default_colors();
	init_pair(PAIR_WARN, COLOR_YELLOW, -1);
	init_pair(PAIR_BAD, COLOR_RED, -1);
	init_pair(PAIR_GOOD, COLOR_GREEN, -1);
}

void screen_end(struct screen *screen)
{
	endwin();
	free(screen->rows);
	screen->rows = NULL;
}

/* ---- drawing ---- */

void top_line(int y, attr_t attributes, const char *format, ...)
{
	_cleanup_free_ char *visible = NULL;
	char text[1024];
	va_list arguments;
	size_t size = 0;
	FILE *out;

	if (y < 0 || y >= LINES)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	out = open_memstream(&visible, &size);
	if (!out)
		return;
	visible_print(out, text);
	fclose(out);
	move(y, 0);
	clrtoeol();
	attron(attributes);
	addnstr(visible, COLS);
	attroff(attributes);
}

static attr_t colour_of(const struct screen *screen, short pair)
{
	return screen->colour ? (attr_t)COLOR_PAIR(pair) : A_NORMAL;
}

static size_t guarded_devices(const struct snapshot *snapshot)
{
	size_t guarded = 0;

	for (size_t i = 0; i < snapshot->device_count; i++)
		guarded += snapshot->devices[i].attached;
	return guarded;
}

/* The number of logs that are followed and exist. */
static size_t followed_logs(const struct daemon_status *daemon)
{
	size_t followed = 0;

	for (size_t i = 0; daemon && i < daemon->log_count; i++)
		followed += !daemon->logs[i].state.missing;
	return followed;
}

static void draw_title(const struct screen *screen, const struct top_view *view,
		       const struct snapshot *snapshot)
{
	const char *mode = !snapshot->has_policy	    ? "no policy"
			   : snapshot->mode == GATE_ENFORCE ? "enforce"
							    : "monitor: drops nothing";
	char stamp[TIME_TEXT_SIZE];
	const struct daemon_status *daemon =
		snapshot->daemon_state == DAEMON_RUNNING ? snapshot->daemon : NULL;
	size_t logs = daemon ? daemon->log_count : 0, followed = followed_logs(daemon);
	size_t guarded = guarded_devices(snapshot);
	bool ill = !daemon || guarded < snapshot->device_count || followed < logs;

	time_show(snapshot->now_wall_ns / NS_PER_S * NS_PER_S, stamp);
	top_line(0, A_BOLD | (ill ? colour_of(screen, PAIR_WARN) : A_NORMAL),
		 "sekisho %.8s%s%s  %s  devices %zu/%zu  logs %zu/%zu  bans %llu  open %llu",
		 stamp + 11, view->paused ? " PAUSED" : "", daemon ? "" : " NO DAEMON", mode,
		 guarded, snapshot->device_count, followed, logs,
		 (unsigned long long)snapshot->tables[SNAPSHOT_TABLE_BANS].usage.used,
		 (unsigned long long)snapshot->sum.open);
}

/* Whether the gate only counts and drops nothing. */
static bool would(const struct snapshot *snapshot)
{
	return snapshot->mode != GATE_ENFORCE;
}

static int draw_services(const struct snapshot *snapshot, const struct top_rates *rates, int y)
{
	char a[NUMBER_TEXT_SIZE], d[NUMBER_TEXT_SIZE], h[NUMBER_TEXT_SIZE];
	/* On a low screen the table below comes first. */
	unsigned last = LINES >= 18 ? snapshot->service_count : 0;

	top_line(y++, A_UNDERLINE, "%-16s%11s%11s%11s%8s", "per minute", "attempts",
		 would(snapshot) ? "would drop" : "drops", "handshakes", "open");
	for (unsigned id = 0; id <= last && id < SERVICE_MAX; id++)
		top_line(y++, A_NORMAL, "%-16.15s%11s%11s%11s%8llu",
			 id ? snapshot->services[id].name : "all",
			 rate_format(rates->attempts[id], a), rate_format(rates->drops[id], d),
			 rate_format(rates->handshakes[id], h),
			 (unsigned long long)(id ? snapshot->services[id].sum.open
						 : snapshot->sum.open));
	return y;
}

static int draw_reasons(const struct screen *screen, const struct snapshot *snapshot,
			const struct top_rates *rates, int y)
{
	char text[512] = "", rate[NUMBER_TEXT_SIZE];
	size_t used = 0;

	for (enum reason reason = REASON_NONE + 1; reason < REASON_COUNT; reason++)
		if (rates->reasons[reason] > 0 && used < sizeof(text))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "  %s %s",
						 reason_name(reason),
						 rate_format(rates->reasons[reason], rate));
	top_line(y, used ? colour_of(screen, PAIR_BAD) : A_NORMAL, "packets %s:%s",
		 would(snapshot) ? "that would be dropped" : "dropped", used ? text : "  none");
	return y + 1;
}

/* Attempts to leave since the last frame, per minute. */
static double outflow_rate(const struct snapshot *before, const struct snapshot *now)
{
	uint64_t was, is = outflow_sum(now->outflow, -1).attempts;

	if (!before || !before->outflow || now->now_boot_ns <= before->now_boot_ns)
		return 0;
	was = outflow_sum(before->outflow, -1).attempts;
	return is < was ? 0
			: (double)(is - was) * 60e9 /
				  (double)(now->now_boot_ns - before->now_boot_ns);
}

/* A trip is shown even on the lowest screen; otherwise the table below comes first. */
static int draw_outflow(const struct screen *screen, const struct snapshot *before,
			const struct snapshot *now, int y)
{
	const struct outflow_view *view = now->outflow;
	enum outflow_state state = view ? outflow_state(view) : OUTFLOW_IS_OFF;
	char rate[NUMBER_TEXT_SIZE], text[128], age[NUMBER_TEXT_SIZE];
	bool tripped = state == OUTFLOW_IS_TRIPPED;
	struct outflow_trip trip;

	if (state == OUTFLOW_IS_OFF || (!tripped && LINES < 18))
		return y;
	rate_format(outflow_rate(before, now), rate);
	if (!tripped) {
		top_line(y, A_NORMAL, "outflow: %s, %s attempts/min", outflow_state_name(state),
			 rate);
		return y + 1;
	}
	trip = outflow_trip(view);
	outflow_whose_breaker(&view->state->breakers[trip.first].key,
			      view->breaker_names[trip.first], text);
	top_line(y, A_BOLD | colour_of(screen, PAIR_BAD),
		 "outflow: TRIPPED for %s, %llu %s back, %s attempts/min: %s%s",
		 age_format(outflow_wall_ns(view, trip.since_ns), now->now_wall_ns, age),
		 (unsigned long long)trip.held,
		 view->state->rules.mode == GATE_ENFORCE ? "held" : "would be held", rate, text,
		 trip.count > 1 ? " and others" : "");
	return y + 1;
}

static int draw_tabs(const struct screen *screen, const struct top_view *view, int y)
{
	move(y, 0);
	clrtoeol();
	for (enum top_pane pane = 0; pane < TOP_PANES; pane++) {
		char text[32];
		int left = COLS - getcurx(stdscr);

		snprintf(text, sizeof(text), " %d %s ", (int)pane + 1, top_pane_name(pane));
		if (left <= (int)strlen(text) || getcury(stdscr) != y)
			break;
		attron(pane == view->pane ? A_REVERSE : A_NORMAL);
		addstr(text);
		attroff(A_REVERSE);
	}
	top_line(y + 1, A_NORMAL, "%zu rows by %s%s%s", screen->count, top_order_name(view->order),
		 *view->filter ? ", with " : "", view->filter);
	return y + 2;
}

/* The columns of the left part of the screen. */
static unsigned table_width(void)
{
	return (unsigned)(top_side_fits(COLS, LINES) ? COLS - TOP_SIDE_WIDTH - 2 : COLS);
}

static void draw_columns_head(enum top_pane pane, bool is_monitor, int y)
{
	char text[TOP_LINE_SIZE];

	top_columns_head(pane, is_monitor, table_width(), text);
	top_line(y, A_UNDERLINE, "%s", text);
}

static void draw_columns_row(const struct top_row *row, enum top_pane pane, int64_t now_wall_ns,
			     attr_t attributes, int y)
{
	char text[TOP_LINE_SIZE];

	top_columns_row(row, pane, now_wall_ns, table_width(), text);
	top_line(y, attributes, "%s", text);
}

static void draw_head(const struct snapshot *snapshot, enum top_pane pane, int y)
{
	if (pane == TOP_BANS)
		top_line(y, A_UNDERLINE, "%-22s%9s%9s  %s", "prefix", "since", "left",
			 "rule: reason");
	else if (pane == TOP_ACCOUNTS)
		top_line(y, A_UNDERLINE, "%-34s%12s  %s", "account", "last event", "rule");
	else
		draw_columns_head(pane, would(snapshot), y);
}

static void draw_row(const struct top_row *row, enum top_pane pane, int64_t now_wall_ns,
		     attr_t attributes, int y)
{
	char age[NUMBER_TEXT_SIZE] = "", left[NUMBER_TEXT_SIZE];

	if (row->last_wall_ns)
		age_format(row->last_wall_ns, now_wall_ns, age);
	if (pane == TOP_BANS)
		top_line(y, attributes, "%-22s%9s%9s  %s", row->name, age,
			 age_format(now_wall_ns, row->until_wall_ns, left), row->text);
	else if (pane == TOP_ACCOUNTS)
		top_line(y, attributes, "%-34s%12s  %s", row->name, age, row->text);
	else
		draw_columns_row(row, pane, now_wall_ns, attributes, y);
}

static void keep_within(const struct screen *screen, struct top_view *view, size_t room)
{
	if (view->selected >= screen->count)
		view->selected = screen->count ? screen->count - 1 : 0;
	if (view->selected < view->first)
		view->first = view->selected;
	if (room && view->selected >= view->first + room)
		view->first = view->selected - room + 1;
}

static void draw_rows(struct screen *screen, struct top_view *view, const struct snapshot *snapshot,
		      int y)
{
	int last = LINES - 1;
	size_t room = last > y ? (size_t)(last - y) : 0;

	keep_within(screen, view, room);
	screen->selected = screen->count ? &screen->rows[view->selected] : NULL;
	for (size_t i = 0; i < room; i++) {
		size_t at = view->first + i;

		if (at < screen->count)
			draw_row(&screen->rows[at], view->pane, snapshot->now_wall_ns,
				 at == view->selected ? A_REVERSE : A_NORMAL, y + (int)i);
		else
			top_line(y + (int)i, A_NORMAL, "%s",
				 at || i		      ? ""
				 : view->pane == TOP_ACCOUNTS ? "no account is under siege"
				 : view->pane == TOP_BANS     ? "nobody is banned"
							      : "nobody yet");
	}
}

static void draw_help(void)
{
	static const char *const lines[] = {
		"1-5 Tab    sources, networks, countries, accounts, bans",
		"s S        sort by the next, the last column",
		"/          filter: address, country, rule; Enter takes, Esc clears",
		"arrows     choose a row; PgUp PgDn Home End",
		"b          ban the chosen source or network for an hour",
		"u          unban it",
		"p Space    pause",
		"q          leave",
		"",
		"Rates are of the seconds since the last look. drops count, in monitor",
		"mode, what enforce mode would have dropped. Any key goes back.",
	};

	erase();
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		top_line((int)i, A_NORMAL, "%s", lines[i]);
}

/* How many bytes of `text` fit into a line, which ends at a blank if there is one. */
static size_t fitting(const char *text)
{
	size_t columns = COLS > 0 ? (size_t)COLS : 1, size = strlen(text);

	if (size <= columns)
		return size;
	for (size_t at = columns; at > columns / 2; at--)
		if (text[at] == ' ')
			return at;
	return columns;
}

/* A message may say what to do, so one that is wider than the screen takes up to three lines. */
static void draw_bottom(const struct screen *screen)
{
	const char *at = screen->message, *parts[3];
	size_t sizes[3], count = 0;

	while (*at && count < 3) {
		parts[count] = at;
		sizes[count] = fitting(at);
		at += sizes[count++];
		at += strspn(at, " ");
	}
	for (size_t i = 0; i < count; i++)
		top_line(LINES - (int)(count - i), A_BOLD, "%.*s", (int)sizes[i], parts[i]);
	if (!count)
		top_line(
			LINES - 1, A_DIM,
			"q quit  1-5 Tab table  s sort  / filter  p pause  b ban  u unban  ? help");
}

int screen_draw(struct screen *screen, struct top_view *view, const struct top_frame *before,
		const struct top_frame *now, const struct top_bans *bans)
{
	struct top_rates rates;
	struct top_row *rows = NULL;
	size_t count = 0;
	int y = 1;

	if (view->help) {
		draw_help();
		refresh();
		return 0;
	}
	if (top_rows(before, now, bans, view->pane, view->order, view->filter, ROWS_MOST, &rows,
		     &count))
		return -1;
	top_name_providers(rows, count, screen->providers);
	free(screen->rows);
	screen->rows = rows;
	screen->count = count;
	top_rates_between(before, now, &rates);
	erase();
	draw_title(screen, view, now->snapshot);
	if (LINES >= 12) {
		y = draw_services(now->snapshot, &rates, y);
		y = draw_reasons(screen, now->snapshot, &rates, y);
	}
	y = draw_outflow(screen, before ? before->snapshot : NULL, now->snapshot, y);
	y = draw_tabs(screen, view, y);
	draw_head(now->snapshot, view->pane, y++);
	draw_rows(screen, view, now->snapshot, y);
	if (top_side_fits(COLS, LINES))
		top_side_draw(now, bans);
	draw_bottom(screen);
	refresh();
	return 0;
}
