/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What accounts.c and troubles.c share. Not for rules: they see accounts.h. */
#ifndef SEKISHO_DETECT_ACCOUNTS_INSIDE_H
#define SEKISHO_DETECT_ACCOUNTS_INSIDE_H

#include "detect/accounts.h"

struct siege {
	int64_t last_ns, told_ns;
};

struct accounts {
	const struct detect_settings *settings;
	struct recent_seed seed;
	struct recent *accounts; /* struct account, by name */
	struct recent *sieges;	 /* struct siege, by name */
	struct recent *known;	 /* struct known, by source and by network */
	uint64_t places, forgotten;
};

/* Times may run backwards a little, and after a wrong stamp by much. */
static inline bool accounts_within(int64_t then_ns, int64_t now_ns, int64_t span_ns)
{
	return then_ns >= now_ns || (uint64_t)now_ns - (uint64_t)then_ns <= (uint64_t)span_ns;
}

/* A name without known sources takes no place (NULL) unless `make`. */
struct account *accounts_find(struct accounts *accounts, const char *name, const struct prefix *key,
			      bool make, int64_t now_ns);

#endif
