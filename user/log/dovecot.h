/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between dovecot.c and dovecot_auth.c. */
#ifndef SEKISHO_LOG_DOVECOT_H
#define SEKISHO_LOG_DOVECOT_H

#include "log/format.h"

/* Reads a line of the authentication server or one of its workers, behind "auth" or "auth-worker".
 * `own`: in Dovecot's own file, where 2.4 writes a level behind the client. Fills *parsed; false:
 * there is nothing that a rule wants, or source or account are uncertain. */
bool dovecot_read_auth(struct span text, bool own, struct parsed_line *parsed);

/* Removes a name with a '?'. Dovecot writes it for bytes of a name that it does not show, so the
 * text is not the name that was sent. */
void dovecot_check_name(struct span *name);

#endif
