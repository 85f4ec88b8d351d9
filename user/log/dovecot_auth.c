// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dovecot's authentication server (auth_verbose). The true address stands behind the user's name
 * and before the reason, which may end in the password that was given, or in the name once more.
 * Name and password may hold anything, so every place that reads as an address of these shapes is
 * examined, whatever stands behind it. Where two differ, nothing is taken from the line, unless
 * what stands before the second one is too long to be a name. Pure.
 *
 *   2.3  sql(NAME,ADDRESS[,<SESSION>]): REASON
 *   2.4  auth(NAME,ADDRESS[,sasl:MECHANISM])[<SESSION>]: DRIVER: REASON
 *        auth-worker(NAME,ADDRESS)<PID><SESSION>: request [N]: DRIVER: REASON
 */
#include "log/dovecot.h"

/* Only a crafted line has more places than this; nothing is taken from it. */
#define MOST_PLACES 64

/* Dovecot writes at most 64 characters of a name in these lines (MAX_LOG_USERNAME_LEN, in all
 * versions). A longer text is no name, whatever it holds. */
#define NAME_MOST 64

struct dovecot_auth_place { /* reads as "NAME,ADDRESS...): " */
	struct span who, session, backend;
	struct address address;
	struct span reason;
	bool failed;  /* the reason is one that this server writes for a wrong name or password */
	size_t open;  /* where in the line a client's text begins behind this place, or SPAN_NONE */
	bool foreign; /* Dovecot does not write this text behind an address */
};

enum auth_shape {
	AUTH_OLD, /* 2.3: ": " is behind the bracket */
	AUTH_NEW,
	AUTH_OWN, /* 2.4's own file: behind ": " is a level, too */
};

struct auth_line {
	struct span text;
	enum auth_shape shape;
	bool challenged; /* of a mechanism that is given no password */
};

void dovecot_check_name(struct span *name)
{
	if (span_find_char(*name, '?') != SPAN_NONE)
		name->size = 0;
}

/* A mail server's client sent a response longer than the mail server passes on: the mail server
 * answers 535. Dovecot's own login processes, which have a session, check the response
 * themselves. */
#define CUT_RESPONSE "Invalid base64 data in initial response"

/* How the authentication server says that a password or a name was wrong; its other failures are
 * its own faults. */
static const char *const mismatches[] = {
	"Password mismatch",
	"Password mismatch (for LDAP bind)",
	"unknown user",
	"Unknown user",
	"invalid credentials",
	"Login attempt with empty password",
	"Empty username",
	"invalid input",
	CUT_RESPONSE,
	"pam_authenticate() failed: Authentication failure",
	"pam_authenticate() failed: User not known to the underlying authentication module",
	"pam_authenticate() failed: Permission denied",
	"pam_authenticate() failed: authentication error", /* this and the next two of the BSDs */
	"pam_authenticate() failed: unknown user",
	"pam_authenticate() failed: permission denied",
	"User found from deny passdb", /* the account is closed */
	"Login failed (status=1)",     /* checkpassword */
};

static void read_reason(const struct auth_line *line, struct dovecot_auth_place *place)
{
	static const char disallowed[] = "Username character disallowed by auth_username_chars: ";
	struct span rest = place->reason;
	size_t at;

	place->open = SPAN_NONE;
	if (span_starts(rest, disallowed)) {
		at = span_find(rest, " (username: ");
		place->failed = true;
		if (at != SPAN_NONE)
			place->open =
				(size_t)(rest.at - line->text.at) + at + strlen(" (username: ");
		return;
	}
	/* The name in small letters, as Dovecot converts it; Dovecot's own text has capitals, but
	 * up to 2.2 not for these mechanisms, where nothing follows. */
	place->failed = line->challenged && span_is(rest, "password mismatch");
	place->foreign = !place->failed && span_starts(rest, "password mismatch");
	for (size_t i = 0; i < sizeof(mismatches) / sizeof(*mismatches) && !place->failed; i++) {
		rest = place->reason;
		if (!span_skip(&rest, mismatches[i]))
			continue;
		if (!span_skip(&rest, " (Password mismatch?)"))
			span_skip(&rest, " (password mismatch?)");
		place->foreign = rest.size && *rest.at != ' ';
		at = (size_t)(rest.at - line->text.at);
		place->failed = !rest.size || span_starts(rest, " - trying the next passdb") ||
				span_starts(rest, " (trying the next passdb");
		for (size_t size = rest.size; span_skip(&rest, " (given password: ") ||
					      span_skip(&rest, " (SHA1 of given password: ");) {
			place->failed = true;
			place->open = at + size - rest.size;
		}
	}
}

/* Skips "request [12]: " of a worker; false: it is not well-formed. */
static bool skip_request(struct span *text)
{
	uint32_t number;

	return !span_skip(text, "request [") ||
	       (span_number(text, &number) && span_skip(text, "]: "));
}

/* Skips what 2.4 writes between the session and its reason: "request [12]: Info: sql: ". */
static bool read_driver(struct span *text, struct dovecot_auth_place *place)
{
	size_t colon;

	if (!skip_request(text))
		return false;
	span_skip(text, "Info: ");
	colon = span_find(*text, ": ");
	if (colon == SPAN_NONE || colon > 32 || !colon ||
	    span_find_char(span_cut(*text, 0, colon), ' ') != SPAN_NONE)
		return false;
	place->backend = span_cut(*text, 0, colon);
	*text = span_from(*text, colon + 2);
	return true;
}

static bool has_level(struct span text)
{
	static const char *const levels[] = { "Info: ",	 "Warning: ", "Error: ",
					      "Debug: ", "Fatal: ",   "Panic: " };

	if (!skip_request(&text))
		return false;
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (span_starts(text, levels[i]))
			return true;
	return false;
}

/* Reads what follows the ")" that ends `who`: the session's id, as 2.4 writes it, a colon, the
 * reason. */
static void read_rest(const struct auth_line *line, struct span rest,
		      struct dovecot_auth_place *place)
{
	bool driven = false;

	while (line->shape != AUTH_OLD && rest.size && *rest.at == '<') {
		size_t close = span_find_char(rest, '>');

		if (close == SPAN_NONE || close > 64)
			return;
		place->session = span_cut(rest, 1, close);
		rest = span_from(rest, close + 1);
	}
	place->foreign = !span_skip(&rest, ": ") || (line->shape == AUTH_OWN && !has_level(rest));
	if (place->foreign)
		return;
	if (line->shape == AUTH_OWN && skip_request(&rest))
		span_skip(&rest, "Info: ");
	place->reason = rest;
	read_reason(line, place);
	while (!place->failed && !driven && read_driver(&rest, place)) {
		place->reason = rest;
		read_reason(line, place);
		driven = true;
	}
}

/* Reads the place that ends at the bracket at `at`; false: it is not "...,ADDRESS",
 * "...,ADDRESS,<SESSION>" or "...,ADDRESS,sasl:login", any with "master", too. */
static bool read_place(const struct auth_line *line, size_t at, struct dovecot_auth_place *place)
{
	struct span who = span_cut(line->text, 0, at), last;
	size_t comma = span_last_char(who, ',');

	*place = (struct dovecot_auth_place){ .session = { who.at, 0 },
					      .backend = { who.at, 0 },
					      .reason = { who.at, 0 },
					      .open = SPAN_NONE };
	for (unsigned words = 0; comma != SPAN_NONE; words++) {
		last = span_from(who, comma + 1);
		if (span_address(last, &place->address))
			break;
		if (words == 2)
			return false;
		if (last.size > 2 && *last.at == '<' && span_ends(last, ">"))
			place->session = span_cut(last, 1, last.size - 1);
		who.size = comma;
		comma = span_last_char(who, ',');
	}
	if (comma == SPAN_NONE)
		return false;
	place->who = span_cut(who, 0, comma);
	read_rest(line, span_from(line->text, at + 1), place);
	return !place->foreign;
}

/* Whether it is no name alone: what Dovecot writes before a client's text stands in it. The line is
 * then about a client that passes no address (Prosody), and what follows may be its password. */
static bool holds_more(struct span who)
{
	return span_find(who, "given password: ") != SPAN_NONE ||
	       span_find(who, " (username: ") != SPAN_NONE;
}

static bool is_longer_than_a_name(struct span text)
{
	size_t characters = 0;

	for (size_t i = 0; i < text.size; i++)
		characters += ((unsigned char)text.at[i] & 0xc0) != 0x80;
	return characters > NAME_MOST;
}

/* Whether the address of `first` was Dovecot's, though another stands in `other`: the line up to
 * the client's text is too long to be a name, and `other` proves nothing. */
static bool is_surely(struct span line, const struct dovecot_auth_place *first,
		      const struct dovecot_auth_place *other)
{
	return first->failed && first->open != SPAN_NONE && !other->failed &&
	       is_longer_than_a_name(span_cut(line, 0, first->open));
}

/* Whether these lines are of a mechanism that only asks whether the client knows the password. */
static bool is_challenged(struct span driver)
{
	return span_is(driver, "cram-md5") || span_is(driver, "digest-md5") ||
	       span_is(driver, "apop") || span_starts(driver, "scram-sha-");
}

/* `text` begins behind the bracket that the name follows. */
static bool read_places(struct span line, enum auth_shape shape, struct parsed_line *parsed)
{
	const struct auth_line whole = { line, shape, is_challenged(parsed->backend) };
	struct dovecot_auth_place place, chosen = { 0 };
	bool found = false, first = true;
	unsigned tries = 0;
	size_t next;

	for (size_t at = 0; (next = span_find_char(span_from(line, at), ')')) != SPAN_NONE; at++) {
		at += next;
		if (tries++ == MOST_PLACES)
			return false;
		if (!read_place(&whole, at, &place))
			continue;
		if (!found && holds_more(place.who))
			return false;
		if (found && address_compare(&place.address, &chosen.address) != 0) {
			if (!first || !is_surely(line, &chosen, &place))
				return false;
			continue;
		}
		first &= !found || chosen.failed;
		if (!found || (place.failed && !chosen.failed))
			chosen = place;
		found = true;
	}
	if (!found || !chosen.failed ||
	    (chosen.session.size && span_starts(chosen.reason, CUT_RESPONSE)))
		return false;
	parsed->has_source = true;
	parsed->source = chosen.address;
	parsed->session = chosen.session;
	parsed->account = chosen.who;
	if (chosen.backend.size)
		parsed->backend = chosen.backend;
	dovecot_check_name(&parsed->account);
	parsed->unknown_user = span_starts(chosen.reason, "unknown user") ||
			       span_starts(chosen.reason, "Unknown user");
	return true;
}

/* Skips what a worker writes before its own text: "conn unix:auth-worker (pid=1,uid=9):
 * auth-worker<5>: ", in older versions without the process id. */
static bool skip_worker(struct span *text)
{
	struct span rest = *text;
	uint32_t number;
	size_t end;

	span_skip(&rest, "Info: ");
	if (span_skip(&rest, "conn unix:auth-worker (")) {
		end = span_find(rest, "): auth-worker<");
		if (end == SPAN_NONE || end > 40)
			return false;
		rest = span_from(rest, end + strlen("): auth-worker<"));
		if (!span_number(&rest, &number) || !span_skip(&rest, ">: "))
			return false;
	}
	*text = rest;
	return true;
}

bool dovecot_read_auth(struct span text, bool own, struct parsed_line *parsed)
{
	struct span rest = text;
	uint32_t number;
	size_t open;
	bool old = span_skip(&rest, ": ");

	parsed->kind = EVENT_FAILURE;
	parsed->evidence = EVIDENCE_BACKEND;
	if (text.size > FORMAT_SURE_SIZE)
		return false;
	if (!old && span_skip(&rest, "("))
		old = (span_number(&rest, &number) || span_skip(&rest, "default")) &&
		      span_skip(&rest, "): ");
	if (!old) /* 2.4 */
		return span_skip(&text, "(") &&
		       read_places(text, own ? AUTH_OWN : AUTH_NEW, parsed);
	if (!skip_worker(&rest))
		return false;
	open = span_find_char(rest, '(');
	if (open == SPAN_NONE || open > 32)
		return false;
	parsed->backend = span_cut(rest, 0, open);
	return span_find_char(parsed->backend, ' ') == SPAN_NONE &&
	       read_places(span_from(rest, open + 1), AUTH_OLD, parsed);
}
