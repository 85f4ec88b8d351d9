/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The counts of a minute, or an hour: attempts by service and reason, events of logs, bans, alerts.
 * They are always differences, so that spans can be added in any order. Pure. Not here: reading the
 * counters (daemon/past.c), and keeping the spans (store/spans.c).
 */
#ifndef SEKISHO_SPAN_H
#define SEKISHO_SPAN_H

#include <stdbool.h>
#include <stdint.h>

#include "log/event.h"

#define SPAN_MINUTE_S 60U
#define SPAN_HOUR_S   3600U

struct span_service {
	char name[SERVICE_NAME_SIZE]; /* "": of no known port, or one beyond SERVICE_MAX */
	uint64_t attempts;
	uint64_t dropped[REASON_COUNT], would_drop[REASON_COUNT]; /* of the attempts */
};

struct span_counts {
	struct span_service services[SERVICE_MAX]; /* [0]: name "" */
	unsigned service_count;			   /* at least 1 once anything was added */
	uint64_t events[EVENT_KIND_COUNT];
	uint64_t bans, alerts;
};

/* Adds the counts of `more`; services of the same name are added together. */
void span_add(struct span_counts *sum, const struct span_counts *more);
/* The counts from `then` to `now`, which are both sums since some beginning. A counter that went
 * back began anew at 0, and all of it counts. */
void span_between(const struct span_counts *then, const struct span_counts *now,
		  struct span_counts *between);
bool span_is_empty(const struct span_counts *counts);

uint64_t span_dropped(const struct span_service *service); /* for all reasons */
/* For all reasons, in monitor mode. */
uint64_t span_would_drop(const struct span_service *service);

/* The beginning of the span of `length_s` that `wall_ns` lies in, in seconds since 1970. */
int64_t span_start(int64_t wall_ns, unsigned length_s);

/* One line of JSON without what is 0, malloc()ed; NULL: out of memory. And back: -EBADMSG. */
char *span_to_json(const struct span_counts *counts);
int span_from_json(const char *text, struct span_counts *counts);

#endif
