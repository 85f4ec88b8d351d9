// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sendmail. The client is in the last relay=, behind the client's own text: "NAME [ADDRESS]". The
 * name comes from the DNS, and sendmail cleans it. Pure.
 */
#include "log/format.h"

#include <ctype.h>
#include <strings.h>

static bool is_sendmail(struct span program)
{
	size_t slash = span_last_char(program, '/');

	if (slash != SPAN_NONE)
		program = span_from(program, slash + 1);
	return span_starts(program, "sendmail") || span_starts(program, "sm-m") ||
	       span_is(program, "sm-acceptingconnections");
}

/* Skips "xALK0xyz012345: ", or NOQUEUE where there is no id yet. */
static void skip_queue_id(struct span *text)
{
	size_t size = 0;

	while (size < text->size && size < 24 && isalnum((unsigned char)text->at[size]))
		size++;
	if (size >= 6 && size + 1 < text->size && text->at[size] == ':' &&
	    text->at[size + 1] == ' ')
		*text = span_from(*text, size + 2);
}

/* Sendmail shows at most this many bytes of a client, in most lines. */
#define CLIENT_SHOWN 100

/* Skips " (may be forged)" behind a client's address, or as much of it as is shown. Both end at the
 * same place; `client` begins with the client. */
static void skip_forged(struct span client, struct span *rest)
{
	static const char forged[] = " (may be forged)";
	size_t used = client.size - rest->size;
	size_t left = used < CLIENT_SHOWN ? CLIENT_SHOWN - used : 0;

	if (!span_skip(rest, forged) && left < strlen(forged) && rest->size >= left &&
	    !memcmp(rest->at, forged, left))
		*rest = span_from(*rest, left);
}

/* `relay` is just "h [192.0.2.8] (may be forged)" or "h [IPv6:2001:db8::1]". The text before the
 * last bracket may be an ident server's. */
static bool read_relay(struct span relay, struct parsed_line *parsed)
{
	size_t open = span_last_char(relay, '['), close;
	struct span rest;

	if (open == SPAN_NONE || (open && relay.at[open - 1] != ' '))
		return false;
	rest = span_from(relay, open + 1);
	close = span_find_char(rest, ']');
	if (close == SPAN_NONE || !span_address(span_cut(rest, 0, close), &parsed->source))
		return false;
	rest = span_from(rest, close + 1);
	skip_forged(relay, &rest);
	parsed->has_source = !rest.size;
	return parsed->has_source;
}

/* Whether the client's name has left no room for all of its address. */
static bool lacks_address(struct span relay)
{
	return relay.size == CLIENT_SHOWN && span_find_char(relay, ']') == SPAN_NONE;
}

/* Reasons that are the server's fault, or no guess at a password. */
static bool is_fault(struct span reason)
{
	return span_starts(reason, "authentication aborted") ||
	       (format_is_sasl_fault(reason) &&
		span_find(reason, "All-whitespace username") == SPAN_NONE);
}

/* Sendmail shows at most this many bytes of a name, including escapes. */
#define NAME_SHOWN 63

/* "(LOGIN): checkpass failed, user=bob, relay=h [192.0.2.8] (may be forged)", also without user=.
 */
static bool read_failure(struct span text, struct parsed_line *parsed)
{
	size_t close = span_find(text, "): "), relay, user;
	struct span reason, client;

	relay = span_find_last(text, ", relay=");
	if (close == SPAN_NONE || close > 40 || relay == SPAN_NONE || relay < close)
		return false;
	client = span_from(text, relay + strlen(", relay="));
	if (!read_relay(client, parsed) && !lacks_address(client))
		return false;
	reason = span_cut(text, close + strlen("): "), relay);
	if (is_fault(reason))
		return false;
	parsed->kind = EVENT_FAILURE;
	parsed->evidence = EVIDENCE_FRONTEND;
	parsed->account_escaped = true;
	parsed->account_word = span_starts(text, "CRAM-MD5");
	user = span_find(reason, ", user=");
	if (user != SPAN_NONE)
		parsed->account = span_from(reason, user + strlen(", user="));
	if (parsed->account.size >= NAME_SHOWN)
		parsed->account.size = 0;
	return parsed->has_source || parsed->account.size;
}

/* "h [192.0.2.8]: possible SMTP attack: command=AUTH, count=5", read from the queue id on, since a
 * client's text can end another line like this. Sendmail writes it for each command from some
 * number on; the last command counted has not been answered yet. Similar lines are about a client
 * that names many unknown recipients, or that looks like an open proxy. */
static bool read_attack(struct span text, struct parsed_line *parsed)
{
	struct span client = text;
	uint32_t count;

	if (!format_client(&text, &parsed->source))
		return false;
	skip_forged(client, &text);
	parsed->has_source = true;
	parsed->kind = EVENT_ABUSE;
	parsed->abuse = ABUSE_ERRORS;
	if (span_is(text, ": Possible SMTP RCPT flood, throttling."))
		return true;
	if (span_starts(text, ": probable open proxy: command=")) {
		parsed->abuse = ABUSE_PROTOCOL;
		return true;
	}
	if (!span_skip(&text, ": possible SMTP attack: command=AUTH, count=") ||
	    !span_number(&text, &count) || text.size || !count)
		return false;
	parsed->abuse = ABUSE_NONE;
	parsed->kind = EVENT_FAILURE;
	parsed->evidence = EVIDENCE_TOTAL;
	parsed->count = count;
	return true;
}

/* ", mech=PLAIN, bits=0" */
static bool ends_success(struct span tail)
{
	size_t bits = span_find(tail, ", bits=");
	uint32_t number;

	if (bits == SPAN_NONE)
		return false;
	tail = span_from(tail, bits + strlen(", bits="));
	return span_number(&tail, &number) && !tail.size;
}

/* "relay=h [192.0.2.8], authid=bob, mech=PLAIN, bits=0", behind "AUTH=server, ". The account's name
 * may hold anything; it is behind the address. */
static bool read_success(struct span text, struct parsed_line *parsed)
{
	size_t id = span_find(text, ", authid="), mech;
	struct span rest;

	if (!span_skip(&text, "relay=") || id == SPAN_NONE)
		return false;
	id -= strlen("relay=");
	rest = text;
	/* An ident server's text stands before the host, and could look like the rest of this
	 * line. */
	if (format_client(&rest, &parsed->source))
		skip_forged(text, &rest);
	if (rest.at != text.at + id && id != span_find_last(text, ", authid="))
		return false;
	if (!read_relay(span_cut(text, 0, id), parsed))
		return false;
	text = span_from(text, id + strlen(", authid="));
	mech = span_find_last(text, ", mech=");
	if (mech == SPAN_NONE || !ends_success(span_from(text, mech)))
		return false;
	parsed->account = span_cut(text, 0, mech);
	parsed->kind = EVENT_SUCCESS;
	parsed->step = SESSION_LOGS_IN;
	return parsed->account.size;
}

/* "from=<a@example.com>, size=15, class=0, nrcpts=1, msgid=<x>, proto=ESMTPA, daemon=MSA4, relay=h
 * [192.0.2.8]": of a session that has logged in or, if the protocol has no A at its end, from
 * another server. Sender and message id are the client's. */
static bool read_message(struct span text, struct parsed_line *parsed)
{
	size_t relay = span_find_last(text, ", relay="), proto, count;
	struct span rest;
	bool accepted;

	if (relay == SPAN_NONE || !read_relay(span_from(text, relay + strlen(", relay=")), parsed))
		return false;
	text.size = relay;
	proto = span_find_last(text, ", proto=");
	if (proto == SPAN_NONE)
		return false;
	rest = span_from(text, proto + strlen(", proto="));
	accepted = span_skip(&rest, "ESMTP, daemon=") || span_skip(&rest, "ESMTPS, daemon=") ||
		   span_skip(&rest, "SMTP, daemon=");
	if (accepted
		    ? span_starts(rest, "MSA")
		    : !span_skip(&rest, "ESMTPA, daemon=") && !span_skip(&rest, "ESMTPSA, daemon="))
		return false;
	count = span_find(text, ", nrcpts=");
	rest = span_from(text, count == SPAN_NONE ? text.size : count + strlen(", nrcpts="));
	if (!span_number(&rest, &parsed->recipients) || !parsed->recipients)
		return false;
	parsed->kind = accepted ? EVENT_ACCEPTED : EVENT_MESSAGE;
	parsed->step = accepted ? SESSION_NONE : SESSION_USED;
	return true;
}

/* The kind of abuse by the text behind "reject=": "550 5.7.1 <x@example.net>... Relaying
 * denied". */
static enum abuse_kind rejection(struct span text)
{
	static const struct {
		const char *status, *text;
		enum abuse_kind abuse;
	} reasons[] = {
		{ "55", "Relaying denied", ABUSE_RELAY },
		{ "55", "Proper authentication required", ABUSE_RELAY },
		{ "55", "... Rejected: ", ABUSE_BLOCKLISTED },
		{ "55", " 5.7.1 Rejected: ", ABUSE_BLOCKLISTED },
		{ "55", " 5.7.1 Access denied", ABUSE_BLOCKLISTED },
		{ "55", " blocked using ", ABUSE_BLOCKLISTED },
		{ "55", " refused by blackhole site ", ABUSE_BLOCKLISTED },
		{ "55", "pam blocked see", ABUSE_BLOCKLISTED }, /* Spam, spam */
		{ "55", "Fix reverse DNS for ", ABUSE_HELO },
		{ "55", "IP name possibly forged ", ABUSE_HELO },
		{ "55", "IP name lookup failed ", ABUSE_HELO },
		{ "553 5.1.8 ", "Domain of sender address ", ABUSE_SENDER },
		{ "421 4.3.2 Connection rate limit exceeded", "", ABUSE_BUSY },
		{ "421 4.3.2 Too many open connections", "", ABUSE_BUSY },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (span_starts(text, reasons[i].status) &&
		    span_find(text, reasons[i].text) != SPAN_NONE)
			return reasons[i].abuse;
	return ABUSE_NONE;
}

/* "rcpt, arg1=<x@example.net>, relay=h [192.0.2.8], reject=550 5.7.1 <x@example.net>... Relaying
 * denied", behind "ruleset=check_"; also with "mail" and "relay". The recipient, which is there
 * twice, may hold a relay= of its own, and an ident server's text before the host a reject=. */
static bool read_reject(struct span text, struct parsed_line *parsed)
{
	size_t relay = span_find(text, ", relay="), reject;
	struct span rest;

	if (relay == SPAN_NONE || relay != span_find_last(text, ", relay=") ||
	    (!span_starts(text, "rcpt, ") && !span_starts(text, "mail, ") &&
	     !span_starts(text, "relay, ")))
		return false;
	rest = span_from(text, relay + strlen(", relay="));
	reject = span_find(rest, ", reject=");
	if (reject == SPAN_NONE || reject != span_find_last(rest, ", reject=") ||
	    !read_relay(span_cut(rest, 0, reject), parsed))
		return false;
	parsed->kind = EVENT_ABUSE;
	rest = span_from(rest, reject + strlen(", reject="));
	parsed->abuse = rejection(rest);
	/* The text is the administrator's own: these rule sets check only the host and the
	 * sender. */
	if (!parsed->abuse && span_starts(rest, "55") && !span_starts(text, "rcpt, "))
		parsed->abuse = span_starts(text, "relay, ") ? ABUSE_BLOCKLISTED : ABUSE_SENDER;
	return parsed->abuse;
}

/* "h [192.0.2.8]: VRFY root [rejected]", read from the queue id on: the client's text is behind the
 * address. */
static bool read_probe(struct span text, struct parsed_line *parsed)
{
	struct span client = text;

	if (!span_ends(text, " [rejected]") || !format_client(&text, &parsed->source))
		return false;
	skip_forged(client, &text);
	if (!span_skip(&text, ": ") || text.size < 5 || text.at[4] != ' ' ||
	    (strncasecmp(text.at, "VRFY", 4) && strncasecmp(text.at, "EXPN", 4)))
		return false;
	parsed->has_source = true;
	parsed->kind = EVENT_ABUSE;
	parsed->abuse = ABUSE_ERRORS;
	return true;
}

/* "rejecting commands from h [192.0.2.8] (may be forged) due to pre-greeting traffic after 0
 * seconds" */
static bool read_pregreet(struct span text, struct parsed_line *parsed)
{
	size_t end = span_find_last(text, " due to pre-greeting traffic");

	if (end == SPAN_NONE || !read_relay(span_cut(text, 0, end), parsed))
		return false;
	parsed->kind = EVENT_ABUSE;
	return true;
}

/* "to=<x@example.net>, ..., dsn=5.1.1, reply=550 ..., stat=User unknown": a quoted recipient may
 * hold anything; the other server's answer is behind reply= and stat=. */
static bool read_delivery(struct span text, struct parsed_line *parsed)
{
	size_t end = span_find(text, ", reply="), stat = span_find_last(text, ", stat="), dsn;

	if (end == SPAN_NONE)
		end = span_find(text, ", stat=");
	if (end == SPAN_NONE || stat == SPAN_NONE)
		return false;
	dsn = span_find_last(span_cut(text, 0, end), ", dsn=");
	if (dsn == SPAN_NONE)
		return false;
	if (span_starts(span_from(text, dsn), ", dsn=5."))
		parsed->kind = EVENT_BOUNCE;
	else if (span_starts(span_from(text, dsn), ", dsn=2.") &&
		 span_starts(span_from(text, stat), ", stat=Sent"))
		parsed->kind = EVENT_DELIVERED;
	return parsed->kind;
}

static bool read_line(struct span text, struct parsed_line *parsed)
{
	if (span_starts(text, "to="))
		return read_delivery(text, parsed);
	/* The text before this is a recipient as the client gave it. */
	if (text.size > FORMAT_SURE_SIZE || span_ends(text, "... User unknown"))
		return false;
	if (span_starts(text, "from="))
		return read_message(text, parsed);
	if (span_skip(&text, "AUTH failure ("))
		return read_failure(text, parsed);
	if (span_skip(&text, "AUTH=server, "))
		return read_success(text, parsed);
	if (span_skip(&text, "ruleset=check_"))
		return read_reject(text, parsed);
	if (span_skip(&text, "rejecting commands from "))
		return read_pregreet(text, parsed);
	return read_probe(text, parsed) || read_attack(text, parsed);
}

enum format_answer sendmail_line(const struct envelope *envelope, struct parsed_line *parsed)
{
	struct span text = envelope->text, id = text;

	if (!is_sendmail(envelope->program))
		return FORMAT_OTHER;
	skip_queue_id(&text);
	*parsed = (struct parsed_line){ .daemon = EVENT_DAEMON_SENDMAIL, .count = 1 };
	if (!read_line(text, parsed))
		return FORMAT_NOTHING;
	if (parsed->kind == EVENT_BOUNCE || parsed->kind == EVENT_DELIVERED ||
	    parsed->kind == EVENT_MESSAGE)
		parsed->queue =
			span_cut(id, 0, text.at == id.at ? 0 : (size_t)(text.at - id.at) - 2);
	if (parsed->kind != EVENT_BOUNCE && parsed->kind != EVENT_DELIVERED)
		parsed->service = EVENT_SERVICE_SMTP;
	/* One process serves one connection: the text before the message identifies the session. */
	if (parsed->kind != EVENT_ABUSE && parsed->kind != EVENT_ACCEPTED && envelope->pid)
		parsed->session =
			(struct span){ envelope->program.at,
				       (size_t)(envelope->text.at - envelope->program.at) };
	else if (parsed->kind == EVENT_SUCCESS)
		parsed->step = SESSION_NONE;
	return FORMAT_FOUND;
}
