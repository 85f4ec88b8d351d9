// SPDX-License-Identifier: GPL-2.0-or-later
/* See talkers.h. */
#include "show/talkers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cleanup.h"
#include "net/address.h"

struct talkers_reading {
	struct talkers *talkers;
	size_t room;
	bool no_memory;
};

static int take(const struct meter_key *key, const struct meter *meter, void *context)
{
	struct talkers_reading *reading = context;
	struct talkers *talkers = reading->talkers;

	if (talkers->count == reading->room) {
		size_t room = reading->room ? reading->room * 2 : 1024;
		void *more = realloc(talkers->items, room * sizeof(*talkers->items));

		if (!more) {
			reading->no_memory = true;
			return 1;
		}
		talkers->items = more;
		reading->room = room;
	}
	talkers->items[talkers->count++] = (struct talker){
		.prefix = key->prefix,
		.services = key->service < 32 ? 1U << key->service : 0,
		.open = meter->open,
		.handshakes = meter->handshakes,
		.attempts = meter->attempts,
		.dropped = meter->dropped,
		.last_boot_ns = meter->last_ns,
	};
	return 0;
}

int talkers_compare_prefix(const struct prefix *a, const struct prefix *b)
{
	bool a4 = prefix_is4(a), b4 = prefix_is4(b);
	int order;

	if (a4 != b4)
		return a4 ? -1 : 1;
	order = address_compare(&a->address, &b->address);
	if (order)
		return order;
	return a->length == b->length ? 0 : a->length < b->length ? -1 : 1;
}

static int by_prefix(const void *a, const void *b)
{
	const struct talker *x = a, *y = b;

	return talkers_compare_prefix(&x->prefix, &y->prefix);
}

/* A prefix as numbers, in the order of talkers_compare_prefix(): small and cheap to compare, since
 * there may be a million. */
struct talkers_place {
	uint64_t high, low;
	uint32_t index;
	uint8_t is6, length;
};

static int by_place(const void *a, const void *b)
{
	const struct talkers_place *x = a, *y = b;

	if (x->is6 != y->is6)
		return x->is6 ? 1 : -1;
	if (x->high != y->high)
		return x->high < y->high ? -1 : 1;
	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	return (int)x->length - (int)y->length;
}

/* The entries' places in sorted order, malloc()ed, or NULL. */
static struct talkers_place *places_of(const struct talkers *talkers)
{
	struct talkers_place *places = malloc((talkers->count + 1) * sizeof(*places));

	for (size_t i = 0; places && i < talkers->count; i++) {
		const struct prefix *prefix = &talkers->items[i].prefix;

		places[i] = (struct talkers_place){ .high = address_high(&prefix->address),
						    .low = address_low(&prefix->address),
						    .index = (uint32_t)i,
						    .is6 = !prefix_is4(prefix),
						    .length = (uint8_t)prefix->length };
	}
	if (places && talkers->count)
		qsort(places, talkers->count, sizeof(*places), by_place);
	return places;
}

static void add(struct talker *into, const struct talker *from)
{
	into->services |= from->services;
	into->open += from->open;
	into->handshakes += from->handshakes;
	into->attempts += from->attempts;
	into->dropped += from->dropped;
	if (from->last_boot_ns > into->last_boot_ns)
		into->last_boot_ns = from->last_boot_ns;
}

/* Sorts by prefix, and merges entries of one prefix. 0 or -ENOMEM. */
static int order_and_merge(struct talkers *talkers)
{
	_cleanup_free_ struct talkers_place *places = places_of(talkers);
	struct talker *ordered = malloc((talkers->count + 1) * sizeof(*ordered));
	size_t kept = 0;

	if (!places || !ordered) {
		free(ordered);
		return -ENOMEM;
	}
	for (size_t i = 0; i < talkers->count; i++) {
		const struct talker *from = &talkers->items[places[i].index];

		if (i && !by_place(&places[i - 1], &places[i]))
			add(&ordered[kept - 1], from);
		else
			ordered[kept++] = *from;
	}
	free(talkers->items);
	talkers->items = ordered;
	talkers->count = kept;
	return 0;
}

int talkers_read(struct gate *gate, enum gate_meters table, struct talkers *talkers,
		 struct fault *fault)
{
	struct talkers_reading reading = { .talkers = talkers };
	int err;

	*talkers = (struct talkers){ 0 };
	err = gate_meter_each(gate, table, take, &reading, fault);
	if (reading.no_memory || (!err && order_and_merge(talkers)))
		err = fault_set(fault, -ENOMEM, "out of memory");
	if (err)
		talkers_free(talkers);
	return err;
}

void talkers_free(struct talkers *talkers)
{
	free(talkers->items);
	*talkers = (struct talkers){ 0 };
}

/* ---- in order ---- */

static uint64_t value_of(const struct talker *talker, enum talker_order order)
{
	switch (order) {
	case TALKERS_BY_ATTEMPTS:
		return talker->attempts;
	case TALKERS_BY_DROPPED:
		return talker->dropped;
	case TALKERS_BY_OPEN:
		return talker->open;
	case TALKERS_BY_HANDSHAKES:
		return talker->handshakes;
	case TALKERS_BY_LAST:
		return talker->last_boot_ns;
	case TALKERS_BY_PREFIX:
		break;
	}
	return 0;
}

static int compare(const void *a, const void *b, void *context)
{
	enum talker_order order = *(const enum talker_order *)context;
	uint64_t x = value_of(a, order), y = value_of(b, order);

	if (x != y)
		return x > y ? -1 : 1;
	return by_prefix(a, b);
}

static void exchange(struct talker *a, struct talker *b)
{
	struct talker kept = *a;

	*a = *b;
	*b = kept;
}

/* Moves the first `most` in order of items[0 .. count) to the front: Hoare's selection. */
static void select_first(struct talker *items, size_t count, size_t most, enum talker_order order)
{
	while (count > most && count > 1) {
		struct talker pivot = items[count / 2];
		size_t low = 0, high = count - 1;

		for (;;) {
			while (compare(&items[low], &pivot, &order) < 0)
				low++;
			while (compare(&pivot, &items[high], &order) < 0)
				high--;
			if (low >= high)
				break;
			exchange(&items[low++], &items[high--]);
		}
		/* items[0 .. high] are not after the pivot in order, and the rest not before it. */
		if (most <= high + 1 && high + 1 < count) {
			count = high + 1;
		} else {
			size_t step = high + 1 < count ? high + 1 : count - 1;

			if (step >= most)
				return;
			items += step;
			count -= step;
			most -= step;
		}
	}
}

void talkers_sort(struct talkers *talkers, enum talker_order order, size_t most)
{
	if (most > talkers->count)
		most = talkers->count;
	if (!most)
		return;
	select_first(talkers->items, talkers->count, most, order);
	qsort_r(talkers->items, most, sizeof(*talkers->items), compare, &order);
}

const struct talker *talkers_find(const struct talkers *talkers, const struct prefix *prefix)
{
	const struct talker key = { .prefix = *prefix };

	if (!talkers->count)
		return NULL;
	return bsearch(&key, talkers->items, talkers->count, sizeof(key), by_prefix);
}
