/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turns an account's name as a daemon wrote it into the name that was sent. Pure. Not here: whether
 * it may be a name (parse.c). */
#ifndef SEKISHO_WRITTEN_NAME_H
#define SEKISHO_WRITTEN_NAME_H

#include "log/event.h"
#include "log/scan.h"

/* "Ym9i" as "bob" in `out`, if it is base64 of a possible name; else the name as it is. */
struct span name_from_base64(struct span name, char out[EVENT_ACCOUNT_SIZE]);

/* "b\303\274rger" as the bytes that were sent, in `out`; the name as it is if nothing is
 * escaped. */
struct span name_from_escapes(struct span name, char out[EVENT_ACCOUNT_SIZE]);

#endif
