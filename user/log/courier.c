// SPDX-License-Identifier: GPL-2.0-or-later
/* Courier's imapd, pop3d and esmtpd. The mailbox servers write the user's name before the address;
 * the mail server writes its own text first. Pure. */
#include "log/format.h"

/* Courier's logger cuts at 511 bytes, and begins a new line with the rest. Nothing is taken from a
 * text longer than this. The rest ends in the true address, so a failure read from it can be
 * charged only to the client that sent it. It cannot pass for a success: imapd's ends in its
 * protocol, and pop3d's does not follow a cut line. */
#define WHOLE_SIZE 480

/* The service of "imapd", "pop3d-ssl", "courieresmtpd", "imaplogin"; unknown: not Courier. */
static enum event_service service_of(struct span program)
{
	span_skip(&program, "courier");
	span_skip(&program, "-");
	if (span_starts(program, "imapd") || span_is(program, "imaplogin") ||
	    span_is(program, "imap") || span_is(program, "imaps"))
		return EVENT_SERVICE_IMAP;
	if (span_starts(program, "pop3d") || span_is(program, "pop3login") ||
	    span_is(program, "pop3") || span_is(program, "pop3s"))
		return EVENT_SERVICE_POP3;
	if (span_starts(program, "esmtpd-msa") || span_starts(program, "esmtpd-ssl"))
		return EVENT_SERVICE_SUBMISSION;
	if (span_starts(program, "esmtpd"))
		return EVENT_SERVICE_SMTP;
	return EVENT_SERVICE_UNKNOWN;
}

/* Reads "user=bob, ip=[::ffff:192.0.2.4], port=[9]" and, if `success`, ", protocol=IMAP". The last
 * ip= is Courier's, and only Courier's own text follows it. */
static bool read_fields(struct span text, bool success, struct parsed_line *parsed)
{
	size_t ip = span_find_last(text, "ip=["), close;
	struct span tail, before;
	uint32_t port;

	if (ip == SPAN_NONE || text.size > WHOLE_SIZE)
		return false;
	tail = span_from(text, ip + strlen("ip=["));
	close = span_find_char(tail, ']');
	if (close == SPAN_NONE || !span_address(span_cut(tail, 0, close), &parsed->source))
		return false;
	tail = span_from(tail, close + 1);
	if (span_skip(&tail, ", port=[") && !(span_number(&tail, &port) && span_skip(&tail, "]")))
		return false;
	parsed->may_be_rest = success && !span_starts(tail, ", protocol=");
	if (parsed->may_be_rest && parsed->service != EVENT_SERVICE_POP3)
		return false;
	if (success && span_skip(&tail, ", protocol=")) {
		size_t comma = span_find(tail, ", ");

		tail = span_from(tail, comma == SPAN_NONE ? tail.size : comma);
	}
	if (success)
		span_skip(&tail, ", stls=1");
	before = span_cut(text, 0, ip);
	if (tail.size || (before.size && !span_ends(before, ", ")))
		return false;
	parsed->has_source = true;
	if (span_skip(&before, "method=")) {
		size_t comma = span_find(before, ", ");

		/* Courier does not offer other methods; an attempt that the client aborts reads
		 * like a refused one. */
		if (!span_starts(before, "PLAIN,") && !span_starts(before, "LOGIN,") &&
		    !span_starts(before, "CRAM-"))
			return false;

		before = span_from(before, comma == SPAN_NONE ? before.size : comma + 2);
	}
	if (span_skip(&before, "user=") && before.size >= 2)
		parsed->account = span_cut(before, 0, before.size - 2);
	/* Courier writes a dot for each unprintable character. No address begins or ends with a
	 * dot, or has two in a row. */
	if (span_starts(parsed->account, ".") || span_ends(parsed->account, ".") ||
	    span_find(parsed->account, "..") != SPAN_NONE)
		parsed->account.size = 0;
	return true;
}

/* Reads ",from=<a@b.example>,to=<x@example.net>: 550 User unknown.", behind the address; the user
 * may be named again. Also "513 Relaying denied." */
static enum abuse_kind rejection(struct span text)
{
	size_t at = span_find_last(text, ">: 550 User ");

	if (!span_starts(text, ",from=<") && !span_starts(text, ",ident="))
		return ABUSE_NONE;
	if (span_ends(text, ">: 513 Relaying denied."))
		return ABUSE_RELAY;
	if (at == SPAN_NONE)
		return ABUSE_NONE;
	text = span_from(text, at + strlen(">: 550 User "));
	return span_is(text, "unknown.") || span_is(text, "unknown") ||
			       (span_starts(text, "<") && span_ends(text, "> unknown"))
		       ? ABUSE_UNKNOWN_USER
		       : ABUSE_NONE;
}

#define COMMAND_SHOWN 79 /* bytes that the mail server shows of a command */

/* Reads "relay=::ffff:192.0.2.3,port=1,msg="535 Authentication failed.",cmd: AUTH LOGIN bob",
 * behind "error,". The name is as the client sent it, so mostly base64. */
static bool read_esmtp(struct span text, struct parsed_line *parsed)
{
	size_t comma = span_find_char(text, ',');
	struct span rest;
	uint32_t port;

	if (!span_skip(&text, "relay=") || comma == SPAN_NONE)
		return false;
	comma -= strlen("relay=");
	rest = span_from(text, comma);
	if (!span_address(span_cut(text, 0, comma), &parsed->source))
		return false;
	if (span_skip(&rest, ",port=") && !span_number(&rest, &port))
		return false;
	parsed->has_source = true;
	parsed->kind = EVENT_ABUSE;
	parsed->abuse = rejection(rest);
	if (parsed->abuse)
		return true;
	if (!span_skip(&rest, ",msg=\"535 Authentication failed.\""))
		return false;
	parsed->kind = EVENT_FAILURE;
	parsed->abuse = ABUSE_NONE;
	if (!span_skip(&rest, ",cmd: ") || rest.size >= COMMAND_SHOWN)
		return true;
	if (span_skip(&rest, "AUTH LOGIN ")) {
		parsed->account = rest;
		parsed->account_base64 = true;
	} else if (span_skip(&rest, "AUTH PLAIN ")) {
		/* The beginning of what the client sent, then the name in it. */
		size_t blank = span_find_char(rest, ' ');

		if (blank != SPAN_NONE)
			parsed->account = span_from(rest, blank + 1);
	}
	return true;
}

/* Reads "newmsg,id=ID, auth=bob: dns; helo (h.example [::ffff:192.0.2.4])" of courierd: a message
 * of a client that has logged in. Without "auth=" it comes from another server. */
static bool read_message(struct span text, struct parsed_line *parsed)
{
	size_t comma = span_find(text, ", auth="), open = span_last_char(text, '['), dns;
	size_t colon = span_find_char(text, ':');

	if (open == SPAN_NONE || !span_ends(text, "])") || text.size > WHOLE_SIZE ||
	    !span_address(span_cut(text, open + 1, text.size - 2), &parsed->source))
		return false;
	parsed->service = EVENT_SERVICE_SMTP;
	parsed->has_source = true;
	parsed->kind = EVENT_ACCEPTED;
	if (colon < 64 && colon < comma)
		return span_starts(span_from(text, colon), ": dns; ");
	if (comma == SPAN_NONE || comma > 64)
		return false;
	parsed->queue = span_cut(text, 0, comma);
	text = span_from(text, comma + strlen(", auth="));
	dns = span_find(text, ": dns; ");
	if (dns == SPAN_NONE)
		return false;
	parsed->account = span_cut(text, 0, dns);
	parsed->kind = EVENT_MESSAGE;
	return dns > 0;
}

/* A line of any server that cannot ask the authentication daemon: its refusals prove nothing then.
 * Also a line that was cut. */
static bool read_outage(struct span text, struct parsed_line *parsed)
{
	bool cut = text.size > WHOLE_SIZE;

	if (!cut && !span_starts(text, "authdaemon: s_connect() failed") &&
	    !span_starts(text, "authentication error: "))
		return false;
	parsed->kind = EVENT_FAILURE;
	parsed->evidence = cut ? EVIDENCE_CUT : EVIDENCE_OUTAGE;
	return true;
}

enum format_answer courier_line(const struct envelope *envelope, struct parsed_line *parsed)
{
	struct span text = envelope->text;
	enum event_service service = service_of(envelope->program);
	bool found, success;

	*parsed = (struct parsed_line){ .daemon = EVENT_DAEMON_COURIER,
					.service = service,
					.count = 1 };
	if (span_is(envelope->program, "courierd"))
		return span_skip(&text, "newmsg,id=") && read_message(text, parsed)
			       ? FORMAT_FOUND
			       : FORMAT_NOTHING;
	if (!service)
		return FORMAT_OTHER;
	if (read_outage(text, parsed))
		return FORMAT_FOUND;
	if ((service == EVENT_SERVICE_SMTP || service == EVENT_SERVICE_SUBMISSION) &&
	    span_skip(&text, "error,")) {
		parsed->may_be_rest = true;
		found = read_esmtp(text, parsed);
	} else {
		success = span_skip(&text, "LOGIN, ");
		/* Cyrus has programs of the same names. The mail server writes no such line: it
		 * would be the rest of a cut one. */
		if ((!success && !span_skip(&text, "LOGIN FAILED, ")) ||
		    (service != EVENT_SERVICE_IMAP && service != EVENT_SERVICE_POP3))
			return FORMAT_OTHER;
		parsed->kind = success ? EVENT_SUCCESS : EVENT_FAILURE;
		parsed->evidence = EVIDENCE_FRONTEND;
		found = read_fields(text, success, parsed) && (!success || parsed->account.size);
	}
	return found ? FORMAT_FOUND : FORMAT_NOTHING;
}
