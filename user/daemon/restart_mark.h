/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Distinguishes a daemon that is to be started again, after a kill or over `systemctl restart`,
 * from one that was stopped: systemd keeps a descriptor of the daemon, the mark, for as long as a
 * start of the daemon is due (FileDescriptorStoreMax= of systemd.service(5),
 * sd_pid_notify_with_fds(3) of libsystemd). Another process that has the same listening socket
 * finds the mark by its name, an abstract one of unix(7) made of the socket's SO_COOKIE.
 */
#ifndef SEKISHO_RESTART_MARK_H
#define SEKISHO_RESTART_MARK_H

#include <stdbool.h>

/* Hands the mark of `listener` to the service manager, which keeps one mark. Does nothing without a
 * service manager, or if it has this mark already. */
void restart_mark_leave(int listener);
/* Whether the mark of `listener` is kept. Any local user can keep a mark of this name, so a caller
 * may only wait a moment because of it. Also false if this cannot be found out. */
bool restart_mark_is_kept(int listener);

#endif
