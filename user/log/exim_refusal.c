// SPDX-License-Identifier: GPL-2.0-or-later
/* Exim: what it refuses, and which clients it disconnects; see exim.h. Pure. */
#include "log/exim.h"

#include <strings.h>

/* The kind of abuse by an access list's text about a refused recipient: Exim's own and Debian's
 * texts. */
static enum abuse_kind kind_of(struct span reason)
{
	static const struct {
		const char *text;
		enum abuse_kind abuse;
	} reasons[] = {
		{ "relay not permitted", ABUSE_RELAY },
		{ "relaying denied", ABUSE_RELAY },
		{ "authentication required", ABUSE_RELAY }, /* DirectAdmin's */
		{ "rejected relay attempt", ABUSE_RELAY },  /* cPanel's */
		{ "smtp auth is required ", ABUSE_RELAY },  /* cPanel's */
		{ "unrouteable address", ABUSE_UNKNOWN_USER },
		{ "unknown user", ABUSE_UNKNOWN_USER },
		{ "no such user", ABUSE_UNKNOWN_USER },
		{ "no such address", ABUSE_UNKNOWN_USER },
		{ "sender verify failed", ABUSE_SENDER },
		{ "found in ", ABUSE_BLOCKLISTED }, /* as Exim's own example logs it */
	};
	static const char *const listed[] = { "listed in ",    " is in a black list at ",
					      " listed at ",   " found in dnsbl ",
					      " is in an RBL", /* cPanel's */
					      "blocked by " };

	span_skip(&reason, "\"");
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reason.size >= strlen(reasons[i].text) &&
		    !strncasecmp(reason.at, reasons[i].text, strlen(reasons[i].text)))
			return reasons[i].abuse;
	for (size_t i = 0; i < sizeof(listed) / sizeof(*listed); i++)
		if (span_find(reason, listed[i]) != SPAN_NONE)
			return ABUSE_BLOCKLISTED;
	return ABUSE_NONE;
}

#define ARGUMENT_SHOWN 100 /* bytes that new releases show of what stands behind a command */

/* Reads "<x@example.net>: relay not permitted"; an old Exim writes the recipient as the client gave
 * it, and a new one only the beginning of a long one. */
static enum abuse_kind recipient_kind(struct span text)
{
	size_t at = span_find_last(text, ">: ");

	if (at != SPAN_NONE)
		return kind_of(span_from(text, at + 3));
	if (text.size > ARGUMENT_SHOWN && span_starts(span_from(text, ARGUMENT_SHOWN), ": "))
		return kind_of(span_from(text, ARGUMENT_SHOWN + 2));
	at = span_starts(text, "<") ? SPAN_NONE : span_find(text, ": ");
	if (at == SPAN_NONE || span_find_char(text, ' ') < at)
		return ABUSE_NONE;
	return kind_of(span_from(text, at + 2));
}

/* Skips " X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no", which Exim makes of its own words. */
static void skip_tls(struct span *text)
{
	struct span rest = *text;
	size_t blank;

	while (span_skip(&rest, " X=") || span_skip(&rest, " CV=")) {
		blank = span_find_char(rest, ' ');
		if (blank == SPAN_NONE)
			return;
		*text = rest = span_from(rest, blank);
	}
}

/* Reads " rejected EHLO or HELO name: reason", "VRFY name: reason", "MAIL <sender>: reason",
 * "connection in "connect" ACL: reason" or, where TLS begins with the connection, " dropped by
 * 'connect' ACL: reason". The names are the client's: they may change the kind, but not the
 * client. */
static enum abuse_kind command_kind(struct span text)
{
	enum abuse_kind abuse;

	if (span_skip(&text, " dropped by 'connect' ACL: "))
		return kind_of(text);
	skip_tls(&text);
	if (!span_skip(&text, " rejected "))
		return ABUSE_NONE;
	if (span_starts(text, "EHLO or HELO "))
		return ABUSE_HELO;
	if (span_skip(&text, "MAIL ")) {
		abuse = recipient_kind(text);
		return abuse ? abuse : ABUSE_SENDER;
	}
	if (span_starts(text, "VRFY ") || span_starts(text, "EXPN "))
		return ABUSE_ERRORS;
	return span_skip(&text, "connection in \"connect\" ACL: ") ? kind_of(text) : ABUSE_NONE;
}

/* "H=(helo) [192.0.2.7] F=<a@b.example> rejected RCPT <x@example.net>: relay not permitted",
 * "H=(helo) [192.0.2.7] sender verify fail for <a@b.example>: Unknown user", "H=(helo) [192.0.2.7]
 * rejected VRFY root: no" */
static bool read_recipient(struct exim_habits *habits, struct span text, struct parsed_line *parsed)
{
	static const char rejected[] = " rejected RCPT ";
	struct span rest = text;
	struct exim_place place;
	size_t at;

	if (!exim_read_host(&rest, &place) || !exim_only_place(habits, &text, &place))
		return false;
	exim_set_place(parsed, &place);
	parsed->abuse = ABUSE_SENDER;
	if (span_starts(rest, " sender verify fail for <"))
		return true;
	parsed->abuse = command_kind(rest);
	if (parsed->abuse)
		return true;
	at = span_find_last(rest, rejected);
	if (at == SPAN_NONE || span_ends(span_cut(rest, 0, at), " temporarily"))
		return false;
	parsed->abuse = recipient_kind(span_from(rest, at + strlen(rejected)));
	return parsed->abuse;
}

/* "(helo) [192.0.2.7]:39480 dropped: too many unrecognized commands (last was "x")", behind "SMTP
 * call from ". */
static bool read_dropped(struct exim_habits *habits, struct span text, struct parsed_line *parsed)
{
	struct exim_place place;

	if (!exim_only_place(habits, &text, &place) || !span_skip(&text, " dropped: too many "))
		return false;
	exim_set_place(parsed, &place);
	parsed->abuse = ABUSE_ERRORS;
	return span_starts(text, "syntax or protocol errors") ||
	       span_starts(text, "unrecognized commands") ||
	       /* Failed AUTH commands were counted already. */
	       (span_starts(text, "nonmail commands") &&
		!span_starts(text, "nonmail commands (last was \"AUTH"));
}

/* Reads "(input sent without waiting for greeting): rejected connection from H=[192.0.2.7]
 * input="GET"", behind "SMTP protocol synchronization error ". Only the host's name stands before
 * the address there. For a later command, "(next input sent too soon: pipelining was not
 * advertised): rejected "RSET" H=[192.0.2.7] next input="QUIT"", the client's command does, too. */
static bool read_early(struct span text, struct parsed_line *parsed)
{
	struct exim_place place;
	struct span rest;
	size_t at;

	parsed->abuse = ABUSE_PROTOCOL;
	if (span_skip(&text,
		      "(input sent without waiting for greeting): rejected connection from ")) {
		if (!exim_read_host(&text, &place) || !span_starts(text, " "))
			return false;
		exim_set_place(parsed, &place);
		return true;
	}
	at = span_find(text, "\" H=");
	if ((!span_starts(text, "(next input sent too soon: pipelining was not advertised): ") &&
	     !span_starts(text, "(next input sent too soon: pipelining was advertised): ")) ||
	    at == SPAN_NONE)
		return false;
	rest = span_from(text, at + 2);
	if (!exim_read_host(&rest, &place) || !span_starts(rest, " next input=\"") ||
	    !exim_no_other(text, &place.address))
		return false;
	exim_set_place(parsed, &place);
	return true;
}

/* Takes the end of "AUTH LOGIN" H=(helo) [192.0.2.7] LOGIN authentication mechanism not supported",
 * with the client's word: a password as it is, where this is not offered. To ask for another
 * mechanism is no guess. */
static bool take_plain_mechanism(struct span *text)
{
	static const char tail[] = " authentication mechanism not supported";
	struct span rest = *text, word;
	size_t blank;

	if (!span_ends(rest, tail))
		return false;
	rest.size -= strlen(tail);
	blank = span_last_char(rest, ' ');
	if (blank == SPAN_NONE)
		return false;
	word = span_from(rest, blank + 1);
	if (word.size != strlen("LOGIN") ||
	    (strncasecmp(word.at, "LOGIN", word.size) && strncasecmp(word.at, "PLAIN", word.size)))
		return false;
	*text = span_cut(rest, 0, blank);
	return true;
}

/* Reads ""AUTH LOGIN" H=(helo) [192.0.2.7] AUTH command used when not advertised", behind "SMTP
 * protocol error in ". Command and given name are the client's and stand before the address; the
 * line ends in Exim's own text. Not counted if the client's name was refused just before: nothing
 * could be advertised to it then. */
static bool read_protocol(struct exim_habits *habits, struct span text, struct parsed_line *parsed)
{
	static const char tail[] = " AUTH command used when not advertised";
	struct exim_place place;

	if (span_find(text, "\" H=") == SPAN_NONE)
		return false;
	parsed->abuse = ABUSE_PROTOCOL;
	if (span_ends(text, tail))
		text.size -= strlen(tail);
	else if (take_plain_mechanism(&text))
		parsed->abuse = ABUSE_PLAINTEXT;
	else
		return false;
	if (!exim_place_at_end(text, &place) || exim_habits_forgive(habits, &place.address))
		return false;
	exim_set_place(parsed, &place);
	return true;
}

/* Takes off the " D=1m2s" or " D=0.123s" at the end: how long the connection has lasted. */
static void drop_duration(struct span *text)
{
	size_t at = span_find_last(*text, " D=");

	if (at == SPAN_NONE || at + strlen(" D=") == text->size)
		return;
	for (size_t i = at + strlen(" D="); i < text->size; i++)
		if (!text->at[i] || !strchr("0123456789.smhdw", text->at[i]))
			return;
	text->size = at;
}

/* Reads "h.example (helo) [192.0.2.7]:1418 I=[...]:25 closed by DROP in ACL", behind "SMTP
 * connection from ": a rule of the administrator dropped it. Newer releases write " D=2s" before
 * "closed". */
static bool read_drop(struct span text, struct parsed_line *parsed)
{
	static const char tail[] = " closed by DROP in ACL";
	struct exim_place place;

	if (!span_ends(text, tail))
		return false;
	text.size -= strlen(tail);
	drop_duration(&text);
	if (!exim_place_at_end(text, &place))
		return false;
	exim_set_place(parsed, &place);
	parsed->abuse = ABUSE_BLOCKLISTED;
	return true;
}

/* Reads "F=a@b.example H=(helo) [192.0.2.7] P=esmtp rejected by local_scan(): spam". Exim has
 * accepted the sender as an address, so a blank in it is quoted. */
static bool read_scanned(struct exim_habits *habits, struct span text, struct parsed_line *parsed)
{
	struct exim_place place;
	struct span rest;
	size_t at;

	if (span_find_char(text, '"') != SPAN_NONE)
		return false;
	at = span_find(text, " H=");
	if (at == SPAN_NONE || at != span_find_char(text, ' '))
		return false;
	text = span_from(text, at + 1);
	rest = text;
	if (!exim_read_host(&rest, &place) || !span_skip(&rest, " P="))
		return false;
	at = span_find_char(rest, ' ');
	if (at == SPAN_NONE || !span_starts(span_from(rest, at), " rejected by local_scan(): ") ||
	    !exim_only_place(habits, &text, &place))
		return false;
	exim_set_place(parsed, &place);
	return true;
}

/* Reads "H=h.example [192.0.2.7] F=a@b.example rejected after DATA: a virus", also "rejected during
 * MIME ACL checks: an attachment". Lines about a host
 * that Exim delivers to have the same form, so nothing is learnt from another line. */
static bool read_after_data(struct exim_habits *habits, struct span text,
			    struct parsed_line *parsed)
{
	static const char later[] = " temporarily";
	struct span rest = text;
	struct exim_place place;
	size_t at;

	if (!exim_read_host(&rest, &place))
		return false;
	at = span_find(rest, " rejected after DATA: ");
	if (at == SPAN_NONE)
		at = span_find(rest, " rejected during MIME ACL checks: ");
	if (at == SPAN_NONE || span_ends(span_cut(rest, 0, at), later) ||
	    !exim_only_place(habits, &text, &place))
		return false;
	exim_set_place(parsed, &place);
	return true;
}

/* Reads "silently tossed message: score=31.0 ... | Message-Id: x). From <a@b.example>
 * (host=h.example [192.0.2.7]) for x@example.net", behind "SA: Action: ". Id, sender and recipient
 * are the client's: with a second host= or bracket, or in a long line, no client is taken from
 * it. */
static bool read_tossed(struct span text, struct parsed_line *parsed)
{
	size_t at = span_find(text, "> (host="), open, close;
	struct span rest;

	if (at == SPAN_NONE || text.size > FORMAT_SURE_SIZE / 2 ||
	    (!span_starts(text, "flagged as Spam ") && !span_starts(text, "silently tossed ")))
		return false;
	rest = span_from(text, at + strlen("> (host="));
	open = span_find_char(rest, '[');
	close = span_find_char(rest, ']');
	if (open == SPAN_NONE || !open || close == SPAN_NONE || close < open ||
	    open - 1 != span_find_char(rest, ' ') ||
	    !span_starts(span_from(rest, close), "]) for ") ||
	    !span_address(span_cut(rest, open + 1, close), &parsed->source) ||
	    span_find(text, "(host=") != span_find_last(text, "(host=") ||
	    span_find_char(text, '[') != span_last_char(text, '['))
		return false;
	parsed->has_source = true;
	parsed->service = EVENT_SERVICE_SMTP;
	return true;
}

bool exim_read_refused_message(struct exim_habits *habits, struct span text,
			       struct parsed_line *parsed)
{
	parsed->kind = EVENT_ABUSE;
	parsed->queue.size = 0;
	if (span_skip(&text, "SMTP connection from "))
		return read_drop(text, parsed);
	parsed->abuse = ABUSE_CONTENT;
	if (span_skip(&text, "F="))
		return read_scanned(habits, text, parsed);
	if (span_starts(text, "H="))
		return read_after_data(habits, text, parsed);
	return span_skip(&text, "SA: Action: ") && read_tossed(text, parsed);
}

bool exim_read_refusal(struct exim_habits *habits, struct span text, bool *known,
		       struct parsed_line *parsed)
{
	*known = true;
	parsed->kind = EVENT_ABUSE;
	if (span_starts(text, "H="))
		return read_recipient(habits, text, parsed);
	*known = span_skip(&text, "SMTP ");
	if (!*known)
		return false;
	if (span_skip(&text, "connection from "))
		return read_drop(text, parsed);
	if (span_skip(&text, "call from "))
		return read_dropped(habits, text, parsed);
	if (span_skip(&text, "protocol synchronization error "))
		return read_early(text, parsed);
	return span_skip(&text, "protocol error in ") && read_protocol(habits, text, parsed);
}
