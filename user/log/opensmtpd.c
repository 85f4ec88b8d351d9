// SPDX-License-Identifier: GPL-2.0-or-later
/* OpenSMTPD: every line begins with its session's id, and only the line of the connection has the
 * address. Before release 6.4 every line had it. Pure. */
#include "log/format.h"

#include <ctype.h>

#define ID_SIZE 16

static bool skip_id(struct span *text, struct span *id)
{
	if (text->size < ID_SIZE + 1 || text->at[ID_SIZE] != ' ')
		return false;
	for (size_t i = 0; i < ID_SIZE; i++)
		if (!isxdigit((unsigned char)text->at[i]))
			return false;
	*id = span_cut(*text, 0, ID_SIZE);
	*text = span_from(*text, ID_SIZE + 1);
	return true;
}

/* "address=192.0.2.5 host=h.example" */
static bool read_connected(struct span text, struct parsed_line *parsed)
{
	size_t blank;

	if (!span_skip(&text, "address="))
		return false;
	blank = span_find_char(text, ' ');
	if (blank != SPAN_NONE)
		text.size = blank;
	/* Some releases put braces or brackets round IPv6. */
	if (span_skip(&text, "[") && span_ends(text, "]"))
		text.size--;
	parsed->step = SESSION_OPENS;
	return span_address(text, &parsed->source);
}

/* "user=bob result=permfail"; before 6.4 "user=bob address=192.0.2.5 host=h result=permfail". */
static bool read_authentication(struct span text, bool old, struct parsed_line *parsed)
{
	static const struct {
		const char *text;
		enum event_kind kind;
	} results[] = { { " result=permfail", EVENT_FAILURE }, { " result=ok", EVENT_SUCCESS } };
	size_t address = span_find_last(text, " address=");

	if (!span_skip(&text, "user=") || text.size > FORMAT_SURE_SIZE)
		return false;
	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++)
		if (span_ends(text, results[i].text)) {
			parsed->kind = results[i].kind;
			text.size -= strlen(results[i].text);
		}
	if (!parsed->kind)
		return false;
	parsed->step = SESSION_USED;
	parsed->account = text;
	parsed->account_escaped = true;
	if (!old || address == SPAN_NONE)
		return true;
	address -= strlen("user=");
	parsed->account = span_cut(text, 0, address);
	parsed->has_source = read_connected(span_from(text, address + 1), parsed);
	parsed->step = parsed->has_source ? SESSION_NONE : SESSION_USED;
	return true;
}

/* "message msgid=1a2b3c4d size=300 nrcpt=2 proto=ESMTP" */
static void read_message(struct span text, struct parsed_line *parsed)
{
	size_t id = span_find(text, " msgid="), count = span_find(text, " nrcpt=");
	struct span rest;

	if (id != SPAN_NONE) {
		rest = span_from(text, id + strlen(" msgid="));
		id = span_find_char(rest, ' ');
		parsed->queue = span_cut(rest, 0, id == SPAN_NONE ? rest.size : id);
	}
	if (count != SPAN_NONE) {
		rest = span_from(text, count + strlen(" nrcpt="));
		span_number(&rest, &parsed->recipients);
	}
}

/* "<x@example.net>" result="550 Invalid recipient: <x@example.net>"", for a client that has not
 * logged in: the answer for a recipient elsewhere, and for one that does not exist here. */
static bool read_refused(struct span text, struct parsed_line *parsed)
{
	size_t at = span_find_last(text, "\" result=\"550 Invalid recipient: <");

	if (at == SPAN_NONE || !span_ends(text, ">\""))
		return false;
	parsed->step = SESSION_USED;
	parsed->kind = EVENT_ABUSE;
	parsed->abuse = ABUSE_RELAY;
	return true;
}

static bool read_line(struct span text, struct parsed_line *parsed)
{
	bool old = span_skip(&text, "event=");

	if (span_skip(&text, "connected "))
		return read_connected(text, parsed);
	if (span_skip(&text, "authentication "))
		return read_authentication(text, old, parsed);
	if (span_starts(text, "disconnected") || span_starts(text, "closed")) {
		parsed->step = SESSION_CLOSES;
		return true;
	}
	if (span_starts(text, "message ")) {
		parsed->step = SESSION_USED;
		parsed->kind = EVENT_MESSAGE;
		read_message(text, parsed);
		return true;
	}
	return span_skip(&text, "failed-command command=\"RCPT TO:") && read_refused(text, parsed);
}

/* "delivery evpid=... from=<a> to=<b> ... result="PermFail" stat="550 ..."": sender and recipient
 * may hold anything; the other server's answer is behind them. */
static bool read_delivery(struct span text, struct parsed_line *parsed)
{
	parsed->service = EVENT_SERVICE_UNKNOWN;
	parsed->session.size = 0;
	if (span_find(text, " result=PermFail") != SPAN_NONE ||
	    span_find(text, " result=\"PermFail\"") != SPAN_NONE)
		parsed->kind = EVENT_BOUNCE;
	else if (span_find(text, " result=Ok") != SPAN_NONE ||
		 span_find(text, " result=\"Ok\"") != SPAN_NONE)
		parsed->kind = EVENT_DELIVERED;
	return parsed->kind;
}

enum format_answer opensmtpd_line(const struct envelope *envelope, struct parsed_line *parsed)
{
	struct span text = envelope->text, id;

	if (!span_is(envelope->program, "smtpd") && !span_is(envelope->program, "opensmtpd") &&
	    (envelope->program.size || envelope->stamp_kind != STAMP_NONE))
		return FORMAT_OTHER;
	if (!skip_id(&text, &id))
		return FORMAT_OTHER;
	*parsed = (struct parsed_line){ .daemon = EVENT_DAEMON_OPENSMTPD,
					.service = EVENT_SERVICE_SMTP,
					.session = id,
					.count = 1 };
	if (span_skip(&text, "mta "))
		return read_delivery(text, parsed) ? FORMAT_FOUND : FORMAT_NOTHING;
	return span_skip(&text, "smtp ") && read_line(text, parsed) ? FORMAT_FOUND : FORMAT_NOTHING;
}
