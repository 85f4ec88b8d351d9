/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new configuration while the daemon runs. */
#ifndef SEKISHO_DAEMON_RELOAD_H
#define SEKISHO_DAEMON_RELOAD_H

#include "daemon/daemon.h"

/* Begins to apply the configuration file: the whole of it, or the old one stays; it is said which.
 * While lists are read already it waits for that, by daemon->reload_again: to be called again. */
void reload(struct daemon *daemon);

#endif
