/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between dovecot.c and dovecot_auth.c. */
#ifndef SEKISHO_LOG_DOVECOT_H
#define SEKISHO_LOG_DOVECOT_H

#include "log/format.h"

/* What the authentication server or one of its workers says, behind "auth" or "auth-worker"; `own`:
 * in Dovecot's own file, where 2.4 writes a level behind the client. Fills
 * *parsed; false: nothing that a rule wants, or it is not sure who is meant. */
bool dovecot_read_auth(struct span text, bool own, struct parsed_line *parsed);

/* Dovecot writes '?' for the bytes of a name that it does not show: what is left is not the name
 * that was sent, and is left out. */
void dovecot_check_name(struct span *name);

#endif
