/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sd_notify(3): the service manager's protocol is one datagram, so it needs no library. */
#ifndef SEKISHO_NOTIFY_H
#define SEKISHO_NOTIFY_H

/* Sends `state` ("READY=1", "STATUS=..."; several are separated by newlines) to $NOTIFY_SOCKET, a
 * path or an abstract name. Silent when there is none, or when nobody listens. */
void notify(const char *state);
/* Has the service manager keep a copy of `fd` under `name`, in place of the one that it had
 * (FileDescriptorStoreMax= of systemd.service(5)). It keeps the copy over a restart and a kill,
 * until the service is stopped. The next process gets it beside the sockets that are passed. `fd`
 * stays the caller's. */
void notify_store(const char *name, int fd);
/* Tells a watchdog (WatchdogSec=), if there is one, that the loop still runs. */
void notify_alive(void);

#endif
