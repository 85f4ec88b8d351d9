/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exim hands syslog a long line in pieces of 870 bytes: "[1/2] ...", "[2/2] ...". A client decides
 * where the second one begins, so a piece is never read as a line; they are put together, and the
 * whole is. Of pieces that are not all here, nothing is said. Memory is bounded: PIECES_MOST lines
 * at a time, the longest untouched one gives way; made with the first piece.
 */
#ifndef SEKISHO_LOG_PIECES_H
#define SEKISHO_LOG_PIECES_H

#include "log/envelope.h"

#define PIECES_MOST 4 /* of LOG_LINE_MAX bytes each */

struct pieces;

/* With the lines that are not complete yet, which are lost. NULL is allowed. */
void pieces_free(struct pieces *pieces);

/* Whether the message is a line of its own, which it then is as a whole: envelope->text may point
 * into *pieces until the next call. *pieces may be NULL at first. */
bool pieces_join(struct pieces **pieces, struct envelope *envelope);

#endif
