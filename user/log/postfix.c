// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Postfix: smtpd under any syslog_name, postscreen, the delivery agents. The address is in the
 * first [...], behind a host name that Postfix has checked for its characters. Pure.
 */
#include "log/postfix.h"

#define NAME_SHOWN 100 /* bytes of a name that a warning shows at most */

/* Reasons that are the server's fault, or no guess at a password: these lead to no ban. */
static bool is_server_fault(struct span reason)
{
	static const char *const faults[] = {
		"Connection lost to authentication server",
		"Invalid authentication mechanism",
		"Temporary authentication failure",
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		if (span_starts(reason, faults[i]))
			return true;
	return format_is_sasl_fault(reason);
}

/* A name at the end of a line, behind which some loggers put a blank. */
static struct span trim_end(struct span name)
{
	while (name.size && name.at[name.size - 1] == ' ')
		name.size--;
	return name;
}

/* "h[a]: SASL LOGIN authentication failed: REASON[, sasl_username=NAME]"; before 2.3 without a
 * reason. */
static bool read_sasl_failure(struct span text, struct parsed_line *parsed)
{
	struct client client;
	size_t blank, name;

	if (!postfix_read_client(&text, &client) || !span_skip(&text, ": SASL "))
		return false;
	/* The mechanism is the client's word, and has no blank. */
	blank = span_find_char(text, ' ');
	if (blank == SPAN_NONE)
		return false;
	text = span_from(text, blank);
	postfix_set_client(parsed, &client);
	parsed->kind = EVENT_FAILURE;
	if (span_skip(&text, " authentication aborted")) {
		parsed->evidence = EVIDENCE_EXPLAINED;
		return client.has_address;
	}
	if (!span_skip(&text, " authentication failed") || (text.size && !span_skip(&text, ":")))
		return false;
	span_skip(&text, " "); /* the blank at the end may have been removed */
	parsed->evidence = is_server_fault(text) ? EVIDENCE_EXPLAINED : EVIDENCE_FRONTEND;
	/* Since 3.9. The name is the last field, and the reason is not the client's text. */
	name = span_find(text, ", sasl_username=");
	if (name != SPAN_NONE) {
		text = span_from(text, name + strlen(", sasl_username="));
		/* Postfix writes '?' for unprintable characters, and shows NAME_SHOWN bytes at
		 * most. */
		if (text.size != NAME_SHOWN && span_find_char(text, '?') == SPAN_NONE)
			parsed->account = trim_end(text);
		if (span_is(parsed->account, "(unavailable)"))
			parsed->account.size = 0;
	}
	return client.has_address || parsed->account.size;
}

/* Reads "from h[a] ehlo=1 auth=0/2 quit=1 commands=2/4" for the number of failed attempts. */
static bool read_disconnect(struct span text, struct parsed_line *parsed)
{
	struct client client;
	uint32_t good, all;
	size_t at;

	if (!postfix_read_client(&text, &client) || !client.has_address)
		return false;
	at = span_find(text, " auth=");
	if (at == SPAN_NONE)
		return false;
	text = span_from(text, at + strlen(" auth="));
	if (!span_number(&text, &good) || !span_skip(&text, "/") || !span_number(&text, &all) ||
	    all <= good)
		return false;
	postfix_set_client(parsed, &client);
	parsed->kind = EVENT_FAILURE;
	parsed->evidence = EVIDENCE_SUMMARY;
	parsed->count = all - good;
	return true;
}

/* A field's value, up to the next field that may follow or the end of the line. */
static struct span until_field(struct span value, const char *const *next)
{
	for (; *next; next++) {
		size_t at = span_find(value, *next);

		if (at != SPAN_NONE)
			value.size = at;
	}
	return value;
}

/* "8C74351089D: client=h[a], sasl_method=LOGIN, sasl_username=bob[, ...]" */
static bool read_message(struct span text, struct parsed_line *parsed)
{
	static const char *const next[] = { ", sasl_sender=", ", orig_queue_id=", ", orig_client=",
					    NULL };
	struct client client;
	size_t at;

	if (!postfix_read_client(&text, &client))
		return false;
	/* Without a login: a message that was accepted from another server. */
	if (client.has_address && (!text.size || span_starts(text, ", orig_"))) {
		postfix_set_client(parsed, &client);
		parsed->kind = EVENT_ACCEPTED;
		return true;
	}
	if (!span_skip(&text, ", sasl_method="))
		return false;
	at = span_find(text, ", sasl_username=");
	if (at == SPAN_NONE || at > span_find_char(text, ','))
		return false;
	postfix_set_client(parsed, &client);
	parsed->kind = EVENT_MESSAGE;
	parsed->account =
		trim_end(until_field(span_from(text, at + strlen(", sasl_username=")), next));
	return parsed->account.size;
}

/* Skips a queue id, short or long, or NOQUEUE, and ": ". */
static bool skip_queue_id(struct span *text)
{
	size_t size = 0;

	while (size < text->size && size < 32 &&
	       ((text->at[size] >= '0' && text->at[size] <= '9') ||
		(text->at[size] >= 'A' && text->at[size] <= 'Z') ||
		(text->at[size] >= 'a' && text->at[size] <= 'z')))
		size++;
	if (size < 4 || size + 1 >= text->size || text->at[size] != ':' ||
	    text->at[size + 1] != ' ')
		return false;
	*text = span_from(*text, size + 2);
	return true;
}

/* Reads "h[a]", behind "lost connection after AUTH from " and "timeout after AUTH from ": the
 * client began an attempt and did not end it. */
static bool read_lost(struct span text, struct parsed_line *parsed)
{
	struct client client;

	if (!postfix_read_client(&text, &client) || !client.has_address)
		return false;
	postfix_set_client(parsed, &client);
	parsed->kind = EVENT_FAILURE;
	parsed->evidence = EVIDENCE_EXPLAINED;
	return true;
}

/* Skips "improper command pipelining ...", "non-SMTP command ..." and, after EHLO, "non-ESMTP
 * command ..." up to "command". */
static bool skip_manners(struct span *text)
{
	return span_skip(text, "improper ") || span_skip(text, "non-SMTP ") ||
	       span_skip(text, "non-ESMTP ");
}

/* "warning: SASL: Connect to Dovecot auth socket 'private/auth' failed: ...": the process cannot
 * ask its authentication server. */
static bool read_warning(struct span text, struct parsed_line *parsed)
{
	if (skip_manners(&text))
		return postfix_read_protocol(text, parsed);
	if (!span_starts(text, "SASL: Connect to "))
		return read_sasl_failure(text, parsed);
	parsed->kind = EVENT_FAILURE;
	parsed->evidence = EVIDENCE_OUTAGE;
	return true;
}

static bool read_smtpd(struct span text, struct parsed_line *parsed)
{
	struct span id = text;

	if (span_skip(&text, "warning: "))
		return read_warning(text, parsed);
	if (span_skip(&text, "disconnect from "))
		return read_disconnect(text, parsed);
	/* A message has no id yet when it is checked before it is queued. */
	if (skip_queue_id(&text) && !span_starts(id, "NOQUEUE: "))
		parsed->queue = span_cut(id, 0, (size_t)(text.at - id.at) - 2);
	if (span_skip(&text, "too many errors after "))
		return postfix_read_errors(text, parsed);
	span_skip(&text, "warning: ");
	if (skip_manners(&text))
		return postfix_read_protocol(text, parsed);
	if (span_skip(&text, "lost connection after AUTH from ") ||
	    span_skip(&text, "timeout after AUTH from "))
		return read_lost(text, parsed);
	if (span_skip(&text, "client="))
		return read_message(text, parsed);
	span_skip(&text, "milter-");
	return span_skip(&text, "reject: ") && postfix_read_reject(text, parsed);
}

/* Skips up to the second quote, if the text begins with one; false: there is no second. */
static bool skip_quoted(struct span *text)
{
	size_t end = 1;

	if (!span_starts(*text, "\""))
		return true;
	while (end < text->size && text->at[end] != '"')
		end += 1U + (text->at[end] == '\\');
	if (end >= text->size)
		return false;
	*text = span_from(*text, end);
	return true;
}

/*
 * "4F1A: to=<x@example.net>, relay=..., dsn=5.1.1, status=bounced (text)". A quoted recipient may
 * hold anything, and so may the text: the status is looked for between the two. The relay is not a
 * source: Postfix connected to it.
 */
static bool read_delivery(struct span text, struct parsed_line *parsed)
{
	struct span id = text;
	size_t end;

	if (!skip_queue_id(&text))
		return false;
	parsed->queue = span_cut(id, 0, (size_t)(text.at - id.at) - 2);
	if (!span_skip(&text, "to=<") || !skip_quoted(&text))
		return false;
	/* The address before aliases, where that is another one. */
	end = span_find(text, ">, ");
	if (end != SPAN_NONE) {
		text = span_from(text, end);
		if (span_skip(&text, ">, orig_to=<") && !skip_quoted(&text))
			return false;
	}
	end = span_find(text, ", status=");
	if (end == SPAN_NONE)
		return false;
	text = span_from(text, end);
	parsed->kind = span_starts(text, ", status=sent (") ? EVENT_DELIVERED : EVENT_BOUNCE;
	return parsed->kind == EVENT_DELIVERED || span_starts(text, ", status=bounced (");
}

/* "8C74351089D: from=<a@example.com>, size=300, nrcpt=2 (queue active)": a quoted sender may hold
 * anything; the count is behind it. */
static bool read_queued(struct span text, struct parsed_line *parsed)
{
	struct span id = text;
	size_t at = span_find_last(text, ", nrcpt=");

	if (at == SPAN_NONE || !span_ends(text, " (queue active)") || !skip_queue_id(&text))
		return false;
	parsed->queue = span_cut(id, 0, (size_t)(text.at - id.at) - 2);
	text = span_from(id, at + strlen(", nrcpt="));
	parsed->kind = EVENT_QUEUED;
	return span_number(&text, &parsed->recipients);
}

static bool is_any(struct span name, const char *const *any)
{
	for (; *any; any++)
		if (span_is(name, *any))
			return true;
	return false;
}

/* The service by the program's name: "postfix/submission/smtpd", "postfix/smtps/smtpd",
 * "mx-587/smtpd"; any other is the mail port. */
static enum event_service service_of(struct span program)
{
	static const char *const words[] = { "submission", "smtps", "587", "465" };

	if (span_find_char(program, '/') == SPAN_NONE)
		return EVENT_SERVICE_UNKNOWN;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (span_find(program, words[i]) != SPAN_NONE)
			return EVENT_SERVICE_SUBMISSION;
	return EVENT_SERVICE_SMTP;
}

/* "4F1A: milter-reject: ..." */
static bool read_cleanup(struct span text, struct parsed_line *parsed)
{
	return skip_queue_id(&text) && postfix_read_filtered(text, parsed);
}

/* Reads by its shape a line of "postfix@-.service", as `journalctl -o with-unit` names all of
 * Postfix's programs, or of "postfix", where a syslog or a collector drops what is behind a
 * slash. */
static bool read_unit(struct span text, struct parsed_line *parsed)
{
	static bool (*const readers[])(struct span text, struct parsed_line * parsed) = {
		read_smtpd, postfix_read_postscreen, read_delivery, read_queued, read_cleanup
	};

	for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++) {
		*parsed = (struct parsed_line){ .daemon = EVENT_DAEMON_POSTFIX, .count = 1 };
		if (readers[i](text, parsed))
			return true;
	}
	return false;
}

enum format_answer postfix_line(const struct envelope *envelope, struct parsed_line *parsed)
{
	static const char *const agents[] = { "smtp", "lmtp",  "local", "virtual",
					      "pipe", "error", NULL };
	struct span program = envelope->program, text = envelope->text, last;
	size_t slash = span_last_char(program, '/');
	bool found;

	if (slash == SPAN_NONE) {
		if (span_is(program, "postfix") ||
		    (span_starts(program, "postfix") && span_ends(program, ".service")))
			return read_unit(text, parsed) && parsed->kind != EVENT_ACCEPTED
				       ? FORMAT_FOUND
				       : FORMAT_NOTHING;
		/* A bare line need not name its program; it is recognised by its shape. */
		if (!envelope->bare.size)
			return FORMAT_OTHER;
		text = envelope->bare;
		last = span_of("smtpd");
	} else {
		last = span_from(program, slash + 1);
	}
	*parsed = (struct parsed_line){ .daemon = EVENT_DAEMON_POSTFIX, .count = 1 };
	if (span_is(last, "smtpd"))
		found = read_smtpd(text, parsed);
	else if (span_is(last, "postscreen"))
		found = postfix_read_postscreen(text, parsed);
	else if (is_any(last, agents))
		found = read_delivery(text, parsed);
	else if (span_is(last, "qmgr"))
		found = read_queued(text, parsed);
	else if (span_is(last, "cleanup"))
		found = read_cleanup(text, parsed);
	else
		return FORMAT_OTHER;
	if (parsed->kind != EVENT_BOUNCE &&
	    (parsed->kind < EVENT_DELIVERED || parsed->kind == EVENT_ACCEPTED))
		parsed->service = service_of(program);
	if (parsed->kind == EVENT_ACCEPTED && parsed->service != EVENT_SERVICE_SMTP)
		found = false;
	return found ? FORMAT_FOUND : slash == SPAN_NONE ? FORMAT_OTHER : FORMAT_NOTHING;
}
