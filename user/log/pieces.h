/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Joins the pieces of 870 bytes in which Exim passes a long line to syslog: "[1/2] ...", "[2/2]
 * ...". A client decides where the second one begins, so a piece is never read as a line; only the
 * joined line is. If pieces are missing, the line counts as nothing. Memory is bounded: PIECES_MOST
 * lines at a time, of which the longest untouched one gives way; it is allocated with the first
 * piece.
 */
#ifndef SEKISHO_LOG_PIECES_H
#define SEKISHO_LOG_PIECES_H

#include "log/envelope.h"

#define PIECES_MOST 4 /* of LOG_LINE_MAX bytes each */

struct pieces;

/* Lines that are not complete yet are lost. NULL is allowed. */
void pieces_free(struct pieces *pieces);

/* False: the message is a piece of a line that is not complete yet. Else envelope->text is the
 * whole line, and may point into *pieces until the next call. *pieces may be NULL at first. */
bool pieces_join(struct pieces **pieces, struct envelope *envelope);

#endif
