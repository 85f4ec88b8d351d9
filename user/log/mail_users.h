/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recognises, by name, the users of this machine that mail servers run as. */
#ifndef SEKISHO_MAIL_USERS_H
#define SEKISHO_MAIL_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The answers so far; all zero at first. */
struct mail_users {
	uint32_t uids[64];
	bool mail[64];
	size_t count;
};

/* Whether a mail server runs as a user of this name. Pure. */
bool mail_user_is_name(const char *name);

/* The same by user id. Root is such a user. A user who was removed, and is not remembered,
 * is none. */
bool mail_user(struct mail_users *users, uint32_t uid);

#endif
