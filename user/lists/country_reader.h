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
	/* Whether the file is of this format, and no other. Pure. */
	bool (*detect)(const struct country_file *file);
	/* Adds ranges. -EBADMSG with "NAME:LINE: ..." when damaged or cut short. */
	int (*read)(const struct country_file *file, struct ranges *ranges, struct fault *fault);
};

extern const struct country_format country_mmdb, country_rir, country_zone, country_named,
	country_csv;

/* A piece of a line. */
struct country_field {
	const char *text;
	size_t size;
};

/* Walks over the lines, without their ends and blanks there; leaves out empty lines and '#'
 * comments. `each` returns NULL, or what is wrong with the line; *error is then -EBADMSG unless
 * `each` set another. */
int country_lines(const struct country_file *file,
		  const char *(*each)(const char *line, size_t size, void *context, int *error),
		  void *context, struct fault *fault);

/* Splits at `separator`; returns how many fields there are, but sets at most `most`. */
size_t country_fields(const char *line, size_t size, char separator, struct country_field *fields,
		      size_t most);

/* The same for CSV: fields may be in double quotes, which are not part of them. */
size_t country_quoted(const char *line, size_t size, char separator, struct country_field *fields,
		      size_t most);

/* ---- MaxMind's CSV: networks in one file, what their numbers mean in another ---- */

struct country_maxmind {
	struct country_file locations, blocks[2]; /* .text NULL: not there; the texts are owned */
	char *names[3];				  /* of locations and blocks; owned */
};

/* Keeps the file if by its name it is one of the three (GeoLite2-Country-Blocks-IPv4.csv,
 * ...-Locations-en.csv). 1: kept, `text` is taken over; 0: it is not one of them. -ENOMEM. */
int country_maxmind_offer(struct country_maxmind *maxmind, const char *path, char *text,
			  size_t size);
/* Adds the ranges of the kept files. -EBADMSG: a file is missing or damaged, or a network has a
 * number that the locations do not have. */
int country_maxmind_read(const struct country_maxmind *maxmind, const char *path,
			 struct ranges *ranges, struct fault *fault);
void country_maxmind_free(struct country_maxmind *maxmind);

#endif
