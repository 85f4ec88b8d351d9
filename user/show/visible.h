/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes text of others (log lines, names, paths) safe to show: on a terminal, where control
 * characters are commands, and in JSON and Prometheus text, which must be UTF-8. Pure.
 */
#ifndef SEKISHO_VISIBLE_H
#define SEKISHO_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The bytes of the UTF-8 character at `text` (1 to 4, RFC 3629), or 0 when it is none. *code (may
 * be NULL) is its code point. `text` ends in NUL, which is no character. */
size_t utf8_length(const char *text, unsigned *code);

/* `text` as UTF-8: each byte that is not UTF-8 becomes U+FFFD. malloc()ed; NULL: out of memory. */
char *utf8_clean(const char *text);

/* Prints `text` for a terminal: control characters (C0, DEL, C1), characters that turn the
 * direction of writing or have no width, and bytes that are not UTF-8, as \xNN. A backslash stays
 * itself. */
void visible_print(FILE *out, const char *text);

/* Whether a reader can safely copy `text` as a word of a command, in single quotes: it has letters,
 * digits and @._+-= only, and is no option. */
bool visible_is_word(const char *text);

/* The same as visible_print() at the left of a line, in a column of `width`; a longer text gets a
 * line of its own. */
void visible_print_column(FILE *out, int indent, const char *text, int width);

#endif
