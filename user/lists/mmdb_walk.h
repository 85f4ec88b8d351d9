/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A MaxMind DB's tree as ranges. Not here: what its records mean (country_mmdb.c, providers.c). */
#ifndef SEKISHO_MMDB_WALK_H
#define SEKISHO_MMDB_WALK_H

#include <maxminddb.h>

#include "lists/ranges.h"

/* A record as a range's value: 0 to UINT32_MAX; -EINVAL: it has none; -EBADMSG: damaged. */
typedef int64_t mmdb_value(MMDB_entry_s *entry);

/*
 * Adds a range for each record with a value; not yet normal. IPv4 lies under ::/96; what lies under
 * its alias ::ffff:0:0/96 is the same and left out. `value` is asked once for equal records that
 * lie near each other. -EBADMSG: damaged; -ENOMEM.
 */
int mmdb_walk(MMDB_s *mmdb, mmdb_value *value, struct ranges *ranges);

#endif
