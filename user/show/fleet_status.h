/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fleet process's status file, read: for `sekisho fleet status`, metrics and doctor. It is
 * written by a process that reads what strangers wrote: bounded, and nothing in it is believed. */
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
/* Whether the process that wrote it still does. */
bool fleet_status_is_fresh(const json_t *status, long long now_wall_ns);

/* What `sekisho fleet status` prints of it. Members that are missing are 0. */
void fleet_status_print(FILE *out, const json_t *status, long long now_wall_ns);
/* Metrics; nothing where there is no [fleet]. */
void fleet_status_metrics(FILE *out, const struct config *config, long long now_wall_ns);

#endif
