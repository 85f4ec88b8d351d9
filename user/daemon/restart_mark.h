/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells a daemon that is to be started again, after a kill or over `systemctl restart`, from one
 * that was stopped: systemd keeps a descriptor of the daemon's for as long as a start of it is due
 * (FileDescriptorStoreMax= of systemd.service(5), sd_pid_notify_with_fds(3) of libsystemd). Another
 * process that has the same listening socket finds it by its name, an abstract one of unix(7) made
 * of the socket's SO_COOKIE.
 */
#ifndef SEKISHO_RESTART_MARK_H
#define SEKISHO_RESTART_MARK_H

#include <stdbool.h>

/* Hands the mark of `listener` to the service manager, which keeps one. Nothing happens without
 * one, or where it has this mark already. */
void restart_mark_leave(int listener);
/* Whether a service manager, or any local user, keeps the mark of `listener`: the answer is worth
 * a moment's patience and no more. False also where it cannot be told. */
bool restart_mark_is_kept(int listener);

#endif
