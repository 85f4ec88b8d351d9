// SPDX-License-Identifier: GPL-2.0-or-later
/* See written_name.h. Pure. */
#include "log/written_name.h"

#include <string.h>

struct span name_from_base64(struct span name, char out[EVENT_ACCOUNT_SIZE])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t size = name.size, used = 0;
	uint32_t bits = 0;

	while (size && name.size - size < 2 && name.at[size - 1] == '=')
		size--;
	if (!size || name.size % 4 || size / 4 * 3 + 2 >= EVENT_ACCOUNT_SIZE)
		return name;
	for (size_t i = 0; i < size; i++) {
		const char *digit = memchr(digits, name.at[i], 64);

		if (!digit)
			return name;
		bits = bits << 6 | (uint32_t)(digit - digits);
		if (i % 4)
			out[used++] = (char)(bits >> (6 - 2 * (i % 4)) & 255);
	}
	for (size_t i = 0; i < used; i++)
		if (out[i] <= ' ' || out[i] > '~')
			return name;
	return (struct span){ out, used };
}

/* The size of "\^J", "\M-C", "\M^?", as vis(3) writes unprintable characters, or 0. */
static size_t vis_size(const char *at, size_t left, char *byte)
{
	bool meta = left >= 4 && at[1] == 'M';
	const char *mark = at + (meta ? 2 : 1);

	if (left < 3 || (*mark != '^' && (!meta || *mark != '-')))
		return 0;
	*byte = (char)(*mark == '^' ? (mark[1] == '?' ? 0x7f : mark[1] & 0x1f) : mark[1]);
	*byte = (char)(*byte | (meta ? 0x80 : 0));
	return meta ? 4 : 3;
}

/* The size of an escape at `at`; 0: there is none. */
static size_t escape_size(const char *at, size_t left, char *byte)
{
	static const char letters[] = "nrtbfv\\", bytes[] = "\n\r\t\b\f\v\\";
	const char *letter;

	if (left < 2 || *at != '\\')
		return 0;
	letter = at[1] ? strchr(letters, at[1]) : NULL;
	if (letter) {
		*byte = bytes[letter - letters];
		return 2;
	}
	if (at[1] == '^' || at[1] == 'M')
		return vis_size(at, left, byte);
	if (left < 4 || at[1] < '0' || at[1] > '3' || at[2] < '0' || at[2] > '7' || at[3] < '0' ||
	    at[3] > '7')
		return 0;
	*byte = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
	return 4;
}

struct span name_from_escapes(struct span name, char out[EVENT_ACCOUNT_SIZE])
{
	size_t used = 0;

	if (span_find_char(name, '\\') == SPAN_NONE)
		return name;
	for (size_t at = 0; at < name.size && used < EVENT_ACCOUNT_SIZE;) {
		size_t size = escape_size(name.at + at, name.size - at, out + used);

		if (!size)
			out[used] = name.at[at];
		used++;
		at += size ? size : 1;
	}
	return (struct span){ out, used };
}
