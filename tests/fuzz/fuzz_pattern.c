// SPDX-License-Identifier: GPL-2.0-or-later
/* The first line is a pattern of the configuration, the others are log lines: it is refused with a
 * reason, or matches in bounded time and finds what lies in the line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "log/parse.h"
#include "log/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is handed on lies in the line, and a name is of its length. */
static void check(const struct event *event, size_t line_size)
{
	if (event->kind >= EVENT_KIND_COUNT || !event->count ||
	    strnlen(event->account, sizeof(event->account)) == sizeof(event->account) ||
	    strlen(event->account) > line_size * 4)
		abort();
}

static void feed(struct log_parser *parser, const char *text, size_t size)
{
	while (size) {
		const char *newline = memchr(text, '\n', size);
		size_t line = newline ? (size_t)(newline - text) : size;
		/* A copy of its own, so that reading behind the line is seen. */
		_cleanup_free_ char *copy = malloc(line + 1);
		struct event event;

		if (!copy)
			abort();
		memcpy(copy, text, line);
		if (line <= LOG_LINE_MAX && log_parser_line(parser, copy, line, &event))
			check(&event, line);
		text += line + (newline != NULL);
		size -= line + (newline != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *newline = memchr(text, '\n', size);
	size_t first = newline ? (size_t)(newline - text) : size;
	_cleanup_free_ char *expression = strndup(text, first);
	struct pattern_rule rule = { .expression = expression, .kind = EVENT_FAILURE };
	struct patterns *patterns = NULL;
	struct log_parser *parser = log_parser_new();
	struct fault fault = { 0 };

	if (!expression || !parser)
		abort();
	if (patterns_add(&patterns, &rule, &fault)) {
		if (!*fault.text)
			abort();
	} else {
		log_parser_set_reference(parser, 1790000000000000000);
		log_parser_set_patterns(parser, patterns);
		if (newline)
			feed(parser, newline + 1, size - first - 1);
	}
	log_parser_free(parser);
	patterns_free(patterns);
	return 0;
}
