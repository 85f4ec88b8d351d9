/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ids of a stream's entries, "MS-SERIAL" by the engine's clock: hostile text, and an order. */
#ifndef SEKISHO_STREAM_ID_H
#define SEKISHO_STREAM_ID_H

#include <stdbool.h>
#include <stdint.h>

#define STREAM_ID_SIZE 48

/* False: it is none. */
bool stream_id_read(const char *text, uint64_t *ms, uint64_t *serial);
/* A text that is no id comes before all others. */
bool stream_id_is_before(const char *a, const char *b);

#endif
