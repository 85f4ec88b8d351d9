/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does beside the loop what takes too long for it: reads lists and countries anew, and replaces a
 * damaged store. It does one task at a time, in a thread that opens configuration, store and gate
 * for itself, as a command would, and shares nothing with the daemon except the result.
 */
#ifndef SEKISHO_DAEMON_REFRESH_H
#define SEKISHO_DAEMON_REFRESH_H

#include "daemon/daemon.h"

/* Called in the loop, when the task has ended. */
typedef void refresh_done(struct daemon *daemon, int error, const struct fault *fault);

/* `damaged` is the inode of a store that is to be replaced if it is still the one in place; 0:
 * none. -EBUSY: a task runs already. */
int refresh_start(struct daemon *daemon, uint64_t damaged, refresh_done *done, struct fault *fault);
/* The same; then also publishes the policy of the present configuration. */
int refresh_start_policy(struct daemon *daemon, refresh_done *done, struct fault *fault);
bool refresh_is_running(const struct daemon *daemon);
/* To be called at the daemon's end. A running task is left to the end of the process: it may be
 * killed at any instant. */
void refresh_close(struct daemon *daemon);

#endif
