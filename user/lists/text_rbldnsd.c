// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Zones of rbldnsd: ip4set, ip4trie and ip6trie. "$SOA ..." and ":127.0.0.2:text" begin the file.
 * Entries may lack their last octets ("192.0.2" is a /24 there) and may be followed by a value; "!"
 * makes an exception of the whole list. Data sets of names are skipped. See list_reader.h.
 */
#include "lists/list_reader.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/* "$SOA", "$NS", "$TTL", "$DATASET ip4set ...", "$1 text": rbldnsd's own lines. */
static bool directive(struct list_reader *reader, const struct list_line *line)
{
	static const char *const names[] = { "$SOA ",	    "$NS ",	   "$TTL ",
					     "$MAXRANGE4 ", "$TIMESTAMP ", "$DATASET " };
	size_t known = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		known |= line->size > strlen(names[i]) &&
			 !memcmp(line->text, names[i], strlen(names[i]));
	/* "$1 text" defines words for the texts of entries. */
	if (!known && !(reader->rbldnsd && line->size > 2 && line->text[1] >= '0' &&
			line->text[1] <= '9' && line->text[2] == ' '))
		return false;
	if (line->size > 9 && !memcmp(line->text, "$DATASET ", 9))
		reader->rbldnsd_names = !memmem(line->text, line->size, " ip", 3);
	reader->rbldnsd = true;
	return true;
}

/* ":127.0.0.2:text" or ":3": the value of the entries behind it. */
static bool is_value(const char *at, const char *end)
{
	const char *begin = ++at;

	while (at < end && (*at == '.' || (*at >= '0' && *at <= '9')))
		at++;
	return at > begin && (at == end || *at == ':');
}

/* Completes "192.0.2" to "192.0.2.0/24" and "192.0.2.1-9" to a range of whole addresses; others
 * stay as they are. */
static void complete(const char *at, size_t size, char text[96])
{
	const char *dash = memchr(at, '-', size);
	size_t first = dash ? (size_t)(dash - at) : size, dots = 0, last_dot = 0;

	for (size_t i = 0; i < first; i++)
		if (at[i] == '.') {
			dots++;
			last_dot = i + 1;
		}
	if (!dash && dots && dots < 3 && !memchr(at, '/', size) && !memchr(at, ':', size))
		snprintf(text, 96, "%.*s%s", (int)size, at, dots == 1 ? ".0.0/16" : ".0/24");
	else if (dash && dots == 3 && !memchr(dash, '.', size - first))
		snprintf(text, 96, "%.*s-%.*s%.*s", (int)first, at, (int)last_dot, at,
			 (int)(size - first - 1), dash + 1);
	else
		snprintf(text, 96, "%.*s", (int)size, at);
}

static void take_out(struct list_reader *reader, const struct list_line *line, const char *text)
{
	char reason[LIST_REASON_SIZE];
	const char *dash = strchr(text, '-');
	struct prefix prefix;
	int error;

	if (dash)
		error = list_parse_range(reader, text, (size_t)(dash - text), dash + 1,
					 strlen(dash + 1), false, &reader->except, reason);
	else
		error = list_parse_prefix(reader, text, strlen(text), &prefix, reason);
	if (error) {
		list_refuse(reader, line->number, "an exception that cannot be honoured: %s",
			    reason);
		return;
	}
	list_skip(reader);
	if (!dash)
		reader->error = ranges_add_prefix(&reader->except, &prefix, 0);
}

bool list_rbldnsd(struct list_reader *reader, const struct list_line *line)
{
	const char *at = line->text, *end = at + line->size, *stop;
	bool excepts = *at == '!';
	char text[96];

	if (*at == '$' ? directive(reader, line) : *at == ':' && is_value(at, end)) {
		reader->rbldnsd = true;
		list_skip(reader);
		return true;
	}
	if (!reader->rbldnsd)
		return false;
	if (reader->rbldnsd_names) {
		list_skip(reader);
		return true;
	}
	at += excepts;
	while (at < end && *at == ' ')
		at++;
	for (stop = at; stop < end && *stop && strchr("0123456789abcdefABCDEF.:/-", *stop);)
		stop++;
	if (stop == at || stop - at > 80 || (stop < end && *stop != ' ' && *stop != '\t'))
		return false;
	complete(at, (size_t)(stop - at), text);
	if (excepts)
		take_out(reader, line, text);
	else
		list_take_entry(reader, line->number, text, strlen(text));
	return true;
}
