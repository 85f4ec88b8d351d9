/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the writers of the Prometheus text share, and their parts. Others use render.h. Each family
 * is written once, with all its samples. Pure. */
#ifndef SEKISHO_PROMETHEUS_H
#define SEKISHO_PROMETHEUS_H

#include <stdio.h>
#include "show/snapshot.h"

/* Writes HELP and TYPE: a name that ends in _total is a counter, any other a gauge. */
void prometheus_family(FILE *out, const char *name, const char *help);
/* A family of one sample without labels. */
void prometheus_value(FILE *out, const char *name, const char *help, uint64_t value);
void prometheus_sample(FILE *out, const char *name, uint64_t value);
/* With one label, whose text may be any bytes. */
void prometheus_sample1(FILE *out, const char *name, const char *key, const char *text,
			uint64_t value);
/* With two labels. */
void prometheus_sample2(FILE *out, const char *name, const char *key, const char *text,
			const char *key2, const char *text2, uint64_t value);

/* The families of the gate; of the daemon, or only that it does not run; of the outflow breaker. */
void prometheus_gate(FILE *out, const struct snapshot *snapshot);
void prometheus_daemon(FILE *out, const struct snapshot *snapshot);
void prometheus_outflow(FILE *out, const struct outflow_view *view); /* NULL: nothing */

#endif
