// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dovecot 2.3 and 2.4: the login processes and the authentication server. User names may hold
 * anything, so fields are read from the right: what follows the user name is Dovecot's own. Pure.
 */
#include "log/format.h"

/* "imap-login", and so on; also where Dovecot's own log file names the process first. */
static enum event_service login_service(struct span process)
{
	if (!span_ends(process, "-login"))
		return EVENT_SERVICE_UNKNOWN;
	process.size -= strlen("-login");
	if (span_is(process, "managesieve"))
		return EVENT_SERVICE_SIEVE;
	return format_service(process);
}

/* "1 attempts in 9 secs)" behind "(auth failed, ". */
static bool read_attempts(struct span text, unsigned *count)
{
	uint32_t number;

	if (!span_number(&text, &number) || !number || !span_skip(&text, " attempts"))
		return false;
	*count = number;
	return span_starts(text, ")") || span_starts(text, " in ");
}

/* "session=<...>" at the end of the line, as its id. */
static struct span read_session(struct span tail)
{
	size_t at = span_find_last(tail, "session=<");
	struct span none = { tail.at, 0 };

	if (at == SPAN_NONE || !span_ends(tail, ">"))
		return none;
	return span_cut(tail, at + strlen("session=<"), tail.size - 1);
}

/* `fields` begins behind "user=<" and holds "NAME>, method=PLAIN, rip=A, lip=..., session=<...>";
 * the user name ends where the last fields of Dovecot's own begin. */
static bool read_fields(struct span fields, struct finding *finding)
{
	size_t rip = span_find_last(fields, ", rip="), method, end;
	struct span before, address;

	if (rip == SPAN_NONE || fields.size > FORMAT_SURE_SIZE)
		return false;
	before = span_cut(fields, 0, rip);
	address = span_from(fields, rip + strlen(", rip="));
	finding->session = read_session(address);
	/* A '>' outside of the session's id, and this rip= stood inside a user name. */
	end = span_find(address, ", session=<");
	if (span_find_char(span_cut(address, 0, end == SPAN_NONE ? address.size : end), '>') !=
	    SPAN_NONE)
		return false;
	end = span_find_char(address, ',');
	address.size = end == SPAN_NONE ? address.size : end;
	if (!span_address(address, &finding->source))
		return false;
	finding->has_source = true;
	method = span_find_last(before, ">, method=");
	if (method != SPAN_NONE && !span_ends(before, ">"))
		finding->account = span_cut(before, 0, method);
	else if (span_ends(before, ">"))
		finding->account = span_cut(before, 0, before.size - 1);
	else
		return false;
	return true;
}

/* "Disconnected: Inactivity (auth failed, 2 attempts in 9 secs): user=<bob>, method=..." */
static bool read_login(struct span text, struct finding *finding)
{
	static const char failed[] = "(auth failed, ";
	size_t user = span_find(text, "user=<"), at;

	if (user == SPAN_NONE)
		return false;
	if (span_starts(text, "Login: user=<") || span_starts(text, "Logged in: user=<")) {
		finding->kind = EVENT_SUCCESS;
	} else {
		at = span_find(span_cut(text, 0, user), failed);
		if (at == SPAN_NONE ||
		    !read_attempts(span_from(text, at + strlen(failed)), &finding->count))
			return false;
		finding->kind = EVENT_FAILURE;
		finding->proof = PROOF_FRONT;
	}
	return read_fields(span_from(text, user + strlen("user=<")), finding);
}

/* How the authentication server says that a password or a user name was wrong; other failures are
 * its own. */
static const char *const mismatches[] = {
	"Password mismatch",
	"unknown user",
	"Unknown user",
	"invalid credentials",
	"Login attempt with empty password",
	"pam_authenticate() failed: Authentication failure",
	"pam_authenticate() failed: User not known",
};

static bool is_mismatch(struct span reason)
{
	for (size_t i = 0; i < sizeof(mismatches) / sizeof(*mismatches); i++)
		if (span_starts(reason, mismatches[i]))
			return true;
	return false;
}

/* The end of a reason holds the given password with auth_verbose_passwords: hostile text. */
static bool shows_password(struct span text)
{
	return span_find(text, "given password: ") != SPAN_NONE;
}

/* "NAME,192.0.2.6,<session>" or "NAME,192.0.2.6", or with a third field such as "sasl:login". */
static bool read_who(struct span who, struct finding *finding)
{
	size_t comma = span_last_char(who, ',');
	struct span session = { who.at, 0 };

	if (comma == SPAN_NONE)
		return false;
	if (!span_address(span_from(who, comma + 1), &finding->source)) {
		session = span_from(who, comma + 1);
		who.size = comma;
		comma = span_last_char(who, ',');
		if (comma == SPAN_NONE ||
		    !span_address(span_from(who, comma + 1), &finding->source))
			return false;
		if (session.size > 2 && *session.at == '<' && span_ends(session, ">"))
			session = span_cut(session, 1, session.size - 1);
		else
			session.size = 0;
	}
	finding->has_source = true;
	finding->session = session;
	finding->account = span_cut(who, 0, comma);
	if (span_is(finding->account, "?"))
		finding->account.size = 0; /* Dovecot does not know it yet */
	return true;
}

/* A line with more candidates than this was made to have them, and says nothing. */
#define MOST_PLACES 64

/*
 * "sql(bob,192.0.2.6,<session>): Password mismatch (given password: x)", from the driver's "(" on.
 * Name and password are both hostile, left and right of the true address. Every place that reads
 * as "ADDRESS...): REASON" is a candidate. Without a password shown the last one is Dovecot's;
 * with one, two that name different addresses leave it open, and the line says nothing.
 */
static bool read_backend(struct span text, struct finding *finding)
{
	bool open = shows_password(text), found = false;
	size_t at = 0;

	for (unsigned tries = 0;; tries++) {
		size_t next = span_find(span_from(text, at), "): ");
		struct finding one = *finding;

		if (next == SPAN_NONE)
			break;
		if (tries == MOST_PLACES)
			return false;
		at += next;
		if (is_mismatch(span_from(text, at + 3)) && read_who(span_cut(text, 0, at), &one)) {
			if (found && open && address_compare(&one.source, &finding->source) != 0)
				return false;
			if (!found || !open)
				*finding = one;
			found = true;
		}
		at += 3;
	}
	return found;
}

/* 2.4: "bob,192.0.2.6,sasl:login)<session>: sql: Password mismatch", behind "auth(". */
static bool read_backend24(struct span text, struct finding *finding)
{
	bool open = shows_password(text), found = false;
	size_t at = 0;

	for (unsigned tries = 0;; tries++) {
		size_t next = span_find(span_from(text, at), ")<"), id, driver;
		struct finding one = *finding;
		struct span rest;

		if (next == SPAN_NONE)
			break;
		if (tries == MOST_PLACES)
			return false;
		at += next;
		rest = span_from(text, at + 2);
		id = span_find(rest, ">: ");
		driver = id == SPAN_NONE ? id : span_find(span_from(rest, id + 3), ": ");
		if (driver != SPAN_NONE && driver < 32 &&
		    is_mismatch(span_from(rest, id + driver + 5)) &&
		    read_who(span_cut(text, 0, at), &one)) {
			one.session = span_cut(rest, 0, id);
			one.backend = span_cut(rest, id + 3, id + 3 + driver);
			if (found && open && address_compare(&one.source, &finding->source) != 0)
				return false;
			if (!found || !open)
				*finding = one;
			found = true;
		}
		at += 2;
	}
	return found;
}

/* Behind "auth" or "auth-worker": "(12): ", ": ", and what a worker puts before its own text:
 * "conn unix:auth-worker (pid=1,uid=9): auth-worker<5>: ". */
static bool read_auth(struct span text, struct finding *finding)
{
	struct span rest = text;
	uint32_t number;
	size_t open;

	finding->kind = EVENT_FAILURE;
	finding->proof = PROOF_BACK;
	if (text.size > FORMAT_SURE_SIZE)
		return false;
	if (span_skip(&rest, "(") && !(span_number(&rest, &number) && span_skip(&rest, "): ")))
		return read_backend24(span_from(text, 1), finding);
	if (rest.at == text.at && !span_skip(&rest, ": "))
		return false;
	span_skip(&rest, "Info: ");
	if (span_skip(&rest, "conn unix:auth-worker (pid=")) {
		size_t end = span_find(rest, "auth-worker<");

		if (end == SPAN_NONE || end > 40)
			return false;
		rest = span_from(rest, end + strlen("auth-worker<"));
		if (!span_number(&rest, &number) || !span_skip(&rest, ">: "))
			return false;
	}
	open = span_find_char(rest, '(');
	if (open == SPAN_NONE || open > 32)
		return false;
	finding->backend = span_cut(rest, 0, open);
	return span_find_char(finding->backend, ' ') == SPAN_NONE &&
	       read_backend(span_from(rest, open + 1), finding);
}

/* The process that speaks, of "imap-login: ..." and "auth-worker(12): ...". */
static struct span take_process(struct span *text)
{
	size_t size = 0;
	struct span process;

	while (size < text->size && size < 32 &&
	       ((text->at[size] >= 'a' && text->at[size] <= 'z') || text->at[size] == '-' ||
		(text->at[size] >= '0' && text->at[size] <= '9')))
		size++;
	process = span_cut(*text, 0, size);
	*text = span_from(*text, size);
	return process;
}

enum format_answer dovecot_line(const struct envelope *envelope, struct finding *finding)
{
	struct span text = envelope->text, process;
	bool known = span_starts(envelope->program, "dovecot"), found;

	if (!known) { /* log_path: no program but the process itself */
		if (!span_starts(envelope->program, "auth") &&
		    !span_ends(envelope->program, "-login"))
			return FORMAT_OTHER;
		text.size += (size_t)(text.at - envelope->program.at);
		text.at = envelope->program.at;
	}
	process = take_process(&text);
	*finding = (struct finding){ .daemon = EVENT_DAEMON_DOVECOT, .count = 1 };
	finding->service = login_service(process);
	if (finding->service && span_skip(&text, ": ")) {
		span_skip(&text, "Info: ");
		found = read_login(text, finding);
	} else if (span_is(process, "auth") || span_is(process, "auth-worker")) {
		found = read_auth(text, finding);
	} else {
		return known ? FORMAT_NOTHING : FORMAT_OTHER;
	}
	return found ? FORMAT_FOUND : FORMAT_NOTHING;
}
