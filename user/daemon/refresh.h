/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What takes too long for the loop, beside it: lists and countries read anew, and a damaged store
 * replaced. One at a time, in a thread that opens configuration, store and gate for itself, as a
 * command would, and shares nothing with the daemon but the result.
 */
#ifndef SEKISHO_DAEMON_REFRESH_H
#define SEKISHO_DAEMON_REFRESH_H

#include "daemon/daemon.h"

/* In the loop, when it has ended. */
typedef void refresh_done(struct daemon *daemon, int error, const struct fault *fault);

/* `damaged` is the inode of a store that is to be replaced, if it is still the one in place; 0:
 * none. -EBUSY: one is at work already. */
int refresh_start(struct daemon *daemon, uint64_t damaged, refresh_done *done, struct fault *fault);
/* The same, and then the policy of the configuration as it now is. */
int refresh_start_policy(struct daemon *daemon, refresh_done *done, struct fault *fault);
bool refresh_is_running(const struct daemon *daemon);
/* At the daemon's end. One that is at work is left to the end of the process: it may be killed at
 * any instant. */
void refresh_close(struct daemon *daemon);

#endif
