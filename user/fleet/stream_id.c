// SPDX-License-Identifier: GPL-2.0-or-later
/* See stream_id.h. */
#include "fleet/stream_id.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool stream_id_read(const char *text, uint64_t *ms, uint64_t *serial)
{
	int used = 0;

	return strlen(text) < STREAM_ID_SIZE &&
	       sscanf(text, "%20" SCNu64 "-%20" SCNu64 "%n", ms, serial, &used) == 2 && !text[used];
}

bool stream_id_is_before(const char *a, const char *b)
{
	uint64_t a_ms = 0, a_serial = 0, b_ms = 0, b_serial = 0;

	stream_id_read(a, &a_ms, &a_serial);
	stream_id_read(b, &b_ms, &b_serial);
	return a_ms < b_ms || (a_ms == b_ms && a_serial < b_serial);
}
