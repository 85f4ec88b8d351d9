// SPDX-License-Identifier: GPL-2.0-or-later
/* saslauthd, and Plesk's: the account of a failure, without its source. The server in front of it
 * writes the source in a line of its own (deferred_event.h). Pure. */
#include "log/format.h"

/* "[user=bob] [service=smtp] [realm=] [mech=pam] [reason=...]" */
static bool read_failure(struct span text, struct parsed_line *parsed)
{
	static const char next[] = "] [service=";
	size_t service, end;

	if (!span_skip(&text, "[user="))
		return false;
	service = span_find_last(text, next);
	if (service == SPAN_NONE)
		return false;
	parsed->account = span_cut(text, 0, service);
	text = span_from(text, service + strlen(next));
	end = span_find_char(text, ']');
	if (end == SPAN_NONE)
		return false;
	parsed->service = format_service(span_cut(text, 0, end));
	if (span_is(span_cut(text, 0, end), "pop"))
		parsed->service = EVENT_SERVICE_POP3;
	return parsed->account.size;
}

/* Reads "failed mail authenticatication attempt for user 'bob' (password len=8)"; Plesk spells it
 * so. */
static bool read_plesk(struct span text, struct parsed_line *parsed)
{
	static const char attempt[] = " attempt for user '";
	size_t at = span_find(text, attempt), end = span_find_last(text, "' (password len=");

	if (at == SPAN_NONE || at > 40 || end == SPAN_NONE || end < at + strlen(attempt))
		return false;
	parsed->account = span_cut(text, at + strlen(attempt), end);
	parsed->service = EVENT_SERVICE_SMTP;
	return parsed->account.size;
}

enum format_answer saslauthd_line(const struct envelope *envelope, struct parsed_line *parsed)
{
	bool plesk = span_is(envelope->program, "plesk_saslauthd"), found;
	struct span text = envelope->text;

	if (!plesk && !span_is(envelope->program, "saslauthd"))
		return FORMAT_OTHER;
	*parsed = (struct parsed_line){ .kind = EVENT_FAILURE,
					.evidence = EVIDENCE_ACCOUNT,
					.daemon = EVENT_DAEMON_SASLAUTHD,
					.count = 1 };
	if (plesk) {
		found = span_starts(text, "failed mail auth") && read_plesk(text, parsed);
	} else {
		/* The name of the calling function, padded; it may be missing. */
		span_skip(&text, "do_auth");
		while (span_skip(&text, " "))
			;
		span_skip(&text, ": ");
		found = span_skip(&text, "auth failure: ") && read_failure(text, parsed);
	}
	return found ? FORMAT_FOUND : FORMAT_NOTHING;
}
