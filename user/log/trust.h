/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which journal entries a mail server can have written. Anybody may send entries under any name
 * (`logger -t postfix/smtpd`), but journald learns the user from the kernel. Pure.
 */
#ifndef SEKISHO_TRUST_H
#define SEKISHO_TRUST_H

#include "log/scan.h"

/* An entry's fields; empty: the field is not there. */
struct journal_origin {
	struct span uid;     /* _UID */
	struct span unit;    /* _SYSTEMD_UNIT */
	struct span program; /* _COMM */
};

/*
 * Whether the entry counts: root wrote it, or a system user (below 1000) that is not a web server's
 * or nobody's, and not in somebody's login session. Programs that mail servers run for their users
 * (a .forward, a sieve filter) run as these users. An entry without _UID is not from a process
 * here: journald always adds it. Whether the user is a mail server's own, only the machine itself
 * can tell (mail_users.h).
 */
bool journal_is_trusted(const struct journal_origin *origin);

#endif
