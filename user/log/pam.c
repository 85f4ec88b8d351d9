// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PAM, as Dovecot asks it: pam_unix names the user and then the address, in the log of
 * authentications. Pure.
 *
 * "pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=bob
 * rhost=192.0.2.5  user=bob", the last field only for a user that the machine has.
 */
#include "log/format.h"

/* A name that fills more is no user's: some syslogs cut at 256 bytes, and a name could bring its
 * own address and push the true one off the line. */
#define SURE_SIZE 220

enum format_answer pam_line(const struct envelope *envelope, struct parsed_line *parsed)
{
	static const char head[] = "pam_unix(dovecot:auth): authentication failure; ";
	struct span text = envelope->text, name, tail;
	size_t user, host, end;

	if (!text.size || *text.at != 'p' || !span_skip(&text, head))
		return FORMAT_OTHER;
	*parsed = (struct parsed_line){ .kind = EVENT_FAILURE,
					.daemon = EVENT_DAEMON_DOVECOT,
					.evidence = EVIDENCE_PAM,
					.count = 1 };
	user = span_find(text, " ruser=");
	host = span_find(text, " rhost=");
	if (text.size > SURE_SIZE || user == SPAN_NONE || host == SPAN_NONE || host < user ||
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
