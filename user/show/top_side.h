/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The right part of a wide screen of `top`: the last hour from the history, and the latest bans. */
#ifndef SEKISHO_TOP_SIDE_H
#define SEKISHO_TOP_SIDE_H

#include "show/top.h"

#define TOP_SIDE_WIDTH 66
/* Whether there is room for it beside the tables. */
bool top_side_fits(int columns, int lines);
/* Draws it from the second line on, at the right edge. */
void top_side_draw(const struct top_frame *now, const struct top_bans *bans);

/* `count` values as that many characters of eight heights; the greatest value has the full height.
 * Blocks, or ASCII if the terminal has no UTF-8. `text` has room for 3 bytes each and the NUL.
 * Pure. */
void top_sparkline(const uint64_t *values, size_t count, bool utf8, char *text);

#endif
