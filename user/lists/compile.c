// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See compile.h. One sweep over the boundaries of every country range and list, window by window.
 * It hands segments that have one lookup to the writer of the image (image.h).
 */
#include "lists/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "lists/choice.h"
#include "lists/country.h"
#include "lists/image.h"
#include "table_find.h"

static __always_inline const void *table_block(const struct table_head *head, __u32 block)
{
	return block < head->blocks ? (const char *)head + (size_t)block * TABLE_BLOCK : NULL;
}

/* A position in one sorted array of ranges. `next` is where its state changes next; it is a u128
 * for both families, so that one sweep serves both. */
struct compile_cursor {
	const struct ranges *ranges;
	size_t index;
	u128 next;
	bool inside; /* ranges[index] has begun */
	bool lan;    /* the ranges of local addresses; otherwise id 0 is the countries */
	uint8_t id;
	bool allow;
	uint16_t code;
	uint32_t codes; /* only for countries: the codes that lists give, from bit 0 for XA on */
};

/* What holds at the current position. */
struct coverage {
	uint64_t allow[LIST_MAX / 64], deny[LIST_MAX / 64]; /* by list id */
	uint64_t code[LIST_MAX / 64];
	uint16_t country;
	bool lan; /* takes precedence over any country */
};

struct compile_sweep {
	struct image *image;
	struct choice *choice;
	uint8_t codes[LIST_MAX]; /* by list id, as a lookup holds them */
	bool any_code;
	bool v6;
	u128 last; /* end of the window */
	struct compile_cursor *heap[LIST_MAX + 1];
	size_t heaped;
	struct coverage coverage;
	/* The segment that is not written yet: adjoining segments with one lookup become one, also
	 * across windows. */
	u128 first, end;
	struct lookup lookup;
	bool pending;
};

static bool cursor_range(const struct compile_cursor *cursor, bool v6, size_t index, u128 *first,
			 u128 *last, uint32_t *value)
{
	const struct ranges *ranges = cursor->ranges;

	if (index >= (v6 ? ranges->count6 : ranges->count4))
		return false;
	if (v6) {
		*first = ranges->v6[index].first;
		*last = ranges->v6[index].last;
		*value = ranges->v6[index].value;
	} else {
		*first = ranges->v4[index].first;
		*last = ranges->v4[index].last;
		*value = ranges->v4[index].value;
	}
	return true;
}

/* The country that the data gives a range; ZZ if the value is no country, or is a code that a list
 * gives. */
static uint16_t country_of(const struct compile_cursor *cursor, uint32_t value)
{
	uint32_t code = value - COUNTRY_XA;

	if (value >= COUNTRY_COUNT || value == COUNTRY_LAN ||
	    (code < COUNTRY_CODES && cursor->codes >> code & 1))
		return COUNTRY_ZZ;
	return (uint16_t)value;
}

static void cover(struct coverage *coverage, const struct compile_cursor *cursor, uint32_t value,
		  bool on)
{
	uint64_t *set = cursor->code	? coverage->code
			: cursor->allow ? coverage->allow
					: coverage->deny;
	uint64_t bit = 1ULL << cursor->id % 64;

	if (cursor->lan)
		coverage->lan = on;
	else if (!cursor->id)
		coverage->country = on ? country_of(cursor, value) : COUNTRY_ZZ;
	else if (on)
		set[cursor->id / 64] |= bit;
	else
		set[cursor->id / 64] &= ~bit;
}

/* Sets the cursor to its first change after `at`, where the window begins, and covers what holds at
 * `at`. False: there is no change within the window. */
static bool cursor_start(struct compile_sweep *sweep, struct compile_cursor *cursor, u128 at)
{
	size_t low = 0, count = sweep->v6 ? cursor->ranges->count6 : cursor->ranges->count4;
	u128 first = 0, last = 0;
	uint32_t value = 0;

	while (count) { /* the first range that ends at or after `at` */
		size_t half = count / 2;

		cursor_range(cursor, sweep->v6, low + half, &first, &last, &value);
		if (last < at) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	cursor->index = low;
	cursor->inside = false;
	if (!cursor_range(cursor, sweep->v6, low, &first, &last, &value))
		return false;
	cursor->next = first;
	if (first > at)
		return first <= sweep->last;
	cursor->inside = true;
	cover(&sweep->coverage, cursor, value, true);
	cursor->next = last + 1;
	return last < sweep->last;
}

/* Applies the change at cursor->next and finds the following one; false: none in the window. */
static bool cursor_step(struct compile_sweep *sweep, struct compile_cursor *cursor)
{
	u128 first = 0, last = 0, at = cursor->next;
	uint32_t value = 0;

	if (cursor->inside) {
		cover(&sweep->coverage, cursor, 0, false);
		cursor->inside = false;
		cursor->index++;
		if (!cursor_range(cursor, sweep->v6, cursor->index, &first, &last, &value))
			return false;
		cursor->next = first;
		if (first > at)
			return first <= sweep->last;
	}
	cursor_range(cursor, sweep->v6, cursor->index, &first, &last, &value);
	cursor->inside = true;
	cover(&sweep->coverage, cursor, value, true);
	cursor->next = last + 1;
	return last < sweep->last;
}

/* Moves heap[at] down to its place. */
static void sift(struct compile_sweep *sweep, size_t at)
{
	struct compile_cursor *cursor = sweep->heap[at];

	for (size_t child = 2 * at + 1; child < sweep->heaped; child = 2 * at + 1) {
		if (child + 1 < sweep->heaped &&
		    sweep->heap[child + 1]->next < sweep->heap[child]->next)
			child++;
		if (sweep->heap[child]->next >= cursor->next)
			break;
		sweep->heap[at] = sweep->heap[child];
		at = child;
	}
	sweep->heap[at] = cursor;
}

/* The lookup of country and lists at the current position. -ENOSPC: too many combinations of
 * lists. */
static int decide(struct compile_sweep *sweep, struct lookup *lookup)
{
	const struct coverage *coverage = &sweep->coverage;

	lookup->country = coverage->lan ? COUNTRY_LAN : coverage->country;
	if (sweep->any_code && !coverage->lan)
		lookup->country |=
			(__u16)(sweep->codes[choice_lowest(coverage->code, coverage->code)]
				<< LOOKUP_CODE_SHIFT);
	return choice_make(sweep->choice, coverage->allow, coverage->deny, lookup);
}

static int segment_write(struct compile_sweep *sweep)
{
	if (!sweep->pending)
		return 0;
	sweep->pending = false;
	return sweep->v6 ? image_segment6(sweep->image, sweep->first, sweep->end, sweep->lookup)
			 : image_segment4(sweep->image, (uint32_t)sweep->first,
					  (uint32_t)sweep->end, sweep->lookup);
}

static int segment_add(struct compile_sweep *sweep, u128 first, u128 last, struct lookup lookup)
{
	int error;

	if (sweep->pending && sweep->end + 1 == first &&
	    !memcmp(&sweep->lookup, &lookup, sizeof(lookup))) {
		sweep->end = last;
		return 0;
	}
	error = segment_write(sweep);
	sweep->pending = true;
	sweep->first = first;
	sweep->end = last;
	sweep->lookup = lookup;
	return error;
}

/* Adds the segments from `first` to `last`, in order and without gaps; each has one lookup. */
static int sweep_window(struct compile_sweep *sweep, struct compile_cursor *cursors, size_t count,
			u128 first, u128 last)
{
	u128 begin = first;
	struct lookup lookup;
	int error;

	sweep->last = last;
	sweep->heaped = 0;
	sweep->coverage = (struct coverage){ .country = COUNTRY_ZZ };
	for (size_t i = 0; i < count; i++)
		if (cursor_start(sweep, &cursors[i], first))
			sweep->heap[sweep->heaped++] = &cursors[i];
	for (size_t i = sweep->heaped / 2; i-- > 0;)
		sift(sweep, i);
	error = decide(sweep, &lookup);
	while (sweep->heaped && !error) {
		u128 at = sweep->heap[0]->next;
		struct lookup now;

		while (sweep->heaped && sweep->heap[0]->next == at) {
			if (!cursor_step(sweep, sweep->heap[0]))
				sweep->heap[0] = sweep->heap[--sweep->heaped];
			if (sweep->heaped)
				sift(sweep, 0);
		}
		error = decide(sweep, &now);
		if (error || !memcmp(&now, &lookup, sizeof(lookup)))
			continue;
		error = segment_add(sweep, begin, at - 1, lookup);
		begin = at;
		lookup = now;
	}
	return error ? error : segment_add(sweep, begin, last, lookup);
}

/* Sweeps the windows in the order of the index: 2000::/3; what lies below it; the places of
 * 2000::/3 in the index of the rest, which are unused; what lies above it. */
static int sweep_all(struct compile_sweep *sweep, struct compile_cursor *cursors, size_t count)
{
	const u128 global = (u128)1 << 125, above = (u128)1 << 126;
	const u128 mapped = (u128)0xffff << 32;
	const struct lookup unknown = { .country = COUNTRY_ZZ };
	int error = sweep_window(sweep, cursors, count, 0, UINT32_MAX);

	if (!error)
		error = segment_write(sweep);
	if (!error)
		error = image_begin6(sweep->image);
	sweep->v6 = true;
	if (!error)
		error = sweep_window(sweep, cursors, count, global, above - 1);
	if (!error)
		error = sweep_window(sweep, cursors, count, 0, mapped - 1);
	if (!error) /* mapped IPv4 addresses are never looked up in IPv6 */
		error = segment_add(sweep, mapped, mapped + UINT32_MAX, unknown);
	if (!error)
		error = sweep_window(sweep, cursors, count, mapped + UINT32_MAX + 1, global - 1);
	if (!error)
		error = segment_write(sweep);
	if (!error)
		error = image_unused6(sweep->image);
	if (!error)
		error = sweep_window(sweep, cursors, count, above, (u128)-1);
	return error ? error : segment_write(sweep);
}

static int check_lists(const struct compile_list *lists, size_t count, struct fault *fault)
{
	bool seen[LIST_MAX] = { false };

	for (size_t i = 0; i < count; i++) {
		if (!lists[i].id || seen[lists[i].id])
			return fault_set(fault, -EINVAL, "list %s: the list id %u is %s",
					 lists[i].name, lists[i].id,
					 lists[i].id ? "given twice" : "not usable");
		seen[lists[i].id] = true;
	}
	return 0;
}

int table_compile(const struct ranges *countries, const struct compile_list *lists, size_t count,
		  uint64_t generation, struct table_image *image, struct fault *fault)
{
	_cleanup_(image_close) struct image *writer = NULL;
	_cleanup_(ranges_free) struct ranges lan = { 0 };
	struct compile_cursor cursors[LIST_MAX + 1] = { { .ranges = &lan, .lan = true },
							{ .ranges = countries } };
	_cleanup_free_ struct choice *choice = calloc(1, sizeof(*choice));
	struct compile_sweep sweep = { .choice = choice };
	uint64_t prefixes = 0, ranges = 0;
	uint32_t codes = 0;
	size_t used = countries ? 2 : 1;
	int error = check_lists(lists, count, fault);

	if (error)
		return error;
	if (countries)
		ranges = countries->count4 + countries->count6;
	if (!choice)
		return fault_set(fault, -ENOMEM, "no memory to compile the table");
	choice_open(choice, lists, count);
	for (size_t i = 0; i < count; i++) {
		cursors[used++] = (struct compile_cursor){ .ranges = lists[i].ranges,
							   .id = lists[i].id,
							   .allow = lists[i].allow,
							   .code = lists[i].code };
		if (lists[i].code) {
			sweep.codes[lists[i].id] = (uint8_t)(lists[i].code - COUNTRY_XA + 1);
			codes |= 1U << (lists[i].code - COUNTRY_XA);
		}
		prefixes += ranges_count_prefixes(lists[i].ranges);
	}
	sweep.any_code = codes;
	if (countries)
		cursors[1].codes = codes;
	error = country_add_lan(&lan);
	if (!error)
		error = image_open(&writer);
	if (!error) {
		sweep.image = writer;
		error = sweep_all(&sweep, cursors, used);
	}
	if (!error)
		image_mixed(writer, choice->mixed, choice->count);
	if (!error)
		error = image_finish(writer, generation, prefixes, ranges, image);
	if (!error)
		((struct table_head *)image->data)->services = compile_services(lists, count);
	if (error == -ENOSPC)
		return fault_set(
			fault, error,
			"the lists and countries do not fit into one table (%u combinations "
			"of list and country, %u of lists for different services, %u MiB); remove "
			"or merge lists",
			TABLE_PALETTE, TABLE_MIXED, TABLE_BLOCKS / 1024 * (TABLE_BLOCK >> 10));
	if (error)
		return fault_set(fault, error, "no memory to compile the table of %llu prefixes",
				 (unsigned long long)prefixes);
	return 0;
}

void table_image_free(struct table_image *image)
{
	free(image->data);
	*image = (struct table_image){ 0 };
}

struct lookup table_image_find(const struct table_image *image, const struct address *address,
			       unsigned service)
{
	const struct table_head *head = image->data;
	struct lookup lookup;

	if (address_is4(address))
		lookup = table_find4(head, address_to4(address), service);
	else
		lookup = table_find6(head, address_high(address), address_low(address), service);
	lookup.flags &= LOOKUP_ALLOW | LOOKUP_DENY;
	return lookup;
}
