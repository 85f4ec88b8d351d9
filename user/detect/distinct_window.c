// SPDX-License-Identifier: GPL-2.0-or-later
/* See distinct_window.h. The first item lies in the subject itself: most subjects never have a
 * second. */
#include "detect/distinct_window.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "detect/lru_table.h"

struct subject {
	uint32_t count, room; /* room 0: the item is `one` */
	union {
		struct distinct_window_item one;
		struct distinct_window_item *many; /* by time */
	};
};

struct distinct_window {
	struct distinct_window_settings settings;
	struct lru_table *subjects;
	int64_t now_ns;
	uint64_t forgotten;
};

static struct distinct_window_item *items_of(struct subject *subject)
{
	return subject->room ? subject->many : &subject->one;
}

/* How far apart two times are; any two int64_t. */
static uint64_t apart(int64_t a, int64_t b)
{
	return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

static int64_t last_ns(struct subject *subject)
{
	return items_of(subject)[subject->count - 1].wall_ns;
}

static void leave(void *value, bool full, void *context)
{
	struct distinct_window *distinct = context;
	struct subject *subject = value;

	if (full && subject->count &&
	    apart(last_ns(subject), distinct->now_ns) <= distinct->settings.window_ns)
		distinct->forgotten++;
	if (subject->room)
		free(subject->many);
}

struct distinct_window *distinct_window_new(const struct distinct_window_settings *settings)
{
	_cleanup_free_ struct distinct_window *distinct = calloc(1, sizeof(*distinct));

	if (!distinct)
		return NULL;
	distinct->settings = *settings;
	distinct->subjects = lru_new(sizeof(struct subject), settings->most, leave, distinct);
	return distinct->subjects ? TAKE_PTR(distinct) : NULL;
}

void distinct_window_free(struct distinct_window *distinct)
{
	if (!distinct)
		return;
	lru_free(distinct->subjects);
	free(distinct);
}

void distinct_window_configure(struct distinct_window *distinct,
			       const struct distinct_window_settings *settings)
{
	/* Without memory for another size the old one stays. */
	lru_resize(distinct->subjects, settings->most);
	distinct->settings = *settings;
}

static bool grow(struct subject *subject, uint32_t most)
{
	uint32_t room = subject->count + subject->count / 4 + 1;
	struct distinct_window_item *items;

	if (subject->count < (subject->room ? subject->room : 1))
		return true;
	if (room > most + 1)
		room = most + 1;    /* one more, for the moment between adding and taking off */
	if (room <= subject->count) /* it was filled when more was kept */
		room = subject->count + 1;
	items = realloc(subject->room ? subject->many : NULL, room * sizeof(*items));
	if (!items)
		return false;
	if (!subject->room)
		items[0] = subject->one;
	subject->many = items;
	subject->room = room;
	return true;
}

static void remove_first(struct subject *subject, uint32_t count)
{
	struct distinct_window_item *items = items_of(subject);

	subject->count -= count;
	memmove(items, items + count, subject->count * sizeof(*items));
}

/* An item met again moves to its new time; a late one keeps the later. Room is there. */
static void login(struct subject *subject, const struct distinct_window_item *item)
{
	struct distinct_window_item *items = items_of(subject), own = *item;
	uint32_t at = 0;

	while (at < subject->count && address_compare(&items[at].what, &item->what) != 0)
		at++;
	if (at < subject->count) {
		if (items[at].wall_ns > own.wall_ns)
			return;
		subject->count--;
		memmove(&items[at], &items[at + 1], (subject->count - at) * sizeof(*items));
	}
	for (at = subject->count; at && items[at - 1].wall_ns > own.wall_ns; at--)
		items[at] = items[at - 1];
	items[at] = own;
	subject->count++;
}

/* Takes off what the window has left behind. After a clock was set back that is the future. */
static void slide(struct distinct_window *distinct, struct subject *subject, int64_t now_ns)
{
	struct distinct_window_item *items = items_of(subject);
	uint64_t window_ns = distinct->settings.window_ns;
	uint32_t passed = 0;

	while (subject->count > 1 && last_ns(subject) > now_ns &&
	       apart(last_ns(subject), now_ns) > window_ns)
		subject->count--;
	while (passed + 1 < subject->count &&
	       apart(last_ns(subject), items[passed].wall_ns) > window_ns)
		passed++;
	if (subject->count - passed > distinct->settings.items)
		passed = subject->count - distinct->settings.items;
	if (passed)
		remove_first(subject, passed);
}

/* Subjects whose windows have ended make room; two for each event, so that one wrong time stamp
 * costs next to nothing. */
static void sweep(struct distinct_window *distinct)
{
	for (int i = 0; i < 2; i++) {
		struct subject *oldest = lru_oldest(distinct->subjects);

		if (!oldest || last_ns(oldest) > distinct->now_ns ||
		    apart(last_ns(oldest), distinct->now_ns) / 2 <= distinct->settings.window_ns)
			return;
		lru_drop(distinct->subjects, oldest);
	}
}

size_t distinct_window_add(struct distinct_window *distinct, const struct prefix *key,
			   const struct distinct_window_item *item,
			   const struct distinct_window_item **items)
{
	struct subject *subject;

	distinct->now_ns = item->wall_ns;
	sweep(distinct);
	subject = lru_touch(distinct->subjects, key, NULL);
	if (!grow(subject, distinct->settings.items)) {
		distinct->forgotten++;
		lru_drop(distinct->subjects, subject);
		return 0;
	}
	login(subject, item);
	slide(distinct, subject, item->wall_ns);
	*items = items_of(subject);
	return subject->count;
}

void distinct_window_remove(struct distinct_window *distinct, const struct prefix *key,
			    const struct address *what)
{
	struct subject *subject = lru_find(distinct->subjects, key);
	struct distinct_window_item *items = subject ? items_of(subject) : NULL;
	uint32_t at = 0;

	if (!subject)
		return;
	while (at < subject->count && address_compare(&items[at].what, what) != 0)
		at++;
	if (at == subject->count)
		return;
	if (subject->count == 1) {
		lru_drop(distinct->subjects, subject);
		return;
	}
	subject->count--;
	memmove(&items[at], &items[at + 1], (subject->count - at) * sizeof(*items));
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
