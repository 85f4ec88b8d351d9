/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded table of equal values by prefix, in the order of their last use; the longest unused one
 * gives way when it is full. What everything that rules remember is kept in. Pure. Not here: what
 * the values mean.
 *
 * Names (accounts) are keyed as a prefix made of their hash: recent_name_key(). At most
 * most * (32 + value size) + 8 * most bytes, of which memory is used only for what was in use at
 * once.
 */
#ifndef SEKISHO_RECENT_H
#define SEKISHO_RECENT_H

#include "net/address.h"

struct recent;

/* `leave` (may be NULL) is called for every value that goes, `full`: to make room. `most` is 1 ..
 * 2^30. NULL: out of memory. */
struct recent *recent_new(size_t value_size, uint32_t most,
			  void (*leave)(void *value, bool full, void *context), void *context);
void recent_free(struct recent *recent); /* every value leaves */

void *recent_find(const struct recent *recent, const struct prefix *key); /* NULL: none */
/* Finds or makes it, zeroed, and makes it the last used one. Never fails. */
void *recent_touch(struct recent *recent, const struct prefix *key, bool *fresh);
void recent_drop(struct recent *recent, void *value);
/* The longest unused value, or NULL; its key. */
void *recent_oldest(const struct recent *recent);
const struct prefix *recent_key(const struct recent *recent, const void *value);
/* Every value, the last used first; `each` neither makes nor drops any. */
void recent_each(struct recent *recent,
		 void (*each)(const struct prefix *key, void *value, void *context), void *context);
/* Keeps the most recently used ones. -ENOMEM: as before. */
int recent_resize(struct recent *recent, uint32_t most);

uint32_t recent_used(const struct recent *recent);
uint32_t recent_size(const struct recent *recent);

/* What a table is seeded with, so that strangers, who choose IPv6 prefixes and account names,
 * cannot make them meet. */
struct recent_seed {
	uint64_t a, b;
};
struct recent_seed recent_seed_new(void);

/* A name without regard to the case of A to Z: 128 bits of hash, and a length that no address has. */
#define RECENT_NAME 0x10000U
struct prefix recent_name_key(const struct recent_seed *seed, const char *name);

#endif
