// SPDX-License-Identifier: GPL-2.0-or-later
/* Corrects the store by the kernel during operation. See bans.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/bans.h"
#include "enforce/kernel_bans.h"

struct reconcile_portion {
	struct prefix prefixes[GATE_BAN_SOME];
	struct ban entries[GATE_BAN_SOME];
	size_t count;
};

int bans_store_again(struct instance *instance, const struct ban_record *ban,
		     const struct store_evidence *evidence, size_t evidence_count,
		     struct fault *fault)
{
	struct clocks clocks = clocks_read();
	struct ban_record rows[BAN_GROUPS];
	size_t count, stored = 0;
	int error = ban_entry_get(instance->gate, &ban->prefix, &clocks, rows, &count, fault);

	for (size_t i = 0; i < count && !error; i++) {
		rows[i].services &= ban->services;
		memcpy(rows[i].reason, ban->reason, sizeof(rows[i].reason));
		if (rows[i].services)
			error = store_ban_put(instance->store, &rows[i], evidence,
					      stored++ ? 0 : evidence_count, fault);
	}
	return error || stored ? error : -ENOENT;
}

/* Completes *row, made from the kernel's ban, to what the store ought to hold, with the beginning
 * and the reason that the store knows. 1: the store differs; 0: it does not; or -errno. */
static int correct_row(struct store *store, struct ban_record *row, struct fault *fault)
{
	struct ban_record known;
	int error = store_ban_get(store, &row->prefix, row->services, &known, fault);

	if (error == -ENOENT)
		snprintf(row->reason, sizeof(row->reason), "%s", BANS_LOST_REASON);
	if (error)
		return error == -ENOENT ? 1 : error;
	return !ban_take_known(row, &known) || row->services & ~known.services;
}

/* Begins the transaction with the first row. -EAGAIN: the clock was set since `clocks` were
 * read. */
static int write_row(struct store *store, const struct clocks *clocks, const struct ban_record *row,
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
		struct ban_record rows[BAN_GROUPS];
		size_t count =
			ban_entry_read(&portion->prefixes[i], &portion->entries[i], &clocks, rows);

		for (size_t j = 0; j < count && !error; j++) {
			error = correct_row(store, &rows[j], fault);
			if (error > 0)
				error = write_row(store, &clocks, &rows[j], &begun, reconcile,
						  fault);
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
		error = gate_ban_some(instance->gate, &walk, portion->prefixes, portion->entries,
				      &portion->count, fault);
	if (!error)
		error = write_others(instance, portion, reconcile, fault);
	if (error == -EAGAIN)
		return 1; /* the same portion again, with new clocks */
	if (error)
		return error;
	reconcile->walk = walk;
	reconcile->seen += portion->count;
	return !walk.ended;
}
