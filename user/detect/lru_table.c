// SPDX-License-Identifier: GPL-2.0-or-later
/* A chained hash of fixed size whose slots are also in a list by last use. See lru_table.h. */
#include "detect/lru_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"

/* Slots are numbered from 1, and 0 means none: the table begins as zeroed memory, of which unused
 * pages are never touched. */
struct lru_slot {
	struct prefix key;
	uint32_t next;	       /* in its chain, or among the free ones */
	uint32_t older, newer; /* by last use */
	unsigned char value[];
};
/* A value that needs an alignment of 8 has a size that is a multiple of 8, and so has its slot. */
_Static_assert(sizeof(struct lru_slot) == 32 && offsetof(struct lru_slot, value) == 32,
	       "docs/rules.md");

struct lru_table {
	unsigned char *slots;
	uint32_t *heads; /* head_mask + 1 */
	size_t slot_size;
	uint32_t head_mask, most;
	uint32_t used, fresh, free, oldest, newest;
	struct lru_seed seed;
	void (*leave)(void *value, bool full, void *context);
	void *context;
};

static struct lru_slot *slot_at(const struct lru_table *table, uint32_t index)
{
	return (struct lru_slot *)(table->slots + (index - 1) * table->slot_size);
}

static uint32_t index_of(const struct lru_table *table, const struct lru_slot *slot)
{
	return (uint32_t)((size_t)((const unsigned char *)slot - table->slots) / table->slot_size) +
	       1;
}

static struct lru_slot *slot_of(const void *value)
{
	return (struct lru_slot *)((unsigned char *)(uintptr_t)value -
				   offsetof(struct lru_slot, value));
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t *head_of(const struct lru_table *table, const struct prefix *key)
{
	uint64_t mixed = fold(address_high(&key->address) ^ table->seed.a,
			      address_low(&key->address) ^ table->seed.b ^ key->length);

	return &table->heads[fold(mixed ^ table->seed.a, 0x9e3779b97f4a7c15ULL) & table->head_mask];
}

/* Reading random numbers is I/O, but no result depends on them. */
struct lru_seed lru_seed_new(void)
{
	struct lru_seed seed = { 0x6a09e667f3bcc908ULL, 0xbb67ae8584caa73bULL };

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed.a ^= (uintptr_t)&seed;
	return seed;
}

#define EACH_BYTE(value) (0x0101010101010101ULL * (value))

/* Makes A to Z of eight letters lower case at once: an addition to seven bits carries into the
 * eighth. */
static uint64_t lower(uint64_t letters)
{
	uint64_t seven = letters & EACH_BYTE(0x7f);
	uint64_t from_a = seven + EACH_BYTE(0x80 - 'A'), after_z = seven + EACH_BYTE(0x7f - 'Z');

	return letters | (from_a & ~after_z & ~letters & EACH_BYTE(0x80)) >> 2;
}

struct prefix lru_name_key(const struct lru_seed *seed, const char *name)
{
	uint64_t high = seed->a | 1, low = seed->b | 1;
	struct prefix key = { .length = LRU_NAME };

	for (size_t left = strlen(name); left;) {
		size_t size = left < sizeof(uint64_t) ? left : sizeof(uint64_t);
		uint64_t letters = 0;

		memcpy(&letters, name, size);
		letters = lower(letters);
		high = fold(high ^ letters, 0x9e3779b97f4a7c15ULL ^ seed->b);
		low = fold(low ^ letters, 0xd1b54a32d192ed03ULL ^ seed->a) + high;
		name += size;
		left -= size;
	}
	memcpy(key.address.byte, &high, sizeof(high));
	memcpy(key.address.byte + 8, &low, sizeof(low));
	return key;
}

struct prefix lru_pair_key(const struct prefix *name, const struct prefix *with)
{
	struct prefix key = *name;

	for (size_t i = 0; i < sizeof(key.address.byte); i++)
		key.address.byte[i] ^= with->address.byte[i];
	key.length |= with->length << 8;
	return key;
}

static int allocate(struct lru_table *table, uint32_t most)
{
	_cleanup_free_ unsigned char *slots = calloc(most, table->slot_size);
	_cleanup_free_ uint32_t *heads = NULL;
	uint32_t count = 16;

	while (count < most)
		count *= 2;
	heads = calloc(count, sizeof(*heads));
	if (!slots || !heads)
		return -ENOMEM;
	table->slots = TAKE_PTR(slots);
	table->heads = TAKE_PTR(heads);
	table->head_mask = count - 1;
	table->most = most;
	return 0;
}

struct lru_table *lru_new(size_t value_size, uint32_t most,
			  void (*leave)(void *value, bool full, void *context), void *context)
{
	_cleanup_free_ struct lru_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->slot_size = (offsetof(struct lru_slot, value) + value_size + 3) & ~(size_t)3;
	table->leave = leave;
	table->context = context;
	table->seed = lru_seed_new();
	return allocate(table, most) ? NULL : TAKE_PTR(table);
}

void *lru_find(const struct lru_table *table, const struct prefix *key)
{
	for (uint32_t index = *head_of(table, key); index; index = slot_at(table, index)->next)
		if (!memcmp(&slot_at(table, index)->key, key, sizeof(*key)))
			return slot_at(table, index)->value;
	return NULL;
}

static void unlink_age(struct lru_table *table, const struct lru_slot *slot)
{
	if (slot->older)
		slot_at(table, slot->older)->newer = slot->newer;
	else
		table->oldest = slot->newer;
	if (slot->newer)
		slot_at(table, slot->newer)->older = slot->older;
	else
		table->newest = slot->older;
}

static void link_newest(struct lru_table *table, struct lru_slot *slot)
{
	uint32_t index = index_of(table, slot);

	slot->older = table->newest;
	slot->newer = 0;
	if (table->newest)
		slot_at(table, table->newest)->newer = index;
	else
		table->oldest = index;
	table->newest = index;
}

static void drop(struct lru_table *table, struct lru_slot *slot, bool full)
{
	uint32_t *link = head_of(table, &slot->key), index = index_of(table, slot);

	if (table->leave)
		table->leave(slot->value, full, table->context);
	while (*link != index)
		link = &slot_at(table, *link)->next;
	*link = slot->next;
	unlink_age(table, slot);
	slot->next = table->free;
	table->free = index;
	table->used--;
}

/* There must be room. */
static struct lru_slot *insert(struct lru_table *table, const struct prefix *key)
{
	uint32_t index = table->free, *head = head_of(table, key);
	struct lru_slot *slot;

	if (!index)
		index = ++table->fresh;
	slot = slot_at(table, index);
	if (index == table->free)
		table->free = slot->next;
	memset(slot, 0, table->slot_size);
	slot->key = *key;
	slot->next = *head;
	*head = index;
	link_newest(table, slot);
	table->used++;
	return slot;
}

void lru_use(struct lru_table *table, void *value)
{
	struct lru_slot *slot = slot_of(value);

	if (!slot->newer)
		return;
	unlink_age(table, slot);
	link_newest(table, slot);
}

void *lru_touch(struct lru_table *table, const struct prefix *key, bool *fresh)
{
	void *value = lru_find(table, key);

	if (fresh)
		*fresh = !value;
	if (value) {
		lru_use(table, value);
		return value;
	}
	if (table->used == table->most)
		drop(table, slot_at(table, table->oldest), true);
	return insert(table, key)->value;
}

static void prefetch_first(const struct lru_table *table, const struct prefix *key)
{
	uint32_t index = *head_of(table, key);
	const struct lru_slot *slot = index ? slot_at(table, index) : NULL;

	if (!slot)
		return;
	__builtin_prefetch(slot, 1);
	__builtin_prefetch(slot->value, 1);
}

void lru_expect(const struct lru_lookup *lookups, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct lru_table *table = lookups[i].table;

		if (!table)
			continue;
		__builtin_prefetch(head_of(table, lookups[i].key), 1);
		if (table->used == table->most) /* the oldest may be evicted */
			__builtin_prefetch(head_of(table, &slot_at(table, table->oldest)->key), 1);
	}
	for (size_t i = 0; i < count; i++) {
		const struct lru_table *table = lookups[i].table;

		if (!table)
			continue;
		prefetch_first(table, lookups[i].key);
		if (table->used == table->most)
			prefetch_first(table, &slot_at(table, table->oldest)->key);
	}
}

void lru_drop(struct lru_table *table, void *value)
{
	drop(table, slot_of(value), false);
}

void *lru_oldest(const struct lru_table *table)
{
	return table->oldest ? slot_at(table, table->oldest)->value : NULL;
}

const struct prefix *lru_key(const struct lru_table *table, const void *value)
{
	(void)table;
	return &slot_of(value)->key;
}

void lru_each(struct lru_table *table,
	      void (*each)(const struct prefix *key, void *value, void *context), void *context)
{
	for (uint32_t at = table->newest; at; at = slot_at(table, at)->older)
		each(&slot_at(table, at)->key, slot_at(table, at)->value, context);
}

int lru_resize(struct lru_table *table, uint32_t most)
{
	struct lru_table other = *table;

	if (most == table->most)
		return 0;
	if (allocate(&other, most))
		return -ENOMEM;
	while (table->used > most)
		drop(table, slot_at(table, table->oldest), true);
	other.used = other.fresh = other.free = other.oldest = other.newest = 0;
	for (uint32_t at = table->oldest; at; at = slot_at(table, at)->newer) {
		struct lru_slot *old = slot_at(table, at), *moved = insert(&other, &old->key);

		memcpy(moved->value, old->value,
		       table->slot_size - offsetof(struct lru_slot, value));
	}
	free(table->slots);
	free(table->heads);
	*table = other;
	return 0;
}

uint32_t lru_used(const struct lru_table *table)
{
	return table->used;
}

uint32_t lru_size(const struct lru_table *table)
{
	return table->most;
}

void lru_free(struct lru_table *table)
{
	if (!table)
		return;
	for (uint32_t at = table->oldest; at && table->leave; at = slot_at(table, at)->newer)
		table->leave(slot_at(table, at)->value, false, table->context);
	free(table->slots);
	free(table->heads);
	free(table);
}
