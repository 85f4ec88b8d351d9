// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exim's main log, in its own file or by syslog. The name that the client gave itself stands before
 * the address, what it logged in as behind it; Exim checks the one for blanks unless it is told not
 * to (helo_accept_junk_hosts), the other never. A line in which two places could be the address
 * says nothing. Pure.
 */
#include "log/format.h"

#include <ctype.h>
#include "log/parse.h"

/* A line with more candidates than this was made to have them, and says nothing. */
#define MOST_PLACES 64

struct place {
	struct address address;
	uint32_t port; /* of ours that the client came to; 0: not said */
};

/* "[192.0.2.7]:2129"; the port may be missing. */
static bool read_bracket(struct span *text, struct address *address, uint32_t *port)
{
	struct span rest = *text;
	size_t close;

	*port = 0;
	if (!span_skip(&rest, "["))
		return false;
	close = span_find_char(rest, ']');
	if (close == SPAN_NONE || close > ADDRESS_TEXT_SIZE ||
	    !span_address(span_cut(rest, 0, close), address))
		return false;
	rest = span_from(rest, close + 1);
	if (rest.size > 1 && rest.at[0] == ':' && isdigit((unsigned char)rest.at[1])) {
		rest = span_from(rest, 1);
		if (!span_number(&rest, port))
			return false;
	}
	*text = rest;
	return true;
}

/* "[192.0.2.7]:2129 I=[198.51.100.1]:465" */
static bool read_place(struct span *text, struct place *place)
{
	struct address own;
	uint32_t port;

	place->port = 0;
	if (!read_bracket(text, &place->address, &port))
		return false;
	if (span_skip(text, " I="))
		return read_bracket(text, &own, &place->port);
	return true;
}

static enum event_service service_of(const struct place *place)
{
	return place->port == 465 || place->port == 587 ? EVENT_SERVICE_SUBMISSION
							: EVENT_SERVICE_SMTP;
}

static void set_place(struct finding *finding, const struct place *place)
{
	finding->has_source = true;
	finding->source = place->address;
	finding->service = service_of(place);
}

/* Whether `text` goes on as behind the address of a refused login; moves behind the reason. */
static bool skip_refusal(struct span *text)
{
	static const char refusal[] = ": 535 Incorrect authentication data";
	struct span rest = *text;
	uint32_t number;
	size_t at;

	if (span_skip(&rest, " U=")) { /* what an ident server says: any text */
		at = span_find(rest, refusal);
		if (at == SPAN_NONE)
			return false;
		rest = span_from(rest, at);
	} else if (span_skip(&rest, " Ci=") && !span_number(&rest, &number)) {
		return false;
	}
	if (!span_skip(&rest, refusal))
		return false;
	*text = rest;
	return true;
}

/* What may stand before the address: a checked host name, a given one in round brackets, both. */
static bool may_precede(struct span before)
{
	if (!before.size || span_ends(before, ") "))
		return true;
	return span_find_char(before, ' ') == before.size - 1;
}

/* "H=h.example (helo) [192.0.2.7]:2129 I=[198.51.100.1]:465 Ci=3: 535 Incorrect authentication data
 * (set_id=bob)", behind "authenticator failed for ". */
static bool read_failure(struct span text, struct finding *finding)
{
	unsigned places = 0;
	struct span tail = { text.at, 0 };
	size_t next;

	span_skip(&text, "H=");
	if (text.size > FORMAT_SURE_SIZE)
		return false;
	for (size_t at = 0; (next = span_find_char(span_from(text, at), '[')) != SPAN_NONE; at++) {
		struct span rest;
		struct place place;

		at += next;
		rest = span_from(text, at);
		if (!may_precede(span_cut(text, 0, at)) || !read_place(&rest, &place) ||
		    !skip_refusal(&rest))
			continue;
		if (places++ == MOST_PLACES ||
		    (places > 1 && address_compare(&place.address, &finding->source) != 0))
			return false;
		if (places == 1) {
			set_place(finding, &place);
			tail = rest;
		}
	}
	if (!places)
		return false;
	finding->kind = EVENT_FAILURE;
	if (span_skip(&tail, " (set_id=") && span_ends(tail, ")"))
		finding->account = span_cut(tail, 0, tail.size - 1);
	return true;
}

/* " H=h.example (helo) [192.0.2.7]:2129 I=[...]:587", all that Exim writes without its checks off;
 * moves behind it. */
static bool read_host(struct span *text, struct place *place)
{
	struct span rest = *text;
	size_t size;

	if (!span_skip(&rest, "H="))
		return false;
	if (!span_starts(rest, "(") && !span_starts(rest, "[")) {
		size = span_find_char(rest, ' ');
		if (size == SPAN_NONE)
			return false;
		rest = span_from(rest, size + 1);
	}
	if (span_starts(rest, "(")) {
		size = span_find_char(rest, ' ');
		if (size == SPAN_NONE || rest.at[size - 1] != ')')
			return false;
		rest = span_from(rest, size + 1);
	}
	if (!read_place(&rest, place))
		return false;
	*text = rest;
	return true;
}

/* The end of a quoted word that begins at `text`; SPAN_NONE: it has none. */
static size_t quoted_size(struct span text)
{
	for (size_t at = 1; at < text.size; at++) {
		if (text.at[at] == '\\')
			at++;
		else if (text.at[at] == '"')
			return at + 1;
	}
	return SPAN_NONE;
}

/* The next of "KEY=VALUE KEY="A VALUE" WORD ...", without the blank before it. */
static bool take_field(struct span *text, struct span *field)
{
	size_t size = 0, quoted;

	span_skip(text, " ");
	while (size < text->size && text->at[size] != ' ') {
		if (text->at[size++] != '=' || size >= text->size || text->at[size] != '"')
			continue;
		quoted = quoted_size(span_from(*text, size));
		if (quoted == SPAN_NONE)
			return false;
		size += quoted;
	}
	*field = span_cut(*text, 0, size);
	*text = span_from(*text, size);
	/* A second address, or the rest of a given name: the first one was not Exim's. */
	return size && *field->at != '(' && *field->at != '[' && field->at[size - 1] != ')';
}

/* "login:bob" of A=, "login:bob:sender@example.com" with smtp_mailauth. */
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

/* "a@example.com H=(helo) [192.0.2.7] P=esmtpsa A=login:bob S=1234 ...", behind " <= ". */
static bool read_message(struct span text, struct finding *finding)
{
	struct place place;
	struct span field, sender;
	bool has_protocol = false, has_size = false;

	if (span_starts(text, "\"")) { /* a quoted local part may hold anything */
		size_t size = quoted_size(text);

		if (size == SPAN_NONE)
			return false;
		text = span_from(text, size);
	}
	if (!take_field(&text, &sender) || !span_skip(&text, " ") || !read_host(&text, &place))
		return false;
	while (text.size) {
		if (!take_field(&text, &field))
			return false;
		if (span_is(field, "from") || span_is(field, "for"))
			break;
		if (span_starts(field, "P="))
			has_protocol = true;
		else if (span_starts(field, "S="))
			has_size = true;
		else if (has_protocol && !has_size && span_skip(&field, "A="))
			finding->account = read_id(field);
	}
	if (!has_protocol || !finding->account.size)
		return false;
	set_place(finding, &place);
	finding->kind = EVENT_MESSAGE;
	return true;
}

/* "(helo) [192.0.2.7] F=<a@b.example> rejected RCPT <x@example.net>: relay not permitted" */
static bool read_rejected(struct span text, struct finding *finding)
{
	struct span rest = text;
	struct place place;
	size_t at = 0, next;

	if (text.size > FORMAT_SURE_SIZE || !read_host(&rest, &place) ||
	    !span_ends(text, ": relay not permitted") ||
	    span_find(rest, " rejected RCPT ") == SPAN_NONE)
		return false;
	/* A bracket behind a round one, once more: which of the two is Exim's? */
	at = (size_t)(rest.at - text.at);
	next = span_find(span_from(text, at), ") [");
	if (next != SPAN_NONE)
		return false;
	set_place(finding, &place);
	finding->kind = EVENT_ABUSE;
	return true;
}

/* "1rnC0e-000abc-XY", "1rnC0e-00000000abc-XYZW" */
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

/* What Exim may put before its message, by its settings: a time of its own, an offset, "[pid]". */
static void skip_prefix(struct span *text)
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
	if (span_starts(rest, "[")) {
		end = span_find(rest, "] ");
		if (end != SPAN_NONE && end < 16)
			rest = span_from(rest, end + 2);
	}
	*text = rest;
}

static bool read_line(struct span text, bool *known, struct finding *finding)
{
	static const char failed[] = " authenticator failed for ";
	size_t blank;

	*known = true;
	if (span_starts(text, "H="))
		return read_rejected(text, finding);
	blank = span_find_char(text, ' ');
	if (blank != SPAN_NONE && blank < 64 && span_starts(span_from(text, blank), failed))
		return read_failure(span_from(text, blank + strlen(failed)), finding);
	*known = skip_message_id(&text);
	if (!*known)
		return false;
	if (span_skip(&text, "<= "))
		return read_message(text, finding);
	if (!span_skip(&text, "** "))
		return false;
	finding->kind = EVENT_BOUNCE;
	return true;
}

enum format_answer exim_line(const struct envelope *envelope, struct finding *finding)
{
	bool syslog = span_starts(envelope->program, "exim"), known;
	struct span text = syslog ? envelope->text : envelope->whole;

	/* Its own file names neither host nor program. */
	if (!syslog && envelope->stamp_kind != STAMP_NONE &&
	    (envelope->stamp_kind != STAMP_DATE || envelope->stamp.at[10] != ' '))
		return FORMAT_OTHER;
	skip_prefix(&text);
	/* Its own file cuts nothing, and may name many recipients. */
	if (text.size > (syslog ? FORMAT_SURE_SIZE : LOG_LINE_MAX - 64))
		return syslog ? FORMAT_NOTHING : FORMAT_OTHER;
	*finding = (struct finding){ .daemon = EVENT_DAEMON_EXIM, .count = 1 };
	if (read_line(text, &known, finding))
		return FORMAT_FOUND;
	return syslog ? FORMAT_NOTHING : FORMAT_OTHER;
}
