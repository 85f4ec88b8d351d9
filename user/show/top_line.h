/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of the screen of `top`, for the files that make it up. Not for others. */
#ifndef SEKISHO_TOP_LINE_H
#define SEKISHO_TOP_LINE_H

#include <curses.h>

/* Prints a line, cut at the right edge; control characters in text of others become visible. */
void top_line(int y, attr_t attributes, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
