// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vpopmail's vchkpw behind qmail, and Plesk's smtp_auth. Passwords and names stand before the
 * address and may hold anything: lines are read from the right. Pure.
 */
#include "log/format.h"

/* Reads "2001_db8__1", an IPv6 address as some patches pass it through TCPREMOTEIP. */
static bool read_underscored(struct span text, struct address *address)
{
	char copy[ADDRESS_TEXT_SIZE];

	if (text.size >= sizeof(copy) || span_find_char(text, '_') == SPAN_NONE)
		return false;
	for (size_t i = 0; i < text.size; i++)
		copy[i] = (char)(text.at[i] == '_' ? ':' : text.at[i]);
	return !address_parse(copy, text.size, address);
}

/* Splits "NAME:ADDRESS". A client may put colons and an address into the name: only what is behind
 * the last colon is sure, IPv4 or underscored. A plain IPv6 address is taken only behind a name
 * that vpopmail has checked (`raw` is false), which has no colon. */
static bool split_address(struct span text, bool raw, struct span *name, struct address *address)
{
	size_t colon = span_last_char(text, ':'), word = span_last_char(text, ' ');
	struct span tail;

	if (colon == SPAN_NONE)
		return false;
	tail = span_from(text, colon + 1);
	*name = span_cut(text, 0, colon);
	if (!address_parse(tail.at, tail.size, address)) {
		if (span_ends(*name, ":::ffff"))
			name->size -= strlen(":::ffff");
		return true;
	}
	if (read_underscored(tail, address))
		return true;
	if (raw)
		return false;
	word = word == SPAN_NONE ? 0 : word + 1;
	colon = span_find_char(span_from(text, word), ':');
	if (colon == SPAN_NONE)
		return false;
	tail = span_from(text, word + colon + 1);
	*name = span_cut(text, 0, word + colon);
	return !address_parse(tail.at, tail.size, address);
}

struct vpopmail_verdict {
	const char *text;
	enum event_kind kind;
	bool may_show_password;
	bool raw_name; /* vpopmail has not checked the name: it may hold blanks */
};

static const struct vpopmail_verdict verdicts[] = {
	{ "password fail ", EVENT_FAILURE, true, false },
	{ "vpopmail user not found ", EVENT_FAILURE, false, false },
	{ "system password fail ", EVENT_FAILURE, true, true },
	{ "system user not found ", EVENT_FAILURE, false, false },
	{ "null password given ", EVENT_FAILURE, false, true },
	{ "null user name given ", EVENT_FAILURE, false, true },
	{ "invalid user/domain characters ", EVENT_FAILURE, false, true },
	{ "user has no password ", EVENT_FAILURE, false, false },
	/* The account is closed for this service; leaked accounts are locked this way. */
	{ "smtp access denied ", EVENT_FAILURE, false, false },
	{ "pop access denied ", EVENT_FAILURE, false, false },
	{ "imap access denied ", EVENT_FAILURE, false, false },
	{ "webmail access denied ", EVENT_FAILURE, false, false },
	{ "(PLAIN) login success ", EVENT_SUCCESS, false, false },
	{ "(LOGIN) login success ", EVENT_SUCCESS, false, false },
	{ "(CRAM-MD5) login success ", EVENT_SUCCESS, false, false },
	{ "(APOP) login success ", EVENT_SUCCESS, false, false },
	{ "system password login success ", EVENT_SUCCESS, false, false },
};

/* Reads the text behind a verdict: "[(pass: 'x') ]NAME:ADDRESS". */
static bool read_login(struct span text, const struct vpopmail_verdict *verdict,
		       struct parsed_line *parsed)
{
	struct span name = { text.at, 0 };
	size_t at;

	parsed->kind = verdict->kind;
	if (text.size > FORMAT_SURE_SIZE)
		return false;
	parsed->has_source = split_address(text, verdict->raw_name, &name, &parsed->source);
	if (!parsed->has_source) {
		/* If vchkpw has no remote address in its environment, the line ends in a colon. */
		if (!span_ends(text, ":"))
			return false;
		name = span_cut(text, 0, text.size - 1);
	}
	if (verdict->may_show_password && span_starts(text, "(pass: '")) {
		at = span_find_last(name, "') ");
		if (at == SPAN_NONE)
			return false;
		name = span_from(name, at + strlen("') "));
	}
	if (!verdict->raw_name) {
		at = span_last_char(name, ' ');
		name = span_from(name, at == SPAN_NONE ? 0 : at + 1);
	}
	parsed->account = name;
	return parsed->has_source || name.size;
}

/* Reads "... from h.example [192.0.2.5]" at the end of the line; *before is the text before " from
 * ". The host's name is from the DNS or "(null)", and has no blank. */
static bool read_from(struct span text, struct span *before, struct parsed_line *parsed)
{
	size_t from = span_find_last(text, " from "), open = span_last_char(text, '[');

	if (from == SPAN_NONE || open == SPAN_NONE || open < from || !span_ends(text, "]") ||
	    text.size > FORMAT_SURE_SIZE ||
	    !span_address(span_cut(text, open + 1, text.size - 1), &parsed->source))
		return false;
	parsed->has_source = true;
	*before = span_cut(text, 0, from);
	return true;
}

/* "FAILED: bob - password incorrect from h.example [192.0.2.5]" and
 * "SMTP user bob : logged in from h.example [192.0.2.5]" */
static bool read_plesk(struct span text, struct parsed_line *parsed)
{
	static const char *const reasons[] = { " - password incorrect",
					       " - short names not allowed", " - user not found" };
	struct span before;
	size_t colon;

	if (!read_from(text, &before, parsed))
		return false;
	parsed->service = EVENT_SERVICE_SMTP;
	if (span_skip(&before, "SMTP user ") && span_ends(before, " logged in")) {
		colon = span_find(before, " : ");
		parsed->kind = EVENT_SUCCESS;
		parsed->account = span_cut(before, 0, colon == SPAN_NONE ? 0 : colon);
		return parsed->account.size;
	}
	parsed->kind = EVENT_FAILURE;
	if (!span_skip(&before, "FAILED: "))
		return false;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (span_ends(before, reasons[i])) {
			parsed->account = span_cut(before, 0, before.size - strlen(reasons[i]));
			return true;
		}
	return false;
}

enum format_answer vpopmail_line(const struct envelope *envelope, struct parsed_line *parsed)
{
	struct span name = envelope->program, text = envelope->text;

	if (span_is(name, "vpopmail")) {
		size_t colon = span_find(text, ": ");

		if (colon == SPAN_NONE)
			return FORMAT_NOTHING;
		name = span_cut(text, 0, colon);
		text = span_from(text, colon + 2);
	} else if (!span_starts(name, "vchkpw-") && !span_is(name, "smtp_auth")) {
		return FORMAT_OTHER;
	}
	*parsed = (struct parsed_line){ .daemon = EVENT_DAEMON_VPOPMAIL, .count = 1 };
	if (span_is(name, "smtp_auth"))
		return read_plesk(text, parsed) ? FORMAT_FOUND : FORMAT_NOTHING;
	if (!span_skip(&name, "vchkpw-"))
		return FORMAT_NOTHING;
	parsed->service = format_service(name);
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
		if (span_skip(&text, verdicts[i].text))
			return read_login(text, &verdicts[i], parsed) ? FORMAT_FOUND
								      : FORMAT_NOTHING;
	return FORMAT_NOTHING;
}
