/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters of about a minute ago, which the daemon keeps in RUNTIME/minute.json. So any command can
 * tell what happened within the last minute: the present counters less these.
 */
#ifndef SEKISHO_LAST_MINUTE_H
#define SEKISHO_LAST_MINUTE_H

#include "show/snapshot.h"

#define MINUTE_FILE    "minute.json"
#define MINUTE_STEP_S  5
#define MINUTE_SAMPLES (60 / MINUTE_STEP_S + 1) /* from the oldest to the newest is a minute */
#define MINUTE_STALE_S 90			/* an older one tells of more than a minute */

struct counts_sample {
	uint64_t boot_ns;
	struct snapshot_sum services[SERVICE_MAX]; /* by id; `open` is not kept */
};

/* Sums the countries of each service. `boot_ns`: when `counts` were read. */
void sample_take(struct counts_sample *sample, const struct gate_counts *counts, uint64_t boot_ns);

/* Replaces the file in `directory`. -ENOMEM; errors of file_replace(). */
int minute_write(const char *directory, const struct counts_sample *sample, struct fault *fault);
/* -ENOENT: none; -EBADMSG: not of this form. */
int minute_read(const char *directory, struct counts_sample *sample, struct fault *fault);

/* The counts between two samples. False: they are not of the same maps (a counter went back), or no
 * time lies between them. Pure. */
bool minute_between(const struct counts_sample *then, const struct counts_sample *now,
		    struct snapshot_sum services[SERVICE_MAX], uint64_t *ns);

#endif
