/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the writers of the Prometheus text share, and their parts. Not for others: they see
 * render.h. Each family is written once, with all its samples. Pure. */
#ifndef SEKISHO_PROMETHEUS_H
#define SEKISHO_PROMETHEUS_H

#include <stdio.h>
#include "show/snapshot.h"

/* HELP and TYPE ("counter", "gauge"). */
void prometheus_family(FILE *out, const char *name, const char *type, const char *help);
/* `{key="text"` or `,key="text"`, by the separator; any bytes are made fit. */
void prometheus_label(FILE *out, const char *separator, const char *name, const char *value);
void prometheus_sample(FILE *out, const char *name, uint64_t value);
/* With one label. */
void prometheus_sample1(FILE *out, const char *name, const char *key, const char *text,
			uint64_t value);
/* Seconds since 1970. */
void prometheus_time(FILE *out, const char *name, int64_t wall_ns);

/* The families of the gate; of the daemon, or only that it does not run; of the outflow breaker. */
void prometheus_gate(FILE *out, const struct snapshot *snapshot);
void prometheus_daemon(FILE *out, const struct snapshot *snapshot);
void prometheus_outflow(FILE *out, const struct outflow_view *view); /* NULL: nothing */

#endif
