/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The claims of members: a hash of prefixes, each with its claims. Private to adoption.c, which
 * knows what claims mean.
 */
#ifndef SEKISHO_CLAIMS_H
#define SEKISHO_CLAIMS_H

#include "fleet/statement.h"

struct claim {
	struct claim *next;
	uint16_t member;
	uint8_t services; /* one bit of enum ban_services */
	uint8_t rule;
	bool alone; /* within its member's budget */
	bool told;  /* for own bans: since own_walk() */
	int64_t until_ms;
};

struct claimed {
	struct claimed *next;
	struct prefix prefix;
	struct claim *claims; /* by member and services, the lowest first */
	int64_t told_ms[2];   /* the end that was told for BAN_SMTP and BAN_LOGIN; 0: none */
};

struct claims {
	struct claimed **buckets;
	size_t bucket_count; /* a power of two; 0 before the first */
	size_t prefixes, count;
	size_t swept; /* the next bucket that a sweep looks at */
	uint64_t seed;
};

/* NULL: nobody claims exactly this prefix; wider and longer prefixes do not count. Valid until it
 * is dropped. */
struct claimed *claims_find(const struct claims *claims, const struct prefix *prefix);
/* NULL: out of memory. */
struct claimed *claims_add(struct claims *claims, const struct prefix *prefix);
/* The member's claim of one group of services; NULL: none. */
struct claim *claimed_find(struct claimed *claimed, uint16_t member, uint8_t services);
/* Adds a claim that does not exist yet. NULL: out of memory. */
struct claim *claimed_add(struct claims *claims, struct claimed *claimed, uint16_t member,
			  uint8_t services);
/* Frees the claims for which `gone` is true; returns their number. */
size_t claimed_drop(struct claims *claims, struct claimed *claimed,
		    bool (*gone)(const struct claim *claim, void *context), void *context);
/* Frees *at if it has no claims any more; *at is then the next. */
bool claims_drop_empty(struct claims *claims, struct claimed **at);
void claims_free(struct claims *claims);

#endif
