// SPDX-License-Identifier: GPL-2.0-or-later
/* The store made true to the kernel while all goes on. See bans.h. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/bans.h"
#include "enforce/kernel_bans.h"
#include "kernel/ban_parts.h"

#define SAME_NS	    NS_PER_S
#define LOST_REASON "the store had lost this ban; the kernel kept it"
#define REASON_SIZE 512

struct reconcile_portion {
	struct prefix prefixes[GATE_BAN_SOME];
	struct ban bans[GATE_BAN_SOME];
	size_t count;
};

/* What the store ought to say of a ban, if it does not. */
static bool is_other(struct store *store, const struct clocks *clocks, const struct prefix *prefix,
		     const struct ban_part *part, struct store_ban *row, char reason[REASON_SIZE],
		     int *error, struct fault *fault)
{
	int64_t until = clocks_to_wall(clocks, part->expires_ns), apart;
	bool is_known;

	*error = store_ban_get(store, prefix, part->services, row, reason, REASON_SIZE, fault);
	is_known = !*error;
	if (*error == -ENOENT)
		*error = 0;
	if (*error)
		return false;
	apart = is_known ? row->until_wall_ns - until : 0;
	if (is_known && apart > -SAME_NS && apart < SAME_NS && !(part->services & ~row->services))
		return false;
	if (!is_known)
		*row = (struct store_ban){
			.since_wall_ns = clocks_to_wall(clocks, part->since_ns),
			.reason = LOST_REASON,
		};
	row->prefix = *prefix;
	row->services = part->services;
	row->until_wall_ns = until;
	row->rule = part->rule;
	return true;
}

/* The transaction is begun with the first row. -EAGAIN: the clock was set since `clocks` were read.
 */
static int write_row(struct store *store, const struct clocks *clocks, const struct store_ban *row,
		     bool *begun, struct bans_reconcile *reconcile, struct fault *fault)
{
	int error = *begun ? 0 : store_begin(store, fault);

	if (error)
		return error;
	if (!*begun && clocks_were_set(clocks)) {
		store_rollback(store);
		return -EAGAIN;
	}
	*begun = true;
	error = store_ban_put(store, row, NULL, 0, fault);
	reconcile->written += !error;
	return error;
}

static int write_others(struct instance *instance, const struct reconcile_portion *portion,
			struct bans_reconcile *reconcile, struct fault *fault)
{
	struct clocks clocks = clocks_read();
	struct store *store = instance->store;
	bool begun = false;
	int error = 0;

	for (size_t i = 0; i < portion->count && !error; i++) {
		struct ban_part parts[BAN_GROUPS];
		size_t count = ban_parts(&portion->bans[i], clocks.boot_ns, parts);

		for (size_t j = 0; j < count && !error; j++) {
			char reason[REASON_SIZE];
			struct store_ban row;

			if (is_other(store, &clocks, &portion->prefixes[i], &parts[j], &row, reason,
				     &error, fault))
				error = write_row(store, &clocks, &row, &begun, reconcile, fault);
		}
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
	_cleanup_free_ struct reconcile_portion *portion = malloc(sizeof(*portion));
	struct gate_ban_walk walk = reconcile->walk;
	int error;

	if (!portion)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (!instance->gate || !instance->store)
		return fault_set(fault, -ENOENT, "no gate or no store");
	error = instance_clock(instance, fault);
	if (!error)
		error = gate_ban_some(instance->gate, &walk, portion->prefixes, portion->bans,
				      &portion->count, fault);
	if (!error)
		error = write_others(instance, portion, reconcile, fault);
	if (error == -EAGAIN)
		return 1; /* the same portion again, by the clock as it is now */
	if (error)
		return error;
	reconcile->walk = walk;
	reconcile->seen += portion->count;
	return !walk.ended;
}
