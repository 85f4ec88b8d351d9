// SPDX-License-Identifier: GPL-2.0-or-later
/* See parse.h. The table of formats, and one line's way to an event. Pure. */
#include "log/parse.h"

#include <stdlib.h>
#include "log/attempts.h"

/* The most frequent first; each leaves at once when the program is not its own. */
static format_line *const formats[] = { postfix_line, dovecot_line, vpopmail_line };

struct log_parser {
	struct stamps stamps;
	struct attempts *attempts;
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
	free(parser);
}

void log_parser_set_reference(struct log_parser *parser, int64_t wall_ns)
{
	parser->stamps = (struct stamps){ .reference_wall_ns = wall_ns };
}

enum event_service format_service(struct span name)
{
	static const struct {
		const char *name;
		enum event_service service;
	} names[] = {
		{ "smtp", EVENT_SERVICE_SMTP },
		{ "25", EVENT_SERVICE_SMTP },
		{ "submission", EVENT_SERVICE_SUBMISSION },
		{ "submissions", EVENT_SERVICE_SUBMISSION },
		{ "smtps", EVENT_SERVICE_SUBMISSION },
		{ "587", EVENT_SERVICE_SUBMISSION },
		{ "465", EVENT_SERVICE_SUBMISSION },
		{ "imap", EVENT_SERVICE_IMAP },
		{ "imaps", EVENT_SERVICE_IMAP },
		{ "143", EVENT_SERVICE_IMAP },
		{ "993", EVENT_SERVICE_IMAP },
		{ "pop3", EVENT_SERVICE_POP3 },
		{ "pop3s", EVENT_SERVICE_POP3 },
		{ "110", EVENT_SERVICE_POP3 },
		{ "995", EVENT_SERVICE_POP3 },
		{ "sieve", EVENT_SERVICE_SIEVE },
		{ "4190", EVENT_SERVICE_SIEVE },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (span_is(name, names[i].name))
			return names[i].service;
	return EVENT_SERVICE_UNKNOWN;
}

static void fill_event(const struct finding *finding, int64_t wall_ns, struct event *event)
{
	event->wall_ns = wall_ns;
	event->kind = finding->kind;
	event->service = finding->service;
	event->daemon = finding->daemon;
	event->count = finding->count;
	event->line = 0;
	event->has_source = finding->has_source;
	event->has_account = finding->account.size > 0;
	event->source = finding->has_source ? finding->source : (struct address){ 0 };
	span_visible(finding->account, event->account, sizeof(event->account));
}

bool log_parser_line(struct log_parser *parser, const char *line, size_t size, struct event *event)
{
	enum format_answer answer = FORMAT_OTHER;
	struct envelope envelope;
	struct finding finding;
	int64_t wall_ns;

	envelope_read(line, size < LOG_LINE_MAX ? size : LOG_LINE_MAX, &envelope);
	for (size_t i = 0; answer == FORMAT_OTHER && i < sizeof(formats) / sizeof(*formats); i++)
		answer = formats[i](&envelope, &finding);
	if (answer != FORMAT_FOUND)
		return false;
	wall_ns = stamps_convert(&parser->stamps, &envelope);
	finding.count *= envelope.repeat;
	if (finding.kind == EVENT_FAILURE) {
		finding.count = attempts_count(parser->attempts, &envelope, &finding, wall_ns);
		if (!finding.count)
			return false;
	}
	fill_event(&finding, wall_ns, event);
	return true;
}
