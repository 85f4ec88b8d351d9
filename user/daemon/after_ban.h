/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon does after the kernel has taken a ban, whoever decided it. */
#ifndef SEKISHO_AFTER_BAN_H
#define SEKISHO_AFTER_BAN_H

#include "daemon/daemon.h"

/* Counts the ban, tells the fleet of it unless it came from there, and logs it. `waited`: the
 * kernel could not take it at once. `amiss`: what went wrong all the same, which is logged as a
 * fault; "": nothing. */
void after_ban(struct daemon *daemon, const struct ban_record *ban, bool waited, const char *amiss);

/* Whether one more ban, or the end of one, is logged: BAN_LOGGED_MAX in a second are;
 * ban_queue_tick() sums up the others. */
#define BAN_LOGGED_MAX 100
bool ban_may_log(struct daemon *daemon);

#endif
