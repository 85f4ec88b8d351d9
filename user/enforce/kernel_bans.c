// SPDX-License-Identifier: GPL-2.0-or-later
/* See kernel_bans.h. */
#include "enforce/kernel_bans.h"

#include <errno.h>
#include <stdlib.h>

#include "net/address.h"

int kernel_bans_compare(const struct prefix *a, const struct prefix *b)
{
	int order = (int)prefix_is4(b) - (int)prefix_is4(a);

	if (!order)
		order = address_compare(&a->address, &b->address);
	return order ? order : (a->length > b->length) - (a->length < b->length);
}

static int compare_items(const void *a, const void *b)
{
	return kernel_bans_compare(&((const struct kernel_ban *)a)->prefix,
				   &((const struct kernel_ban *)b)->prefix);
}

struct kernel_bans_reading {
	struct kernel_bans *bans;
	uint64_t boot_ns;
	bool out_of_memory;
};

static int take(const struct prefix *prefix, const struct ban *entry, void *context)
{
	struct kernel_bans_reading *reading = context;
	struct kernel_bans *bans = reading->bans;

	if (!ban_active(entry, reading->boot_ns))
		return 0;
	if (bans->count == bans->room) {
		size_t room = bans->room ? bans->room * 2 : 256;
		void *items = realloc(bans->items, room * sizeof(*bans->items));

		if (!items) {
			reading->out_of_memory = true;
			return 1;
		}
		bans->items = items;
		bans->room = room;
	}
	bans->items[bans->count++] = (struct kernel_ban){
		.prefix = *prefix, .services = ban_active(entry, reading->boot_ns), .entry = *entry
	};
	return 0;
}

/* Removes duplicates: a walk over a map that others change may meet an entry twice. */
static void remove_doubles(struct kernel_bans *bans)
{
	size_t kept = 0;

	for (size_t i = 0; i < bans->count; i++)
		if (!kept || compare_items(&bans->items[kept - 1], &bans->items[i]))
			bans->items[kept++] = bans->items[i];
	bans->count = kept;
}

int kernel_bans_read(struct gate *gate, uint64_t boot_ns, struct kernel_bans *bans,
		     struct fault *fault)
{
	struct kernel_bans_reading reading = { .bans = bans, .boot_ns = boot_ns };
	int result = gate_ban_each(gate, take, &reading, fault);

	if (reading.out_of_memory)
		result = fault_set(fault, -ENOMEM, "cannot read the bans: out of memory");
	if (result) {
		kernel_bans_free(bans);
		return result;
	}
	if (bans->count)
		qsort(bans->items, bans->count, sizeof(*bans->items), compare_items);
	remove_doubles(bans);
	return 0;
}

void kernel_bans_free(struct kernel_bans *bans)
{
	free(bans->items);
	*bans = (struct kernel_bans){ 0 };
}
