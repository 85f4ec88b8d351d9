/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One day, from the store's counters and alerts. */
#ifndef SEKISHO_DAY_H
#define SEKISHO_DAY_H

#include "history/span.h"

#define DAY_HOURS  25 /* on the day on which summer time ends */
#define DAY_ALERTS 50

struct day_alert {
	int64_t wall_ns;
	char *rule, *about, *why; /* owned; about NULL: the server */
};

struct day {
	char name[16];	      /* "2026-11-15" */
	int64_t from_s, to_s; /* local midnight to the next; seconds since 1970 */
	size_t hour_count;
	struct span_counts hours[DAY_HOURS], sum;
	struct day_alert alerts[DAY_ALERTS]; /* the last ones, the last first */
	uint64_t alert_count;		     /* may be larger */
};

/* Sets the local day of `name` ("2026-11-15"), or of `wall_ns` if `name` is NULL. -EINVAL: there is
 * no such day. Zeroes the rest. */
int day_of(const char *name, int64_t wall_ns, struct day *day);
void day_free(struct day *day); /* what it owns */
/* Adds the counts of an hour (span_start()) that begins in the day. */
void day_add(struct day *day, int64_t start_s, const struct span_counts *counts);
/* The sums of all services. */
void day_attempts(const struct span_counts *counts, uint64_t *attempts, uint64_t *dropped);

#endif
