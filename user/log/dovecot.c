// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dovecot 1 to 2.4: the login processes. User names may hold anything, so fields are read from the
 * right: what follows the user name is Dovecot's own. The authentication server's lines are read in
 * dovecot_auth.c. Pure.
 */
#include "log/dovecot.h"

#include <ctype.h>

/* "imap-login" and so on, also where Dovecot's own log file names the process first. */
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
static bool read_attempts(struct span text, struct parsed_line *parsed)
{
	uint32_t number, secs;

	if (!span_number(&text, &number) || !number || !span_skip(&text, " attempts"))
		return false;
	parsed->count = number;
	parsed->named = number > 1;
	if (span_skip(&text, " in ")) {
		if (!span_number(&text, &secs))
			return false;
		if (!span_starts(text, ")"))
			parsed->age_s = secs;
	}
	return span_starts(text, ")") || span_starts(text, " secs)");
}

/* The id in "session=<...>" at the end of the line. */
static struct span read_session(struct span tail)
{
	size_t at = span_find_last(tail, "session=<");
	struct span none = { tail.at, 0 };

	if (at == SPAN_NONE || !span_ends(tail, ">"))
		return none;
	return span_cut(tail, at + strlen("session=<"), tail.size - 1);
}

/* Takes the name off "NAME>, method=PLAIN", which stands before the address; false: it has no end,
 * or another address stands behind it. Then the administrator has put a client's text behind the
 * address (login_log_format_elements), and this is the one in that text. The session's id may be
 * behind the name, too: whoever chooses such a name may choose the shorter one as well. */
static bool take_name(struct span before, struct parsed_line *parsed)
{
	size_t end = span_find_last(before, ">, method="), session;

	if (end == SPAN_NONE || span_ends(before, ">"))
		end = span_ends(before, ">") ? before.size - 1 : SPAN_NONE;
	if (end == SPAN_NONE || span_find(span_from(before, end), ", rip=") != SPAN_NONE)
		return false;
	parsed->account = span_cut(before, 0, end);
	session = span_find(parsed->account, ">, session=<");
	if (session != SPAN_NONE)
		parsed->account.size = session;
	dovecot_check_name(&parsed->account);
	return true;
}

/* `fields` holds "NAME>, method=PLAIN, rip=A, lip=..., session=<...>", or the same without a name.
 * The user name ends where the last of Dovecot's own fields begin. */
static bool read_fields(struct span fields, bool named, struct parsed_line *parsed)
{
	size_t rip = span_find_last(fields, named ? ", rip=" : "rip="), end;
	struct span before, address;

	if (rip == SPAN_NONE || fields.size > FORMAT_SURE_SIZE)
		return false;
	before = span_cut(fields, 0, rip);
	address = span_from(fields, rip + strlen(named ? ", rip=" : "rip="));
	parsed->session = read_session(address);
	/* A '>' outside of the session's id: this rip= was part of a user name. */
	end = span_find(address, ", session=<");
	if (span_find_char(span_cut(address, 0, end == SPAN_NONE ? address.size : end), '>') !=
	    SPAN_NONE)
		return false;
	end = span_find_char(address, ',');
	address.size = end == SPAN_NONE ? address.size : end;
	if (!span_address(address, &parsed->source))
		return false;
	parsed->has_source = true;
	if (!named)
		return span_find_char(before, '<') == SPAN_NONE && !span_starts(before, "rip=") &&
		       span_find(before, ", rip=") == SPAN_NONE;
	return take_name(before, parsed);
}

/* "Aborted login (1 authentication attempts): ", as releases 1.0 and 1.1 write it, with 0 for a
 * client that tried none. Release 1.0 may write just "Aborted login: ". */
static bool read_old_reason(struct span reason, struct parsed_line *parsed)
{
	size_t open = span_find_char(reason, '(');
	uint32_t number;

	if (open == SPAN_NONE)
		return span_is(reason, "Aborted login: ");
	reason = span_from(reason, open + 1);
	if (!span_number(&reason, &number) || !number ||
	    !span_starts(reason, " authentication attempts)"))
		return false;
	parsed->count = number;
	parsed->named = number > 1;
	return true;
}

/* Reads what stands before the fields of a login that did not succeed; decides how it is
 * counted. */
static bool read_reason(struct span reason, struct parsed_line *parsed)
{
	static const char *const failed[] = { "(auth failed, ", "(authorization failed, " };
	size_t at;

	parsed->kind = EVENT_FAILURE;
	parsed->evidence = EVIDENCE_FRONTEND;
	for (size_t i = 0; i < sizeof(failed) / sizeof(*failed); i++) {
		at = span_find(reason, failed[i]);
		if (at != SPAN_NONE)
			return read_attempts(span_from(reason, at + strlen(failed[i])), parsed);
	}
	if (read_old_reason(reason, parsed))
		return true;
	if (span_find(reason, "(auth service reported temporary failure") != SPAN_NONE) {
		parsed->evidence = EVIDENCE_UNDECIDED;
		return true;
	}
	/* The server that the session would have been passed on to refused the password; or the
	 * account is closed, as leaked ones are: whoever tries it then need not know the
	 * password. */
	if (span_find(reason, "(proxy dest auth failed") != SPAN_NONE ||
	    span_find(reason, "(user disabled)") != SPAN_NONE ||
	    span_find(reason, "(login disabled)") != SPAN_NONE)
		return true;
	parsed->kind = EVENT_ABUSE;
	parsed->abuse = ABUSE_PLAINTEXT;
	/* A client that is told to use TLS and logs out abuses nothing. */
	if (span_find(reason, "by logging out (") != SPAN_NONE ||
	    span_find(reason, ": Logged out (") != SPAN_NONE)
		return false;
	return span_find(reason, "(tried to use disallowed plaintext auth") != SPAN_NONE ||
	       span_find(reason, "(tried to use disabled plaintext auth") != SPAN_NONE ||
	       span_find(reason, "(tried to use disallowed cleartext auth") != SPAN_NONE;
}

/* "proxy(bob,192.0.2.9:143): Started proxying to <192.0.2.9> (0.05 secs): user=<bob>, method=...":
 * written once the other server has accepted the password. Accepted only if the name has no
 * character that could end it, and is the same in both places. */
static bool read_proxied(struct span text, struct parsed_line *parsed)
{
	size_t end = 0, close, user;
	struct span name, fields, rest;

	while (end < text.size && !strchr("(),<> :", text.at[end]))
		end++;
	name = span_cut(text, 0, end);
	close = span_find(text, "): ");
	user = span_find(text, ": user=<");
	if (!end || close == SPAN_NONE || user == SPAN_NONE)
		return false;
	rest = span_from(text, close + strlen("): "));
	/* Before 2.3.12 with a small letter. */
	if (!span_starts(rest, "Started proxying to ") &&
	    !span_starts(rest, "started proxying to "))
		return false;
	fields = span_from(text, user + strlen(": user=<"));
	parsed->kind = EVENT_SUCCESS;
	return read_fields(fields, true, parsed) && parsed->account.size == name.size &&
	       !memcmp(parsed->account.at, name.at, name.size);
}

/* Whether `text` is "Login: " or "Logged in: method=PLAIN, ", before the user, whose name comes
 * from Dovecot itself. Of login_log_format_elements only the mechanism may come before the user. */
static bool is_success(struct span text)
{
	size_t size = 0;

	if (!span_skip(&text, "Login: ") && !span_skip(&text, "Logged in: "))
		return false;
	if (span_skip(&text, "method=")) {
		while (size < text.size && size < 32 &&
		       (isupper((unsigned char)text.at[size]) || text.at[size] == '-' ||
			isdigit((unsigned char)text.at[size])))
			size++;
		text = span_from(text, size);
		span_skip(&text, ",");
		span_skip(&text, " ");
	}
	return !text.size;
}

/* "Disconnected: Inactivity (auth failed, 2 attempts in 9 secs): user=<bob>, method=..." */
static bool read_login(struct span text, struct parsed_line *parsed)
{
	size_t user = span_find(text, "user=<"), at;
	struct span fields;

	if (span_skip(&text, "proxy("))
		return read_proxied(text, parsed);
	/* imap_id_log: what the client says of itself stands before the fields. */
	if (span_starts(text, "ID sent: "))
		return false;
	if (user != SPAN_NONE && is_success(span_cut(text, 0, user))) {
		parsed->kind = EVENT_SUCCESS;
		return read_fields(span_from(text, user + strlen("user=<")), true, parsed);
	}
	if (user != SPAN_NONE) {
		fields = span_from(text, user + strlen("user=<"));
		text = span_cut(text, 0, user);
		return read_reason(text, parsed) && read_fields(fields, true, parsed) &&
		       (!span_is(text, "Aborted login: ") ||
			(parsed->account.size && span_find(fields, ">, method=") != SPAN_NONE));
	}
	at = span_find(text, "): "); /* login_log_format_elements without the user */
	return at != SPAN_NONE && read_reason(span_cut(text, 0, at + 1), parsed) &&
	       read_fields(span_from(text, at + 3), false, parsed);
}

/* Takes the name of the process off "imap-login: ..." or "auth-worker(12): ...". */
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

/* Takes the line without its envelope. By syslog that is the text behind the program's name.
 * Dovecot's own file names neither host nor program: there it is all behind the stamp, and in
 * version 1 behind "Info: ". Returns whether the envelope names Dovecot. */
static bool take_text(const struct envelope *envelope, struct span *text)
{
	*text = envelope->text;
	if (span_starts(envelope->program, "dovecot"))
		return true;
	*text = envelope->whole;
	span_skip(text, "Info: ");
	return false;
}

enum format_answer dovecot_line(const struct envelope *envelope, struct parsed_line *parsed)
{
	struct span text, process;
	bool known = take_text(envelope, &text), found;

	if (!known && (!text.size || !strchr("aimps", *text.at)))
		return FORMAT_OTHER;
	/* A line of PAM under the name of the program that asks it, see pam.c. */
	if (span_starts(text, "pam_"))
		return FORMAT_OTHER;
	process = take_process(&text);
	*parsed = (struct parsed_line){ .daemon = EVENT_DAEMON_DOVECOT, .count = 1 };
	parsed->service = login_service(process);
	if (parsed->service && span_skip(&text, ": ")) {
		span_skip(&text, "Info: ");
		found = read_login(text, parsed);
	} else if ((span_is(process, "auth") || span_is(process, "auth-worker")) &&
		   (span_starts(text, "(") || span_starts(text, ": "))) {
		found = dovecot_read_auth(text, !known && envelope->layering == LAYER_OWN, parsed);
	} else {
		return known ? FORMAT_NOTHING : FORMAT_OTHER;
	}
	return found ? FORMAT_FOUND : FORMAT_NOTHING;
}
