// SPDX-License-Identifier: GPL-2.0-or-later
/* What the formats of country data share: lines, fields, and codes. See country_reader.h. */
#include "lists/country_reader.h"

#include <stdbool.h>
#include <string.h>

#include "conf/codes.h"

int country_normal(const char *text, size_t size)
{
	int country = country_from_text(text, size);

	/* Country data may not call a stranger's address local, nor use a code that only a list of
	 * the configuration gives. "ZY" is no country. */
	if (country == COUNTRY_LAN || country_code_is_list((unsigned)country) ||
	    (size == 2 && (!memcmp(text, "??", 2) || !strncasecmp(text, "ZY", 2))))
		return COUNTRY_ZZ;
	if (size == 2 && (text[0] | 0x20) == 'u' && (text[1] | 0x20) == 'k')
		return country_from_text("GB", 2);
	return country;
}

int country_lines(const struct country_file *file,
		  const char *(*each)(const char *line, size_t size, void *context, int *error),
		  void *context, struct fault *fault)
{
	const char *at = file->text, *end = at + file->size;

	for (size_t number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end, *wrong = NULL;
		int error = -EBADMSG;

		while (stop > at && (stop[-1] == '\r' || stop[-1] == ' ' || stop[-1] == '\t'))
			stop--;
		if (stop > at && *at != '#')
			wrong = each(at, (size_t)(stop - at), context, &error);
		if (wrong)
			return fault_set(fault, error,
					 "%s:%zu: %s; the file is damaged, or of no known format",
					 file->name, number, wrong);
		at = newline ? newline + 1 : end;
	}
	return 0;
}

size_t country_fields(const char *line, size_t size, char separator, struct country_field *fields,
		      size_t most)
{
	const char *end = line + size;
	size_t count = 0;

	for (;;) {
		const char *stop = memchr(line, separator, (size_t)(end - line));

		if (count < most)
			fields[count] = (struct country_field){ line, (size_t)((stop ? stop : end) -
									       line) };
		count++;
		if (!stop)
			return count;
		line = stop + 1;
	}
}

size_t country_quoted(const char *line, size_t size, char separator, struct country_field *fields,
		      size_t most)
{
	const char *end = line + size;
	size_t count = 0;

	for (;; line++) {
		struct country_field field = { line, 0 };
		bool quoted = line < end && *line == '"';

		if (quoted) {
			const char *close = memchr(line + 1, '"', (size_t)(end - line - 1));

			field.text = line + 1;
			line = close ? close : end;
			field.size = (size_t)(line - field.text);
		}
		while (line < end && *line != separator)
			line++;
		if (!quoted)
			field.size = (size_t)(line - field.text);
		if (count < most)
			fields[count] = field;
		count++;
		if (line >= end)
			return count;
	}
}
