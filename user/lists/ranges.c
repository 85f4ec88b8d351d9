// SPDX-License-Identifier: GPL-2.0-or-later
/* See ranges.h. What both families share, and the public functions; the work on one family's array
 * is in ranges_family.h. */
#include "lists/ranges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "lists/radix.h"

/* Which of two overlapping ranges wins where they overlap. */
enum winner { WINNER_NARROWER_THEN_LATER, WINNER_LOWER_VALUE };

static unsigned ctz4(uint32_t key)
{
	return (unsigned)__builtin_ctz(key);
}

static unsigned log2_4(uint32_t key)
{
	return 31 - (unsigned)__builtin_clz(key);
}

static unsigned ctz6(u128 key)
{
	uint64_t low = (uint64_t)key, high = (uint64_t)(key >> 64);

	return low ? (unsigned)__builtin_ctzll(low) : 64 + (unsigned)__builtin_ctzll(high);
}

static unsigned log2_6(u128 key)
{
	uint64_t low = (uint64_t)key, high = (uint64_t)(key >> 64);

	return high ? 127 - (unsigned)__builtin_clzll(high) : 63 - (unsigned)__builtin_clzll(low);
}

#define RANGE	 struct range4
#define KEY	 uint32_t
#define BITS	 32
#define NAME(x)	 x##4
#define key_ctz	 ctz4
#define key_log2 log2_4
#include "lists/ranges_family.h"
#undef RANGE
#undef KEY
#undef BITS
#undef NAME
#undef key_ctz
#undef key_log2

#define RANGE	 struct range6
#define KEY	 u128
#define BITS	 128
#define NAME(x)	 x##6
#define key_ctz	 ctz6
#define key_log2 log2_6
#include "lists/ranges_family.h"

void ranges_free(struct ranges *ranges)
{
	free(ranges->v4);
	free(ranges->v6);
	*ranges = (struct ranges){ 0 };
}

/* Makes room for one more element of `size` bytes. */
static int grow(void **array, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 64;
	void *larger;

	if (count < *room)
		return 0;
	larger = reallocarray(*array, wanted, size);
	if (!larger)
		return -ENOMEM;
	*array = larger;
	*room = wanted;
	return 0;
}

int ranges_add4(struct ranges *ranges, uint32_t first, uint32_t last, uint32_t value)
{
	if (first > last)
		return -EINVAL;
	if (ranges->count4 == ranges->room4) {
		void *array = ranges->v4;
		int error = grow(&array, ranges->count4, &ranges->room4, sizeof(*ranges->v4));

		if (error)
			return error;
		ranges->v4 = array;
	}
	ranges->v4[ranges->count4++] = (struct range4){ first, last, value };
	return 0;
}

int ranges_add6(struct ranges *ranges, u128 first, u128 last, uint32_t value)
{
	if (first > last)
		return -EINVAL;
	if (ranges->count6 == ranges->room6) {
		void *array = ranges->v6;
		int error = grow(&array, ranges->count6, &ranges->room6, sizeof(*ranges->v6));

		if (error)
			return error;
		ranges->v6 = array;
	}
	ranges->v6[ranges->count6++] =
		(struct range6){ .first = first, .last = last, .value = value };
	return 0;
}

static u128 address_key(const struct address *address)
{
	return (u128)address_high(address) << 64 | address_low(address);
}

int ranges_add_prefix(struct ranges *ranges, const struct prefix *prefix, uint32_t value)
{
	u128 first = address_key(&prefix->address);

	if (prefix->length > 128)
		return -EINVAL;
	if (prefix_is4(prefix)) {
		uint32_t first4 = address_to4(&prefix->address);

		return ranges_add4(ranges, first4, block_last4(first4, 128 - prefix->length),
				   value);
	}
	return ranges_add6(ranges, first, block_last6(first, 128 - prefix->length), value);
}

int ranges_add_all(struct ranges *ranges, const struct ranges *more)
{
	int error = 0;

	for (size_t i = 0; i < more->count4 && !error; i++)
		error = ranges_add4(ranges, more->v4[i].first, more->v4[i].last, more->v4[i].value);
	for (size_t i = 0; i < more->count6 && !error; i++)
		error = ranges_add6(ranges, more->v6[i].first, more->v6[i].last, more->v6[i].value);
	return error;
}

static int normalise(struct ranges *ranges, enum winner winner)
{
	int error = normalise4(&ranges->v4, &ranges->count4, &ranges->room4, winner);

	return error ? error : normalise6(&ranges->v6, &ranges->count6, &ranges->room6, winner);
}

int ranges_normalise(struct ranges *ranges)
{
	return normalise(ranges, WINNER_NARROWER_THEN_LATER);
}

int ranges_resolve_lowest(struct ranges *ranges)
{
	return normalise(ranges, WINNER_LOWER_VALUE);
}

int64_t ranges_find(const struct ranges *ranges, const struct address *address)
{
	if (address_is4(address)) {
		uint32_t key = address_to4(address);
		const struct range4 *range = find4(ranges->v4, ranges->count4, key);

		if (range == ranges->v4 + ranges->count4 || range->first > key)
			return -1;
		return range->value;
	} else {
		u128 key = address_key(address);
		const struct range6 *range = find6(ranges->v6, ranges->count6, key);

		if (range == ranges->v6 + ranges->count6 || range->first > key)
			return -1;
		return range->value;
	}
}

uint64_t ranges_count_prefixes(const struct ranges *ranges)
{
	return count_prefixes4(ranges->v4, ranges->count4) +
	       count_prefixes6(ranges->v6, ranges->count6);
}

bool ranges_exceed(const struct ranges *ranges, unsigned percent)
{
	uint64_t four = 0;
	u128 six = 0; /* in /64s */

	for (size_t i = 0; i < ranges->count4; i++)
		four += (uint64_t)ranges->v4[i].last - ranges->v4[i].first + 1;
	for (size_t i = 0; i < ranges->count6; i++)
		six += ((ranges->v6[i].last - ranges->v6[i].first) >> 64) + 1;
	return four * 100 > (1ULL << 32) * percent || six * 100 > ((u128)8 << 52) * percent;
}

struct address address_from_key(u128 key)
{
	struct address address;

	for (unsigned i = 16; i-- > 0; key >>= 8)
		address.byte[i] = (__u8)key;
	return address;
}

typedef int each_prefix(const struct prefix *prefix, uint32_t value, void *context);

static int walk4(const struct range4 *range, each_prefix *each, void *context)
{
	uint32_t first = range->first;

	for (;;) {
		unsigned bits = block_bits4(first, range->last);
		struct prefix prefix = { address_from4(first), 128 - bits };
		uint32_t last = block_last4(first, bits);
		int result = each(&prefix, range->value, context);

		if (result || last == range->last)
			return result;
		first = last + 1;
	}
}

static int walk6(const struct range6 *range, each_prefix *each, void *context)
{
	u128 first = range->first;

	for (;;) {
		unsigned bits = block_bits6(first, range->last);
		struct prefix prefix = { address_from_key(first), 128 - bits };
		u128 last = block_last6(first, bits);
		int result = each(&prefix, range->value, context);

		if (result || last == range->last)
			return result;
		first = last + 1;
	}
}

int ranges_each_prefix(const struct ranges *ranges, each_prefix *each, void *context)
{
	int result = 0;

	for (size_t i = 0; i < ranges->count4 && !result; i++)
		result = walk4(&ranges->v4[i], each, context);
	for (size_t i = 0; i < ranges->count6 && !result; i++)
		result = walk6(&ranges->v6[i], each, context);
	return result;
}

int ranges_subtract(struct ranges *result, const struct ranges *a, const struct ranges *b)
{
	struct ranges made = { .room4 = a->count4 + b->count4, .room6 = a->count6 + b->count6 };

	made.v4 = reallocarray(NULL, made.room4 + 1, sizeof(*made.v4));
	made.v6 = reallocarray(NULL, made.room6 + 1, sizeof(*made.v6));
	if (!made.v4 || !made.v6) {
		ranges_free(&made);
		return -ENOMEM;
	}
	made.count4 = subtract4(a->v4, a->count4, b->v4, b->count4, made.v4);
	made.count6 = subtract6(a->v6, a->count6, b->v6, b->count6, made.v6);
	*result = made;
	return 0;
}
