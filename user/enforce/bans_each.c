// SPDX-License-Identifier: GPL-2.0-or-later
/* Listing the bans in force: the kernel's, with what the store knows of them. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/bans.h"
#include "enforce/kernel_bans.h"

struct listing {
	struct kernel_bans kernel;
	struct clocks clocks;
	size_t at;
	int (*each)(const struct ban_state *state, void *context);
	void *context;
	bool ended; /* by `each` */
};

/* The store's end of a ban and the kernel's are the same but for the clocks' drift. */
static bool close_by(int64_t a, int64_t b)
{
	return a < b ? b - a < 2 * NS_PER_S : a - b < 2 * NS_PER_S;
}

/* Hands out the kernel's next ban; `row` is what the store knows of it, or NULL. */
static void hand_out(struct listing *listing, const struct store_ban *row)
{
	const struct kernel_ban *item = &listing->kernel.items[listing->at++];
	const struct ban *ban = &item->ban;
	struct ban_state state = {
		.prefix = item->prefix,
		.since_wall_ns = clocks_to_wall(&listing->clocks, ban->since_ns),
		.until_wall_ns = clocks_to_wall(&listing->clocks, ban->expires_ns),
		.rule = ban->rule,
		.in_kernel = true,
		.packets = ban->packets,
		.attempts = ban->attempts,
		.last_wall_ns = ban->last_ns ? clocks_to_wall(&listing->clocks, ban->last_ns) : 0,
	};

	if (row) {
		state.since_wall_ns = row->since_wall_ns;
		state.reason = row->reason;
		if (close_by(row->until_wall_ns, state.until_wall_ns))
			state.until_wall_ns = row->until_wall_ns;
	}
	listing->ended = listing->each(&state, listing->context) != 0;
}

static int on_row(const struct store_ban *row, void *context)
{
	struct listing *listing = context;

	while (listing->at < listing->kernel.count && !listing->ended) {
		const struct prefix *next = &listing->kernel.items[listing->at].prefix;
		int order = kernel_bans_compare(next, &row->prefix);

		if (order > 0)
			break;
		hand_out(listing, order ? NULL : row);
		if (!order)
			break;
	}
	return listing->ended || listing->at == listing->kernel.count;
}

static void free_listing(struct listing *listing)
{
	kernel_bans_free(&listing->kernel);
}

static int list_kernel(struct instance *instance, struct listing *listing, struct fault *fault)
{
	struct fault own = instance->store_fault;
	int result =
		kernel_bans_read(instance->gate, listing->clocks.boot_ns, &listing->kernel, fault);

	if (result)
		return result;
	/* From the epoch on: a clock that was set forward must not hide the reasons. */
	if (instance->store)
		store_ban_each(instance->store, 0, on_row, listing, &own);
	while (listing->at < listing->kernel.count && !listing->ended)
		hand_out(listing, NULL);
	if (fault)
		*fault = own;
	return 0;
}

static int on_stored(const struct store_ban *row, void *context)
{
	struct listing *listing = context;
	struct ban_state state = { .prefix = row->prefix,
				   .since_wall_ns = row->since_wall_ns,
				   .until_wall_ns = row->until_wall_ns,
				   .rule = row->rule,
				   .reason = row->reason };

	return listing->each(&state, listing->context);
}

int bans_each(struct instance *instance, int (*each)(const struct ban_state *state, void *context),
	      void *context, struct fault *fault)
{
	_cleanup_(free_listing) struct listing listing = { .clocks = clocks_read(),
							   .each = each,
							   .context = context };

	if (fault)
		*fault = (struct fault){ 0 };
	if (instance->gate)
		return list_kernel(instance, &listing, fault);
	if (instance->store)
		return store_ban_each(instance->store, listing.clocks.wall_ns, on_stored, &listing,
				      fault);
	if (fault)
		*fault = instance->store_fault;
	return instance->store_fault.error ? instance->store_fault.error : -ENOENT;
}
