/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded table of equal values by prefix, in the order of their last use; the longest unused one
 * gives way when it is full. What everything that rules remember is kept in. Pure. Not here: what
 * the values mean.
 *
 * Names (accounts) are keyed as a prefix made of their hash: lru_name_key(). At most
 * most * (32 + value size) + 8 * most bytes, of which memory is used only for what was in use at
 * once.
 */
#ifndef SEKISHO_LRU_TABLE_H
#define SEKISHO_LRU_TABLE_H

#include "net/address.h"

/* What a key says beside its prefix, in bits of the length that no prefix has. Uses share a bit
 * where they never meet in one table. */
#define LRU_KEY_GROUP(group) ((uint32_t)(group) << 8) /* enum ban_services */
#define LRU_KEY_APART	     0x20000U		      /* counted apart from the prefix's others */
#define LRU_KEY_APART_TOO    0x40000U		      /* and apart from these */
#define LRU_KEY_RULE(rule)   ((uint32_t)(rule) << 20) /* enum ban_rule */

struct lru_table;

/* `leave` (may be NULL) is called for every value that goes, `full`: to make room. `most` is 1 ..
 * 2^30. NULL: out of memory. */
struct lru_table *lru_new(size_t value_size, uint32_t most,
			  void (*leave)(void *value, bool full, void *context), void *context);
void lru_free(struct lru_table *table); /* every value leaves */

void *lru_find(const struct lru_table *table, const struct prefix *key); /* NULL: none */
/* Finds or makes it, zeroed, and makes it the last used one. Never fails. */
void *lru_touch(struct lru_table *table, const struct prefix *key, bool *fresh);
void lru_use(struct lru_table *table, void *value); /* makes it the last used one */
void lru_drop(struct lru_table *table, void *value);
/* The longest unused value, or NULL; its key. */
void *lru_oldest(const struct lru_table *table);
const struct prefix *lru_key(const struct lru_table *table, const void *value);
/* Keys that are about to be looked for, each in its table: what lies far apart in memory is fetched
 * at once instead of one after the other. Changes nothing. */
struct lru_lookup {
	const struct lru_table *table; /* NULL: none */
	const struct prefix *key;
};
void lru_expect(const struct lru_lookup *lookups, size_t count);

/* Every value, the last used first; `each` neither makes nor drops any. */
void lru_each(struct lru_table *table,
	      void (*each)(const struct prefix *key, void *value, void *context), void *context);
/* Keeps the most recently used ones. -ENOMEM: as before. */
int lru_resize(struct lru_table *table, uint32_t most);

/* Values now, and the most. */
uint32_t lru_used(const struct lru_table *table);
uint32_t lru_size(const struct lru_table *table);

/* What a table is seeded with, so that strangers, who choose IPv6 prefixes and account names,
 * cannot make them meet. */
struct lru_seed {
	uint64_t a, b;
};
struct lru_seed lru_seed_new(void);

/* A name without regard to the case of A to Z: 128 bits of hash, and a length that no address has. */
#define LRU_NAME 0x10000U
struct prefix lru_name_key(const struct lru_seed *seed, const char *name);
/* The pair of a name's key and a source or another name, as a key of neither. */
struct prefix lru_pair_key(const struct prefix *name, const struct prefix *with);

#endif
