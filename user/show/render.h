/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot as text for people, as JSON and as Prometheus text. Pure: the output depends only on
 * the snapshot. The caller checks whether the stream took it (ferror, fclose).
 */
#ifndef SEKISHO_RENDER_H
#define SEKISHO_RENDER_H

#include <stdio.h>
#include "show/snapshot.h"

/* For 80 columns; no promise to scripts. */
void text_stats(FILE *out, const struct snapshot *snapshot);
/* `verbose`: also for developers and the doctor: contract, generation, memory, all tables. */
void text_status(FILE *out, const struct snapshot *snapshot, bool verbose);
/* Parts: the first line of a status and an empty one; the tables, all or those that are 80 % full
 * or have overflowed. */
void text_headline(FILE *out, const struct snapshot *snapshot);
void text_tables(FILE *out, const struct snapshot *snapshot, bool all);
void text_cookies(FILE *out, const struct snapshot *snapshot); /* where SYNs are answered */

/* One object and a newline, malloc()ed; NULL: out of memory. Schema: docs/json.md. */
char *json_stats(const struct snapshot *snapshot);
char *json_status(const struct snapshot *snapshot);

/* Text exposition format 0.0.4. The number of series is bounded by services, countries seen,
 * reasons, lists, logs, devices and maps. */
void prometheus_stats(FILE *out, const struct snapshot *snapshot);

#endif
