/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers Dovecot while the daemon is stopped. */
#ifndef SEKISHO_POLICY_STAND_IN_H
#define SEKISHO_POLICY_STAND_IN_H

#include "conf/config.h"

/* Listens at `where` ([policy] dovecot) and lets each login go on, until SIGTERM or SIGINT. Needs
 * no right and no file. -errno: it cannot listen, as while the daemon does; with the remedy. */
int policy_stand_in_run(const struct config_listen *where, struct fault *fault);

#endif
