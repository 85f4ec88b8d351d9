/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which account a hash is of: those that were logged in to here, so that what others saw of one is
 * told to the daemon by its name. A fixed table; of two that want one place the later has it. Pure.
 */
#ifndef SEKISHO_KNOWN_ACCOUNTS_H
#define SEKISHO_KNOWN_ACCOUNTS_H

#include "fleet/statement.h"

struct known_accounts;

struct known_accounts *known_accounts_new(void); /* NULL: out of memory */
void known_accounts_free(struct known_accounts *accounts);
/* Copies the name. The longest unused one of its set gives way; without memory nothing is added. */
void known_accounts_add(struct known_accounts *accounts, const uint8_t hash[FLEET_ACCOUNT_SIZE],
			const char *name);
/* NULL: nobody knows it here. Valid until the next call. */
const char *known_accounts_find(const struct known_accounts *accounts,
				const uint8_t hash[FLEET_ACCOUNT_SIZE]);

#endif
