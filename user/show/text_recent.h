/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of text_stats(): rates, and the sources and networks that connect most. Private to
 * user/show/. */
#ifndef SEKISHO_TEXT_RECENT_H
#define SEKISHO_TEXT_RECENT_H

#include "show/render.h"

/* Attempts, drops and handshakes per minute; the sources and networks that connect most, if they
 * were read. */
void text_rates(FILE *out, const struct snapshot *snapshot);
void text_top(FILE *out, const struct snapshot *snapshot);

#endif
