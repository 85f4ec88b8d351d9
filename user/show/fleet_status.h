/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the fleet process's status file, for `sekisho fleet status`, metrics and doctor. A process
 * that reads what strangers wrote has written it: reading is bounded, and trusts nothing in it. */
#ifndef SEKISHO_FLEET_STATUS_H
#define SEKISHO_FLEET_STATUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/fault.h"
#include "conf/config.h"

#define FLEET_STATUS_EVERY_S 2
#define FLEET_STATUS_STALE_S 20 /* one that was not written for so long hangs, or is gone */

/* "RUNTIME-fleet/status.json"; false: too long. */
bool fleet_status_path(const char *runtime, char *path, size_t size);
/* A new reference. -ENOENT: it never ran; -EPROTO: it is none. */
int fleet_status_read(const char *runtime, json_t **status, struct fault *fault);
/* Whether the process still writes it. */
bool fleet_status_is_fresh(const json_t *status, long long now_wall_ns);

/* Prints the text of `sekisho fleet status`. Missing members are 0. */
void fleet_status_print(FILE *out, const json_t *status, long long now_wall_ns);
/* Writes metrics; nothing if there is no [fleet]. */
void fleet_status_metrics(FILE *out, const struct config *config, long long now_wall_ns);

#endif
