// SPDX-License-Identifier: GPL-2.0-or-later
/* See envelope.h. Pure. */
#include "log/envelope.h"

#include <ctype.h>

#define MOST_REPEATS 100000U

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "Nov 21 10:00:00 " */
static bool read_yearless(struct span *line, struct span *stamp)
{
	const char *at = line->at;

	if (line->size < 16 || at[3] != ' ' || at[6] != ' ' || at[9] != ':' || at[12] != ':' ||
	    at[15] != ' ' || !is_digit(at[5]) || !is_digit(at[8]) || at[0] < 'A' || at[0] > 'S')
		return false;
	*stamp = span_cut(*line, 0, 15);
	*line = span_from(*line, 16);
	return true;
}

/* "2026-11-21T10:00:00.1+01:00 ", also with a blank for the T, and without an offset. */
static bool read_date(struct span *line, struct span *stamp)
{
	const char *at = line->at;
	size_t end;

	if (line->size < 20 || at[4] != '-' || at[7] != '-' || at[13] != ':' || at[16] != ':' ||
	    !is_digit(at[0]) || !is_digit(at[18]) ||
	    (at[10] != 'T' && at[10] != 't' && at[10] != ' '))
		return false;
	end = span_find_char(span_from(*line, 19), ' ');
	if (end == SPAN_NONE || end > 20)
		return false;
	*stamp = span_cut(*line, 0, 19 + end);
	*line = span_from(*line, 20 + end);
	return true;
}

/* "@4000000065a0b0c01dcd6500 " (multilog) */
static bool read_tai64n(struct span *line, struct span *stamp)
{
	if (line->size < 26 || line->at[0] != '@' || line->at[25] != ' ')
		return false;
	for (size_t i = 1; i < 25; i++)
		if (!isxdigit((unsigned char)line->at[i]))
			return false;
	*stamp = span_cut(*line, 0, 25);
	*line = span_from(*line, 26);
	return true;
}

/* "[30/Nov/2017:08:20:44], " and "[30/Nov/2017:08:20:44 +0900], " */
static bool read_clf(struct span *line, struct span *stamp)
{
	const char *at = line->at;
	size_t end;

	if (line->size < 24 || at[0] != '[' || at[3] != '/' || at[7] != '/' || at[12] != ':' ||
	    at[15] != ':' || at[18] != ':' || !is_digit(at[1]) || !is_digit(at[20]))
		return false;
	end = at[21] == ']' ? 21 : line->size > 30 && at[21] == ' ' && at[27] == ']' ? 27 : 0;
	if (!end)
		return false;
	*stamp = span_cut(*line, 1, end);
	*line = span_from(*line, end + 1);
	span_skip(line, ",");
	span_skip(line, " ");
	return true;
}

/* "<22>"; of one to three digits. */
static void skip_priority(struct span *line)
{
	struct span rest = *line;
	uint32_t priority;

	if (span_skip(&rest, "<") && span_number(&rest, &priority) && span_skip(&rest, ">"))
		*line = rest;
}

static struct span take_word(struct span *line)
{
	size_t end = span_find_char(*line, ' ');
	struct span word = span_cut(*line, 0, end == SPAN_NONE ? line->size : end);

	*line = span_from(*line, word.size + (end != SPAN_NONE));
	return word;
}

/* [id name="va\"l\]ue"]...; RFC 5424 section 6.3. */
static bool skip_structured(struct span *line)
{
	size_t at = 0;
	bool quoted = false;

	if (span_skip(line, "-"))
		return true;
	while (at < line->size && line->at[at] == '[') {
		for (at++; at < line->size && (quoted || line->at[at] != ']'); at++) {
			if (line->at[at] == '"')
				quoted = !quoted;
			else if (quoted && line->at[at] == '\\')
				at++;
		}
		if (at++ >= line->size)
			return false;
	}
	*line = span_from(*line, at);
	return at > 0;
}

/* After the "1 " of RFC 5424: stamp host program pid message-id structured-data message. */
static bool read_5424(struct span line, struct envelope *envelope)
{
	struct span pid;

	if (!read_date(&line, &envelope->stamp))
		return false;
	envelope->stamp_kind = STAMP_DATE;
	envelope->whole = line;
	take_word(&line);
	envelope->program = take_word(&line);
	pid = take_word(&line);
	if (!span_number(&pid, &envelope->pid))
		envelope->pid = 0;
	take_word(&line);
	if (!skip_structured(&line))
		return false;
	span_skip(&line, " ");
	span_skip(&line, "\xef\xbb\xbf");
	envelope->text = line;
	return true;
}

/* "program[pid]: " or "program: ". Without it the line is left as it is. */
static bool read_program(struct span *line, struct envelope *envelope)
{
	struct span rest = *line, program;
	size_t size = 0;

	while (size < rest.size && size < 128 && rest.at[size] > ' ' && rest.at[size] != ':' &&
	       rest.at[size] != '[')
		size++;
	program = span_cut(rest, 0, size);
	rest = span_from(rest, size);
	if (span_skip(&rest, "[")) {
		if (!span_number(&rest, &envelope->pid) || !span_skip(&rest, "]")) {
			envelope->pid = 0;
			return false;
		}
	}
	if (!size || !span_skip(&rest, ":"))
		return false;
	span_skip(&rest, " ");
	envelope->program = program;
	*line = rest;
	return true;
}

/* "message repeated 3 times: [ MESSAGE]" (rsyslog). */
static void read_repeat(struct envelope *envelope)
{
	struct span rest = envelope->text;
	uint32_t repeat;

	if (!span_skip(&rest, "message repeated ") || !span_number(&rest, &repeat) ||
	    !span_skip(&rest, " times: [") || !span_ends(rest, "]"))
		return;
	rest.size--;
	span_skip(&rest, " ");
	envelope->text = rest;
	envelope->repeat = repeat < 1 ? 1 : repeat > MOST_REPEATS ? MOST_REPEATS : repeat;
}

static void read_stamped(struct span line, struct envelope *envelope)
{
	size_t blank = span_find_char(line, ' ');

	/* Dovecot's log_path names no host: the first word is the program, and ends in a colon. */
	if (blank != SPAN_NONE && blank && line.at[blank - 1] != ':')
		line = span_from(line, blank + 1);
	read_program(&line, envelope);
	envelope->text = line;
	/* Solaris syslog: "[ID 197553 mail.info] " */
	if (span_skip(&line, "[ID ")) {
		size_t end = span_find(line, "] ");

		if (end != SPAN_NONE)
			envelope->text = span_from(line, end + 2);
	}
}

void envelope_read(const char *text, size_t size, struct envelope *envelope)
{
	struct span line = { text, size }, after;

	*envelope = (struct envelope){ .repeat = 1, .program = { text, 0 }, .bare = { text, 0 } };
	if (size && text[size - 1] == '\r')
		line.size--;
	skip_priority(&line);
	after = line;
	if (span_skip(&after, "1 ") && read_5424(after, envelope)) {
		read_repeat(envelope);
		return;
	}
	if (read_yearless(&line, &envelope->stamp))
		envelope->stamp_kind = STAMP_YEARLESS;
	else if (read_date(&line, &envelope->stamp))
		envelope->stamp_kind = STAMP_DATE;
	envelope->whole = line;
	if (envelope->stamp_kind) {
		read_stamped(line, envelope);
	} else {
		if (read_tai64n(&line, &envelope->stamp))
			envelope->stamp_kind = STAMP_TAI64N;
		else if (read_clf(&line, &envelope->stamp))
			envelope->stamp_kind = STAMP_CLF;
		envelope->bare = envelope->whole = line;
		read_program(&line, envelope);
		envelope->text = line;
	}
	if (envelope->text.size && *envelope->text.at == 'm')
		read_repeat(envelope);
}
