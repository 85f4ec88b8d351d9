/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a user of this machine is one that mail servers run as, by its name. */
#ifndef SEKISHO_MAIL_USERS_H
#define SEKISHO_MAIL_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was found before; begins as zeroes. */
struct mail_users {
	uint32_t uids[64];
	bool mail[64];
	size_t count;
};

/* Pure. */
bool mail_user_is_name(const char *name);

/* Root is one. A user who was removed, and is not remembered, is none. */
bool mail_user(struct mail_users *users, uint32_t uid);

#endif
