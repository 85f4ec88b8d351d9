/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Colour for people at a terminal, and lines that fit it. */
#ifndef SEKISHO_STYLE_H
#define SEKISHO_STYLE_H

#include <stdbool.h>
#include <stdio.h>

enum style { STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_STRONG };

/* Whether `out` is to be coloured: a terminal, and neither NO_COLOR (set and not empty,
 * no-color.org) nor TERM=dumb. */
bool style_wanted(FILE *out);

/* Prints `text` in a style, or as it is without `colour`. The text must be the program's own. */
void style_print(FILE *out, bool colour, enum style style, const char *text);

/* Prints `text` broken between words so that each line is at most `columns` wide. Every line except
 * the first is indented; the first begins at column `indent`. Control characters become visible. */
void style_wrap(FILE *out, unsigned columns, unsigned indent, const char *text);

/* The terminal's width, or 80. */
unsigned style_columns(FILE *out);

#endif
