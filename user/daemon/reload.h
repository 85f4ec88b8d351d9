/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new configuration while the daemon runs. */
#ifndef SEKISHO_DAEMON_RELOAD_H
#define SEKISHO_DAEMON_RELOAD_H

#include "daemon/daemon.h"

/* Begins to apply the configuration file: all of it applies, or the old one stays; the log says
 * which. While lists are being read it only sets daemon->reload_again, and is called again
 * afterwards. */
void reload(struct daemon *daemon);

#endif
