/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of json_stats(); each a new reference, NULL: out of memory. Inside user/show/ only. */
#ifndef SEKISHO_JSON_RECENT_H
#define SEKISHO_JSON_RECENT_H

#include <jansson.h>
#include "show/snapshot.h"

/* {"since_load","last_minute"}: attempts, drops and handshakes per minute. The sources or networks
 * that connect most, as an array; null where they were not read. */
json_t *json_rates(const struct snapshot *snapshot);
json_t *json_top(const struct snapshot *snapshot, enum gate_meters table);

#endif
