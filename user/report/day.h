/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the store's counters and alerts say of one day. */
#ifndef SEKISHO_DAY_H
#define SEKISHO_DAY_H

#include "history/span.h"

#define DAY_HOURS  25 /* where summer time ends */
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

/* The local day that `wall_ns` lies in, or the one of `name` ("2026-11-15"; may be NULL). -EINVAL:
 * there is no such day. Zeroes the rest. */
int day_of(const char *name, int64_t wall_ns, struct day *day);
void day_free(struct day *day); /* what it owns */
/* The counts of an hour (span_start()) that begins in the day. */
void day_add(struct day *day, int64_t start_s, const struct span_counts *counts);
/* Of all services. */
void day_attempts(const struct span_counts *counts, uint64_t *attempts, uint64_t *dropped);

#endif
