// SPDX-License-Identifier: GPL-2.0-or-later
/* See parse.h. The table of formats, and one line's way to an event. Pure. */
#include "log/parse.h"

#include <stdlib.h>
#include "log/attempts.h"
#include "log/pattern.h"
#include "log/sessions.h"
#include "log/waiting.h"

/* The most frequent first; each leaves at once when the program is not its own. */
static format_line *const formats[] = { postfix_line,	dovecot_line, exim_line,     vpopmail_line,
					courier_line,	cyrus_line,   sendmail_line, saslauthd_line,
					opensmtpd_line, epost_line };

struct log_parser {
	struct stamps stamps;
	struct attempts *attempts;
	struct sessions *sessions; /* NULL until a line needs it */
	struct patterns *patterns; /* not owned */
	uint64_t line;
	struct waiting waiting;
	bool deliveries;
};

struct log_parser *log_parser_new(void)
{
	struct log_parser *parser = calloc(1, sizeof(*parser));

	if (!parser)
		return NULL;
	parser->attempts = attempts_new();
	if (!parser->attempts) {
		free(parser);
		return NULL;
	}
	return parser;
}

void log_parser_free(struct log_parser *parser)
{
	if (!parser)
		return;
	attempts_free(parser->attempts);
	sessions_free(parser->sessions);
	free(parser);
}

void log_parser_set_patterns(struct log_parser *parser, struct patterns *patterns)
{
	parser->patterns = patterns;
}

void log_parser_set_reference(struct log_parser *parser, int64_t wall_ns)
{
	parser->stamps = (struct stamps){ .reference_wall_ns = wall_ns };
}

void log_parser_set_deliveries(struct log_parser *parser, bool wanted)
{
	parser->deliveries = wanted;
}

/* "Ym9i" as "bob", where it is base64 of a name that could be one; else as it is. */
static struct span decode_name(struct span name, char out[EVENT_ACCOUNT_SIZE])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t size = name.size, used = 0;
	uint32_t bits = 0;

	while (size && name.size - size < 2 && name.at[size - 1] == '=')
		size--;
	if (!size || name.size % 4 || size / 4 * 3 + 2 >= EVENT_ACCOUNT_SIZE)
		return name;
	for (size_t i = 0; i < size; i++) {
		const char *digit = memchr(digits, name.at[i], 64);

		if (!digit)
			return name;
		bits = bits << 6 | (uint32_t)(digit - digits);
		if (i % 4)
			out[used++] = (char)(bits >> (6 - 2 * (i % 4)) & 255);
	}
	for (size_t i = 0; i < used; i++)
		if (out[i] <= ' ' || out[i] > '~')
			return name;
	return (struct span){ out, used };
}

static void fill_event(const struct finding *finding, int64_t wall_ns, struct event *event)
{
	char decoded[EVENT_ACCOUNT_SIZE];
	struct span account = finding->account;

	if (finding->account_base64)
		account = decode_name(account, decoded);
	event->wall_ns = wall_ns;
	event->kind = finding->kind;
	event->service = finding->service;
	event->daemon = finding->daemon;
	event->count = finding->count;
	event->line = 0;
	event->has_source = finding->has_source;
	event->has_account = account.size > 0;
	event->source = finding->has_source ? finding->source : (struct address){ 0 };
	span_visible(account, event->account, sizeof(event->account));
}

static bool find(struct log_parser *parser, const struct envelope *envelope,
		 struct finding *finding)
{
	enum format_answer answer = FORMAT_OTHER;

	for (size_t i = 0; answer == FORMAT_OTHER && i < sizeof(formats) / sizeof(*formats); i++)
		answer = formats[i](envelope, finding);
	if (answer == FORMAT_FOUND)
		return !finding->step || sessions_step(&parser->sessions, finding);
	return parser->patterns && patterns_match(parser->patterns, envelope, finding);
}

/* Whether the line is an event. */
static bool read_line(struct log_parser *parser, const struct envelope *envelope,
		      struct event *event)
{
	struct finding finding;
	int64_t wall_ns;

	if (!find(parser, envelope, &finding) ||
	    (finding.kind == EVENT_DELIVERED && !parser->deliveries))
		return false;
	wall_ns = stamps_convert(&parser->stamps, envelope);
	finding.count *= envelope->repeat;
	if (finding.kind == EVENT_FAILURE) {
		finding.count = attempts_count(parser->attempts, envelope, &finding, wall_ns);
		if (!finding.count)
			return false;
	}
	fill_event(&finding, wall_ns, event);
	event->line = parser->line;
	if (finding.kind != EVENT_FAILURE)
		return true;
	if (finding.proof == PROOF_ACCOUNT)
		return waiting_put(&parser->waiting, event);
	if (finding.proof == PROOF_FRONT && parser->waiting.count)
		waiting_join(&parser->waiting, event);
	return true;
}

bool log_parser_line(struct log_parser *parser, const char *line, size_t size, struct event *event)
{
	struct envelope envelope;

	parser->line++;
	envelope_read(line, size < LOG_LINE_MAX ? size : LOG_LINE_MAX, &envelope);
	if (read_line(parser, &envelope, event))
		return true;
	return parser->waiting.count &&
	       waiting_take(&parser->waiting, stamps_convert(&parser->stamps, &envelope), event);
}

bool log_parser_rest(struct log_parser *parser, int64_t now_wall_ns, struct event *event)
{
	return waiting_take(&parser->waiting, now_wall_ns, event);
}
