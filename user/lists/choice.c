// SPDX-License-Identifier: GPL-2.0-or-later
/* See choice.h. */
#include "lists/choice.h"

#include <errno.h>
#include <string.h>

#define WORDS (LIST_MAX / 64)

static uint16_t services_of(const struct compile_list *list)
{
	return list->services ? list->services : 0xffff;
}

static bool same_lists(const struct compile_list *lists, size_t count, unsigned a, unsigned b)
{
	for (size_t i = 0; i < count; i++)
		if ((services_of(&lists[i]) >> a ^ services_of(&lists[i]) >> b) & 1)
			return false;
	return true;
}

void choice_open(struct choice *choice, const struct compile_list *lists, size_t count)
{
	unsigned first[SERVICE_MAX] = { 0 };

	memset(choice, 0, sizeof(*choice));
	for (unsigned service = 0; service < SERVICE_MAX; service++) {
		unsigned kind = 0;

		while (kind < choice->kinds && !same_lists(lists, count, first[kind], service))
			kind++;
		choice->kind_of[service] = (uint8_t)kind;
		if (kind < choice->kinds)
			continue;
		first[choice->kinds++] = service;
		for (size_t i = 0; i < count; i++)
			if (services_of(&lists[i]) >> service & 1)
				choice->for_kind[kind][lists[i].id / 64] |= 1ULL
									    << lists[i].id % 64;
	}
}

uint8_t choice_lowest(const uint64_t set[WORDS], const uint64_t of[WORDS])
{
	for (unsigned i = 0; i < WORDS; i++)
		if (set[i] & of[i])
			return (uint8_t)(i * 64 + (unsigned)__builtin_ctzll(set[i] & of[i]));
	return 0;
}

/* The bucket that holds the combination, or an empty one. */
static uint16_t *find_bucket(struct choice *choice, const struct table_mixed *mixed)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (size_t i = 0; i < sizeof(*mixed); i++)
		hash = (hash ^ ((const uint8_t *)mixed)[i]) * 16777619U;
	for (;; hash++) {
		uint16_t *bucket = &choice->buckets[hash % CHOICE_BUCKETS];

		if (!*bucket || !memcmp(&choice->mixed[*bucket - 1], mixed, sizeof(*mixed)))
			return bucket;
	}
}

static int mix(struct choice *choice, const uint8_t lists[SERVICE_MAX], uint16_t allows,
	       struct lookup *lookup)
{
	struct table_mixed mixed = { 0 };
	uint16_t *bucket;
	unsigned index;

	for (unsigned service = 0; service < SERVICE_MAX; service++) {
		unsigned kind = choice->kind_of[service];

		mixed.list[service] = lists[kind];
		mixed.allow |= (uint16_t)((allows >> kind & 1) << service);
	}
	bucket = find_bucket(choice, &mixed);
	if (!*bucket) {
		if (choice->count == TABLE_MIXED)
			return -ENOSPC;
		choice->mixed[choice->count++] = mixed;
		*bucket = (uint16_t)choice->count;
	}
	index = *bucket - 1U;
	lookup->list = (__u8)index;
	lookup->flags = (__u8)(LOOKUP_MIXED | (index >> 4 & LOOKUP_INDEX));
	return 0;
}

int choice_make(struct choice *choice, const uint64_t allow[WORDS], const uint64_t deny[WORDS],
		struct lookup *lookup)
{
	uint8_t lists[SERVICE_MAX] = { 0 };
	uint16_t allows = 0;
	bool agree = true;

	for (unsigned kind = 0; kind < choice->kinds; kind++) {
		lists[kind] = choice_lowest(allow, choice->for_kind[kind]);
		if (lists[kind])
			allows |= (uint16_t)(1U << kind);
		else
			lists[kind] = choice_lowest(deny, choice->for_kind[kind]);
		agree &= lists[kind] == lists[0];
	}
	if (!agree)
		return mix(choice, lists, allows, lookup);
	lookup->list = lists[0];
	lookup->flags = !lists[0] ? 0 : allows & 1 ? LOOKUP_ALLOW : LOOKUP_DENY;
	return 0;
}

uint64_t compile_services(const struct compile_list *lists, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t mixed = ((uint64_t)lists[i].code << 24 | (uint64_t)lists[i].id << 16 |
				  services_of(&lists[i])) +
				 1;

		if (services_of(&lists[i]) == 0xffff && !lists[i].code)
			continue;
		mixed *= 0x9e3779b97f4a7c15ULL;
		mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93ULL;
		sum += mixed ^ mixed >> 32; /* a sum: the order does not matter */
	}
	return sum;
}
