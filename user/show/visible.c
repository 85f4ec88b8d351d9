// SPDX-License-Identifier: GPL-2.0-or-later
/* See visible.h. Pure except for the stream that is passed. */
#include "show/visible.h"

#include <stdlib.h>
#include <string.h>

size_t utf8_length(const char *text, unsigned *code)
{
	/* The least code point of each length: an overlong form is not UTF-8. */
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *byte = (const unsigned char *)text;
	unsigned value = byte[0];
	size_t length = 1;

	if (!value)
		return 0;
	if (value >= 0xf0 && value < 0xf5)
		length = 4, value &= 0x07;
	else if (value >= 0xe0 && value < 0xf0)
		length = 3, value &= 0x0f;
	else if (value >= 0xc0 && value < 0xe0)
		length = 2, value &= 0x1f;
	else if (value >= 0x80)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (byte[i] & 0x3fU);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	if (code)
		*code = value;
	return length;
}

char *utf8_clean(const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	char *clean = malloc(strlen(text) * 3 + 1), *at = clean;

	if (!clean)
		return NULL;
	while (*text) {
		size_t length = utf8_length(text, NULL);

		if (length)
			at = mempcpy(at, text, length);
		else
			at = mempcpy(at, replacement, sizeof(replacement) - 1);
		text += length ? length : 1;
	}
	*at = '\0';
	return clean;
}

static bool is_control(unsigned code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return true;
	/* Marks, embeddings and isolates of bidirectional text, line and paragraph separators, and
	 * characters without width, which make a name look like another one. */
	return code == 0xad || code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
	       code == 0xfeff || (code >= 0xe0000 && code <= 0xe007f);
}

void visible_print(FILE *out, const char *text)
{
	while (*text) {
		unsigned code = 0;
		size_t length = utf8_length(text, &code);

		if (length && !is_control(code)) {
			fwrite(text, 1, length, out);
			text += length;
			continue;
		}
		for (size_t i = 0; i < (length ? length : 1); i++)
			fprintf(out, "\\x%02x", (unsigned char)*text++);
	}
}

bool visible_is_word(const char *text)
{
	return *text && *text != '-' &&
	       strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "@._+-=") == strlen(text);
}

void visible_print_column(FILE *out, int indent, const char *text, int width)
{
	int used = indent + (int)strlen(text);

	fprintf(out, "%*s", indent, "");
	visible_print(out, text);
	if (used < width)
		fprintf(out, "%*s", width - used, "");
	else
		fprintf(out, "\n%*s", width, "");
}
