/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source that accounts know, and which these are. Their number is exact up to what makes a shared
 * place: only the accounts that logged in from the source last are kept; of more it is estimated.
 * Pure. Not here: the table of these sources (known.c).
 */
#ifndef SEKISHO_KNOWN_SOURCE_H
#define SEKISHO_KNOWN_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/detect.h"

/* Accounts are told apart by a 32-bit hash: two accounts of one source with the same hash count as
 * one. */
struct known_account {
	uint32_t hash;
	uint16_t day;	   /* of the last login, since 1970; 0: unused */
	uint16_t two_days; /* 1: it was logged in to on two days, also while we are young */
};

/* Most sources belong to one account. */
struct known {
	int64_t last_ns;
	uint32_t room; /* 1: the account is `one`; else DETECT_SHARED_MAX */
	union {
		struct known_account one;
		struct known_crowd *many;
	} __attribute__((packed, aligned(4)));
} __attribute__((packed, aligned(4)));
_Static_assert(sizeof(struct known) == 20, "docs/rules.md");

/* A login to an account that knows the source. */
struct known_login {
	uint32_t hash; /* of the account */
	bool two_days; /* the source came to it on two days */
	int64_t last_ns;
};

/* Zeroed memory is a source that no account knows. If there is no memory for more, one account is
 * kept. */
void known_source_note(struct known *known, const struct known_login *login);
/* Takes an account out. Returns whether it was there; *others: whether other accounts remain. */
bool known_source_drop(struct known *known, uint32_t hash, bool *others);
void known_source_free(struct known *known); /* not the struct itself */

/* About how many accounts know it, of any time that is remembered; at least 1. */
unsigned known_source_accounts(const struct known *known);
/* Accounts that logged in within the last DETECT_KNOWN_DAYS, at most DETECT_SHARED_MAX. */
unsigned known_source_lately(const struct known *known, int64_t now_ns);
/* The same of accounts but `hash` that logged in on two days. Their hashes go to `others`, if it is
 * not NULL. */
unsigned known_source_others(const struct known *known, uint32_t hash, int64_t now_ns,
			     uint32_t others[DETECT_SHARED_MAX]);

#endif
