// SPDX-License-Identifier: GPL-2.0-or-later
/* The store made true to the kernel while all goes on. See bans.h. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/bans.h"
#include "enforce/kernel_bans.h"

#define SAME_NS NS_PER_S

struct reconcile_portion {
	struct prefix prefixes[GATE_BAN_SOME];
	struct ban bans[GATE_BAN_SOME];
	size_t count;
};

/* Makes *row, what the kernel's ban says, what the store ought to say of it: 1, it does not; 0, it
 * does; or -errno. The beginning and the reason that it knows stay; `reason` holds the latter. */
static int correct_row(struct store *store, struct store_ban *row, char reason[STORE_REASON_SIZE],
		       struct fault *fault)
{
	struct store_ban known;
	int error = store_ban_get(store, &row->prefix, row->services, &known, reason,
				  STORE_REASON_SIZE, fault);
	int64_t apart;

	if (error)
		return error == -ENOENT ? 1 : error;
	apart = known.until_wall_ns - row->until_wall_ns;
	if (apart > -SAME_NS && apart < SAME_NS && !(row->services & ~known.services))
		return 0;
	row->since_wall_ns = known.since_wall_ns;
	row->reason = known.reason;
	return 1;
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
			struct store_ban row =
				kernel_ban_row(&portion->prefixes[i], &parts[j], &clocks);
			char reason[STORE_REASON_SIZE];

			error = correct_row(store, &row, reason, fault);
			if (error > 0)
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
