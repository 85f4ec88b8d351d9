// SPDX-License-Identifier: GPL-2.0-or-later
/* Expands a filter file's options: fail2ban's "%(name)s" and "<name>"; see filter_file.h. */
#include "conf/filter_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"

#define ROUNDS_MOST 256 /* names filled in; more than that are a circle of names */

/* Stands for common.conf's "<lt_file/__prefix_line>", the envelope of a line, which is read
 * otherwise here. It has capitals until all names are filled in, and small letters then. */
#define PREFIX_LINE "%(__PREFIX_LINE)s"

/* Replaces the bytes [at, end) of text by `with`. */
static int put(char text[FILTER_TEXT_MOST], size_t at, size_t end, const char *with)
{
	size_t size = strlen(with), rest = strlen(text + end) + 1;

	if (at + size + rest > FILTER_TEXT_MOST)
		return -E2BIG;
	memmove(text + at + size, text + end, rest);
	memcpy(text + at, with, size);
	return 0;
}

struct name {
	size_t at, end; /* including the signs around the name */
	char text[128];
};

/* Finds the next "%(name)s" from `from` on, except for "%%" and PREFIX_LINE, which stay. */
static bool find_variable(const char *text, size_t from, struct name *name)
{
	for (size_t at = from; text[at]; at++) {
		size_t size;

		if (text[at] != '%')
			continue;
		if (text[at + 1] == '%') {
			at++;
			continue;
		}
		if (text[at + 1] != '(')
			continue;
		size = strcspn(text + at + 2, ")");
		if (text[at + 2 + size] != ')' || text[at + 3 + size] != 's' ||
		    size >= sizeof(name->text))
			continue;
		*name = (struct name){ .at = at, .end = at + size + 4 };
		for (size_t i = 0; i < size; i++)
			name->text[i] = (char)tolower((unsigned char)text[at + 2 + i]);
		if (strncmp(text + at, PREFIX_LINE, strlen(PREFIX_LINE)) != 0)
			return true;
	}
	return false;
}

/* Finds the next "<name>" of an option, the innermost one if they are nested. */
static const struct filter_option *find_tag(const struct filter_file *file, const char *text,
					    struct name *name)
{
	const char *open = text;

	while ((open = strchr(open, '<'))) {
		size_t size = strspn(open + 1, "abcdefghijklmnopqrstuvwxyz"
					       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/");
		const struct filter_option *option;

		*name = (struct name){ .at = (size_t)(open - text) };
		open++;
		if (!size || open[size] != '>' || size >= sizeof(name->text))
			continue;
		memcpy(name->text, open, size);
		name->end = name->at + size + 2;
		option = filter_file_get(file, name->text);
		if (option)
			return option;
	}
	return NULL;
}

static bool is_envelope(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash && !strncmp(name, "lt_", 3) && !strcmp(slash, "/__prefix_line");
}

static void finish(char *text)
{
	for (; (text = strstr(text, PREFIX_LINE)); text += strlen(PREFIX_LINE))
		memcpy(text, "%(__prefix_line)s", strlen(PREFIX_LINE));
}

int filter_file_expand(const struct filter_file *file, const char *what, char out[FILTER_TEXT_MOST],
		       struct fault *fault)
{
	static const struct filter_option nothing = { .value = NULL };
	const struct filter_option *own = filter_file_get(file, what), *option;
	unsigned rounds = 0;
	struct name name;
	int error = 0;

	snprintf(out, FILTER_TEXT_MOST, "%s", own ? own->value : "");
	while (own && !error && rounds++ < ROUNDS_MOST) {
		if (find_variable(out, 0, &name)) {
			option = filter_file_get(file, name.text);
			if (!option && !strncmp(name.text, "known/", 6))
				option = &nothing;
			if (!option)
				return fault_set(fault, -EINVAL, "%s: %%(%s)s is defined nowhere",
						 own->place, name.text);
			error = put(out, name.at, name.end, option->value ? option->value : "");
		} else if ((option = find_tag(file, out, &name))) {
			error = put(out, name.at, name.end,
				    is_envelope(name.text) ? PREFIX_LINE : option->value);
		} else {
			finish(out);
			return 0;
		}
	}
	return own ? fault_set(fault, -EINVAL, "%s: %s", own->place,
			       error ? "it is too long" : "it contains itself")
		   : 0;
}
