// SPDX-License-Identifier: GPL-2.0-or-later
/* A chained hash of fixed size with a list by last use. See lru_table.h. */
#include "detect/lru_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"

/* Slots are numbered from 1, 0 is none: so zeroed memory that was never used stays untouched. */
struct lru_slot {
	struct prefix key;
	uint32_t next;	       /* in its chain, or among the free ones */
	uint32_t older, newer; /* by last use */
	unsigned char value[];
};
/* What is to be aligned to 8 has a size of eights, and so has its slot then. */
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

static struct lru_slot *slot_at(const struct lru_table *recent, uint32_t index)
{
	return (struct lru_slot *)(recent->slots + (index - 1) * recent->slot_size);
}

static uint32_t index_of(const struct lru_table *recent, const struct lru_slot *slot)
{
	return (uint32_t)((size_t)((const unsigned char *)slot - recent->slots) /
			  recent->slot_size) +
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

static uint32_t *head_of(const struct lru_table *recent, const struct prefix *key)
{
	uint64_t mixed = fold(address_high(&key->address) ^ recent->seed.a,
			      address_low(&key->address) ^ recent->seed.b ^ key->length);

	return &recent->heads[fold(mixed ^ recent->seed.a, 0x9e3779b97f4a7c15ULL) &
			      recent->head_mask];
}

/* Reading random numbers is I/O, but nothing that comes out depends on them. */
struct lru_seed lru_seed_new(void)
{
	struct lru_seed seed = { 0x6a09e667f3bcc908ULL, 0xbb67ae8584caa73bULL };

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed.a ^= (uintptr_t)&seed;
	return seed;
}

#define EACH_BYTE(value) (0x0101010101010101ULL * (value))

/* A to Z of eight letters at once: additions to seven bits carry into the eighth. */
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

static int allocate(struct lru_table *recent, uint32_t most)
{
	_cleanup_free_ unsigned char *slots = calloc(most, recent->slot_size);
	_cleanup_free_ uint32_t *heads = NULL;
	uint32_t count = 16;

	while (count < most)
		count *= 2;
	heads = calloc(count, sizeof(*heads));
	if (!slots || !heads)
		return -ENOMEM;
	recent->slots = TAKE_PTR(slots);
	recent->heads = TAKE_PTR(heads);
	recent->head_mask = count - 1;
	recent->most = most;
	return 0;
}

struct lru_table *lru_new(size_t value_size, uint32_t most,
			  void (*leave)(void *value, bool full, void *context), void *context)
{
	_cleanup_free_ struct lru_table *recent = calloc(1, sizeof(*recent));

	if (!recent)
		return NULL;
	recent->slot_size = (offsetof(struct lru_slot, value) + value_size + 3) & ~(size_t)3;
	recent->leave = leave;
	recent->context = context;
	recent->seed = lru_seed_new();
	return allocate(recent, most) ? NULL : TAKE_PTR(recent);
}

void *lru_find(const struct lru_table *recent, const struct prefix *key)
{
	for (uint32_t index = *head_of(recent, key); index; index = slot_at(recent, index)->next)
		if (!memcmp(&slot_at(recent, index)->key, key, sizeof(*key)))
			return slot_at(recent, index)->value;
	return NULL;
}

static void unlink_age(struct lru_table *recent, const struct lru_slot *slot)
{
	if (slot->older)
		slot_at(recent, slot->older)->newer = slot->newer;
	else
		recent->oldest = slot->newer;
	if (slot->newer)
		slot_at(recent, slot->newer)->older = slot->older;
	else
		recent->newest = slot->older;
}

static void link_newest(struct lru_table *recent, struct lru_slot *slot)
{
	uint32_t index = index_of(recent, slot);

	slot->older = recent->newest;
	slot->newer = 0;
	if (recent->newest)
		slot_at(recent, recent->newest)->newer = index;
	else
		recent->oldest = index;
	recent->newest = index;
}

static void drop(struct lru_table *recent, struct lru_slot *slot, bool full)
{
	uint32_t *link = head_of(recent, &slot->key), index = index_of(recent, slot);

	if (recent->leave)
		recent->leave(slot->value, full, recent->context);
	while (*link != index)
		link = &slot_at(recent, *link)->next;
	*link = slot->next;
	unlink_age(recent, slot);
	slot->next = recent->free;
	recent->free = index;
	recent->used--;
}

/* There must be room. */
static struct lru_slot *insert(struct lru_table *recent, const struct prefix *key)
{
	uint32_t index = recent->free, *head = head_of(recent, key);
	struct lru_slot *slot;

	if (!index)
		index = ++recent->fresh;
	slot = slot_at(recent, index);
	if (index == recent->free)
		recent->free = slot->next;
	memset(slot, 0, recent->slot_size);
	slot->key = *key;
	slot->next = *head;
	*head = index;
	link_newest(recent, slot);
	recent->used++;
	return slot;
}

void lru_use(struct lru_table *recent, void *value)
{
	struct lru_slot *slot = slot_of(value);

	if (!slot->newer)
		return;
	unlink_age(recent, slot);
	link_newest(recent, slot);
}

void *lru_touch(struct lru_table *recent, const struct prefix *key, bool *fresh)
{
	void *value = lru_find(recent, key);

	if (fresh)
		*fresh = !value;
	if (value) {
		lru_use(recent, value);
		return value;
	}
	if (recent->used == recent->most)
		drop(recent, slot_at(recent, recent->oldest), true);
	return insert(recent, key)->value;
}

void lru_expect(const struct lru_lookup *lookups, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct lru_table *recent = lookups[i].recent;

		if (!recent)
			continue;
		__builtin_prefetch(head_of(recent, lookups[i].key), 1);
		if (recent->used == recent->most) /* the oldest may give way */
			__builtin_prefetch(head_of(recent, &slot_at(recent, recent->oldest)->key),
					   1);
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t index = lookups[i].recent ? *head_of(lookups[i].recent, lookups[i].key)
						   : 0;
		const struct lru_slot *slot = index ? slot_at(lookups[i].recent, index) : NULL;

		if (!slot)
			continue;
		__builtin_prefetch(slot, 1);
		__builtin_prefetch(slot->value, 1);
	}
}

void lru_drop(struct lru_table *recent, void *value)
{
	drop(recent, slot_of(value), false);
}

void *lru_oldest(const struct lru_table *recent)
{
	return recent->oldest ? slot_at(recent, recent->oldest)->value : NULL;
}

const struct prefix *lru_key(const struct lru_table *recent, const void *value)
{
	(void)recent;
	return &slot_of(value)->key;
}

void lru_each(struct lru_table *recent,
	      void (*each)(const struct prefix *key, void *value, void *context), void *context)
{
	for (uint32_t at = recent->newest; at; at = slot_at(recent, at)->older)
		each(&slot_at(recent, at)->key, slot_at(recent, at)->value, context);
}

int lru_resize(struct lru_table *recent, uint32_t most)
{
	struct lru_table other = *recent;

	if (most == recent->most)
		return 0;
	if (allocate(&other, most))
		return -ENOMEM;
	while (recent->used > most)
		drop(recent, slot_at(recent, recent->oldest), true);
	other.used = other.fresh = other.free = other.oldest = other.newest = 0;
	for (uint32_t at = recent->oldest; at; at = slot_at(recent, at)->newer) {
		struct lru_slot *old = slot_at(recent, at), *moved = insert(&other, &old->key);

		memcpy(moved->value, old->value,
		       recent->slot_size - offsetof(struct lru_slot, value));
	}
	free(recent->slots);
	free(recent->heads);
	*recent = other;
	return 0;
}

uint32_t lru_used(const struct lru_table *recent)
{
	return recent->used;
}

uint32_t lru_size(const struct lru_table *recent)
{
	return recent->most;
}

void lru_free(struct lru_table *recent)
{
	if (!recent)
		return;
	for (uint32_t at = recent->oldest; at && recent->leave; at = slot_at(recent, at)->newer)
		recent->leave(slot_at(recent, at)->value, false, recent->context);
	free(recent->slots);
	free(recent->heads);
	free(recent);
}
