// SPDX-License-Identifier: GPL-2.0-or-later
/* After a start: puts the store's bans into new maps, or what the store lost, from maps that were
 * kept, into the store. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "enforce/bans.h"
#include "enforce/kernel_bans.h"

#define BATCH 2048 /* small enough for the CPU's cache */

struct batch {
	struct gate *gate;
	struct clocks clocks;
	struct prefix *prefixes;
	struct ban *bans;
	size_t count, restored;
	int result;
	struct fault *fault;
};

static int flush(struct batch *batch)
{
	size_t done = 0;

	if (batch->count)
		batch->result = gate_ban_put_many(batch->gate, batch->prefixes, batch->bans,
						  batch->count, &done, batch->fault);
	batch->restored += done;
	batch->count = 0;
	return batch->result;
}

static int restore_one(const struct ban_record *row, void *context)
{
	struct batch *batch = context;
	int64_t since = row->since_wall_ns < batch->clocks.wall_ns ? row->since_wall_ns
								   : batch->clocks.wall_ns;

	/* A row of the same prefix as the one before is its other group of services, in the same
	 * entry. */
	if (!batch->count ||
	    kernel_bans_compare(&batch->prefixes[batch->count - 1], &row->prefix)) {
		if (batch->count == BATCH && flush(batch))
			return batch->result;
		batch->prefixes[batch->count] = row->prefix;
		batch->bans[batch->count++] = (struct ban){ 0 };
	}
	ban_entry_set_ns(&batch->bans[batch->count - 1], row->services,
			 clocks_to_boot(&batch->clocks, since),
			 clocks_to_boot(&batch->clocks, row->until_wall_ns), row->rule);
	return 0;
}

/* Restores the store's bans. The first ban that does not fit ends it: the map is full. */
static int restore_kernel(struct instance *instance, size_t *restored, struct fault *fault)
{
	_cleanup_free_ struct prefix *prefixes = calloc(BATCH, sizeof(*prefixes));
	_cleanup_free_ struct ban *bans = calloc(BATCH, sizeof(*bans));
	struct batch batch = { .gate = instance->gate,
			       .clocks = clocks_read(),
			       .prefixes = prefixes,
			       .bans = bans,
			       .fault = fault };
	int result;

	if (!prefixes || !bans)
		return fault_set(fault, -ENOMEM, "cannot restore the bans: out of memory");
	result = store_ban_each(instance->store, batch.clocks.wall_ns, restore_one, &batch, fault);
	/* What could be read of a damaged store is restored nevertheless. */
	if (!batch.result)
		flush(&batch);
	*restored = batch.restored;
	result = batch.result ? batch.result : result;
	if (result)
		fault_prefix(fault, "only %zu bans are restored", batch.restored);
	return result;
}

/* A walk over kernel and store side by side, both sorted. */
struct comparison {
	struct kernel_bans kernel;
	size_t at,
		lost; /* lost bans are moved to the front; their `services`: what the store lacks */
};

static void keep_if_lost(struct comparison *comparison)
{
	struct kernel_bans *kernel = &comparison->kernel;

	if (kernel->items[comparison->at].services)
		kernel->items[comparison->lost++] = kernel->items[comparison->at];
	comparison->at++;
}

static int skip_known(const struct ban_record *row, void *context)
{
	struct comparison *comparison = context;
	struct kernel_bans *kernel = &comparison->kernel;

	while (comparison->at < kernel->count) {
		struct kernel_ban *item = &kernel->items[comparison->at];
		int order = kernel_bans_compare(&item->prefix, &row->prefix);

		if (!order)
			item->services &= ~row->services;
		if (order >= 0)
			break;
		keep_if_lost(comparison);
	}
	return 0;
}

static int store_one_lost(struct instance *instance, const struct kernel_ban *lost,
			  struct fault *fault)
{
	int result = bans_store_again(instance,
				      &(struct ban_record){ .prefix = lost->prefix,
							    .services = lost->services,
							    .reason = BANS_LOST_REASON },
				      NULL, 0, fault);

	return result == -ENOENT ? 0 : result; /* -ENOENT: the ban has just ended */
}

static int store_lost(struct instance *instance, const struct comparison *comparison,
		      const struct clocks *clocks, struct fault *fault)
{
	struct store *store = instance->store;
	int result = store_begin(store, fault);

	if (result)
		return result;
	if (clocks_were_set(clocks)) {
		store_rollback(store);
		return fault_set(fault, -EAGAIN, "the clock was set meanwhile");
	}
	for (size_t i = 0; i < comparison->lost && !result; i++)
		result = store_one_lost(instance, &comparison->kernel.items[i], fault);
	if (!result)
		return store_commit(store, fault);
	store_rollback(store);
	return result;
}

static void free_comparison(struct comparison *comparison)
{
	kernel_bans_free(&comparison->kernel);
}

static int restore_store(struct instance *instance, size_t *restored, struct fault *fault)
{
	_cleanup_(free_comparison) struct comparison comparison = { 0 };
	struct clocks clocks = clocks_read();
	struct gate_usage usage = gate_ban_usage(instance->gate);
	uint64_t stored = 0;
	int result = store_ban_count(instance->store, clocks.wall_ns, &stored, fault);

	/* To compare a million bans takes a second; a store that lost some has fewer than the
	 * kernel. */
	if (result || usage.used <= stored)
		return result;
	result = kernel_bans_read(instance->gate, clocks.boot_ns, &comparison.kernel, fault);
	if (!result)
		result = store_ban_each(instance->store, clocks.wall_ns, skip_known, &comparison,
					fault);
	if (result)
		return result;
	while (comparison.at < comparison.kernel.count)
		keep_if_lost(&comparison);
	if (!comparison.lost)
		return 0;
	result = store_lost(instance, &comparison, &clocks, fault);
	if (!result)
		*restored = comparison.lost;
	return result;
}

int bans_restore(struct instance *instance, bool fresh, size_t *restored, struct fault *fault)
{
	struct fault own = { 0 };
	size_t count = 0;
	int result;

	if (instance->store)
		instance_clock(instance, NULL);
	if (!instance->gate || !instance->store) {
		own = instance->gate ? instance->store_fault : instance->gate_fault;
		result = own.error ? own.error : -ENOENT;
	} else if (fresh) {
		result = restore_kernel(instance, &count, &own);
	} else {
		result = restore_store(instance, &count, &own);
		if (result == -EAGAIN) { /* once more, with new clocks */
			instance_clock(instance, NULL);
			result = restore_store(instance, &count, &own);
		}
	}
	if (restored)
		*restored = count;
	if (result && fault)
		*fault = own;
	return result;
}
