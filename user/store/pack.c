// SPDX-License-Identifier: GPL-2.0-or-later
/* See pack.h. Unpacking checks everything: a store may be damaged. */
#include "store/pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define NUMBER_MOST 19 /* bytes of a 128-bit LEB128 number */
#define RANGE4_MOST 15
#define RANGE6_MOST (2 * (1 + NUMBER_MOST) + 5)

static unsigned char *put_number(unsigned char *at, u128 number)
{
	for (; number > 0x7f; number >>= 7)
		*at++ = (unsigned char)(number & 0x7f) | 0x80;
	*at++ = (unsigned char)number;
	return at;
}

static unsigned char *put_shifted(unsigned char *at, u128 number)
{
	unsigned zeros = 128;

	if ((uint64_t)number)
		zeros = (unsigned)__builtin_ctzll((uint64_t)number);
	else if (number)
		zeros = 64 + (unsigned)__builtin_ctzll((uint64_t)(number >> 64));
	*at++ = (unsigned char)zeros;
	return zeros < 128 ? put_number(at, number >> zeros) : at;
}

static bool has_values(const struct ranges *ranges)
{
	for (size_t i = 0; i < ranges->count4; i++)
		if (ranges->v4[i].value)
			return true;
	for (size_t i = 0; i < ranges->count6; i++)
		if (ranges->v6[i].value)
			return true;
	return false;
}

int pack_ranges(const struct ranges *ranges, unsigned char **data, size_t *size)
{
	size_t most =
		2 + 2 * NUMBER_MOST + ranges->count4 * RANGE4_MOST + ranges->count6 * RANGE6_MOST;
	unsigned char *begin = malloc(most), *at = begin, *fitted;
	bool values = has_values(ranges);
	uint32_t next4 = 0;
	u128 next6 = 0;

	if (!begin)
		return -ENOMEM;
	*at++ = PACK_VERSION;
	*at++ = values ? PACK_VALUES : 0;
	at = put_number(at, ranges->count4);
	at = put_number(at, ranges->count6);
	for (size_t i = 0; i < ranges->count4; i++) {
		const struct range4 *range = &ranges->v4[i];

		at = put_number(at, range->first - next4);
		next4 = range->last + 1;
		at = put_number(at, next4 - range->first);
		if (values)
			at = put_number(at, range->value);
	}
	for (size_t i = 0; i < ranges->count6; i++) {
		const struct range6 *range = &ranges->v6[i];

		at = put_shifted(at, range->first - next6);
		next6 = range->last + 1;
		at = put_shifted(at, next6 - range->first);
		if (values)
			at = put_number(at, range->value);
	}
	*size = (size_t)(at - begin);
	fitted = realloc(begin, *size);
	*data = fitted ? fitted : begin;
	return 0;
}

struct pack_cursor {
	const unsigned char *at, *end;
	bool bad;
};

/* Reads a number of at most `bits` bits. */
static u128 get_number(struct pack_cursor *cursor, unsigned bits)
{
	u128 number = 0;

	for (unsigned shift = 0; cursor->at < cursor->end && shift < bits; shift += 7) {
		unsigned char byte = *cursor->at++;

		if (shift + 7 > bits && (byte & 0x7f) >> (bits - shift))
			break;
		number |= (u128)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return number;
	}
	cursor->bad = true;
	return 0;
}

static u128 get_shifted(struct pack_cursor *cursor)
{
	unsigned zeros = cursor->at < cursor->end ? *cursor->at++ : 255;

	if (zeros == 128)
		return 0;
	if (zeros > 128) {
		cursor->bad = true;
		return 0;
	}
	return get_number(cursor, 128 - zeros) << zeros;
}

static uint32_t get_value(struct pack_cursor *cursor, bool values)
{
	return values ? (uint32_t)get_number(cursor, 32) : 0;
}

static void get4(struct pack_cursor *cursor, struct range4 *range, bool is_first, uint32_t *next,
		 bool values)
{
	uint32_t gap = (uint32_t)get_number(cursor, 32), size = (uint32_t)get_number(cursor, 33);

	range->first = *next + gap;
	range->last = range->first + size - 1;
	range->value = get_value(cursor, values);
	/* Nothing comes after the last address; no other range may wrap around. */
	if ((!is_first && !*next) || range->first < *next || range->last < range->first)
		cursor->bad = true;
	*next = range->last + 1;
}

static void get6(struct pack_cursor *cursor, struct range6 *range, bool is_first, u128 *next,
		 bool values)
{
	u128 gap = get_shifted(cursor), size = get_shifted(cursor);

	range->first = *next + gap;
	range->last = range->first + size - 1;
	range->value = get_value(cursor, values);
	if ((!is_first && !*next) || range->first < *next || range->last < range->first)
		cursor->bad = true;
	*next = range->last + 1;
}

static int allocate(struct ranges *ranges, size_t count4, size_t count6)
{
	*ranges = (struct ranges){ 0 };
	if (count4)
		ranges->v4 = malloc(count4 * sizeof(*ranges->v4));
	if (count6)
		ranges->v6 = malloc(count6 * sizeof(*ranges->v6));
	if ((count4 && !ranges->v4) || (count6 && !ranges->v6))
		return -ENOMEM;
	ranges->room4 = count4;
	ranges->room6 = count6;
	return 0;
}

int unpack_ranges(const unsigned char *data, size_t size, struct ranges *ranges)
{
	struct pack_cursor cursor = { .at = data, .end = data + size };
	_cleanup_(ranges_free) struct ranges result = { 0 };
	size_t count4, count6;
	uint32_t next4 = 0;
	u128 next6 = 0;
	bool values;

	if (size < 2 || data[0] != PACK_VERSION || data[1] & ~PACK_VALUES)
		return -EBADMSG;
	values = data[1] & PACK_VALUES;
	cursor.at += 2;
	count4 = (size_t)get_number(&cursor, 32);
	count6 = (size_t)get_number(&cursor, 32);
	/* Each range takes at least two bytes: so damage cannot make this allocate absurd
	 * amounts. */
	if (cursor.bad || count4 + count6 > size / 2)
		return -EBADMSG;
	if (allocate(&result, count4, count6))
		return -ENOMEM;
	for (; result.count4 < count4 && !cursor.bad; result.count4++)
		get4(&cursor, &result.v4[result.count4], !result.count4, &next4, values);
	for (; result.count6 < count6 && !cursor.bad; result.count6++)
		get6(&cursor, &result.v6[result.count6], !result.count6, &next6, values);
	if (cursor.bad || cursor.at != cursor.end)
		return -EBADMSG;
	*ranges = result;
	result = (struct ranges){ 0 };
	return 0;
}
