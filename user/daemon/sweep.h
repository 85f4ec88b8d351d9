/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done every half minute: bans that have ended are taken out of the kernel and the store,
 * open counts are made true, and the devices are looked at. Of what may be many, in portions:
 * between them the lock is given up, and signals and log lines have their turn.
 */
#ifndef SEKISHO_DAEMON_SWEEP_H
#define SEKISHO_DAEMON_SWEEP_H

#include "base/fault.h"

struct daemon;

/* Sets its timer; -errno. */
int sweep_begin(struct daemon *daemon);

#endif
