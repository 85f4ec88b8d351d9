// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PAM, as Dovecot asks it: pam_unix, pam_sss and others name the user and then the address, in the
 * log of authentications. Pure.
 *
 * "pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=bob
 * rhost=192.0.2.5  user=bob", the last field only for a user that the machine has (pam_sss: always).
 */
#include "log/format.h"

#include <ctype.h>

/* A text that fills more than this is not taken: some syslogs cut at 256 bytes, and a name could
 * hold an address of its own and push the true one off the line. */
#define SURE_SIZE 220

/* Skips "pam_unix(dovecot:auth): authentication failure; ". The service may have any name (passdb's
 * args); the terminal shows that Dovecot asks. */
static bool skip_head(struct span *text, struct span *module)
{
	struct span rest = *text;
	size_t size = 0, close;

	while (size < rest.size && size < 24 &&
	       (isalnum((unsigned char)rest.at[size]) || rest.at[size] == '_'))
		size++;
	*module = span_cut(rest, 0, size);
	rest = span_from(rest, size);
	if (!span_skip(&rest, "("))
		return false;
	close = span_find_char(rest, ')');
	if (close == SPAN_NONE || close > 40 || !span_ends(span_cut(rest, 0, close), ":auth"))
		return false;
	rest = span_from(rest, close);
	if (!span_skip(&rest, "): authentication failure; logname="))
		return false;
	*text = rest;
	return true;
}

enum format_answer pam_line(const struct envelope *envelope, struct parsed_line *parsed)
{
	struct span text = envelope->text, name, tail, module;
	size_t user, host, end;

	if (!text.size || *text.at != 'p' || !span_starts(text, "pam_") ||
	    !skip_head(&text, &module))
		return FORMAT_OTHER;
	user = span_find(text, " ruser=");
	if (user == SPAN_NONE || !span_ends(span_cut(text, 0, user), " tty=dovecot"))
		return FORMAT_OTHER;
	*parsed = (struct parsed_line){ .kind = EVENT_FAILURE,
					.daemon = EVENT_DAEMON_DOVECOT,
					.evidence = EVIDENCE_PAM,
					.count = 1 };
	parsed->backend = module;
	host = span_find(text, " rhost=");
	if (text.size > SURE_SIZE || host == SPAN_NONE || host < user ||
	    host != span_find_last(text, " rhost="))
		return FORMAT_NOTHING;
	name = span_cut(text, user + strlen(" ruser="), host);
	tail = span_from(text, host + strlen(" rhost="));
	end = span_find_char(tail, ' ');
	if (!span_address(span_cut(tail, 0, end == SPAN_NONE ? tail.size : end), &parsed->source))
		return FORMAT_NOTHING;
	parsed->has_source = true;
	parsed->account = name;
	return FORMAT_FOUND;
}
