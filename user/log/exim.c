// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exim's main log, in its own file or by syslog: logins and messages. exim_place.c finds the
 * client's address, exim_refusal.c reads what is refused. Pure.
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

/* The end of a quoted word that begins at `text`; SPAN_NONE: it has none. `escapes`: a backslash
 * takes the next character's meaning. */
static size_t quoted_size(struct span text, bool escapes)
{
	for (size_t at = 1; at < text.size; at++) {
		if (escapes && text.at[at] == '\\')
			at++;
		else if (text.at[at] == '"')
			return at + 1;
	}
	return SPAN_NONE;
}

/* Takes the next field of "KEY=VALUE KEY="A VALUE" WORD ...", without the blank before it. */
static bool take_field(struct span *text, struct span *field)
{
	size_t size = 0, quoted;
	bool escapes;

	span_skip(text, " ");
	escapes = !span_starts(*text, "SNI=");
	while (size < text->size && text->at[size] != ' ') {
		if (text->at[size++] != '=' || size >= text->size || text->at[size] != '"')
			continue;
		quoted = quoted_size(span_from(*text, size), escapes);
		if (quoted == SPAN_NONE)
			return false;
		size += quoted;
	}
	*field = span_cut(*text, 0, size);
	*text = span_from(*text, size);
	/* A second address, or the rest of a name that the client gave: the first one was not
	 * Exim's. */
	return size && *field->at != '(' && *field->at != '[' && field->at[size - 1] != ')';
}

/* The name in "login:bob" of A=, or in "login:bob:sender@example.com" with smtp_mailauth. */
static struct span read_id(struct span value)
{
	size_t colon = span_find_char(value, ':'), end;
	struct span id = { value.at, 0 };

	if (colon == SPAN_NONE)
		return id;
	id = span_from(value, colon + 1);
	end = span_find_char(id, ':');
	if (end != SPAN_NONE)
		id.size = end;
	return id;
}

/* Whether the protocol is that of a client that has logged in: "esmtpa", "esmtpsa", "asmtp". */
static bool is_logged_in(struct span protocol)
{
	return span_ends(protocol, "a") || span_starts(protocol, "a");
}

/* What an ident server says stands before the protocol, and may hold one. */
static bool is_other_protocol(struct span field, struct span rest)
{
	return span_starts(field, "U=") && span_find(rest, " P=") != span_find_last(rest, " P=");
}

/* The name that a client asks for in TLS, and what its certificate says. Exim escapes no quotes in
 * them, so they may hold other fields. */
static bool is_of_tls(struct span field)
{
	return span_starts(field, "SNI=") || span_starts(field, "DN=");
}

/*
 * Reads "P=esmtpsa A=login:bob S=1234 ... for a@example.com". `sure`: the address before these
 * fields is the client's, even if another one follows. The account is left out where fields of TLS,
 * which stand directly before the login, may hold another one.
 */
static bool read_fields(struct span text, const struct address *address, bool sure,
			struct parsed_line *parsed)
{
	static const char login[] = "\" A=";
	struct span field, rest, tls = { text.at, 0 };
	bool has_protocol = false, logged_in = false, has_size = false, behind_quote = false;

	while (text.size) {
		if (!take_field(&text, &field))
			return false;
		/* A name that the client gave can hold all of this, too; then the true address is
		 * behind it. */
		if (span_is(field, "from") || span_is(field, "for")) {
			if (!sure && !exim_no_other(text, address))
				return false;
			break;
		}
		if (has_size)
			continue;
		if (is_other_protocol(field, text))
			return false;
		rest = (struct span){ field.at, field.size + text.size };
		has_size = span_starts(field, "S=");
		if (is_of_tls(field) && !tls.size)
			tls = rest;
		if (!has_protocol && span_skip(&field, "P=")) {
			has_protocol = true;
			logged_in = is_logged_in(field);
		} else if (logged_in && span_skip(&field, "A=")) {
			parsed->account = read_id(field);
			behind_quote = rest.at[-2] == '"';
		}
	}
	if (!logged_in || !parsed->account.size)
		return false;
	if (tls.size && (!behind_quote || span_find(tls, login) != span_find_last(tls, login)))
		parsed->account.size = 0;
	return true;
}

/* Reads "H=h.example [192.0.2.7] P=esmtps S=1234 ...", without a login: from another server. Only
 * the address is taken; if there are two possible ones, nothing is taken. */
static bool read_accepted(struct exim_habits *habits, struct span text, struct parsed_line *parsed)
{
	struct exim_place place;
	struct span field;
	bool has_protocol = false;

	if (!exim_message_place(habits, &text, &place))
		return false;
	while (text.size && take_field(&text, &field)) {
		if (is_other_protocol(field, text))
			return false;
		has_protocol |= span_starts(field, "P=");
		if (span_skip(&field, "P=") && is_logged_in(field))
			return false;
		if (span_starts(field, "S="))
			break; /* the client's words follow */
	}
	exim_set_place(parsed, &place);
	parsed->kind = EVENT_ACCEPTED;
	parsed->account.size = 0;
	parsed->queue.size = 0;
	return has_protocol && parsed->service == EVENT_SERVICE_SMTP;
}

/* "a@example.com H=(helo) [192.0.2.7] P=esmtpsa A=login:bob S=1234 ...", behind " <= ". */
static bool read_message(struct exim_habits *habits, struct span text, struct parsed_line *parsed)
{
	struct exim_place place;
	struct span rest, sender;

	if (span_starts(text, "\"")) { /* a quoted local part may hold anything */
		size_t size = quoted_size(text, true);

		if (size == SPAN_NONE)
			return false;
		text = span_from(text, size);
	}
	if (!take_field(&text, &sender) || !span_skip(&text, " "))
		return false;
	span_skip(&text, "DS "); /* the host's name was verified by DNSSEC */
	if (!span_starts(text, "H="))
		return false;
	rest = text;
	if (!exim_read_host(&rest, &place) || !read_fields(rest, &place.address, false, parsed)) {
		rest = text;
		if (!exim_message_place(habits, &text, &place) ||
		    !read_fields(text, &place.address, true, parsed))
			return read_accepted(habits, rest, parsed);
	}
	exim_set_login_place(parsed, &place);
	parsed->kind = EVENT_MESSAGE;
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
		return read_message(habits, text, parsed);
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
	if (blank != SPAN_NONE && blank < 64 && span_starts(span_from(text, blank), failed))
		return read_failure(habits, span_cut(text, 0, blank),
				    span_from(text, blank + strlen(failed)), parsed);
	if (skip_message_id(&text)) {
		parsed->queue = span_cut(id, 0, (size_t)(text.at - id.at) - 1);
		skip_verified(&text);
		return read_of_message(habits, text, parsed);
	}
	return exim_read_refusal(habits, text, known, parsed);
}

enum format_answer exim_line(const struct envelope *envelope, struct parsed_line *parsed)
{
	bool syslog = span_starts(envelope->program, "exim"), known;
	struct span text = syslog ? envelope->text : envelope->whole;
	struct exim_habits none = { 0 }, *habits = envelope->exim ? envelope->exim : &none;
	uint32_t pid = envelope->pid;

	/* Exim's own file names neither host nor program. */
	if (!syslog && envelope->stamp_kind != STAMP_NONE &&
	    (envelope->stamp_kind != STAMP_DATE || envelope->stamp.at[10] != ' '))
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
