// SPDX-License-Identifier: GPL-2.0-or-later
/* What the escapes of JSON strings stand for; see flat_json.h. Pure. */
#include "log/flat_json.h"

#include <ctype.h>
#include "log/text_block.h"

static inline bool take_hex(struct span *text, uint32_t *value)
{
	/* The value of a hexadecimal digit, plus 1. */
	static const unsigned char digits[256] = {
		['0'] = 1, 2,  3,  4,  5,  6,	       7,  8,  9,  10, ['A'] = 11,
		12,	   13, 14, 15, 16, ['a'] = 11, 12, 13, 14, 15, 16,
	};
	uint32_t code = 0, digit, right = 1;

	if (text->size < 4)
		return false;
	for (size_t i = 0; i < 4; i++) {
		digit = digits[(unsigned char)text->at[i]];
		right &= digit > 0;
		code = code << 4 | ((digit - 1) & 15);
	}
	if (!right)
		return false;
	*value = code;
	*text = span_from(*text, 4);
	return true;
}

static size_t put_utf8(uint32_t code, char out[4])
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 63));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 63));
		out[2] = (char)(0x80 | (code & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 63));
	out[2] = (char)(0x80 | (code >> 6 & 63));
	out[3] = (char)(0x80 | (code & 63));
	return 4;
}

/* Decodes what follows "\u". */
static size_t take_unicode(struct span *text, char out[4])
{
	uint32_t code, low;
	struct span rest;

	if (!take_hex(text, &code)) {
		*out = 'u';
		return 1;
	}
	rest = *text;
	if (code >> 10 == 0xd800 >> 10 && span_skip(&rest, "\\u") && take_hex(&rest, &low) &&
	    low >> 10 == 0xdc00 >> 10) {
		*text = rest;
		code = 0x10000 + ((code & 1023) << 10) + (low & 1023);
	}
	return put_utf8(code, out);
}

/* The character that a letter behind a backslash stands for. */
static inline char meant(char letter)
{
	switch (letter) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	default:
		return letter;
	}
}

/* Decodes "[80,108,97]". */
static size_t decode_bytes(struct span value, char *out, size_t size)
{
	size_t used = 0;
	uint32_t byte;

	while (value.size && used < size) {
		if (isdigit((unsigned char)*value.at)) {
			if (!span_number(&value, &byte))
				break;
			out[used++] = (char)byte;
		} else {
			value = span_from(value, 1);
		}
	}
	return used;
}

/* Copies up to a backslash, up to `end`, or as much as there is room for. Returns the bytes copied.
 * Where the string has no end yet, `end` is a quote. */
static inline size_t copy_plain(struct span text, char end, char *out, size_t room)
{
	size_t size = text.size < room ? text.size : room, at = 0;

	for (; size - at >= BLOCK_SIZE; at += BLOCK_SIZE) {
		block bytes = block_load(text.at + at);
		size_t next = block_find(bytes, '\\', end);

		memcpy(out + at, &bytes, sizeof(bytes));
		if (next < BLOCK_SIZE)
			return at + next;
	}
	for (; at < size && text.at[at] != '\\' && text.at[at] != end; at++)
		out[at] = text.at[at];
	return at;
}

/* Decodes up to `end` or the end of the text; what does not fit into `out` is left. */
static inline size_t decode(struct span *text, char end, char *out, size_t size)
{
	size_t used = 0;

	while (text->size && used < size) {
		size_t plain = copy_plain(*text, end, out + used, size - used), count;
		char bytes[4];

		used += plain;
		*text = span_from(*text, plain);
		if (text->size < 2 || *text->at != '\\' || used == size)
			break;
		if (text->at[1] != 'u') {
			out[used++] = meant(text->at[1]);
			*text = span_from(*text, 2);
			continue;
		}
		*text = span_from(*text, 2);
		count = take_unicode(text, bytes);
		if (count > size - used)
			break;
		for (size_t i = 0; i < count; i++)
			out[used++] = bytes[i];
	}
	return used;
}

size_t flat_json_decode(struct span value, char *out, size_t size)
{
	/* A string's value is preceded by its quote. */
	if (value.size && *value.at == '[' && !flat_json_is_string(value))
		return decode_bytes(value, out, size);
	return decode(&value, '\\', out, size);
}

struct span flat_json_text(struct span value, char *out, size_t size)
{
	if (flat_json_is_string(value) && span_find_char(value, '\\') == SPAN_NONE)
		return span_cut(value, 0, value.size < size ? value.size : size);
	return (struct span){ out, flat_json_decode(value, out, size) };
}

bool flat_json_take_line(struct span *text, char *out, struct span *line, bool *newline)
{
	const char *end = text->at + text->size;
	const char *at = block_search(text->at, end, '"', '\\');
	struct span rest = *text;
	size_t size = (size_t)(at - text->at);

	*newline = end - at > 2 && !memcmp(at, "\\n\"", 3);
	if (*newline || at == end || *at == '"') {
		*line = span_cut(*text, 0, size);
		rest = span_from(rest, size + (*newline ? 2 : 0));
	} else {
		memcpy(out, text->at, size);
		rest = span_from(rest, size);
		size += decode(&rest, '"', out + size, rest.size);
		*newline = size && out[size - 1] == '\n';
		*line = (struct span){ out, size - *newline };
	}
	if (!span_skip(&rest, "\""))
		return false;
	*text = rest;
	return true;
}
