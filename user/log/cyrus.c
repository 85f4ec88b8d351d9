// SPDX-License-Identifier: GPL-2.0-or-later
/* Cyrus IMAP's servers: the address is behind the host's name, at the message's beginning. Pure. */
#include "log/format.h"

static enum event_service service_of(struct span program)
{
	size_t slash = span_last_char(program, '/');

	if (slash != SPAN_NONE)
		program = span_from(program, slash + 1);
	if (span_starts(program, "imap"))
		return EVENT_SERVICE_IMAP;
	if (span_starts(program, "pop3"))
		return EVENT_SERVICE_POP3;
	if (span_starts(program, "sieve") || span_is(program, "timsieved") ||
	    span_is(program, "managesieve"))
		return EVENT_SERVICE_SIEVE;
	return EVENT_SERVICE_UNKNOWN;
}

/* Whether the text is one that Cyrus writes for a wrong name or password. Every other failure is
 * the server's own, or not a guess. */
static bool is_mismatch(struct span text)
{
	static const char *const reasons[] = {
		"SASL(-13)",	    "SASL(-20)",	"SASL(-14)",
		"invalid user",	    "bad password",	"wrong password",
		"bad userid",	    "checkpass failed", "[authentication failure]",
		"[user not found]",
	};

	/* Cyrus cannot reach the daemon that it asks: "generic failure: checkpass failed". */
	if (span_starts(text, "SASL(-1): generic failure"))
		return false;

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (span_find(text, reasons[i]) != SPAN_NONE)
			return true;
	return false;
}

/* The name in "plaintext bob SASL(-13): authentication failure", "plaintext bob invalid user",
 * "PLAIN (bob) [SASL(-13): authentication failure]". */
static struct span read_name(struct span text)
{
	static const char *const ends[] = { " SASL(", " invalid user", " bad ", " wrong password" };
	size_t blank = span_find_char(text, ' '), end;
	struct span none = { text.at, 0 };

	if (blank == SPAN_NONE)
		return none;
	text = span_from(text, blank + 1);
	if (span_skip(&text, "(")) {
		end = span_ends(text, ") invalid user") ? text.size - strlen(") invalid user")
							: span_find_last(text, ") [");
		if (end == SPAN_NONE || span_is(span_cut(text, 0, end), "-notset-"))
			return none;
		return span_cut(text, 0, end);
	}
	if (span_starts(text, "[") || span_starts(text, "SASL("))
		return none;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		end = span_find_last(text, ends[i]);
		if (end != SPAN_NONE)
			return span_cut(text, 0, end);
	}
	return none;
}

/* "PLAIN (-notset-) [SASL(-6): can't request information until later in exchange: ...]": either a
 * name that cannot even be looked up, or a mechanism that is refused without TLS. The server's
 * other lines decide which: whether it has judged passwords of this mechanism. */
static bool read_unasked(struct span text, struct parsed_line *parsed)
{
	static const char reason[] = " (-notset-) [SASL(-6): can't request information until later";

	/* CRAM-MD5 needs no TLS, so the reason is the name. */
	if (span_skip(&text, "CRAM-MD5"))
		return span_starts(text, reason);
	if (!span_skip(&text, "PLAIN") && !span_skip(&text, "LOGIN"))
		return false;
	parsed->unasked = span_starts(text, reason);
	parsed->asked = span_starts(text, " (") && span_find(text, ") [SASL(-13)") != SPAN_NONE;
	return parsed->unasked;
}

/* " plaintext bob SASL(-13): ..." behind the address. */
static bool read_failure(struct span text, struct parsed_line *parsed)
{
	size_t blank = span_find_char(text, ' '), sasl;
	struct span name;

	if (blank == SPAN_NONE)
		return false;
	parsed->kind = EVENT_FAILURE;
	parsed->evidence = EVIDENCE_FRONTEND;
	if (read_unasked(text, parsed))
		return true;
	/* A name that reads like a reason proves nothing: the last reason is Cyrus's. */
	name = read_name(text);
	sasl = span_find_last(text, "SASL(");
	/* Sieve names nobody: "PLAIN authentication failure". */
	if (!span_is(span_from(text, blank), " authentication failure") &&
	    !span_is(span_from(text, blank), " user not found") &&
	    !is_mismatch(sasl != SPAN_NONE ? span_from(text, sasl)
			 : name.size ? span_from(text, (size_t)(name.at - text.at) + name.size)
				     : span_from(text, blank)))
		return false;
	/* Cyrus writes "^J" for control characters, and clears the eighth bit. */
	if (span_find_char(name, '^') == SPAN_NONE)
		parsed->account = name;
	return true;
}

/* "bob plain+TLS User logged in SESSIONID=<...>" */
static bool read_success(struct span text, struct parsed_line *parsed)
{
	size_t end = span_find_last(text, " User logged in");
	size_t blank = end == SPAN_NONE ? end : span_last_char(span_cut(text, 0, end), ' ');

	if (blank == SPAN_NONE || !blank)
		return false;
	parsed->kind = EVENT_SUCCESS;
	parsed->account = span_cut(text, 0, blank);
	return true;
}

enum format_answer cyrus_line(const struct envelope *envelope, struct parsed_line *parsed)
{
	struct span text = envelope->text;
	bool failure = span_skip(&text, "badlogin: "), found;

	if (!failure && !span_skip(&text, "login: "))
		return FORMAT_OTHER;
	*parsed = (struct parsed_line){ .daemon = EVENT_DAEMON_CYRUS,
					.service = service_of(envelope->program),
					.count = 1 };
	if (!parsed->service)
		return FORMAT_OTHER;
	if (!format_client(&text, &parsed->source) || !span_skip(&text, " "))
		return FORMAT_NOTHING;
	parsed->has_source = true;
	found = failure ? read_failure(text, parsed) : read_success(text, parsed);
	return found ? FORMAT_FOUND : FORMAT_NOTHING;
}
