// SPDX-License-Identifier: GPL-2.0-or-later
/* See distinct_window.h. The first item is stored in the subject itself, as most subjects never
 * have a second. */
#include "detect/distinct_window.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "detect/lru_table.h"

/* An item as it is kept: small, since a million sources may fail at once in an attack. Tags only
 * grow, so that the lower half is enough to restore one. `what` has 8 bytes, or 16 for wide
 * items. */
struct distinct_window_kept {
	int64_t wall_ns;
	uint32_t tag;
	unsigned char what[];
} __attribute__((packed, aligned(4)));

struct subject {
	uint16_t count, room; /* room 0: the item is `one` */
	union {
		unsigned char one[sizeof(struct distinct_window_kept) + sizeof(struct address)];
		unsigned char *many; /* by time */
	} __attribute__((packed, aligned(4)));
};

struct distinct_window {
	struct distinct_window_settings settings;
	struct lru_table *subjects;
	struct subject *last; /* that distinct_window_add() added to last; NULL once it is gone */
	size_t item_size;
	int64_t now_ns;
	uint64_t tag, forgotten;
	struct distinct_window_item *listed; /* what distinct_window_list() returned last */
	uint32_t listed_room;
};

#define NARROW sizeof(uint64_t)
#define WIDE   sizeof(struct address)
_Static_assert(sizeof(struct distinct_window_kept) + NARROW == 20, "docs/rules.md");

static size_t item_size(const struct distinct_window_settings *settings)
{
	return sizeof(struct distinct_window_kept) + (settings->wide ? WIDE : NARROW);
}

static size_t subject_size(const struct distinct_window_settings *settings)
{
	return offsetof(struct subject, one) + item_size(settings);
}

static struct distinct_window_kept *item_at(const struct distinct_window *distinct,
					    struct subject *subject, uint32_t at)
{
	unsigned char *items = subject->room ? subject->many : subject->one;

	return (struct distinct_window_kept *)(items + at * distinct->item_size);
}

/* A narrow item is the upper half of an IPv6 address, or an IPv4 address: no IPv6 source is in
 * ::/32, so that the two never collide. */
static void pack(const struct distinct_window *distinct, const struct distinct_window_item *from,
		 struct distinct_window_kept *to)
{
	uint64_t narrow = address_is4(&from->what) ? address_to4(&from->what)
						   : address_high(&from->what);

	to->wall_ns = from->wall_ns;
	to->tag = (uint32_t)from->tag;
	if (distinct->settings.wide)
		memcpy(to->what, &from->what, WIDE);
	else
		memcpy(to->what, &narrow, NARROW);
}

static void unpack(const struct distinct_window *distinct, const struct distinct_window_kept *from,
		   struct distinct_window_item *to)
{
	uint64_t narrow;

	*to = (struct distinct_window_item){
		.wall_ns = from->wall_ns,
		.tag = distinct->tag - (uint32_t)((uint32_t)distinct->tag - from->tag),
	};
	if (distinct->settings.wide) {
		memcpy(&to->what, from->what, WIDE);
		return;
	}
	memcpy(&narrow, from->what, NARROW);
	if (narrow <= UINT32_MAX)
		to->what = address_from4((uint32_t)narrow);
	else
		for (unsigned i = 0; i < NARROW; i++)
			to->what.byte[i] = (uint8_t)(narrow >> (56 - 8 * i));
}

static int64_t last_ns(const struct distinct_window *distinct, struct subject *subject)
{
	return item_at(distinct, subject, subject->count - 1)->wall_ns;
}

static void leave(void *value, bool full, void *context)
{
	struct distinct_window *distinct = context;
	struct subject *subject = value;

	if (full && subject->count &&
	    time_apart(last_ns(distinct, subject), distinct->now_ns) <=
		    distinct->settings.window_ns)
		distinct->forgotten++;
	if (distinct->last == subject)
		distinct->last = NULL;
	if (subject->room)
		free(subject->many);
}

struct distinct_window *distinct_window_new(const struct distinct_window_settings *settings)
{
	_cleanup_free_ struct distinct_window *distinct = calloc(1, sizeof(*distinct));

	if (!distinct)
		return NULL;
	distinct->settings = *settings;
	distinct->item_size = item_size(settings);
	distinct->subjects = lru_new(subject_size(settings), settings->most, leave, distinct);
	return distinct->subjects ? TAKE_PTR(distinct) : NULL;
}

void distinct_window_free(struct distinct_window *distinct)
{
	if (!distinct)
		return;
	lru_free(distinct->subjects);
	free(distinct->listed);
	free(distinct);
}

void distinct_window_configure(struct distinct_window *distinct,
			       const struct distinct_window_settings *settings)
{
	struct distinct_window_settings own = *settings;

	distinct->last = NULL;
	own.wide = distinct->settings.wide;
	if (own.wide != settings->wide) {
		struct lru_table *other =
			lru_new(subject_size(settings), settings->most, leave, distinct);

		if (other) {
			lru_free(distinct->subjects);
			distinct->subjects = other;
			distinct->item_size = item_size(settings);
			own.wide = settings->wide;
		}
	}
	/* If there is no memory for another size, the table keeps its size. */
	lru_resize(distinct->subjects, settings->most);
	distinct->settings = own;
}

static bool grow(const struct distinct_window *distinct, struct subject *subject)
{
	uint32_t room = subject->count + subject->count / 8U + 1, most = distinct->settings.items;
	unsigned char *items;

	if (subject->count < (subject->room ? subject->room : 1))
		return true;
	if (room > most + 1)
		room = most + 1;    /* one more between adding an item and taking one off */
	if (room <= subject->count) /* it was filled when the settings kept more */
		room = subject->count + 1;
	items = realloc(subject->room ? subject->many : NULL, room * distinct->item_size);
	if (!items)
		return false;
	if (!subject->room)
		memcpy(items, subject->one, distinct->item_size);
	subject->many = items;
	subject->room = (uint16_t)room;
	return true;
}

/* Removes `count` items, beginning with `at`. */
static void take_off(const struct distinct_window *distinct, struct subject *subject, uint32_t at,
		     uint32_t count)
{
	subject->count = (uint16_t)(subject->count - count);
	memmove(item_at(distinct, subject, at), item_at(distinct, subject, at + count),
		(subject->count - at) * distinct->item_size);
}

/* Returns the item's index, or subject->count if it is not there. */
static uint32_t find(const struct distinct_window *distinct, struct subject *subject,
		     const struct distinct_window_kept *item)
{
	size_t size = distinct->item_size - sizeof(*item);
	uint32_t at = 0;

	while (at < subject->count &&
	       memcmp(item_at(distinct, subject, at)->what, item->what, size) != 0)
		at++;
	return at;
}

/* Inserts an item by time. If it is there already, the later of both times is kept. There must be
 * room. */
static void insert(const struct distinct_window *distinct, struct subject *subject,
		   const struct distinct_window_item *item)
{
	unsigned char bytes[sizeof(struct distinct_window_kept) + WIDE] __attribute__((aligned(8)));
	struct distinct_window_kept *own = (struct distinct_window_kept *)bytes;
	uint32_t at;

	pack(distinct, item, own);
	at = find(distinct, subject, own);
	if (at < subject->count) {
		if (item_at(distinct, subject, at)->wall_ns > own->wall_ns)
			return;
		take_off(distinct, subject, at, 1);
	}
	at = subject->count;
	while (at && item_at(distinct, subject, at - 1)->wall_ns > own->wall_ns)
		at--;
	memmove(item_at(distinct, subject, at + 1), item_at(distinct, subject, at),
		(subject->count - at) * distinct->item_size);
	memcpy(item_at(distinct, subject, at), own, distinct->item_size);
	subject->count++;
}

/* Removes items that have left the window. After the clock was set back, those are items of the
 * future. */
static void slide(struct distinct_window *distinct, struct subject *subject, int64_t now_ns)
{
	uint64_t window_ns = distinct->settings.window_ns;
	uint32_t passed = 0;

	while (subject->count > 1 && last_ns(distinct, subject) > now_ns &&
	       time_apart(last_ns(distinct, subject), now_ns) > window_ns)
		subject->count--;
	while (passed + 1 < subject->count &&
	       time_apart(last_ns(distinct, subject), item_at(distinct, subject, passed)->wall_ns) >
		       window_ns)
		passed++;
	if (subject->count - passed > distinct->settings.items)
		passed = subject->count - distinct->settings.items;
	if (passed)
		take_off(distinct, subject, 0, passed);
}

/* Drops subjects whose windows ended long ago: two at most with each event, so that a single wrong
 * time stamp costs little. */
static void sweep(struct distinct_window *distinct)
{
	for (int i = 0; i < 2; i++) {
		struct subject *oldest = lru_oldest(distinct->subjects);

		if (!oldest || last_ns(distinct, oldest) > distinct->now_ns ||
		    time_apart(last_ns(distinct, oldest), distinct->now_ns) / 2 <=
			    distinct->settings.window_ns)
			return;
		lru_drop(distinct->subjects, oldest);
	}
}

size_t distinct_window_add(struct distinct_window *distinct, const struct prefix *key,
			   const struct distinct_window_item *item)
{
	struct subject *subject;

	distinct->now_ns = item->wall_ns;
	distinct->tag = item->tag;
	sweep(distinct);
	subject = lru_touch(distinct->subjects, key, NULL);
	if (!grow(distinct, subject)) {
		distinct->forgotten++;
		lru_drop(distinct->subjects, subject);
		return 0;
	}
	insert(distinct, subject, item);
	slide(distinct, subject, item->wall_ns);
	distinct->last = subject;
	return subject->count;
}

const struct lru_table *distinct_window_table(const struct distinct_window *distinct)
{
	return distinct->subjects;
}

const struct distinct_window_item *distinct_window_list(struct distinct_window *distinct)
{
	struct subject *subject = distinct->last;
	struct distinct_window_item *listed = distinct->listed;

	if (!subject)
		return NULL;
	if (subject->count > distinct->listed_room) {
		listed = reallocarray(listed, subject->count, sizeof(*listed));
		if (!listed)
			return NULL;
		distinct->listed = listed;
		distinct->listed_room = subject->count;
	}
	for (uint32_t i = 0; i < subject->count; i++)
		unpack(distinct, item_at(distinct, subject, i), &listed[i]);
	return listed;
}

size_t distinct_window_count(const struct distinct_window *distinct, const struct prefix *key,
			     int64_t now_ns)
{
	struct subject *subject = lru_find(distinct->subjects, key);
	size_t count = 0;

	for (uint32_t at = subject ? subject->count : 0; at--; count++)
		if (time_apart(item_at(distinct, subject, at)->wall_ns, now_ns) >
		    distinct->settings.window_ns)
			break;
	return count;
}

size_t distinct_window_newest(const struct distinct_window *distinct, const struct prefix *key,
			      struct distinct_window_item items[], size_t most)
{
	struct subject *subject = lru_find(distinct->subjects, key);
	size_t count = 0;

	for (uint32_t at = subject ? subject->count : 0; at-- && count < most; count++) {
		unpack(distinct, item_at(distinct, subject, at), &items[count]);
		items[count].tag = 0;
	}
	return count;
}

bool distinct_window_admit(struct distinct_window *distinct, const struct prefix *key,
			   const struct distinct_window_item *item, size_t most)
{
	struct subject *subject = lru_find(distinct->subjects, key);
	size_t recent = distinct_window_count(distinct, key, item->wall_ns);

	for (size_t i = 0; i < recent; i++) {
		struct distinct_window_item met;

		unpack(distinct, item_at(distinct, subject, subject->count - 1 - (uint32_t)i),
		       &met);
		if (!address_compare(&met.what, &item->what))
			return true;
	}
	return recent < most && distinct_window_add(distinct, key, item);
}

void distinct_window_remove(struct distinct_window *distinct, const struct prefix *key,
			    const struct address *what)
{
	unsigned char bytes[sizeof(struct distinct_window_kept) + WIDE] __attribute__((aligned(8)));
	struct subject *subject = lru_find(distinct->subjects, key);
	struct distinct_window_item item = { .what = *what };
	uint32_t at;

	if (!subject)
		return;
	pack(distinct, &item, (struct distinct_window_kept *)bytes);
	at = find(distinct, subject, (struct distinct_window_kept *)bytes);
	if (at == subject->count)
		return;
	if (subject->count == 1)
		lru_drop(distinct->subjects, subject);
	else
		take_off(distinct, subject, at, 1);
}

void distinct_window_restart(struct distinct_window *distinct, const struct prefix *key)
{
	struct subject *subject = lru_find(distinct->subjects, key);

	if (subject)
		lru_drop(distinct->subjects, subject);
}

void distinct_window_get_usage(const struct distinct_window *distinct, struct window_usage *usage)
{
	usage->used = lru_used(distinct->subjects);
	usage->size = lru_size(distinct->subjects);
	usage->forgotten = distinct->forgotten;
}
