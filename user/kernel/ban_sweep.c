// SPDX-License-Identifier: GPL-2.0-or-later
/* See gate_ban_sweep() in gate.h, and ban_lengths.h for what holds during a sweep. Writers hold the
 * writers' lock. */
#include "kernel/ban_lengths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "kernel/ban_entry.h"
#include "kernel/bloom_fill.h"
#include "kernel/gate.h"

#define PORTION 16 /* times GATE_BAN_SOME entries: 2 ms */

/* Begins a sweep. A sweep of another process ends by this: it finds that control->ban_sweep is not
 * its own any more. */
static void begin(struct gate *gate, struct gate_ban_sweep *sweep, uint64_t now_boot_ns)
{
	struct control *control = gate->control;

	sweep->id = (now_boot_ns << 16 ^ (uint64_t)getpid()) | 1;
	if (sweep->id == control->ban_sweep)
		sweep->id += 2;
	sweep->used = __atomic_load_n(&control->ban_used, __ATOMIC_RELAXED);
	memset(control->ban_sweep_lengths, 0, sizeof(control->ban_sweep_lengths));
	bloom_note_none(&gate->ban_bloom);
	control->ban_sweep = sweep->id;
}

static void end(struct gate *gate, const struct gate_ban_sweep *sweep)
{
	struct control *control = gate->control;
	uint64_t expected = sweep->used - sweep->removed;

	ban_lengths_keep_noted(control, true);
	ban_lengths_keep_noted(control, false);
	bloom_take_noted(&gate->ban_bloom);
	control->ban_sweep = 0;
	/* Corrects a count that a killed process left wrong. If others wrote meanwhile, the next
	 * sweep does. */
	__atomic_compare_exchange_n(&control->ban_used, &expected, sweep->kept, false,
				    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static void look_at(struct gate *gate, struct gate_ban_sweep *sweep, const struct prefix *prefix,
		    const struct ban *ban, uint64_t now_boot_ns)
{
	if (ban_active(ban, now_boot_ns)) {
		sweep->kept++;
		ban_sweep_note(gate, prefix);
	} else if (!gate_ban_remove(gate, prefix, NULL)) {
		sweep->removed++;
	}
}

int gate_ban_sweep_some(struct gate *gate, struct gate_ban_sweep *sweep, uint64_t now_boot_ns,
			struct fault *fault)
{
	_cleanup_free_ struct prefix *prefixes = calloc(GATE_BAN_SOME, sizeof(*prefixes));
	_cleanup_free_ struct ban *bans = calloc(GATE_BAN_SOME, sizeof(*bans));
	int err = 0;

	if (!prefixes || !bans)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (!sweep->id)
		begin(gate, sweep, now_boot_ns);
	else if (gate->control->ban_sweep != sweep->id)
		return fault_set(fault, -ECANCELED, "another sweep of the bans has begun");
	for (unsigned i = 0; i < PORTION && !sweep->walk.ended && !err; i++) {
		size_t count;

		err = gate_ban_some(gate, &sweep->walk, prefixes, bans, &count, fault);
		for (size_t j = 0; j < count && !err; j++)
			look_at(gate, sweep, &prefixes[j], &bans[j], now_boot_ns);
	}
	if (!err && sweep->walk.ended)
		end(gate, sweep);
	return err ? err : !sweep->walk.ended;
}

int gate_ban_sweep(struct gate *gate, uint64_t now_boot_ns, size_t *removed, struct fault *fault)
{
	struct gate_ban_sweep sweep = { 0 };
	int more;

	do
		more = gate_ban_sweep_some(gate, &sweep, now_boot_ns, fault);
	while (more > 0);
	if (removed)
		*removed = sweep.removed;
	return more;
}
