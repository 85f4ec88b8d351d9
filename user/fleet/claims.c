// SPDX-License-Identifier: GPL-2.0-or-later
/* See claims.h. */
#include "fleet/claims.h"

#include <stdlib.h>

#define BUCKETS_FIRST 1024

/* Members choose the prefixes; the seed keeps them from knowing which ones collide. */
static size_t bucket_of(const struct claims *claims, const struct prefix *prefix)
{
	uint64_t hash = address_high(&prefix->address) ^ claims->seed;

	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15ULL;
	hash ^= address_low(&prefix->address) ^ (uint64_t)prefix->length << 56;
	hash = (hash ^ hash >> 29) * (claims->seed | 1);
	hash = (hash ^ hash >> 32) * 0xbf58476d1ce4e5b9ULL;
	return (hash ^ hash >> 31) & (claims->bucket_count - 1);
}

static bool is_same(const struct prefix *a, const struct prefix *b)
{
	return a->length == b->length && !address_compare(&a->address, &b->address);
}

struct claimed *claims_find(const struct claims *claims, const struct prefix *prefix)
{
	struct claimed *claimed;

	if (!claims->bucket_count)
		return NULL;
	claimed = claims->buckets[bucket_of(claims, prefix)];
	while (claimed && !is_same(&claimed->prefix, prefix))
		claimed = claimed->next;
	return claimed;
}

/* If there is no memory, the chains stay longer. */
static void grow(struct claims *claims)
{
	struct claims larger = *claims;

	larger.bucket_count = claims->bucket_count ? 2 * claims->bucket_count : BUCKETS_FIRST;
	larger.buckets = calloc(larger.bucket_count, sizeof(struct claimed *));
	if (!larger.buckets)
		return;
	larger.swept = 0;
	if (!larger.seed)
		fleet_random(&larger.seed, sizeof(larger.seed));
	for (size_t i = 0; i < claims->bucket_count; i++)
		for (struct claimed *next, *claimed = claims->buckets[i]; claimed; claimed = next) {
			struct claimed **bucket =
				&larger.buckets[bucket_of(&larger, &claimed->prefix)];

			next = claimed->next;
			claimed->next = *bucket;
			*bucket = claimed;
		}
	free(claims->buckets);
	*claims = larger;
}

struct claimed *claims_add(struct claims *claims, const struct prefix *prefix)
{
	struct claimed *claimed, **bucket;

	if (claims->prefixes >= claims->bucket_count)
		grow(claims);
	claimed = claims->bucket_count ? calloc(1, sizeof(*claimed)) : NULL;
	if (!claimed)
		return NULL;
	claimed->prefix = *prefix;
	bucket = &claims->buckets[bucket_of(claims, prefix)];
	claimed->next = *bucket;
	*bucket = claimed;
	claims->prefixes++;
	return claimed;
}

static bool is_before(const struct claim *claim, uint16_t member, uint8_t services)
{
	return claim->member < member || (claim->member == member && claim->services < services);
}

struct claim *claimed_find(struct claimed *claimed, uint16_t member, uint8_t services)
{
	struct claim *claim = claimed->claims;

	while (claim && is_before(claim, member, services))
		claim = claim->next;
	return claim && claim->member == member && claim->services == services ? claim : NULL;
}

struct claim *claimed_add(struct claims *claims, struct claimed *claimed, uint16_t member,
			  uint8_t services)
{
	struct claim *claim = calloc(1, sizeof(*claim)), **at = &claimed->claims;

	if (!claim)
		return NULL;
	while (*at && is_before(*at, member, services))
		at = &(*at)->next;
	claim->member = member;
	claim->services = services;
	claim->next = *at;
	*at = claim;
	claims->count++;
	return claim;
}

size_t claimed_drop(struct claims *claims, struct claimed *claimed,
		    bool (*gone)(const struct claim *claim, void *context), void *context)
{
	size_t dropped = 0;

	for (struct claim **at = &claimed->claims; *at;) {
		struct claim *claim = *at;

		if (!gone(claim, context)) {
			at = &claim->next;
			continue;
		}
		*at = claim->next;
		free(claim);
		claims->count--;
		dropped++;
	}
	return dropped;
}

bool claims_drop_empty(struct claims *claims, struct claimed **at)
{
	struct claimed *claimed = *at;

	if (claimed->claims)
		return false;
	*at = claimed->next;
	free(claimed);
	claims->prefixes--;
	return true;
}

static bool any(const struct claim *claim, void *context)
{
	(void)claim;
	(void)context;
	return true;
}

void claims_free(struct claims *claims)
{
	for (size_t i = 0; i < claims->bucket_count; i++)
		while (claims->buckets[i]) {
			claimed_drop(claims, claims->buckets[i], any, NULL);
			claims_drop_empty(claims, &claims->buckets[i]);
		}
	free(claims->buckets);
	*claims = (struct claims){ 0 };
}
