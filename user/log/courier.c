// SPDX-License-Identifier: GPL-2.0-or-later
/* Courier's imapd, pop3d and esmtpd. The mailbox servers write the user's name before the address,
 * the mail server its own text first. Pure. */
#include "log/format.h"

/* "imapd", "pop3d-ssl", "courieresmtpd", "imaplogin"; unknown: not Courier. */
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
	if (span_starts(program, "esmtpd-msa"))
		return EVENT_SERVICE_SUBMISSION;
	if (span_starts(program, "esmtpd"))
		return EVENT_SERVICE_SMTP;
	return EVENT_SERVICE_UNKNOWN;
}

/* "user=bob, ip=[::ffff:192.0.2.4], port=[9]" and, if `protocol`, ", protocol=IMAP". The last ip=
 * is Courier's, and nothing is behind it but what Courier puts there. */
static bool read_fields(struct span text, bool success, struct finding *finding)
{
	size_t ip = span_find_last(text, "ip=["), close;
	struct span tail, before;
	uint32_t port;

	if (ip == SPAN_NONE || text.size > FORMAT_SURE_SIZE)
		return false;
	tail = span_from(text, ip + strlen("ip=["));
	close = span_find_char(tail, ']');
	if (close == SPAN_NONE || !span_address(span_cut(tail, 0, close), &finding->source))
		return false;
	tail = span_from(tail, close + 1);
	if (span_skip(&tail, ", port=[") && !(span_number(&tail, &port) && span_skip(&tail, "]")))
		return false;
	if (success && span_skip(&tail, ", protocol=")) {
		size_t comma = span_find(tail, ", ");

		tail = span_from(tail, comma == SPAN_NONE ? tail.size : comma);
		span_skip(&tail, ", stls=1");
	}
	before = span_cut(text, 0, ip);
	if (tail.size || (before.size && !span_ends(before, ", ")))
		return false;
	finding->has_source = true;
	if (span_skip(&before, "method=")) {
		size_t comma = span_find(before, ", ");

		before = span_from(before, comma == SPAN_NONE ? before.size : comma + 2);
	}
	if (span_skip(&before, "user=") && before.size >= 2)
		finding->account = span_cut(before, 0, before.size - 2);
	return true;
}

/* "relay=::ffff:192.0.2.3,port=1,msg="535 Authentication failed.",cmd: AUTH LOGIN bob", behind
 * "error,". The name is what the client sent, so mostly base64. */
static bool read_esmtp(struct span text, struct finding *finding)
{
	size_t comma = span_find_char(text, ',');
	struct span rest;
	uint32_t port;

	if (!span_skip(&text, "relay=") || comma == SPAN_NONE)
		return false;
	comma -= strlen("relay=");
	rest = span_from(text, comma);
	if (!span_address(span_cut(text, 0, comma), &finding->source))
		return false;
	if (span_skip(&rest, ",port=") && !span_number(&rest, &port))
		return false;
	if (!span_skip(&rest, ",msg=\"535 Authentication failed.\""))
		return false;
	finding->kind = EVENT_FAILURE;
	finding->has_source = true;
	if (span_skip(&rest, ",cmd: AUTH LOGIN ")) {
		finding->account = rest;
		finding->account_base64 = true;
	}
	return true;
}

enum format_answer courier_line(const struct envelope *envelope, struct finding *finding)
{
	struct span text = envelope->text;
	enum event_service service = service_of(envelope->program);
	bool found, success;

	if (!service)
		return FORMAT_OTHER;
	*finding =
		(struct finding){ .daemon = EVENT_DAEMON_COURIER, .service = service, .count = 1 };
	if (span_skip(&text, "error,")) {
		found = read_esmtp(text, finding);
	} else {
		success = span_skip(&text, "LOGIN, ");
		/* These programs' names are Cyrus's too. */
		if (!success && !span_skip(&text, "LOGIN FAILED, "))
			return FORMAT_OTHER;
		finding->kind = success ? EVENT_SUCCESS : EVENT_FAILURE;
		found = read_fields(text, success, finding) && (!success || finding->account.size);
	}
	return found ? FORMAT_FOUND : FORMAT_NOTHING;
}
