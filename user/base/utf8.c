// SPDX-License-Identifier: GPL-2.0-or-later
/* See utf8.h. */
#include "base/utf8.h"

/* The length of the sequence that `first` begins, 0 for none. *low and *high bound its second byte,
 * by which overlong forms and surrogates are found (RFC 3629, section 4). */
static size_t sequence_size(unsigned char first, unsigned char *low, unsigned char *high)
{
	*low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	*high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

bool utf8_valid(const char *text, size_t size)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + size;

	while (at < end) {
		unsigned char low, high;
		size_t length = sequence_size(*at, &low, &high);

		if (!length || length > (size_t)(end - at))
			return false;
		if (length > 1 && (at[1] < low || at[1] > high))
			return false;
		for (size_t i = 2; i < length; i++)
			if (at[i] < 0x80 || at[i] > 0xbf)
				return false;
		at += length;
	}
	return true;
}
