// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists the bans in force: the kernel's, with what the store knows of them. */
#include <errno.h>

#include "base/cleanup.h"
#include "enforce/bans.h"
#include "enforce/kernel_bans.h"

struct bans_each_listing {
	struct kernel_bans kernel;
	struct clocks clocks;
	size_t at;
	struct ban_record known[BAN_GROUPS]; /* what the store has for kernel.items[at] */
	size_t known_count;
	store_ban_each_fn each;
	void *context;
	bool ended; /* by `each` */
};

static void take_known(const struct bans_each_listing *listing, struct ban_record *ban)
{
	for (size_t i = 0; i < listing->known_count; i++)
		if (listing->known[i].services & ban->services) {
			ban_take_known(ban, &listing->known[i]);
			return;
		}
}

/* Hands out the kernel's next entry as a ban for each group of services, with what the store knows
 * of it. */
static void hand_out(struct bans_each_listing *listing)
{
	const struct kernel_ban *item = &listing->kernel.items[listing->at++];
	struct ban_record bans[BAN_GROUPS];
	size_t count = ban_entry_read(&item->prefix, &item->entry, &listing->clocks, bans);

	for (size_t i = 0; i < count && !listing->ended; i++) {
		take_known(listing, &bans[i]);
		listing->ended = listing->each(&bans[i], listing->context) != 0;
	}
	listing->known_count = 0;
}

static int on_row(const struct ban_record *row, void *context)
{
	struct bans_each_listing *listing = context;

	while (listing->at < listing->kernel.count && !listing->ended) {
		const struct prefix *next = &listing->kernel.items[listing->at].prefix;
		int order = kernel_bans_compare(next, &row->prefix);

		if (!order && listing->known_count < BAN_GROUPS)
			listing->known[listing->known_count++] = *row;
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
	/* Reads all rows since the epoch: if the clock was set forward, their reasons must not be
	 * lost. */
	if (instance->store)
		store_ban_each(instance->store, 0, on_row, listing, &own);
	while (listing->at < listing->kernel.count && !listing->ended)
		hand_out(listing);
	if (fault)
		*fault = own;
	return 0;
}

int bans_each(struct instance *instance, store_ban_each_fn each, void *context, struct fault *fault)
{
	_cleanup_(free_listing) struct bans_each_listing listing = { .clocks = clocks_read(),
								     .each = each,
								     .context = context };

	if (fault)
		*fault = (struct fault){ 0 };
	if (instance->gate)
		return list_kernel(instance, &listing, fault);
	if (instance->store)
		return store_ban_each(instance->store, listing.clocks.wall_ns, each, context,
				      fault);
	if (fault)
		*fault = instance->store_fault;
	return instance->store_fault.error ? instance->store_fault.error : -ENOENT;
}
