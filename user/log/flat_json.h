/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One JSON object in one line, of which a few members are wanted: reads them without building a
 * tree, since logs are written so line by line. Not here: what they mean; documents (jansson).
 */
#ifndef SEKISHO_FLAT_JSON_H
#define SEKISHO_FLAT_JSON_H

#include "log/scan.h"

#define FLAT_JSON_MOST	96
#define FLAT_JSON_SLOTS 256
#define FLAT_JSON_DEEP	3 /* objects within objects that names reach into */

/* flat_json_want() fills it, once for all lines. */
struct flat_json {
	/* FLAT_JSON_MOST at most. "a.b" is the member "b" of the object "a", or a member of that
	 * name. */
	const char *const *names;
	/* Of each name, as written: a string without its quotes, an array with its brackets, a
	 * number or word; size 0 where it is not there. Spans into the line. */
	struct span values[FLAT_JSON_MOST];
	bool repeated[FLAT_JSON_MOST];	     /* it is there twice */
	unsigned char found[FLAT_JSON_MOST]; /* which names are there, as they come */
	size_t found_count;
	bool broken; /* an object that names reach into is none: what those say is not sure */
	/* Where a name is, by a hash of it: its index and 1; 0: none. */
	unsigned char slots[FLAT_JSON_SLOTS], sizes[FLAT_JSON_MOST];
};

/* Which names are wanted; NULL at the end of `names`, which must stay. */
void flat_json_want(struct flat_json *json, const char *const *names);

/* Whether the line is one object. Of a name that is there twice, the first counts. */
bool flat_json_read(struct span line, struct flat_json *json);

/* Of a line that was read: whether a string of no name from `first` on, not in an inner object, has
 * what a log line has: a blank, and "=" or "[". */
bool flat_json_has_line(struct span line, const struct flat_json *json, size_t first);

/* Whether the value is a string, not a number, word, array or object. */
bool flat_json_is_string(struct span value);

/* A string's escapes resolved, or the bytes that an array of numbers stands for (journalctl), as
 * far as `size` goes; returns how many bytes. */
size_t flat_json_decode(struct span value, char *out, size_t size);

/* The same; into `out` only where there is something to resolve. */
struct span flat_json_text(struct span value, char *out, size_t size);

/* Of a string, of which *text is what is behind its opening quote: moves behind its closing one.
 * *line is what it stands for, without a newline at its end (*newline: it has one); into `out`,
 * which is as large as the text, only where more than that is escaped. False: no quote closes it. */
bool flat_json_take_line(struct span *text, char *out, struct span *line, bool *newline);

#endif
