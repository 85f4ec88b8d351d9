// SPDX-License-Identifier: GPL-2.0-or-later
/* See parse.h. The table of formats, and how one line becomes an event. Pure. */
#include "log/parse.h"

#include <stdlib.h>
#include "log/exim_habits.h"
#include "log/folded.h"
#include "log/joining.h"
#include "log/pattern.h"
#include "log/pieces.h"
#include "log/quick.h"
#include "log/repeats.h"
#include "log/sessions.h"
#include "log/shipped.h"
#include "log/unwrap.h"
#include "log/written_name.h"

/* The most frequent first; each returns at once if the program is not its own. */
static format_line *const formats[] = { postfix_line, dovecot_line,   exim_line,     vpopmail_line,
					courier_line, cyrus_line,     sendmail_line, saslauthd_line,
					pam_line,     opensmtpd_line, epost_line };

struct log_parser {
	struct stamps stamps;
	struct joining *joining, *own; /* own: NULL if another parser's is shared */
	unsigned log;
	struct sessions *sessions; /* NULL until a line needs it */
	struct pieces *pieces;	   /* likewise */
	struct patterns *patterns; /* not owned */
	struct unwrap *unwrap;	   /* NULL until a line needs it */
	struct shipped_room *room; /* likewise */
	struct exim_habits exim;
	struct folded folded;
	uint64_t line;
	struct stamp clock; /* of the current line */
	int64_t offset_ns;
	struct envelope_form form; /* the form of the last event's line */
	bool deliveries, no_bare, missed;
	bool wrapped;			/* the line before was wrapped */
	unsigned repeated;		/* how often the line before has its event; 0: none */
	struct repeats_message message; /* of the last event's line */
	struct line_event line_event;	/* of log_parser_line() */
};

struct log_parser *log_parser_new(void)
{
	struct log_parser *parser = calloc(1, sizeof(*parser));

	if (parser)
		parser->joining = parser->own = joining_new();
	if (!parser || !parser->own) {
		free(parser);
		return NULL;
	}
	parser->log = joining_add_log(parser->own);
	return parser;
}

void log_parser_free(struct log_parser *parser)
{
	if (!parser)
		return;
	joining_free(parser->own);
	sessions_free(parser->sessions);
	pieces_free(parser->pieces);
	unwrap_free(parser->unwrap);
	free(parser->room);
	free(parser);
}

void log_parser_share(struct log_parser *parser, struct joining *joining)
{
	joining_free(parser->own);
	parser->own = NULL;
	parser->joining = joining;
	parser->log = joining_add_log(joining);
}

void log_parser_set_past(struct log_parser *parser)
{
	joining_set_past(parser->joining);
}

void log_parser_set_patterns(struct log_parser *parser, struct patterns *patterns)
{
	parser->patterns = patterns;
}

void log_parser_set_reference(struct log_parser *parser, int64_t wall_ns)
{
	parser->stamps =
		(struct stamps){ .reference_wall_ns = wall_ns, .zone = parser->stamps.zone };
}

void log_parser_set_live(struct log_parser *parser, int64_t now_wall_ns)
{
	parser->stamps.reference_wall_ns = now_wall_ns;
	parser->stamps.live = true;
}

void log_parser_set_zone(struct log_parser *parser, const struct zone *zone)
{
	parser->stamps.zone = zone;
	parser->stamps.hour = 0;
}

void log_parser_set_offset(struct log_parser *parser, int64_t offset_ns)
{
	parser->offset_ns = offset_ns;
}

void log_parser_set_bare(struct log_parser *parser, bool wanted)
{
	parser->no_bare = !wanted;
}

void log_parser_form(const struct log_parser *parser, char text[ENVELOPE_FORM_SIZE])
{
	envelope_form_text(&parser->form, text);
}

static int64_t convert(struct log_parser *parser, const struct stamp *clock)
{
	int64_t wall_ns = stamps_convert(&parser->stamps, clock);

	return wall_ns && wall_ns > -parser->offset_ns ? wall_ns + parser->offset_ns : 0;
}

bool log_parser_missed(const struct log_parser *parser)
{
	return parser->missed;
}

int64_t log_parser_line_time(struct log_parser *parser)
{
	return convert(parser, &parser->clock);
}

void log_parser_set_deliveries(struct log_parser *parser, bool wanted)
{
	parser->deliveries = wanted;
}

/* Whether this can be an account's whole name, without control characters that its server
 * escaped. */
static bool is_name(struct span name, bool decoded, const struct parsed_line *parsed)
{
	if (span_find(name, "  ") != SPAN_NONE) /* some servers write one blank for several */
		return false;
	for (size_t i = 0; i < name.size; i++)
		if ((decoded && (unsigned char)name.at[i] < ' ') ||
		    (parsed->account_word && name.at[i] && strchr("(),:;<>[]\"", name.at[i])))
			return false;
	return name.size > 0;
}

static void fill_event(const struct parsed_line *parsed, int64_t wall_ns, struct event *event)
{
	char decoded[EVENT_ACCOUNT_SIZE];
	struct span account = parsed->account;

	if (parsed->account_base64)
		account = name_from_base64(account, decoded);
	else if (parsed->account_escaped)
		account = name_from_escapes(account, decoded);
	event->wall_ns = wall_ns;
	event->kind = parsed->kind;
	event->password = EVENT_PASSWORD_UNKNOWN;
	event->service = parsed->service;
	event->daemon = parsed->daemon;
	event->abuse = parsed->kind != EVENT_ABUSE ? ABUSE_NONE
		       : parsed->abuse		   ? parsed->abuse
						   : ABUSE_PROTOCOL;
	event->count = parsed->count;
	event->named = parsed->named;
	event->recipients = parsed->recipients;
	event->line = 0;
	event->has_source = parsed->has_source;
	event->has_account = is_name(account, account.at == decoded, parsed);
	if (!event->has_account)
		account.size = 0;
	event->source = parsed->has_source ? parsed->source : (struct address){ 0 };
	span_visible(account, event->account, sizeof(event->account));
	*event->queue = '\0';
	if (parsed->queue.size < sizeof(event->queue))
		span_visible(parsed->queue, event->queue, sizeof(event->queue));
}

/* Whether the line is left to the patterns, since it only explains other lines. */
static bool leaves_to_patterns(const struct log_parser *parser, const struct parsed_line *parsed)
{
	return parser->patterns && parsed->kind == EVENT_FAILURE &&
	       (parsed->evidence == EVIDENCE_EXPLAINED || parsed->evidence == EVIDENCE_UNDECIDED ||
		parsed->evidence == EVIDENCE_CUT || parsed->evidence == EVIDENCE_OUTAGE);
}

static bool find(struct log_parser *parser, const struct envelope *envelope,
		 struct parsed_line *parsed)
{
	enum format_answer answer = FORMAT_OTHER;
	struct envelope named;

	parser->missed = false;
	if ((parser->no_bare && envelope->layering == LAYER_BARE) ||
	    folded_is_one(&parser->folded, envelope))
		answer = FORMAT_NOTHING;
	/* "warning: " and the like look like a program's name, and are only read as one. */
	if (parser->no_bare && envelope->layering == LAYER_PROGRAM) {
		named = *envelope;
		named.bare.size = 0;
		envelope = &named;
	}
	for (size_t i = 0; answer == FORMAT_OTHER && i < sizeof(formats) / sizeof(*formats); i++)
		answer = formats[i](envelope, parsed);
	if (answer == FORMAT_FOUND && !leaves_to_patterns(parser, parsed))
		return !parsed->step || sessions_step(&parser->sessions, parsed);
	if ((parser->patterns && patterns_match(parser->patterns, envelope, parsed)) ||
	    answer == FORMAT_FOUND)
		return true;
	parser->missed = answer != FORMAT_OTHER || envelope_is_mail(envelope->program);
	return false;
}

/* Whether the line gives an event. */
static bool read_line(struct log_parser *parser, const struct envelope *envelope,
		      struct line_event *line_event)
{
	struct parsed_line parsed;

	if (!find(parser, envelope, &parsed) ||
	    (parsed.kind >= EVENT_DELIVERED && !parser->deliveries))
		return false;
	parsed.count *= envelope->repeat;
	parsed.named *= envelope->repeat;
	fill_event(&parsed, convert(parser, &envelope->clock), &line_event->event);
	line_event->event.line = parser->line;
	line_event->log = parser->log;
	line_event_fill(envelope, &parsed, line_event);
	return true;
}

/* Reads that the message of the line before came again, whose event is still in `line_event`. */
static bool read_repeat(struct log_parser *parser, const struct envelope *envelope,
			unsigned repeated, struct line_event *line_event)
{
	struct event *event = &line_event->event;
	uint32_t times;

	if (!repeats_read(&parser->message, line_event, envelope, &times))
		return false;
	event->count = times * (event->count / repeated);
	event->named = times * (event->named / repeated);
	parser->repeated = times;
	parser->missed = false;
	event->line = parser->line;
	event->wall_ns = convert(parser, &envelope->clock);
	line_event->text = 0;
	return true;
}

/* A quick test for lines without an event; not used if patterns read the lines, too. `clock`: the
 * time that the line's wrapping gives. */
static bool is_nothing(struct log_parser *parser, struct span line, const struct stamp *clock,
		       struct line_event *line_event)
{
	struct stamp own;

	if (parser->patterns || !quick_is_nothing(line, parser->deliveries, &own, &parser->missed))
		return false;
	parser->clock = clock && clock->kind && (clock->zoned || !own.zoned) ? *clock : own;
	if (joining_waits(parser->joining))
		line_event->event.wall_ns = convert(parser, &parser->clock);
	return true;
}

bool log_parser_read(struct log_parser *parser, const char *line, size_t size,
		     struct line_event *line_event)
{
	struct span text = { line, size < LOG_LINE_MAX ? size : LOG_LINE_MAX };
	unsigned repeated = parser->repeated;
	struct envelope envelope;
	struct unwrapped inside;

	parser->line++;
	parser->clock.kind = STAMP_NONE;
	parser->repeated = 0;
	line_event->event.wall_ns = 0;
	/* Not while parts of a line wait for their rest. */
	if (!parser->unwrap && !parser->wrapped && is_nothing(parser, text, NULL, line_event))
		return false;
	span_skip(&text, "\xef\xbb\xbf");
	if (!unwrap_line(&parser->unwrap, text, &inside))
		return false;
	parser->wrapped = inside.wrapping;
	if (parser->wrapped && is_nothing(parser, inside.line, &inside.clock, line_event))
		return false;
	envelope_read(inside.line, inside.wrapping, &inside.clock, &envelope);
	shipped_open(&parser->room, &envelope);
	parser->clock = envelope.clock;
	envelope.exim = &parser->exim;
	if (span_starts(envelope.program, "exim") && !pieces_join(&parser->pieces, &envelope))
		return false;
	if (read_line(parser, &envelope, line_event)) {
		envelope_get_form(&envelope, &parser->form);
		parser->repeated = 1;
		repeats_note(&parser->message, &envelope);
		return true;
	}
	if (repeated && read_repeat(parser, &envelope, repeated, line_event))
		return true;
	/* Events that wait go on with the time of any line. */
	line_event->event.wall_ns =
		joining_waits(parser->joining) ? convert(parser, &envelope.clock) : 0;
	return false;
}

bool log_parser_line(struct log_parser *parser, const char *line, size_t size, struct event *event)
{
	struct line_event *line_event = &parser->line_event;

	if (log_parser_read(parser, line, size, line_event) &&
	    joining_take(parser->joining, line_event, event))
		return true;
	return joining_waits(parser->joining) &&
	       joining_next(parser->joining, line_event->event.wall_ns, event);
}

bool log_parser_rest(struct log_parser *parser, int64_t now_wall_ns, struct event *event)
{
	if (now_wall_ns == INT64_MAX && parser->unwrap && log_parser_line(parser, "", 0, event))
		return true;
	return joining_next(parser->joining, now_wall_ns, event);
}

uint64_t log_parser_lines(const struct log_parser *parser)
{
	return parser->line;
}
