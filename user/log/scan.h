/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spans of hostile text, and what all formats read from them. Every step is bounded by the span;
 * nothing here allocates, backtracks or reads beyond the end. Not here: what a line means.
 */
#ifndef SEKISHO_SCAN_H
#define SEKISHO_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "net/address.h"

struct span { /* text not ended by NUL, which may hold NULs */
	const char *at;
	size_t size;
};

#define SPAN_NONE ((size_t)-1)

/* The text without its NUL; valid as long as it. */
static inline struct span span_of(const char *text)
{
	return (struct span){ text, strlen(text) };
}

/* The bytes from `begin` to before `end`; both must lie within the span. */
static inline struct span span_cut(struct span span, size_t begin, size_t end)
{
	return (struct span){ span.at + begin, end - begin };
}

/* All but the first `begin` bytes, which it must have. */
static inline struct span span_from(struct span span, size_t begin)
{
	return (struct span){ span.at + begin, span.size - begin };
}

/* Whether the span begins with `text`, byte by byte; every span begins with "". */
static inline bool span_starts(struct span span, const char *text)
{
	size_t size = strlen(text);

	/* Most differ in the first byte. A span with a size has bytes.
	 * NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
	return span.size >= size && (!size || (*span.at == *text && !memcmp(span.at, text, size)));
}

/* Whether the span ends with `text`. */
static inline bool span_ends(struct span span, const char *text)
{
	size_t size = strlen(text);

	return span.size >= size && !memcmp(span.at + span.size - size, text, size);
}

/* Whether the span is `text`, byte by byte. */
static inline bool span_is(struct span span, const char *text)
{
	return span.size == strlen(text) && span_starts(span, text);
}

/* Moves behind `text` if it is next. */
static inline bool span_skip(struct span *span, const char *text)
{
	if (!span_starts(*span, text))
		return false;
	*span = span_from(*span, strlen(text));
	return true;
}

/* Where the first `c` is, or SPAN_NONE. */
static inline size_t span_find_char(struct span span, char c)
{
	const char *found = span.size ? memchr(span.at, c, span.size) : NULL;

	return found ? (size_t)(found - span.at) : SPAN_NONE;
}

/* Where the last `c` is, or SPAN_NONE. */
static inline size_t span_last_char(struct span span, char c)
{
	const char *found = span.size ? memrchr(span.at, c, span.size) : NULL;

	return found ? (size_t)(found - span.at) : SPAN_NONE;
}

/* Where the first `text` is, or SPAN_NONE. Searches for its last character if lines seldom have
 * that, else for its first: memmem() costs more for texts as short as these. */
static inline size_t span_find(struct span span, const char *text)
{
	size_t size = strlen(text), key;

	if (!size || size > span.size)
		return size ? SPAN_NONE : 0;
	key = text[size - 1] == '<' || text[size - 1] == '=' ? size - 1 : 0;
	for (size_t at = key, end = span.size - size + key + 1; at < end; at++) {
		const char *found = memchr(span.at + at, text[key], end - at);

		if (!found)
			break;
		at = (size_t)(found - span.at);
		if (!memcmp(found - key, text, size))
			return at - key;
	}
	return SPAN_NONE;
}

/* Where the last `text` begins, or SPAN_NONE. */
size_t span_find_last(struct span span, const char *text);

/* Reads decimal digits, at least one, at most nine; moves behind them. */
bool span_number(struct span *span, uint32_t *number);

/* FNV-1a; for keys in fixed tables and for recognising a file, never for security. */
uint64_t span_hash(struct span span);

/* Reads an address as daemons write it: address_parse(), also behind "IPv6:". */
bool span_address(struct span span, struct address *address);

/*
 * Copies text into `out` (`size` bytes, ended by NUL) so that it is valid UTF-8 without control
 * characters. Other bytes become \xNN, and so does a backslash that would read as such an escape:
 * different bytes stay different. Text that does not fit is cut between characters.
 */
void span_visible(struct span span, char *out, size_t size);

#endif
