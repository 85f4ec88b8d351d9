/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other servers saw of accounts that are logged in to here, one kind of sighting: networks
 * that were new to the accounts, or from which strangers failed. The sightings of one server count
 * for little: REMOTE_LOGINS_EACH networks of an account, and only if another server saw something,
 * too. Pure, bounded. Not here: what follows from them (spread_news.c, account_siege.c,
 * account_old_password.c).
 */
#ifndef SEKISHO_REMOTE_LOGINS_H
#define SEKISHO_REMOTE_LOGINS_H

#include "detect/detect.h"

#define REMOTE_LOGINS_MAX     96   /* of one account; the oldest gives way */
#define REMOTE_LOGINS_EACH    3	   /* of one server and account within the window */
#define REMOTE_LOGINS_SERVERS 2	   /* so many servers must have seen something */
#define REMOTE_ACCOUNTS_MAX   4096 /* 4 KiB each; the longest unused gives way */
#define REMOTE_ACCOUNTS_ALONE 1024 /* that only one server named; then one of its own gives way */
#define REMOTE_SERVERS_MAX    1024

struct remote_logins;

struct remote_logins *remote_logins_new(void); /* NULL: out of memory */
void remote_logins_free(struct remote_logins *remote);

/* Adds a sighting. `account` is a key by accounts_key(). False: the server has told enough of this
 * account. */
bool remote_logins_add(struct remote_logins *remote, const struct prefix *account,
		       const struct detect_remote *login, uint64_t window_ns);
/* The sightings within the window before `now_ns`, the oldest first, valid until the next call;
 * none unless REMOTE_LOGINS_SERVERS servers saw something. Returns their number. */
size_t remote_logins_of(struct remote_logins *remote, const struct prefix *account, int64_t now_ns,
			uint64_t window_ns, const struct detect_remote **logins);

#endif
