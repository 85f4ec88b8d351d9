/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded table of values of one size by prefix, in the order of their last use; when it is full
 * the longest unused value gives way. All that rules remember is in such tables. Pure. Not here:
 * what the values mean.
 *
 * The key of a name (account) is a prefix made of its hash: lru_name_key(). Takes at most most *
 * (32 + value size) + 8 * most bytes, of which only so much is real memory as was in use at one
 * time.
 */
#ifndef SEKISHO_LRU_TABLE_H
#define SEKISHO_LRU_TABLE_H

#include "net/address.h"

/* What a key has beside its prefix, in bits of the length that no prefix uses. Uses that never meet
 * in one table share a bit. */
#define LRU_KEY_GROUP(group) ((uint32_t)(group) << 8) /* enum ban_services */
#define LRU_KEY_APART	     0x20000U /* counted apart from the prefix's other keys */
#define LRU_KEY_APART_TOO    0x40000U /* and apart from LRU_KEY_APART */
#define LRU_KEY_RULE(rule)   ((uint32_t)(rule) << 20) /* enum ban_rule */

struct lru_table;

/* `leave` (may be NULL) is called for every value that is dropped; `full`: to make room. `most` is
 * 1 .. 2^30. NULL: out of memory. */
struct lru_table *lru_new(size_t value_size, uint32_t most,
			  void (*leave)(void *value, bool full, void *context), void *context);
void lru_free(struct lru_table *table); /* drops every value */

void *lru_find(const struct lru_table *table, const struct prefix *key); /* NULL: none */
/* Finds the key's value, or makes it, zeroed. It becomes the last used one. Never fails. */
void *lru_touch(struct lru_table *table, const struct prefix *key, bool *fresh);
void lru_use(struct lru_table *table, void *value); /* makes it the last used one */
void lru_drop(struct lru_table *table, void *value);
/* The longest unused value, or NULL; and the key of a value. */
void *lru_oldest(const struct lru_table *table);
const struct prefix *lru_key(const struct lru_table *table, const void *value);
/* Announces keys that will be looked up, each in its table, so that memory that is far apart is
 * fetched at once instead of one after the other. Changes nothing. */
struct lru_lookup {
	const struct lru_table *table; /* NULL: none */
	const struct prefix *key;
};
void lru_expect(const struct lru_lookup *lookups, size_t count);

/* Calls `each` for every value, the last used first. `each` must not make or drop any. */
void lru_each(struct lru_table *table,
	      void (*each)(const struct prefix *key, void *value, void *context), void *context);
/* Keeps the most recently used values. -ENOMEM: the table is as before. */
int lru_resize(struct lru_table *table, uint32_t most);

/* The number of values now, and at most. */
uint32_t lru_used(const struct lru_table *table);
uint32_t lru_size(const struct lru_table *table);

/* The seed of a table's hash. Strangers choose IPv6 prefixes and account names, and could otherwise
 * make them collide. */
struct lru_seed {
	uint64_t a, b;
};
struct lru_seed lru_seed_new(void);

/* The key of a name, whatever the case of A to Z: 128 bits of hash, and a length that no address
 * has. */
#define LRU_NAME 0x10000U
struct prefix lru_name_key(const struct lru_seed *seed, const char *name);
/* The key of a pair: a name's key, and a source or another name. It differs from both keys. */
struct prefix lru_pair_key(const struct prefix *name, const struct prefix *with);

#endif
