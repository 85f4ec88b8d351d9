/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate's verdicts as they happen, for as long as somebody looks. Whoever looks has a slot and a
 * ring buffer of its own, by a lease of two seconds that it renews: when it is killed, the gate
 * stops telling by itself, and the daemon, or the next to look, takes the buffer away.
 */
#ifndef SEKISHO_VERDICTS_H
#define SEKISHO_VERDICTS_H

#include "kernel/gate.h"
#include "verdict_word.h"

struct verdicts;

/* Begins to collect what `filter` asks for of the verdicts of `gate`, which must outlive it.
 * -EBUSY: WATCH_SLOTS look already. */
int verdicts_begin(struct gate *gate, const struct watch_filter *filter, uint64_t now_boot_ns,
		   struct verdicts **verdicts, struct fault *fault);

/* Calls `each` with every record that waits, in their order. A negative return of `each` ends the
 * walk and is returned; else their number. */
int verdicts_read(struct verdicts *verdicts,
		  int (*each)(const struct watch_record *record, void *context), void *context);

/* Renews the lease: to be called at least once a second. False: the gate was unloaded, or another
 * has the slot because that was not done. */
bool verdicts_go_on(struct verdicts *verdicts, uint64_t now_boot_ns);

/* What was asked for and is in no record: beyond the rate, and without room in the buffer. */
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
