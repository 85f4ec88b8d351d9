// SPDX-License-Identifier: GPL-2.0-or-later
/* See entry.h. Pure. */
#include "log/entry.h"

#include <ctype.h>
#include <stdio.h>
#include "log/trust.h"

#define NAME_MOST 64

const char *const journal_fields[JOURNAL_COUNT + 1] = {
	"__REALTIME_TIMESTAMP",
	"_HOSTNAME",
	"SYSLOG_IDENTIFIER",
	"_COMM",
	"SYSLOG_PID",
	"_PID",
	"_UID",
	"_SYSTEMD_UNIT",
	"CONTAINER_NAME",
	"MESSAGE",
	NULL,
};

static size_t append_word(char *line, size_t used, struct span word, struct span other)
{
	if (!word.size)
		word = other;
	for (size_t i = 0; i < word.size; i++)
		if (word.at[i] <= ' ' || word.at[i] == ':' || word.at[i] == '[')
			return line_append(line, used, span_of("-"));
	return line_append(line, used, word.size ? word : span_of("-"));
}

bool entry_line(struct shipped_room *room, const struct span values[JOURNAL_COUNT],
		struct span *out)
{
	struct journal_origin origin = { .uid = values[JOURNAL_UID],
					 .unit = values[JOURNAL_UNIT],
					 .program = values[JOURNAL_COMM] };
	struct span time = values[JOURNAL_TIME], pid;
	char *line = room->line;
	size_t used;

	if (!values[JOURNAL_MESSAGE].size || time.size != 16 || !journal_is_trusted(&origin))
		return false;
	for (size_t i = 0; i < time.size; i++)
		if (!isdigit((unsigned char)time.at[i]))
			return false;
	used = line_append(line, 0, span_cut(time, 0, 10));
	used = line_append(line, used, span_of("."));
	used = line_append(line, used, span_from(time, 10));
	used = line_append(line, used, span_of(" "));
	used = append_word(line, used, values[JOURNAL_HOST], span_of("-"));
	used = line_append(line, used, span_of(" "));
	if (values[JOURNAL_CONTAINER].size)
		used = line_append(line, used, span_of("docker/"));
	used = append_word(line, used,
			   values[JOURNAL_CONTAINER].size ? values[JOURNAL_CONTAINER]
							  : values[JOURNAL_NAME],
			   values[JOURNAL_COMM]);
	pid = values[JOURNAL_SYSLOG_PID].size ? values[JOURNAL_SYSLOG_PID] : values[JOURNAL_PID];
	if (pid.size) {
		used = line_append(line, used, span_of("["));
		used = append_word(line, used, pid, pid);
		used = line_append(line, used, span_of("]"));
	}
	used = line_append(line, used, span_of(": "));
	used = line_append(line, used, values[JOURNAL_MESSAGE]);
	*out = (struct span){ line, used };
	return true;
}

/* ---- entries over several lines ---- */

static int field_of(struct span name)
{
	for (int i = 0; i < JOURNAL_COUNT; i++)
		if (span_is(name, journal_fields[i]))
			return i;
	return -1;
}

static void put_field(struct journal_entry *entry, struct shipped_room *room, int field,
		      struct span value)
{
	if (field < 0)
		return;
	if (field == JOURNAL_MESSAGE)
		entry->sizes[field] = line_append(room->message, 0, value);
	else if (value.size <= JOURNAL_WORD_MOST)
		memcpy(entry->words[field], value.at, entry->sizes[field] = value.size);
}

/* Takes bytes of a binary field, including the newline that ended the line. The field has 8 bytes
 * of size (little-endian), the value, and a newline. */
static void take_binary(struct journal_entry *entry, struct shipped_room *room, struct span line)
{
	size_t *size = entry->binary < 0 ? NULL : &entry->sizes[entry->binary];

	for (size_t i = 0; i <= line.size; i++) {
		unsigned char byte = i < line.size ? (unsigned char)line.at[i] : '\n';

		if (entry->header_left) {
			entry->binary_size |= (uint64_t)byte << (8 * (8 - entry->header_left));
			if (!--entry->header_left)
				entry->binary_left = entry->binary_size < UINT64_MAX
							     ? entry->binary_size + 1
							     : UINT64_MAX;
			continue;
		}
		if (!entry->binary_left)
			return; /* more bytes than the field's size: the next line begins anew */
		if (--entry->binary_left && size && entry->binary == JOURNAL_MESSAGE &&
		    *size < LOG_LINE_MAX)
			room->message[(*size)++] = (char)byte;
	}
}

static size_t name_size(struct span line)
{
	size_t size = 0;

	while (size < line.size && size < NAME_MOST &&
	       ((line.at[size] >= 'A' && line.at[size] <= 'Z') || line.at[size] == '_' ||
		isdigit((unsigned char)line.at[size])))
		size++;
	return size;
}

static bool end_entry(struct journal_entry *entry, struct shipped_room *room, struct span *out)
{
	struct span values[JOURNAL_COUNT];
	bool whole;

	for (int i = 0; i < JOURNAL_MESSAGE; i++)
		values[i] = (struct span){ entry->words[i], entry->sizes[i] };
	values[JOURNAL_MESSAGE] = (struct span){ room->message, entry->sizes[JOURNAL_MESSAGE] };
	whole = entry_line(room, values, out);
	*entry = (struct journal_entry){ .begun = false };
	return whole;
}

static bool read_export(struct journal_entry *entry, struct shipped_room *room, struct span line,
			struct span *out, bool *is_one)
{
	size_t size = name_size(line);

	if (entry->header_left || entry->binary_left) {
		take_binary(entry, room, line);
	} else if (!line.size) {
		return end_entry(entry, room, out);
	} else if (size && size < line.size && line.at[size] == '=') {
		put_field(entry, room, field_of(span_cut(line, 0, size)),
			  span_from(line, size + 1));
	} else if (size && size == line.size) {
		entry->header_left = 8;
		entry->binary_size = 0;
		entry->binary = field_of(line);
		if (entry->binary >= 0)
			entry->sizes[entry->binary] = 0;
	} else { /* not a line of an export */
		*entry = (struct journal_entry){ .begun = false };
		*is_one = false;
	}
	return false;
}

/* Reads "Sun 2026-11-29 19:22:47.123456 JST [s=...;i=...;t=64d5f1...;x=...]". The time in us is
 * taken from the cursor, which depends on no zone and no language. */
static bool begins_verbose(struct journal_entry *entry, struct span line)
{
	size_t open = line.size > 40 && line.at[3] == ' ' && line.at[8] == '-' &&
				      line.at[11] == '-' && span_ends(line, "]")
			      ? span_find(line, " [s=")
			      : SPAN_NONE;
	size_t at = open == SPAN_NONE ? open : span_find(span_from(line, open), ";t=");
	char digits[24];
	uint64_t us = 0;
	int size;

	if (open > 60 || at == SPAN_NONE)
		return false;
	for (at += open + 3; at < line.size && isxdigit((unsigned char)line.at[at]); at++)
		us = us << 4 | (unsigned)(line.at[at] <= '9' ? line.at[at] - '0'
							     : (line.at[at] | 32) - 'a' + 10);
	size = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)us);
	*entry = (struct journal_entry){ .begun = true, .verbose = true };
	put_field(entry, NULL, JOURNAL_TIME, (struct span){ digits, (size_t)size });
	return true;
}

/* Reads "    _UID=0". A line that is indented further continues the value before it, and may be a
 * stranger's text. */
static bool read_verbose(struct journal_entry *entry, struct shipped_room *room, struct span line,
			 struct span *out, bool *is_one)
{
	struct journal_entry next;
	size_t size;
	bool whole;

	if (!line.size || span_starts(line, "-- ")) /* "-- Boot 4c1f... --" */
		return end_entry(entry, room, out);
	if (begins_verbose(&next, line)) {
		whole = end_entry(entry, room, out);
		*entry = next;
		return whole;
	}
	if (!span_skip(&line, "    ")) {
		*entry = (struct journal_entry){ .begun = false };
		*is_one = false;
		return false;
	}
	size = name_size(line);
	if (size && size < line.size && line.at[size] == '=')
		put_field(entry, room, field_of(span_cut(line, 0, size)),
			  span_from(line, size + 1));
	return false;
}

bool entry_begins(struct journal_entry *entry, struct span line)
{
	if (!line.size || (*line.at != '_' && !isupper((unsigned char)*line.at)))
		return false;
	if (begins_verbose(entry, line))
		return true;
	if (!span_starts(line, "__CURSOR=") && !span_starts(line, "__REALTIME_TIMESTAMP="))
		return false;
	*entry = (struct journal_entry){ .begun = true };
	return true;
}

bool entry_read(struct journal_entry *entry, struct shipped_room *room, struct span line,
		struct span *out, bool *is_one)
{
	*is_one = true;
	return entry->verbose ? read_verbose(entry, room, line, out, is_one)
			      : read_export(entry, room, line, out, is_one);
}
