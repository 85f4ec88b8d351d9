// SPDX-License-Identifier: GPL-2.0-or-later
/* Listing the bans in force: the kernel's, with what the store knows of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "enforce/bans.h"
#include "enforce/kernel_bans.h"

struct bans_each_listing {
	struct kernel_bans kernel;
	struct clocks clocks;
	size_t at;
	/* What the store says of kernel.items[at]. */
	struct store_ban known[BAN_GROUPS];
	char reasons[BAN_GROUPS][STORE_REASON_SIZE];
	size_t known_count;
	int (*each)(const struct ban_state *state, void *context);
	void *context;
	bool ended; /* by `each` */
};

/* The store's end of a ban and the kernel's are the same but for the clocks' drift. */
static bool close_by(int64_t a, int64_t b)
{
	return a < b ? b - a < 2 * NS_PER_S : a - b < 2 * NS_PER_S;
}

static void take_known(const struct bans_each_listing *listing, struct ban_state *state)
{
	for (size_t i = 0; i < listing->known_count; i++) {
		const struct store_ban *known = &listing->known[i];

		if (!(known->services & state->ban.services))
			continue;
		state->ban.since_wall_ns = known->since_wall_ns;
		state->ban.reason = known->reason;
		if (close_by(known->until_wall_ns, state->ban.until_wall_ns))
			state->ban.until_wall_ns = known->until_wall_ns;
		return;
	}
}

/* Hands out the kernel's next ban, of each group of services, with what the store knows of it. */
static void hand_out(struct bans_each_listing *listing)
{
	const struct kernel_ban *item = &listing->kernel.items[listing->at++];
	const struct clocks *clocks = &listing->clocks;
	uint64_t last_ns = ban_last_ns(&item->ban);
	struct ban_part parts[BAN_GROUPS];
	size_t count = ban_parts(&item->ban, clocks->boot_ns, parts);

	for (size_t i = 0; i < count && !listing->ended; i++) {
		struct ban_state state = {
			.ban = kernel_ban_row(&item->prefix, &parts[i], clocks),
			.in_kernel = true,
			.packets = item->ban.packets,
			.attempts = item->ban.attempts,
			.last_wall_ns = last_ns ? clocks_to_wall(clocks, last_ns) : 0,
		};

		state.ban.reason = NULL;
		take_known(listing, &state);
		listing->ended = listing->each(&state, listing->context) != 0;
	}
	listing->known_count = 0;
}

static void note_known(struct bans_each_listing *listing, const struct store_ban *row)
{
	size_t at = listing->known_count;

	if (at == BAN_GROUPS)
		return;
	listing->known_count++;
	snprintf(listing->reasons[at], sizeof(*listing->reasons), "%s",
		 row->reason ? row->reason : "");
	listing->known[at] = *row;
	listing->known[at].reason = listing->reasons[at];
}

static int on_row(const struct store_ban *row, void *context)
{
	struct bans_each_listing *listing = context;

	while (listing->at < listing->kernel.count && !listing->ended) {
		const struct prefix *next = &listing->kernel.items[listing->at].prefix;
		int order = kernel_bans_compare(next, &row->prefix);

		if (!order)
			note_known(listing, row);
		if (order >= 0)
			break;
		hand_out(listing);
	}
	return listing->ended || listing->at == listing->kernel.count;
}

static void free_listing(struct bans_each_listing *listing)
{
	kernel_bans_free(&listing->kernel);
}

static int list_kernel(struct instance *instance, struct bans_each_listing *listing,
		       struct fault *fault)
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
		hand_out(listing);
	if (fault)
		*fault = own;
	return 0;
}

static int on_stored(const struct store_ban *row, void *context)
{
	struct bans_each_listing *listing = context;
	struct ban_state state = { .ban = *row };

	return listing->each(&state, listing->context);
}

int bans_each(struct instance *instance, int (*each)(const struct ban_state *state, void *context),
	      void *context, struct fault *fault)
{
	_cleanup_(free_listing) struct bans_each_listing listing = { .clocks = clocks_read(),
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
