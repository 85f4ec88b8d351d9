// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sendmail. Who is meant stands in the last relay=, behind what the client said; "NAME [ADDRESS]",
 * the name from the DNS and sendmail's to clean. Pure.
 */
#include "log/format.h"

#include <ctype.h>

static bool is_sendmail(struct span program)
{
	size_t slash = span_last_char(program, '/');

	if (slash != SPAN_NONE)
		program = span_from(program, slash + 1);
	return span_starts(program, "sendmail") || span_starts(program, "sm-m");
}

/* "xALK0xyz012345: "; NOQUEUE where there is none yet. */
static void skip_queue_id(struct span *text)
{
	size_t size = 0;

	while (size < text->size && size < 24 && isalnum((unsigned char)text->at[size]))
		size++;
	if (size >= 6 && size + 1 < text->size && text->at[size] == ':' &&
	    text->at[size + 1] == ' ')
		*text = span_from(*text, size + 2);
}

/* "h [192.0.2.8] (may be forged)" or "h [IPv6:2001:db8::1]", all of `relay`. What is before the
 * last bracket may be an ident server's text. */
static bool read_relay(struct span relay, struct finding *finding)
{
	static const char forged[] = " (may be forged)";
	size_t open;

	if (span_ends(relay, forged))
		relay.size -= strlen(forged);
	open = span_last_char(relay, '[');
	if (open == SPAN_NONE || !span_ends(relay, "]") || (open && relay.at[open - 1] != ' ') ||
	    !span_address(span_cut(relay, open + 1, relay.size - 1), &finding->source))
		return false;
	finding->has_source = true;
	return true;
}

/* "(LOGIN): checkpass failed, user=bob, relay=h [192.0.2.8] (may be forged)", also without user=.
 */
static bool read_failure(struct span text, struct finding *finding)
{
	static const char *const faults[] = { "generic failure", "no mechanism available",
					      "authentication aborted" };
	size_t close = span_find(text, "): "), relay, user;
	struct span reason;

	relay = span_find_last(text, ", relay=");
	if (close == SPAN_NONE || close > 40 || relay == SPAN_NONE || relay < close ||
	    !read_relay(span_from(text, relay + strlen(", relay=")), finding))
		return false;
	reason = span_cut(text, close + strlen("): "), relay);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		if (span_starts(reason, faults[i]))
			return false;
	user = span_find(reason, ", user=");
	if (user != SPAN_NONE)
		finding->account = span_from(reason, user + strlen(", user="));
	finding->kind = EVENT_FAILURE;
	finding->proof = PROOF_FRONT;
	return true;
}

/* "h [192.0.2.8]: possible SMTP attack: command=AUTH, count=5"; once for each from the fifth on. */
static bool read_attack(struct span text, struct finding *finding)
{
	static const char attack[] = ": possible SMTP attack: command=AUTH, count=";
	size_t at = span_find(text, attack);
	struct span number;
	uint32_t count;

	if (at == SPAN_NONE)
		return false;
	number = span_from(text, at + strlen(attack));
	if (!span_number(&number, &count) || number.size || !count ||
	    !read_relay(span_cut(text, 0, at), finding))
		return false;
	finding->kind = EVENT_FAILURE;
	finding->proof = PROOF_TOTAL;
	finding->count = count;
	return true;
}

/* "relay=h [192.0.2.8], authid=bob, mech=PLAIN, bits=0", behind "AUTH=server, ". */
static bool read_success(struct span text, struct finding *finding)
{
	size_t id = span_find_last(text, ", authid="), mech = span_find_last(text, ", mech=");

	if (!span_skip(&text, "relay=") || id == SPAN_NONE || mech == SPAN_NONE || mech < id)
		return false;
	id -= strlen("relay=");
	mech -= strlen("relay=");
	if (!read_relay(span_cut(text, 0, id), finding))
		return false;
	finding->account = span_cut(text, id + strlen(", authid="), mech);
	finding->kind = EVENT_SUCCESS;
	return finding->account.size;
}

/* "ruleset=check_rcpt, arg1=<x@example.net>, relay=h [192.0.2.8], reject=550 5.7.1
 * <x@example.net>... Relaying denied": the recipient, twice there, may be made to hold a relay= of
 * its own. */
static bool read_reject(struct span text, struct finding *finding)
{
	size_t relay = span_find(text, ", relay="), reject;
	struct span rest;

	if (relay == SPAN_NONE || relay != span_find_last(text, ", relay="))
		return false;
	rest = span_from(text, relay + strlen(", relay="));
	reject = span_find(rest, ", reject=55");
	if (reject == SPAN_NONE || span_find(rest, "Relaying denied") == SPAN_NONE ||
	    !read_relay(span_cut(rest, 0, reject), finding))
		return false;
	finding->kind = EVENT_ABUSE;
	return true;
}

/* "rejecting commands from h [192.0.2.8] (may be forged) due to pre-greeting traffic after 0
 * seconds" */
static bool read_pregreet(struct span text, struct finding *finding)
{
	size_t end = span_find_last(text, " due to pre-greeting traffic");

	if (end == SPAN_NONE || !read_relay(span_cut(text, 0, end), finding))
		return false;
	finding->kind = EVENT_ABUSE;
	return true;
}

/* "to=<x@example.net>, ..., dsn=5.1.1, stat=User unknown": the recipient may hold anything when
 * quoted, what the other side said is behind stat=. */
static bool read_delivery(struct span text, struct finding *finding)
{
	static const char bounced[] = ", dsn=5.";
	size_t stat = span_find(text, ", stat="), dsn;

	dsn = stat == SPAN_NONE ? stat : span_find_last(span_cut(text, 0, stat), ", dsn=");
	finding->kind = EVENT_BOUNCE;
	return dsn != SPAN_NONE && span_starts(span_from(text, dsn), bounced);
}

static bool read_line(struct span text, struct finding *finding)
{
	if (span_starts(text, "to="))
		return read_delivery(text, finding);
	if (text.size > FORMAT_SURE_SIZE)
		return false;
	if (span_skip(&text, "AUTH failure ("))
		return read_failure(text, finding);
	if (span_skip(&text, "AUTH=server, "))
		return read_success(text, finding);
	if (span_starts(text, "ruleset=check_rcpt, "))
		return read_reject(text, finding);
	if (span_skip(&text, "rejecting commands from "))
		return read_pregreet(text, finding);
	return read_attack(text, finding);
}

enum format_answer sendmail_line(const struct envelope *envelope, struct finding *finding)
{
	struct span text = envelope->text;

	if (!is_sendmail(envelope->program))
		return FORMAT_OTHER;
	skip_queue_id(&text);
	*finding = (struct finding){ .daemon = EVENT_DAEMON_SENDMAIL, .count = 1 };
	if (!read_line(text, finding))
		return FORMAT_NOTHING;
	if (finding->kind != EVENT_BOUNCE)
		finding->service = EVENT_SERVICE_SMTP;
	/* One process, one connection: what stands before the message is the session's id. */
	if (finding->kind == EVENT_FAILURE && envelope->pid)
		finding->session =
			(struct span){ envelope->program.at,
				       (size_t)(envelope->text.at - envelope->program.at) };
	return FORMAT_FOUND;
}
