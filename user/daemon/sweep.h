/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The work of every half minute: removes ended bans from the kernel and the store, corrects open
 * counts, and looks at the devices. Long work is done in portions: between them the lock is
 * released, and signals and log lines have their turn.
 */
#ifndef SEKISHO_DAEMON_SWEEP_H
#define SEKISHO_DAEMON_SWEEP_H

#include "base/fault.h"

struct daemon;

/* Sets the timer for it; -errno. */
int sweep_begin(struct daemon *daemon);

#endif
