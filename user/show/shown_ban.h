/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ban as text and as JSON. */
#ifndef SEKISHO_SHOWN_BAN_H
#define SEKISHO_SHOWN_BAN_H

#include <jansson.h>
#include <stdio.h>
#include "base/ban.h"

/* Prints an ended ban behind `before`: "192.0.2.1/32 from login, 10:00 to 11:00, source-failures",
 * and a line with the reason. */
void shown_ban_print_past(FILE *out, const char *before, const struct ban_record *ban);

/* A new object with prefix, services (a new reference, or NULL), since, until, rule and reason; an
 * ended ban has "ended" instead of "until", and "lifted". NULL: out of memory. */
json_t *shown_ban_to_json(const struct ban_record *ban, json_t *services, bool is_over);

#endif
