// SPDX-License-Identifier: GPL-2.0-or-later
/* Postfix: what smtpd and postscreen refuse, and which clients they report for protocol errors; see
 * postfix.h. Pure. */
#include "log/postfix.h"

/* "AUTH from h[a]", behind "too many errors after ". */
bool postfix_read_errors(struct span text, struct parsed_line *parsed)
{
	struct client client;
	size_t from = span_find(text, " from ");

	if (from == SPAN_NONE || from > 20)
		return false;
	if (span_starts(text, "AUTH from "))
		parsed->evidence = EVIDENCE_SUMMARY;
	text = span_from(text, from + strlen(" from "));
	if (!postfix_read_client(&text, &client) || !client.has_address)
		return false;
	postfix_set_client(parsed, &client);
	parsed->kind = EVENT_ABUSE;
	parsed->abuse = ABUSE_ERRORS;
	return true;
}

/* "improper command pipelining after CONNECT from h[a]: DATA" and "non-SMTP command from h[a]: GET
 * / HTTP/1.1", behind "improper " or "non-SMTP ". What the client sent follows the address; Postfix
 * before 2.9 does not write it. */
bool postfix_read_protocol(struct span text, struct parsed_line *parsed)
{
	struct client client;
	size_t from = span_find(text, " from ");

	if (from == SPAN_NONE || from > 40)
		return false;
	text = span_from(text, from + strlen(" from "));
	if (!postfix_read_client(&text, &client) || !client.has_address ||
	    (text.size && *text.at != ':'))
		return false;
	postfix_set_client(parsed, &client);
	parsed->kind = EVENT_ABUSE;
	parsed->abuse = ABUSE_PROTOCOL;
	return true;
}

/* Why a command is refused, the worst first: a client may write a reason into its own name. */
static const struct smtpd_reason {
	const char *text; /* behind the refused name, which may be missing with its "<" */
	enum abuse_kind abuse;
	bool at_begin;	/* no name stands before it */
	bool temporary; /* also with a status that lets the client try again */
} reasons[] = {
	{ ">: Relay access denied; ", ABUSE_RELAY },
	{ ">: Data command rejected: Improper use of SMTP command pipelining", ABUSE_PROTOCOL },
	{ ">: Recipient address rejected: User unknown", ABUSE_UNKNOWN_USER },
	{ ">: Recipient address rejected: Undeliverable address", ABUSE_UNKNOWN_USER },
	{ ">: Recipient address rejected: undeliverable address", ABUSE_UNKNOWN_USER },
	{ " Error: bare <LF> received", ABUSE_PROTOCOL },
	{ " blocked using ", ABUSE_BLOCKLISTED },
	{ ">: Client host rejected: Access denied", ABUSE_BLOCKLISTED },
	{ "Command rejected", ABUSE_CONTENT, .at_begin = true }, /* by a milter */
	{ ">: Helo command rejected: ", ABUSE_HELO, .temporary = true },
	{ "Client host rejected: cannot find your ", ABUSE_HELO, .temporary = true },
	{ ">: Sender address rejected: Domain not found", ABUSE_SENDER, .temporary = true },
	{ ">: Sender address rejected: Malformed DNS", ABUSE_SENDER, .temporary = true },
	{ ">: Sender address rejected: ", ABUSE_SENDER },
	{ ">: Recipient address rejected: Message rejected due to: SPF fail", ABUSE_SENDER },
	{ ">: Data command rejected: Multi-recipient bounce", ABUSE_SENDER },
};

/* A logged-in client may not use this sender address: a mistake in its settings. */
static bool is_not_owned(struct span text)
{
	return span_find(text, ">: Sender address rejected: not ") != SPAN_NONE;
}

/* Reads "5.1.1 <x@example.net>: Relay access denied; from=..." behind a status; `final`: the client
 * may not try again. The refused name may hold anything, and so may what follows the reason; the
 * reason may not. */
static enum abuse_kind rejection(struct span text, bool final)
{
	size_t blank = span_find_char(text, ' ');

	/* The enhanced status code, of any length. */
	if (blank != SPAN_NONE && text.size && *text.at >= '0' && *text.at <= '9')
		text = span_from(text, blank + 1);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		const struct smtpd_reason *reason = &reasons[i];

		if (!final && !reason->temporary)
			continue;
		if (reason->at_begin ? span_starts(text, reason->text)
				     : span_find(text, reason->text) != SPAN_NONE ||
					       span_starts(text, reason->text + 1))
			return reason->abuse == ABUSE_SENDER && is_not_owned(text) ? ABUSE_NONE
										   : reason->abuse;
	}
	return ABUSE_NONE;
}

/* Skips the refused command and " from ". cleanup's "reject: body 1 from h[a]: ..." is not one: it
 * holds a line of a message. */
static bool skip_command(struct span *text)
{
	size_t size = 0;

	while (size < text->size && text->at[size] >= 'A' && text->at[size] <= 'Z')
		size++;
	*text = span_from(*text, size);
	return size && span_skip(text, " from ");
}

/* "RCPT from h[a]: 554 5.7.1 <x@example.net>: Relay access denied; from=<..." */
bool postfix_read_reject(struct span text, struct parsed_line *parsed)
{
	struct client client;
	uint32_t status;

	if (!skip_command(&text) || !postfix_read_client(&text, &client) || !client.has_address ||
	    !span_skip(&text, ": ") || !span_number(&text, &status) || !span_skip(&text, " ") ||
	    status / 100 < 4 || status / 100 > 5)
		return false;
	postfix_set_client(parsed, &client);
	parsed->kind = EVENT_ABUSE;
	parsed->abuse = rejection(text, status / 100 == 5 || status == 454);
	return parsed->abuse;
}

/* "4F1A: milter-reject: END-OF-MESSAGE from h[a]: 5.7.1 Spam; from=<..." of cleanup, behind the
 * queue id. */
bool postfix_read_filtered(struct span text, struct parsed_line *parsed)
{
	struct client client;

	if (!span_skip(&text, "milter-reject: END-OF-MESSAGE from ") ||
	    !postfix_read_client(&text, &client) || !client.has_address ||
	    !span_starts(text, ": 5."))
		return false;
	postfix_set_client(parsed, &client);
	parsed->kind = EVENT_ABUSE;
	parsed->abuse = ABUSE_CONTENT;
	return true;
}

/* "PREGREET 14 after 0.08 from [192.0.2.2]:59415: EHLO x\r\n", where 14 is a number of bytes. Also
 * the tests of what a client sends later: "COMMAND PIPELINING from [192.0.2.2]:59415 after
 * HELO". */
bool postfix_read_postscreen(struct span text, struct parsed_line *parsed)
{
	struct client client;
	uint32_t number;

	parsed->abuse = ABUSE_PROTOCOL;
	if (span_skip(&text, "NOQUEUE: reject: "))
		return postfix_read_reject(text, parsed);
	if (span_skip(&text, "PREGREET ")) {
		if (!span_number(&text, &number) || !span_skip(&text, " after ") ||
		    !span_number(&text, &number))
			return false;
		if (span_skip(&text, ".") && !span_number(&text, &number))
			return false;
	} else if (span_skip(&text, "COMMAND COUNT LIMIT") ||
		   span_skip(&text, "COMMAND LENGTH LIMIT")) {
		parsed->abuse = ABUSE_ERRORS;
	} else if (span_skip(&text, "DENYLISTED") || span_skip(&text, "BLACKLISTED")) {
		parsed->abuse = ABUSE_BLOCKLISTED; /* the administrator's own list */
	} else if (!span_skip(&text, "COMMAND PIPELINING") &&
		   !span_skip(&text, "NON-SMTP COMMAND") && !span_skip(&text, "BARE NEWLINE") &&
		   !span_skip(&text, "DATA without valid RCPT") &&
		   !span_skip(&text, "BDAT without valid RCPT")) {
		return false;
	}
	if (!(span_skip(&text, " from ") ||
	      (parsed->abuse == ABUSE_BLOCKLISTED && span_skip(&text, " "))) ||
	    !postfix_read_client(&text, &client) || !client.has_address)
		return false;
	postfix_set_client(parsed, &client);
	parsed->kind = EVENT_ABUSE;
	return true;
}
