/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate's verdicts as they happen, while somebody watches. Each watcher has its own slot and
 * ring buffer, with a lease of two seconds that it renews. If it is killed, the gate stops its
 * reports by itself, and the daemon, or the next watcher, removes the buffer.
 */
#ifndef SEKISHO_VERDICTS_H
#define SEKISHO_VERDICTS_H

#include "kernel/gate.h"
#include "verdict_word.h"

struct verdicts;

/* Begins to collect the verdicts of `gate` that `filter` wants; `gate` must outlive *verdicts.
 * -EBUSY: there are WATCH_SLOTS watchers already. */
int verdicts_begin(struct gate *gate, const struct watch_filter *filter, uint64_t now_boot_ns,
		   struct verdicts **verdicts, struct fault *fault);

/* Calls `each` with every record that waits, in order. Returns their number; a negative return of
 * `each` ends the walk and is returned. */
int verdicts_read(struct verdicts *verdicts,
		  int (*each)(const struct watch_record *record, void *context), void *context);

/* Renews the lease. To be called at least once a second. False: the gate was unloaded, or the lease
 * ended and another watcher has the slot. */
bool verdicts_go_on(struct verdicts *verdicts, uint64_t now_boot_ns);

/* How many wanted verdicts have no record: those beyond the rate, and those without room in the
 * buffer. */
struct verdicts_missed {
	uint64_t rate, room;
};
struct verdicts_missed verdicts_missed(const struct verdicts *verdicts);

void verdicts_end(struct verdicts *verdicts); /* NULL is allowed */

/* Frees the slots and buffers whose leases have ended. */
void verdicts_tidy(struct gate *gate, uint64_t now_boot_ns);

static inline void cleanup_verdicts(struct verdicts **verdicts)
{
	verdicts_end(*verdicts);
}

#endif
