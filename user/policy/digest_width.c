// SPDX-License-Identifier: GPL-2.0-or-later
/* See digest_width.h. */
#include "policy/digest_width.h"

#include <stdlib.h>

#define BYTE_BITS 8
#define TELLING	  16 /* so many different digests are enough to tell */
#define DIFFERENT_MOST \
	32 /* then the next digests are looked at as a new group: the width may have changed */

static unsigned digit_value(char digit)
{
	const char text[] = { digit, '\0' };

	return (unsigned)strtoul(text, NULL, 16);
}

static unsigned significant_bits(const struct policy_login *login)
{
	unsigned bits = login->hash_bits;
	const char *at = login->hash;

	for (; *at == '0' && bits >= 4; at++)
		bits -= 4;
	if (!*at || bits < 4)
		return 0;
	for (unsigned digit = digit_value(*at); !(digit & 8); digit <<= 1)
		bits--;
	return bits;
}

static unsigned last_six_bits(const struct policy_login *login)
{
	size_t digits = login->hash_bits / 4;
	unsigned value = digit_value(login->hash[digits - 1]);

	if (digits > 1)
		value |= digit_value(login->hash[digits - 2]) << 4;
	return value & 63;
}

static unsigned most(const struct digest_width *width)
{
	return width->now > width->before ? width->now : width->before;
}

void digest_width_see(struct digest_width *width, const struct policy_login *login)
{
	unsigned bits;

	if (!login->hash_bits || !*login->hash)
		return;
	if (width->sent != login->hash_bits)
		*width = (struct digest_width){ .sent = login->hash_bits };
	if (__builtin_popcountll(width->different) >= DIFFERENT_MOST) {
		width->before = width->now;
		width->now = 0;
		width->different = 0;
	}
	bits = significant_bits(login);
	if (width->now < bits)
		width->now = bits;
	width->different |= UINT64_C(1) << last_six_bits(login);
}

unsigned digest_width_bits(const struct digest_width *width)
{
	if (!width->before && __builtin_popcountll(width->different) < TELLING)
		return width->sent;
	return most(width);
}

bool digest_width_reaches(const struct digest_width *width, unsigned bits)
{
	return width->sent >= bits + BYTE_BITS || most(width) >= bits;
}
