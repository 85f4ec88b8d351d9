/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The body of ranges.c for one address family; ranges.c includes it twice. It expects RANGE, KEY,
 * BITS, NAME(x), key_ctz(KEY) and key_log2(KEY). Not a header for anybody else.
 */

/* Neighbours and overlaps of one value merge, in place. `ranges` is sorted and has no overlap of
 * differing values. */
static size_t NAME(merge)(RANGE *ranges, size_t count)
{
	size_t out = 0;

	for (size_t i = 1; i < count; i++) {
		RANGE *last = &ranges[out];

		if (ranges[i].value == last->value &&
		    (last->last == (KEY)-1 || ranges[i].first <= last->last + 1)) {
			if (ranges[i].last > last->last)
				last->last = ranges[i].last;
		} else {
			ranges[++out] = ranges[i];
		}
	}
	return count ? out + 1 : 0;
}

/* Whether sorted ranges overlap with differing values. */
static bool NAME(disagree)(const RANGE *ranges, size_t count)
{
	RANGE reach;

	if (!count)
		return false;
	reach = ranges[0];
	for (size_t i = 1; i < count; i++) {
		if (ranges[i].first <= reach.last) {
			if (ranges[i].value != reach.value)
				return true;
			if (ranges[i].last > reach.last)
				reach.last = ranges[i].last;
		} else {
			reach = ranges[i];
		}
	}
	return false;
}

/* Whether range a wins over range b where they overlap. */
static bool NAME(wins)(const RANGE *ranges, const uint32_t *order, enum winner winner, uint32_t a,
		       uint32_t b)
{
	KEY width_a = ranges[a].last - ranges[a].first, width_b = ranges[b].last - ranges[b].first;

	if (winner == WINNER_LOWER_VALUE)
		return ranges[a].value < ranges[b].value;
	if (width_a != width_b)
		return width_a < width_b;
	return order[a] > order[b];
}

static void NAME(heap_push)(const RANGE *ranges, const uint32_t *order, enum winner winner,
			    uint32_t *heap, size_t at, uint32_t range)
{
	for (; at; at = (at - 1) / 2) {
		if (!NAME(wins)(ranges, order, winner, range, heap[(at - 1) / 2]))
			break;
		heap[at] = heap[(at - 1) / 2];
	}
	heap[at] = range;
}

/* Removes heap[0]; `count` is what remains. */
static void NAME(heap_pop)(const RANGE *ranges, const uint32_t *order, enum winner winner,
			   uint32_t *heap, size_t count)
{
	uint32_t range = heap[count];
	size_t at = 0;

	for (size_t child = 1; child < count; child = 2 * at + 1) {
		if (child + 1 < count &&
		    NAME(wins)(ranges, order, winner, heap[child + 1], heap[child]))
			child++;
		if (!NAME(wins)(ranges, order, winner, heap[child], range))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = range;
}

/* Sweeps sorted ranges with the ones that cover the current position in a heap, the winner on top.
 * `out` has room for 2 * count: each step begins a range or leaves one behind. */
static size_t NAME(sweep)(const RANGE *ranges, const uint32_t *order, size_t count,
			  enum winner winner, uint32_t *heap, RANGE *out)
{
	size_t next = 0, heaped = 0, made = 0;
	KEY at = 0;

	while (heaped || next < count) {
		const RANGE *top;
		KEY end;

		if (!heaped && ranges[next].first > at)
			at = ranges[next].first;
		for (; next < count && ranges[next].first <= at; next++)
			NAME(heap_push)(ranges, order, winner, heap, heaped++, (uint32_t)next);
		while (heaped && ranges[heap[0]].last < at)
			NAME(heap_pop)(ranges, order, winner, heap, --heaped);
		if (!heaped)
			continue;
		top = &ranges[heap[0]];
		end = top->last;
		if (next < count && ranges[next].first <= end)
			end = ranges[next].first - 1;
		out[made++] = (RANGE){ .first = at, .last = end, .value = top->value };
		if (end == (KEY)-1)
			break;
		at = end + 1;
	}
	return made;
}

static bool NAME(sorted)(const RANGE *ranges, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (ranges[i - 1].first > ranges[i].first)
			return false;
	return true;
}

/* order[i] is the index of the i-th range by `first`; equal ones keep their order. */
static int NAME(sort_order)(const RANGE *ranges, size_t count, uint32_t *order)
{
	_cleanup_free_ struct sort_item *items = malloc(2 * count * sizeof(*items));

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		items[i] = (struct sort_item){ (uint64_t)ranges[i].first, (uint32_t)i };
	radix_sort(items, items + count, count);
	if (BITS > 64) { /* least significant half first: the sort is stable */
		for (size_t i = 0; i < count; i++)
			items[i].key = (uint64_t)((u128)ranges[items[i].index].first >> 64);
		radix_sort(items, items + count, count);
	}
	for (size_t i = 0; i < count; i++)
		order[i] = items[i].index;
	return 0;
}

/* Replaces ranges that disagree by what the sweep makes of them. */
static int NAME(resolve)(RANGE **ranges, size_t *count, size_t *room, const uint32_t *order,
			 enum winner winner)
{
	_cleanup_free_ uint32_t *heap = malloc(*count * sizeof(*heap));
	RANGE *out = malloc(2 * *count * sizeof(*out));

	if (!heap || !out) {
		free(out);
		return -ENOMEM;
	}
	*room = 2 * *count;
	*count = NAME(sweep)(*ranges, order, *count, winner, heap, out);
	free(*ranges);
	*ranges = out;
	return 0;
}

static int NAME(normalise)(RANGE **ranges, size_t *count, size_t *room, enum winner winner)
{
	_cleanup_free_ uint32_t *order = NULL;
	int error;

	if (!*count)
		return 0;
	if (*count > UINT32_MAX)
		return -ENOMEM;
	order = malloc(*count * sizeof(*order));
	if (!order)
		return -ENOMEM;
	if (NAME(sorted)(*ranges, *count)) {
		for (size_t i = 0; i < *count; i++)
			order[i] = (uint32_t)i;
	} else {
		RANGE *copy = malloc(*count * sizeof(*copy));

		error = copy ? NAME(sort_order)(*ranges, *count, order) : -ENOMEM;
		if (error) {
			free(copy);
			return error;
		}
		for (size_t i = 0; i < *count; i++)
			copy[i] = (*ranges)[order[i]];
		free(*ranges);
		*ranges = copy;
		*room = *count;
	}
	if (NAME(disagree)(*ranges, *count)) {
		error = NAME(resolve)(ranges, count, room, order, winner);
		if (error)
			return error;
	}
	*count = NAME(merge)(*ranges, *count);
	return 0;
}

static const RANGE *NAME(find)(const RANGE *ranges, size_t count, KEY address)
{
	size_t low = 0;

	while (count) { /* the first range that ends at or after the address */
		size_t half = count / 2;

		if (ranges[low + half].last < address) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return &ranges[low];
}

/* The size, as a power of two, of the widest prefix that begins at `first` and ends by `last`. */
static unsigned NAME(block_bits)(KEY first, KEY last)
{
	KEY span = last - first;
	unsigned fit = span == (KEY)-1 ? BITS : key_log2((KEY)(span + 1));
	unsigned aligned = first ? key_ctz(first) : BITS;

	return fit < aligned ? fit : aligned;
}

static KEY NAME(block_last)(KEY first, unsigned bits)
{
	return bits == BITS ? (KEY)-1 : first + (((KEY)1 << bits) - 1);
}

static uint64_t NAME(count_prefixes)(const RANGE *ranges, size_t count)
{
	uint64_t prefixes = 0;

	for (size_t i = 0; i < count; i++) {
		KEY first = ranges[i].first;

		for (;;) {
			KEY end = NAME(block_last)(first, NAME(block_bits)(first, ranges[i].last));

			prefixes++;
			if (end == ranges[i].last)
				break;
			first = end + 1;
		}
	}
	return prefixes;
}

/* a without b, both normal; `out` has room for counts a + b. */
static size_t NAME(subtract)(const RANGE *a, size_t count_a, const RANGE *b, size_t count_b,
			     RANGE *out)
{
	size_t made = 0, j = 0;

	for (size_t i = 0; i < count_a; i++) {
		RANGE rest = a[i];
		bool left = true;

		while (j < count_b && b[j].last < rest.first)
			j++;
		for (size_t k = j; left && k < count_b && b[k].first <= rest.last; k++) {
			if (b[k].first > rest.first) {
				out[made] = rest;
				out[made++].last = b[k].first - 1;
			}
			left = b[k].last < rest.last;
			if (left)
				rest.first = b[k].last + 1;
		}
		if (left)
			out[made++] = rest;
	}
	return made;
}
