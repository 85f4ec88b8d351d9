/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A time zone by name, for stamps that name none: from the system's zone files (TZif, RFC 9636), or
 * a fixed offset. It does not depend on the process's own zone, so that logs of several zones can
 * be read side by side. Not here: the stamps.
 */
#ifndef SEKISHO_ZONE_H
#define SEKISHO_ZONE_H

#include <stdint.h>
#include "base/fault.h"

struct zone;

/* "UTC", "+09:00", "-0330", or the name of a zone of the system ("Asia/Tokyo"). *zone is the
 * caller's. -EINVAL: no such zone; the fault says what one looks like. */
int zone_load(const char *name, struct zone **zone, struct fault *fault);
void zone_free(struct zone *zone);

/* Converts a local time to seconds since 1970; `local_s` is what the clock showed, counted as if it
 * were UTC. If the hour comes twice, *second is the other answer, else the same one; if the clock
 * leaps over the hour, both are the time without the leap. `zone` NULL: the process's own (TZ). */
int64_t zone_convert(const struct zone *zone, int64_t local_s, int64_t *second);

#endif
