/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sixteen bytes of text at once: most compilers have an instruction for each step. */
#ifndef SEKISHO_LOG_TEXT_BLOCK_H
#define SEKISHO_LOG_TEXT_BLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_SIZE 16

typedef unsigned char block __attribute__((vector_size(BLOCK_SIZE)));

/* The bytes at `at`; all of them must be text. */
static inline block block_load(const char *at)
{
	block bytes;

	memcpy(&bytes, at, sizeof(bytes));
	return bytes;
}

/* Where the first `c` or `other` is; BLOCK_SIZE: nowhere. */
static inline size_t block_find(block bytes, char c, char other)
{
	typedef uint64_t halves __attribute__((vector_size(BLOCK_SIZE)));
	/* Bytes that match are all ones, others all zeroes. */
	halves half = (halves)((bytes == (unsigned char)c) | (bytes == (unsigned char)other));

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	if (half[0])
		return (size_t)__builtin_ctzll(half[0]) / 8;
	return half[1] ? 8 + (size_t)__builtin_ctzll(half[1]) / 8 : BLOCK_SIZE;
#else
	if (half[0])
		return (size_t)__builtin_clzll(half[0]) / 8;
	return half[1] ? 8 + (size_t)__builtin_clzll(half[1]) / 8 : BLOCK_SIZE;
#endif
}

/* The same for any text, from `at` on; `end` or behind it: nowhere. */
static inline const char *block_search(const char *at, const char *end, char c, char other)
{
	for (; end - at >= BLOCK_SIZE; at += BLOCK_SIZE) {
		size_t next = block_find(block_load(at), c, other);

		if (next < BLOCK_SIZE)
			return at + next;
	}
	while (at < end && *at != c && *at != other)
		at++;
	return at;
}

#endif
