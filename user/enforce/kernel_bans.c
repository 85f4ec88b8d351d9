// SPDX-License-Identifier: GPL-2.0-or-later
/* See kernel_bans.h. */
#include "enforce/kernel_bans.h"

#include <errno.h>
#include <stdlib.h>

#include "base/time.h"
#include "net/address.h"

#define CLOCKS_APART_NS 100000 /* between reading one clock and the other */
#define CLOCKS_SET_NS \
	(NS_PER_S / 4) /* no drift, and no short sleep between two looks, comes to that */

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

static int take(const struct prefix *prefix, const struct ban *ban, void *context)
{
	struct kernel_bans_reading *reading = context;
	struct kernel_bans *bans = reading->bans;

	if (!ban_active(ban, reading->boot_ns))
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
		.prefix = *prefix, .services = ban_active(ban, reading->boot_ns), .ban = *ban
	};
	return 0;
}

/* A walk of a map that others change may meet an entry twice. */
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

struct store_ban kernel_ban_row(const struct prefix *prefix, const struct ban_part *part,
				const struct clocks *clocks)
{
	return (struct store_ban){
		.prefix = *prefix,
		.services = part->services,
		.since_wall_ns = clocks_to_wall(clocks, part->since_ns),
		.until_wall_ns = clocks_to_wall(clocks, part->expires_ns),
		.rule = part->rule,
		.reason = "the store had lost this ban; the kernel kept it",
	};
}

struct clocks clocks_read(void)
{
	struct clocks clocks;
	uint64_t begin;

	/* Who is put to sleep between the two looks again. */
	for (unsigned tries = 0; tries < 10; tries++) {
		begin = clock_boot_ns();
		clocks.wall_ns = clock_wall_ns();
		clocks.boot_ns = clock_boot_ns();
		if (clocks.boot_ns - begin < CLOCKS_APART_NS)
			break;
	}
	return clocks;
}

bool clocks_were_set(const struct clocks *clocks)
{
	struct clocks now = clocks_read();
	int64_t then = clocks->wall_ns - (int64_t)clocks->boot_ns;
	int64_t apart = now.wall_ns - (int64_t)now.boot_ns - then;

	return apart > CLOCKS_SET_NS || apart < -CLOCKS_SET_NS;
}

int64_t clocks_to_wall(const struct clocks *clocks, uint64_t boot_ns)
{
	int64_t wall_ns;

	if (boot_ns < clocks->boot_ns)
		return clocks->wall_ns - (int64_t)(clocks->boot_ns - boot_ns);
	if (boot_ns - clocks->boot_ns > INT64_MAX ||
	    __builtin_add_overflow(clocks->wall_ns, (int64_t)(boot_ns - clocks->boot_ns), &wall_ns))
		return INT64_MAX;
	return wall_ns;
}

uint64_t clocks_to_boot(const struct clocks *clocks, int64_t wall_ns)
{
	uint64_t apart;

	if (wall_ns >= clocks->wall_ns)
		return clocks->boot_ns + ((uint64_t)wall_ns - (uint64_t)clocks->wall_ns);
	apart = (uint64_t)clocks->wall_ns - (uint64_t)wall_ns;
	return apart < clocks->boot_ns ? clocks->boot_ns - apart : 0;
}
