/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers Dovecot while the daemon does not. */
#ifndef SEKISHO_POLICY_STAND_IN_H
#define SEKISHO_POLICY_STAND_IN_H

#include "conf/config.h"

/* Lets each login go on that the daemon does not answer, until SIGTERM or SIGINT. The daemon has
 * the passed socket, too: on it the stand-in answers connections that the daemon leaves for 0.2 s,
 * and everything once the daemon is stopped, or is away for a second. If no socket was passed, the
 * stand-in answers everything on one of its own at `where` ([policy] dovecot). Needs no right and
 * no file. -errno: it cannot listen, for example because the daemon does; with the remedy. */
int policy_stand_in_run(const struct config_listen *where, struct fault *fault);

#endif
