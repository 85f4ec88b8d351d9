/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An account's name as it was sent, from how a daemon wrote it. Pure. Not here: whether it may be a
 * name (parse.c). */
#ifndef SEKISHO_WRITTEN_NAME_H
#define SEKISHO_WRITTEN_NAME_H

#include "log/event.h"
#include "log/scan.h"

/* "Ym9i" as "bob" in `out`, where it is base64 of a name that could be one; else as it is. */
struct span name_from_base64(struct span name, char out[EVENT_ACCOUNT_SIZE]);

/* "b\303\274rger" as the bytes that were sent, in `out`; as it is where nothing is escaped. */
struct span name_from_escapes(struct span name, char out[EVENT_ACCOUNT_SIZE]);

#endif
