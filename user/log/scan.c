// SPDX-License-Identifier: GPL-2.0-or-later
/* See scan.h. Pure. */
#include "log/scan.h"

#include <ctype.h>

size_t span_find_last(struct span span, const char *text)
{
	size_t size = strlen(text);

	while (span.size >= size) {
		struct span begins = { span.at, span.size - size + 1 };
		size_t at = span_last_char(begins, *text);

		if (at == SPAN_NONE)
			break;
		if (!memcmp(span.at + at, text, size))
			return at;
		span.size = at + size - 1;
	}
	return SPAN_NONE;
}

bool span_number(struct span *span, uint32_t *number)
{
	size_t digits = 0;

	*number = 0;
	while (digits < span->size && isdigit((unsigned char)span->at[digits])) {
		if (digits == 9)
			return false;
		*number = *number * 10 + (uint32_t)(span->at[digits++] - '0');
	}
	*span = span_from(*span, digits);
	return digits > 0;
}

uint64_t span_hash(struct span span)
{
	uint64_t hash = 0xcbf29ce484222325U;

	for (size_t i = 0; i < span.size; i++)
		hash = (hash ^ (unsigned char)span.at[i]) * 0x100000001b3U;
	return hash;
}

bool span_address(struct span span, struct address *address)
{
	span_skip(&span, "IPv6:");
	return !address_parse(span.at, span.size, address);
}

static bool is_continuation(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The size of the well-formed character at `at` (RFC 3629). 0: there is none, or it is a control
 * character (C0, DEL, C1). */
static size_t character_size(const unsigned char *at, size_t left)
{
	size_t size = *at < 0x80 ? 1 : *at < 0xc2 ? 0 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;

	if (!size || size > left || *at > 0xf4 || *at < ' ' || *at == 0x7f)
		return 0;
	for (size_t i = 1; i < size; i++)
		if (!is_continuation(at[i]))
			return 0;
	if ((*at == 0xc2 && at[1] < 0xa0) || /* C1 controls */
	    (*at == 0xe0 && at[1] < 0xa0) || /* overlong */
	    (*at == 0xed && at[1] > 0x9f) || /* surrogates */
	    (*at == 0xf0 && at[1] < 0x90) || /* overlong */
	    (*at == 0xf4 && at[1] > 0x8f))   /* beyond U+10FFFF */
		return 0;
	return size;
}

static bool is_escape(const unsigned char *at, size_t left)
{
	return left >= 4 && at[0] == '\\' && at[1] == 'x' && isxdigit(at[2]) && isxdigit(at[3]);
}

void span_visible(struct span span, char *out, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = (const unsigned char *)span.at;
	size_t left = span.size;

	/* Most characters are copied here. */
	for (; left && size > 1 && *at >= ' ' && *at <= '~' && *at != '\\'; left--, size--)
		*out++ = (char)*at++;
	while (left) {
		size_t step = is_escape(at, left) ? 0 : character_size(at, left);

		if (size <= (step ? step : 4))
			break;
		if (step) {
			memcpy(out, at, step);
		} else {
			out[0] = '\\';
			out[1] = 'x';
			out[2] = digits[*at >> 4];
			out[3] = digits[*at & 15];
		}
		out += step ? step : 4;
		size -= step ? step : 4;
		step = step ? step : 1;
		at += step;
		left -= step;
	}
	*out = '\0';
}
