/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One JSON object in one line, of which a few members are wanted: reads them without building a
 * tree, since logs are written so line by line. Not here: what they mean; documents (jansson).
 */
#ifndef SEKISHO_FLAT_JSON_H
#define SEKISHO_FLAT_JSON_H

#include "log/scan.h"

#define FLAT_JSON_MOST 64
#define FLAT_JSON_DEEP 3 /* objects within objects that names reach into */

struct flat_json {
	/* FLAT_JSON_MOST at most, NULL at the end. "a.b" is the member "b" of the object "a", or a
	 * member of that name. */
	const char *const *names;
	/* Of each name, as written: a string without its quotes, an array with its brackets, a
	 * number or word; size 0 where it is not there. Spans into the line. */
	struct span values[FLAT_JSON_MOST];
	bool repeated; /* a name is there twice */
	bool line; /* a string of no name, not in an inner object, has what a log line has: a blank,
		    * and "=" or "[" */
};

/* Whether the line is one object. Of a name that is there twice, the first counts. */
bool flat_json_read(struct span line, struct flat_json *json);

/* Whether the value is a string, not a number, word, array or object. */
bool flat_json_is_string(struct span value);

/* A string's escapes resolved, or the bytes that an array of numbers stands for (journalctl), as
 * far as `size` goes; returns how many bytes. */
size_t flat_json_decode(struct span value, char *out, size_t size);

#endif
