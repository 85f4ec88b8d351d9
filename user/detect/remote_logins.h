/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other servers saw of accounts that are logged in to here, one kind of it: networks that were
 * new to them, or from which strangers failed.
 * Each server's word counts for little: REMOTE_LOGINS_EACH networks of an account, and only beside
 * another server's. Pure, bounded. Not here: what follows from it (spread_news.c, account_siege.c,
 * account_old_password.c).
 */
#ifndef SEKISHO_REMOTE_LOGINS_H
#define SEKISHO_REMOTE_LOGINS_H

#include "detect/detect.h"

#define REMOTE_LOGINS_MAX     96   /* of one account; the oldest gives way */
#define REMOTE_LOGINS_EACH    3	   /* of one server and account within the window */
#define REMOTE_LOGINS_SERVERS 2	   /* so many must have seen something */
#define REMOTE_ACCOUNTS_MAX   4096 /* 4 KiB each; the longest unused gives way */
#define REMOTE_ACCOUNTS_ALONE 1024 /* that one server alone named; of more, its own gives way */
#define REMOTE_SERVERS_MAX    1024

struct remote_logins;

struct remote_logins *remote_logins_new(void); /* NULL: out of memory */
void remote_logins_free(struct remote_logins *remote);

/* `account` is a key as accounts_key() makes them. False: the server has said enough of it. */
bool remote_logins_add(struct remote_logins *remote, const struct prefix *account,
		       const struct detect_remote *login, uint64_t window_ns);
/* Those within the window before `now_ns`, the oldest first, valid until the next call; none unless
 * REMOTE_LOGINS_SERVERS servers saw something. */
size_t remote_logins_of(struct remote_logins *remote, const struct prefix *account, int64_t now_ns,
			uint64_t window_ns, const struct detect_remote **logins);

#endif
