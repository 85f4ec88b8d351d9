/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sd_notify(3): the service manager's protocol is one datagram, so it needs no library. */
#ifndef SEKISHO_NOTIFY_H
#define SEKISHO_NOTIFY_H

/* Sends `state` ("READY=1", "STATUS=..."; several by newlines) to $NOTIFY_SOCKET, a path or an
 * abstract name. Silent when there is none, or when nobody listens. */
void notify(const char *state);
/* To a watchdog (WatchdogSec=), where there is one: the loop goes round. */
void notify_alive(void);

#endif
