/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the formats of country_read() share. A format is one file and one row in the table of
 * country.c. Not here: what country data is (country.h).
 */
#ifndef SEKISHO_COUNTRY_READER_H
#define SEKISHO_COUNTRY_READER_H

#include <errno.h>
#include "lists/country.h"

struct country_file {
	const char *name; /* path, for messages; ipdeny zones have the country there */
	const char *text;
	size_t size;
};

struct country_format {
	/* Pure, and false for what another format reads. */
	bool (*detect)(const struct country_file *file);
	/* Adds ranges. -EBADMSG with "NAME:LINE: ..." when damaged or cut short. */
	int (*read)(const struct country_file *file, struct ranges *ranges, struct fault *fault);
};

extern const struct country_format country_mmdb, country_rir, country_zone, country_csv;

/* A piece of a line. */
struct country_field {
	const char *text;
	size_t size;
};

/* Walks lines without their ends and blanks there, empty ones and '#' comments left out. `each`
 * returns NULL, or what is wrong with the line; *error is then -EBADMSG unless it set another. */
int country_lines(const struct country_file *file,
		  const char *(*each)(const char *line, size_t size, void *context, int *error),
		  void *context, struct fault *fault);

/* Splits at `separator`; returns how many fields there are, though no more than `most` are set. */
size_t country_fields(const char *line, size_t size, char separator, struct country_field *fields,
		      size_t most);

#endif
