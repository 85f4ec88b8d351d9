// SPDX-License-Identifier: GPL-2.0-or-later
/* See country_files.h. Pure. */
#include "show/country_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes a decimal number off the end of `text`, with the blank before it. */
static int take_number(char *text, uint64_t *number)
{
	char *blank = strrchr(text, ' ');

	if (!blank || blank == text || !blank[1] ||
	    strspn(blank + 1, "0123456789") != strlen(blank + 1))
		return -1;
	*number = strtoull(blank + 1, NULL, 10);
	*blank = '\0';
	return 0;
}

static void read_line(const char *line, size_t size, struct country_source *file)
{
	uint64_t modified = 0, bytes = 0;
	char text[1024];

	snprintf(text, sizeof(text), "%.*s", (int)size, line);
	*file = (struct country_source){ 0 };
	if (!take_number(text, &bytes) && !take_number(text, &modified) && modified <= INT64_MAX) {
		file->modified_wall_ns = (int64_t)modified;
		file->bytes = bytes;
	} else {
		snprintf(text, sizeof(text), "%.*s", (int)size, line);
	}
	snprintf(file->path, sizeof(file->path), "%.255s", text);
}

size_t country_files_read(const char *source, struct country_source *files, size_t room)
{
	size_t count = 0;

	while (*source && count < room) {
		size_t size = strcspn(source, "\n");

		if (size)
			read_line(source, size, &files[count++]);
		source += size + (source[size] == '\n');
	}
	return count;
}
