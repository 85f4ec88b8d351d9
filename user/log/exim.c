// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exim's main log, in its own file or by syslog. exim_place.c finds the client's address,
 * exim_message.c reads the messages, exim_refusal.c what is refused. Pure.
 */
#include "log/exim.h"

#include <ctype.h>
#include "log/parse.h"

/* Whether `text` is what Exim writes behind the address of a refused login; moves behind the
 * reason. */
static bool skip_refusal(struct span *text)
{
	static const char refusal[] = ": 535 Incorrect authentication data";
	struct span rest = *text;
	size_t at;

	if (span_skip(&rest, " U=")) { /* what an ident server says: any text */
		at = span_find(rest, refusal);
		if (at == SPAN_NONE)
			return false;
		rest = span_from(rest, at);
	}
	if (!span_skip(&rest, refusal))
		return false;
	*text = rest;
	return true;
}

/* "H=h.example (helo) [192.0.2.7]:2129 I=[198.51.100.1]:465 Ci=3: 535 Incorrect authentication data
 * (set_id=bob)", behind "authenticator failed for ". */
static bool read_failure(struct exim_habits *habits, struct span name, struct span text,
			 struct parsed_line *parsed)
{
	struct exim_place place;

	if (!exim_only_place(habits, &text, &place) || !skip_refusal(&text))
		return false;
	exim_set_login_place(parsed, &place);
	parsed->kind = EVENT_FAILURE;
	parsed->evidence = EVIDENCE_FRONTEND;
	parsed->account_escaped = true;
	parsed->account_word = span_find(name, "cram") != SPAN_NONE;
	if (span_skip(&text, " (set_id=") && span_ends(text, ")"))
		parsed->account = span_cut(text, 0, text.size - 1);
	return true;
}

/* Skips "1rnC0e-000abc-XY" or "1rnC0e-00000000abc-XYZW". */
static bool skip_message_id(struct span *text)
{
	size_t size = 0;
	bool hyphen = false;

	while (size < text->size && size < 24 &&
	       (isalnum((unsigned char)text->at[size]) || text->at[size] == '-'))
		hyphen |= text->at[size++] == '-';
	if (size < 6 || !hyphen || size >= text->size || text->at[size] != ' ')
		return false;
	*text = span_from(*text, size + 1);
	return true;
}

/* Skips what Exim's settings may put before its message: a time, an offset, "[pid]". */
static void skip_prefix(struct span *text, uint32_t *pid)
{
	struct span rest = *text;
	size_t end;

	if (rest.size > 20 && rest.at[4] == '-' && rest.at[7] == '-' && rest.at[10] == ' ' &&
	    rest.at[13] == ':' && isdigit((unsigned char)rest.at[0])) {
		end = span_find_char(span_from(rest, 11), ' ');
		if (end != SPAN_NONE && end < 16)
			rest = span_from(rest, 11 + end + 1);
	}
	if (rest.size > 6 && (rest.at[0] == '+' || rest.at[0] == '-') && rest.at[5] == ' ' &&
	    isdigit((unsigned char)rest.at[1]))
		rest = span_from(rest, 6);
	*text = rest;
	if (span_skip(&rest, "[") && span_number(&rest, pid) && span_skip(&rest, "] "))
		*text = rest;
}

/* "1rnC0e-000abc-XY <= ...", behind the id. "=>" and "->" are deliveries, "**" is a bounce. */
static bool read_of_message(struct exim_habits *habits, struct span text,
			    struct parsed_line *parsed)
{
	if (span_skip(&text, "<= "))
		return exim_read_message(habits, text, parsed);
	if (span_starts(text, "=> ") || span_starts(text, "-> "))
		parsed->kind = EVENT_DELIVERED;
	else if (span_starts(text, "** "))
		parsed->kind = EVENT_BOUNCE;
	else
		return exim_read_refused_message(habits, text, parsed);
	return true;
}

/* Skips " DS" before "H=", where the host's name was verified by DNSSEC. */
static void skip_verified(struct span *text)
{
	struct span rest = *text;

	span_skip(&rest, " "); /* behind a message id or a process id there are two */
	if (span_skip(&rest, "DS") && span_starts(rest, "H="))
		*text = rest;
}

static bool read_line(struct exim_habits *habits, struct span text, bool *known,
		      struct parsed_line *parsed)
{
	static const char failed[] = " authenticator failed for ";
	struct span id = text;
	size_t blank;

	*known = true;
	skip_verified(&text);
	blank = span_find_char(text, ' ');
	if (blank != SPAN_NONE && blank < 64 && *text.at > ' ' &&
	    span_starts(span_from(text, blank), failed))
		return read_failure(habits, span_cut(text, 0, blank),
				    span_from(text, blank + strlen(failed)), parsed);
	if (skip_message_id(&text)) {
		parsed->queue = span_cut(id, 0, (size_t)(text.at - id.at) - 1);
		skip_verified(&text);
		return read_of_message(habits, text, parsed);
	}
	return exim_read_refusal(habits, text, known, parsed);
}

/* Whether the line may be one of Exim's own file, which names neither host nor program, and no time
 * below 1 ms: the stamp is not that of a program through which Exim's line went. */
static bool is_own_stamp(const struct envelope *envelope)
{
	struct span stamp = envelope->stamp;

	if (envelope->stamp_kind != STAMP_DATE)
		return envelope->stamp_kind == STAMP_NONE;
	return stamp.at[10] == ' ' &&
	       !(stamp.size > 23 && stamp.at[19] == '.' && isdigit((unsigned char)stamp.at[23]));
}

enum format_answer exim_line(const struct envelope *envelope, struct parsed_line *parsed)
{
	bool syslog = span_starts(envelope->program, "exim"), known;
	struct span text = syslog ? envelope->text : envelope->whole;
	struct exim_habits none = { 0 }, *habits = envelope->exim ? envelope->exim : &none;
	uint32_t pid = envelope->pid;

	if (!syslog && !is_own_stamp(envelope))
		return FORMAT_OTHER;
	skip_prefix(&text, &pid);
	exim_habits_step(habits, envelope, pid, text);
	/* Exim's own file cuts nothing, nor is a line cut that was joined from its pieces
	 * (pieces.h). */
	if (text.size > (syslog && !envelope->joined ? FORMAT_SURE_SIZE : LOG_LINE_MAX - 64))
		return syslog ? FORMAT_NOTHING : FORMAT_OTHER;
	*parsed = (struct parsed_line){ .daemon = EVENT_DAEMON_EXIM, .count = 1 };
	if (read_line(habits, text, &known, parsed))
		return FORMAT_FOUND;
	return syslog ? FORMAT_NOTHING : FORMAT_OTHER;
}
