/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sources and networks that connect most, from their meters: one entry for all services of a
 * prefix. Not for metrics: this walks a table. */
#ifndef SEKISHO_TALKERS_H
#define SEKISHO_TALKERS_H

#include "kernel/gate.h"

struct talker {
	struct prefix prefix;
	uint32_t services; /* bit per service id */
	uint32_t open;	   /* connections now */
	uint64_t handshakes, attempts, dropped;
	uint64_t last_boot_ns;
	unsigned country;  /* filled in by callers that need it; else 0 */
	uint32_t provider; /* likewise: number of the autonomous system; 0: not known */
};

struct talkers { /* zero-initialised is empty */
	struct talker *items;
	size_t count;
};

enum talker_order {
	TALKERS_BY_PREFIX = 0,
	TALKERS_BY_ATTEMPTS, /* this and the next: greatest first, ties by prefix */
	TALKERS_BY_DROPPED,
	TALKERS_BY_OPEN,
	TALKERS_BY_HANDSHAKES,
	TALKERS_BY_LAST,
};

/* Reads them, ordered by prefix. -ENOMEM, or the gate's error. */
int talkers_read(struct gate *gate, enum gate_meters table, struct talkers *talkers,
		 struct fault *fault);
void talkers_free(struct talkers *talkers);

/* Puts the first `most` in order at the front; the rest stays in any order. Pure. */
void talkers_sort(struct talkers *talkers, enum talker_order order, size_t most);

/* The entry of a prefix in talkers that are ordered by prefix, or NULL. Pure. */
const struct talker *talkers_find(const struct talkers *talkers, const struct prefix *prefix);

/* The order of prefixes: IPv4 before IPv6, then numeric, then by length. */
int talkers_compare_prefix(const struct prefix *a, const struct prefix *b);

#endif
