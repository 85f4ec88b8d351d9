// SPDX-License-Identifier: GPL-2.0-or-later
/* See style.h. */
#include "show/style.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "show/visible.h"

bool style_wanted(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && term && strcmp(term, "dumb") != 0 && isatty(fileno(out));
}

void style_print(FILE *out, bool colour, enum style style, const char *text)
{
	static const char *const codes[] = { "32", "33", "1;31", "1" };

	if (colour)
		fprintf(out, "\033[%sm%s\033[0m", codes[style], text);
	else
		fputs(text, out);
}

/* The columns that visible_print() will use, except that wide characters count as one. */
static size_t width_of(const char *word, size_t size)
{
	size_t width = 0;

	for (size_t i = 0; i < size; i++)
		width += ((unsigned char)word[i] & 0xc0) != 0x80;
	return width;
}

void style_wrap(FILE *out, unsigned columns, unsigned indent, const char *text)
{
	size_t at = indent;
	char word[1024];

	while (*text) {
		size_t size = strcspn(text, " "), width = width_of(text, size);

		if (at > indent && at + 1 + width > columns) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', out);
			at++;
		}
		snprintf(word, sizeof(word), "%.*s", (int)size, text);
		visible_print(out, word);
		at += width;
		text += size;
		text += strspn(text, " ");
	}
}

unsigned style_columns(FILE *out)
{
	struct winsize size;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) || !size.ws_col)
		return 80;
	return size.ws_col;
}
