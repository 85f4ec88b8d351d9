/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers Dovecot where the daemon does not. */
#ifndef SEKISHO_POLICY_STAND_IN_H
#define SEKISHO_POLICY_STAND_IN_H

#include "conf/config.h"

/* Lets each login go on that the daemon does not answer, until SIGTERM or SIGINT. On the socket
 * that was passed, which the daemon has as well: what it leaves for 0.2 s, and everything once it
 * is stopped, or is away for a second. Where none was passed, on one of its own at `where`
 * ([policy] dovecot): everything. Needs no right and no file. -errno: it cannot listen, as while
 * the daemon does; with the remedy. */
int policy_stand_in_run(const struct config_listen *where, struct fault *fault);

#endif
