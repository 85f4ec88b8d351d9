/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a few members of one JSON object in one line, without building a tree, since some logs have
 * such an object in each line. Not here: what they mean; documents (jansson).
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
	/* The value of each name, as written: a string without its quotes, an array with its
	 * brackets, a number or word; size 0: it is not there. Spans into the line. */
	struct span values[FLAT_JSON_MOST];
	bool repeated[FLAT_JSON_MOST];	     /* the name is there twice */
	unsigned char found[FLAT_JSON_MOST]; /* which names are there, in their order */
	size_t found_count;
	bool broken; /* an object that names reach into is not valid: its values are not certain */
	/* The index of a name plus 1, by the name's hash; 0: none. */
	unsigned char slots[FLAT_JSON_SLOTS], sizes[FLAT_JSON_MOST];
};

/* Sets the names that are wanted; NULL ends `names`, which must stay. */
void flat_json_want(struct flat_json *json, const char *const *names);

/* Whether the line is one object. If a name is there twice, its first value counts. */
bool flat_json_read(struct span line, struct flat_json *json);

/* Whether the line that was read has a string that looks like a log line, with a blank and "=" or
 * "[", outside of inner objects, and whose name is none of those from `first` on. */
bool flat_json_has_line(struct span line, const struct flat_json *json, size_t first);

/* Whether the value is a string, not a number, word, array or object. */
bool flat_json_is_string(struct span value);

/* Resolves a string's escapes, or writes the bytes of an array of numbers (journalctl), up to
 * `size`. Returns how many bytes. */
size_t flat_json_decode(struct span value, char *out, size_t size);

/* The same, but `out` is used only if there is something to resolve. */
struct span flat_json_text(struct span value, char *out, size_t size);

/* Reads a string whose opening quote is before *text, and moves behind the closing quote.
 * *line is the string's meaning without a newline at its end (*newline: it had one). `out`,
 * which is as large as the text, is used only if more than that is escaped. False: no quote
 * closes the string. */
bool flat_json_take_line(struct span *text, char *out, struct span *line, bool *newline);

#endif
