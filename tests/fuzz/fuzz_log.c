// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a log: lines -> events, JSON, and lines cleaned for storing. Beside what sanitizers
 * see, no IPv4 source may be told of that is not written there. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "log/parse.h"
#include "log/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct patterns *some_patterns(void)
{
	static const struct pattern_rule rules[] = {
		{ "^login of <USER> from <HOST> refused", "web", EVENT_FAILURE, 0 },
		{ "^%(__prefix_line)sAbuse by <F-USER>[^ ]*</F-USER> at <ADDR>$", NULL, EVENT_ABUSE,
		  0 },
	};
	struct patterns *patterns = NULL;

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct fault fault;

		if (patterns_add(&patterns, &rules[i], &fault))
			abort();
	}
	return patterns;
}

static void check(const struct event *event, const char *text, size_t size)
{
	char json[EVENT_JSON_SIZE], source[ADDRESS_TEXT_SIZE];
	size_t used = event_write_json(event, json);

	if (used >= sizeof(json) || !event->count || event->kind == EVENT_NONE ||
	    strlen(event->account) >= sizeof(event->account) ||
	    !utf8_valid(event->account, strlen(event->account)))
		abort();
	for (size_t i = 0; i < used; i++)
		if ((unsigned char)json[i] < ' ')
			abort();
	/* "::ffff:c000:205" is IPv4 too. */
	if (!event->has_source || !address_is4(&event->source) || memmem(text, size, "ff", 2) ||
	    memmem(text, size, "FF", 2) || memmem(text, size, "fF", 2) ||
	    memmem(text, size, "Ff", 2))
		return;
	address_format(&event->source, source);
	if (!memmem(text, size, source, strlen(source)))
		abort();
}

static void read_line(struct log_parser *parser, const char *text, size_t size, const char *all,
		      size_t all_size)
{
	/* On the heap and exact, so that a step beyond the end is seen. */
	char *line = malloc(size ? size : 1), *clean = malloc(LOG_LINE_MAX + 1);
	struct event event;

	if (!line || !clean)
		abort();
	memcpy(line, text, size);
	if (log_parser_line(parser, line, size, &event))
		check(&event, all, all_size);
	log_line_clean(line, size, clean);
	if (strlen(clean) > LOG_LINE_MAX || !utf8_valid(clean, strlen(clean)))
		abort();
	free(line);
	free(clean);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct patterns *patterns;
	const char *at = (const char *)data, *end = at + size;
	struct log_parser *parser = log_parser_new();
	struct event event;

	if (!patterns)
		patterns = some_patterns();
	if (!parser)
		abort();
	log_parser_set_reference(parser, 1795348800000000000);
	log_parser_set_patterns(parser, patterns);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((newline ? newline : end) - at);

		if (length > LOG_LINE_MAX)
			length = LOG_LINE_MAX;
		read_line(parser, at, length, (const char *)data, size);
		if (!newline)
			break;
		at = newline + 1;
	}
	while (log_parser_rest(parser, INT64_MAX, &event))
		check(&event, (const char *)data, size);
	log_parser_free(parser);
	return 0;
}
