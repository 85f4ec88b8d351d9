// SPDX-License-Identifier: GPL-2.0-or-later
/* The store made true to the kernel while all goes on. See bans.h. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/bans.h"
#include "enforce/kernel_bans.h"

#define SAME_NS	    NS_PER_S
#define LOST_REASON "the store had lost this ban; the kernel kept it"
#define REASON_SIZE 512

struct portion {
	struct prefix prefixes[GATE_BAN_SOME];
	struct ban bans[GATE_BAN_SOME];
	size_t count;
};

/* What the store ought to say of a ban, if it does not. */
static bool is_other(struct store *store, const struct clocks *clocks, const struct prefix *prefix,
		     const struct ban *ban, struct store_ban *row, char reason[REASON_SIZE],
		     int *error, struct fault *fault)
{
	int64_t until = clocks_to_wall(clocks, ban->expires_ns), apart;
	bool is_known;

	*error = store_ban_get(store, prefix, row, reason, REASON_SIZE, fault);
	is_known = !*error;
	if (*error == -ENOENT)
		*error = 0;
	if (*error)
		return false;
	apart = is_known ? row->until_wall_ns - until : 0;
	if (is_known && apart > -SAME_NS && apart < SAME_NS)
		return false;
	if (!is_known)
		*row = (struct store_ban){
			.since_wall_ns = clocks_to_wall(clocks, ban->since_ns),
			.reason = LOST_REASON,
		};
	row->prefix = *prefix;
	row->until_wall_ns = until;
	row->rule = ban->rule;
	return true;
}

static int write_others(struct instance *instance, const struct portion *portion,
			struct bans_reconcile *reconcile, struct fault *fault)
{
	struct clocks clocks = clocks_read();
	struct store *store = instance->store;
	bool begun = false;
	int error = 0;

	for (size_t i = 0; i < portion->count && !error; i++) {
		const struct ban *ban = &portion->bans[i];
		char reason[REASON_SIZE];
		struct store_ban row;

		if (ban->expires_ns <= clocks.boot_ns ||
		    !is_other(store, &clocks, &portion->prefixes[i], ban, &row, reason, &error,
			      fault))
			continue;
		if (!begun)
			error = store_begin(store, fault);
		begun |= !error;
		if (!error)
			error = store_ban_put(store, &row, NULL, 0, fault);
		reconcile->written += !error;
	}
	if (begun && !error)
		return store_commit(store, fault);
	if (begun)
		store_rollback(store);
	return error;
}

int bans_reconcile_some(struct instance *instance, struct bans_reconcile *reconcile,
			struct fault *fault)
{
	_cleanup_free_ struct portion *portion = malloc(sizeof(*portion));
	struct gate_ban_walk walk = reconcile->walk;
	int error;

	if (!portion)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (!instance->gate || !instance->store)
		return fault_set(fault, -ENOENT, "no gate or no store");
	error = instance_clock(instance, NULL, fault);
	if (!error)
		error = gate_ban_some(instance->gate, &walk, portion->prefixes, portion->bans,
				      &portion->count, fault);
	if (!error)
		error = write_others(instance, portion, reconcile, fault);
	if (error)
		return error;
	reconcile->walk = walk;
	reconcile->seen += portion->count;
	return !walk.ended;
}
