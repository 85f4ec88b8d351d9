// SPDX-License-Identifier: GPL-2.0-or-later
/* See counts.h. */
#include "policy/counts.h"

#define ROW(member, text)                                                                          \
	{                                                                                          \
		.name = #member, .help = (text), .offset = offsetof(struct policy_counts, member), \
	}

const struct policy_count policy_count_rows[POLICY_COUNT_ROWS] = {
	ROW(questions, "Logins that Dovecot asked about."),
	ROW(reports, "Logins that Dovecot reported."),
	ROW(mails, "Recipients and messages that Postfix or Exim asked about."),
	ROW(refused, "Logins and recipients that were refused."),
	ROW(would_refuse, "Likewise, were it not for the mode monitor."),
	ROW(held, "Messages put on hold, over their account's budget."),
	ROW(deferred, "Messages deferred, over their account's budget."),
	ROW(rejected, "Messages rejected, over their account's budget."),
	ROW(repeated, "Failed logins with the same password as before, which do not count."),
	ROW(stale, "Failed logins of devices with an old password, which do not count."),
	ROW(old_passwords, "Failed logins of strangers with an old password."),
	ROW(password_changes, "Leaks that ended by a new password."),
	ROW(malformed, "Requests that are not of the protocol."),
	ROW(unauthorized, "Requests without the key, and connections of other users."),
	ROW(oversized, "Requests that were too large."),
	ROW(dropped, "Connections that were ended: too slow, or too many."),
};
