/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The columns of the tables of sources, networks and countries in `top`: a narrow screen leaves out
 * the least important ones, a wide one gives names more room. Pure. */
#ifndef SEKISHO_TOP_COLUMNS_H
#define SEKISHO_TOP_COLUMNS_H

#include "show/top.h"

#define TOP_LINE_SIZE 512

/* The heads, and one row, as `width` columns of text. */
void top_columns_head(enum top_pane pane, bool would, unsigned width, char text[TOP_LINE_SIZE]);
void top_columns_row(const struct top_row *row, enum top_pane pane, int64_t now_wall_ns,
		     unsigned width, char text[TOP_LINE_SIZE]);

#endif
