/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accounts that were logged in to here, by their hashes, so that the daemon is told the name of
 * an account that others saw something of. A table of fixed size in sets. Pure.
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
