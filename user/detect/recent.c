// SPDX-License-Identifier: GPL-2.0-or-later
/* A chained hash of fixed size with a list by last use. See recent.h. */
#include "detect/recent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"

/* Slots are numbered from 1, 0 is none: so zeroed memory that was never used stays untouched. */
struct recent_slot {
	struct prefix key;
	uint32_t next;	       /* in its chain, or among the free ones */
	uint32_t older, newer; /* by last use */
	_Alignas(8) unsigned char value[];
};

struct recent {
	unsigned char *slots;
	uint32_t *heads; /* head_mask + 1 */
	size_t slot_size;
	uint32_t head_mask, most;
	uint32_t used, fresh, free, oldest, newest;
	struct recent_seed seed;
	void (*leave)(void *value, bool full, void *context);
	void *context;
};

static struct recent_slot *slot_at(const struct recent *recent, uint32_t index)
{
	return (struct recent_slot *)(recent->slots + (index - 1) * recent->slot_size);
}

static uint32_t index_of(const struct recent *recent, const struct recent_slot *slot)
{
	return (uint32_t)((size_t)((const unsigned char *)slot - recent->slots) /
			  recent->slot_size) +
	       1;
}

static struct recent_slot *slot_of(const void *value)
{
	return (struct recent_slot *)((unsigned char *)(uintptr_t)value -
				      offsetof(struct recent_slot, value));
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t *head_of(const struct recent *recent, const struct prefix *key)
{
	uint64_t mixed = fold(address_high(&key->address) ^ recent->seed.a,
			      address_low(&key->address) ^ recent->seed.b ^ key->length);

	return &recent->heads[fold(mixed ^ recent->seed.a, 0x9e3779b97f4a7c15ULL) &
			      recent->head_mask];
}

/* Reading random numbers is I/O, but nothing that comes out depends on them. */
struct recent_seed recent_seed_new(void)
{
	struct recent_seed seed = { 0x6a09e667f3bcc908ULL, 0xbb67ae8584caa73bULL };

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed.a ^= (uintptr_t)&seed;
	return seed;
}

struct prefix recent_name_key(const struct recent_seed *seed, const char *name)
{
	uint64_t high = seed->a | 1, low = seed->b | 1;
	struct prefix key = { .length = RECENT_NAME };

	for (; *name; name++) {
		uint64_t letter = (unsigned char)*name;

		if (letter >= 'A' && letter <= 'Z')
			letter += 'a' - 'A';
		high = fold(high ^ letter, 0x9e3779b97f4a7c15ULL ^ seed->b);
		low = fold(low ^ letter, 0xd1b54a32d192ed03ULL ^ seed->a) + high;
	}
	memcpy(key.address.byte, &high, sizeof(high));
	memcpy(key.address.byte + 8, &low, sizeof(low));
	return key;
}

static int allocate(struct recent *recent, uint32_t most)
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

struct recent *recent_new(size_t value_size, uint32_t most,
			  void (*leave)(void *value, bool full, void *context), void *context)
{
	_cleanup_free_ struct recent *recent = calloc(1, sizeof(*recent));

	if (!recent)
		return NULL;
	recent->slot_size = (offsetof(struct recent_slot, value) + value_size + 7) & ~(size_t)7;
	recent->leave = leave;
	recent->context = context;
	recent->seed = recent_seed_new();
	return allocate(recent, most) ? NULL : TAKE_PTR(recent);
}

void *recent_find(const struct recent *recent, const struct prefix *key)
{
	for (uint32_t index = *head_of(recent, key); index; index = slot_at(recent, index)->next)
		if (!memcmp(&slot_at(recent, index)->key, key, sizeof(*key)))
			return slot_at(recent, index)->value;
	return NULL;
}

static void unlink_age(struct recent *recent, const struct recent_slot *slot)
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

static void link_newest(struct recent *recent, struct recent_slot *slot)
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

static void drop(struct recent *recent, struct recent_slot *slot, bool full)
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
static struct recent_slot *insert(struct recent *recent, const struct prefix *key)
{
	uint32_t index = recent->free, *head = head_of(recent, key);
	struct recent_slot *slot;

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

void *recent_touch(struct recent *recent, const struct prefix *key, bool *fresh)
{
	void *value = recent_find(recent, key);
	struct recent_slot *slot;

	if (fresh)
		*fresh = !value;
	if (value) {
		slot = slot_of(value);
		if (slot->newer) {
			unlink_age(recent, slot);
			link_newest(recent, slot);
		}
		return value;
	}
	if (recent->used == recent->most)
		drop(recent, slot_at(recent, recent->oldest), true);
	return insert(recent, key)->value;
}

void recent_drop(struct recent *recent, void *value)
{
	drop(recent, slot_of(value), false);
}

void *recent_oldest(const struct recent *recent)
{
	return recent->oldest ? slot_at(recent, recent->oldest)->value : NULL;
}

const struct prefix *recent_key(const struct recent *recent, const void *value)
{
	(void)recent;
	return &slot_of(value)->key;
}

void recent_each(struct recent *recent,
		 void (*each)(const struct prefix *key, void *value, void *context), void *context)
{
	for (uint32_t at = recent->newest; at; at = slot_at(recent, at)->older)
		each(&slot_at(recent, at)->key, slot_at(recent, at)->value, context);
}

int recent_resize(struct recent *recent, uint32_t most)
{
	struct recent other = *recent;

	if (most == recent->most)
		return 0;
	if (allocate(&other, most))
		return -ENOMEM;
	while (recent->used > most)
		drop(recent, slot_at(recent, recent->oldest), true);
	other.used = other.fresh = other.free = other.oldest = other.newest = 0;
	for (uint32_t at = recent->oldest; at; at = slot_at(recent, at)->newer) {
		struct recent_slot *old = slot_at(recent, at), *moved = insert(&other, &old->key);

		memcpy(moved->value, old->value,
		       recent->slot_size - offsetof(struct recent_slot, value));
	}
	free(recent->slots);
	free(recent->heads);
	*recent = other;
	return 0;
}

uint32_t recent_used(const struct recent *recent)
{
	return recent->used;
}

uint32_t recent_size(const struct recent *recent)
{
	return recent->most;
}

void recent_free(struct recent *recent)
{
	if (!recent)
		return;
	for (uint32_t at = recent->oldest; at && recent->leave; at = slot_at(recent, at)->newer)
		recent->leave(slot_at(recent, at)->value, false, recent->context);
	free(recent->slots);
	free(recent->heads);
	free(recent);
}
