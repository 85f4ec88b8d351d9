// SPDX-License-Identifier: GPL-2.0-or-later
/* See sliding_window.h. */
#include "detect/sliding_window.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "detect/string_intern.h"
#include "detect/lru_table.h"

/* An entry as it is kept: small, since a million sources may fail at once in an attack. Tags only
 * grow, so that the lower half is enough to restore one. */
struct entry {
	int64_t wall_ns;
	uint32_t tag;
	uint32_t weight : 31, mark : 1;
	uint32_t account; /* its number in windows->names */
} __attribute__((packed, aligned(4)));

struct sliding_window_entries {
	uint32_t count;
	struct entry by_time[]; /* equal times in the order of their arrival */
};

/* The first entry is stored in the subject itself, as most subjects never have a second. */
struct sliding_window_subject {
	uint32_t room; /* 0: no entry yet; 1: the entry is `one` */
	union {
		struct entry one;
		struct sliding_window_entries *many;
	} __attribute__((packed, aligned(4)));
};
_Static_assert(sizeof(struct entry) == 20 && sizeof(struct sliding_window_subject) == 24,
	       "docs/rules.md");

struct sliding_window {
	struct window_settings settings;
	struct lru_table *subjects;
	struct string_intern *names;
	int64_t now_ns;
	uint64_t forgotten;
	struct window_entry *hit; /* what sliding_window_add() returned last */
	uint32_t hit_room;
	struct sliding_window_subject *last; /* added to last; NULL: it is gone */
};

static struct entry *entries_of(struct sliding_window_subject *subject)
{
	return subject->room > 1 ? subject->many->by_time : &subject->one;
}

static uint32_t count_of(const struct sliding_window_subject *subject)
{
	return subject->room > 1 ? subject->many->count : subject->room;
}

static uint64_t longest_ns(const struct window_settings *settings)
{
	return settings->long_count ? settings->long_ns : settings->window_ns;
}

/* A name that is too long is cut after a whole UTF-8 character. */
static uint32_t take_account(struct sliding_window *windows, const char *account)
{
	size_t size = strlen(account);

	if (size >= WINDOW_ACCOUNT_SIZE) {
		size = WINDOW_ACCOUNT_SIZE - 1;
		while (size && ((unsigned char)account[size] & 0xc0) == 0x80)
			size--;
	}
	return string_intern_take(windows->names, account, size);
}

static int64_t last_ns(struct sliding_window_subject *subject)
{
	return entries_of(subject)[count_of(subject) - 1].wall_ns;
}

static void leave(void *value, bool full, void *context)
{
	struct sliding_window *windows = context;
	struct sliding_window_subject *subject = value;
	const struct entry *entries = entries_of(subject);

	if (full && count_of(subject) &&
	    (last_ns(subject) > windows->now_ns ||
	     time_apart(windows->now_ns, last_ns(subject)) <= longest_ns(&windows->settings)))
		windows->forgotten++;
	for (uint32_t i = 0; i < count_of(subject); i++)
		string_intern_drop(windows->names, entries[i].account);
	if (windows->last == subject)
		windows->last = NULL;
	if (subject->room > 1)
		free(subject->many);
}

/* Drops subjects whose windows ended long ago: two at most with each event, so that a single wrong
 * time stamp costs little. */
static void sweep(struct sliding_window *windows)
{
	for (int i = 0; i < 2; i++) {
		struct sliding_window_subject *oldest = lru_oldest(windows->subjects);

		if (!oldest || last_ns(oldest) > windows->now_ns ||
		    time_apart(windows->now_ns, last_ns(oldest)) / 2 <=
			    longest_ns(&windows->settings) ||
		    time_apart(windows->now_ns, last_ns(oldest)) <= windows->settings.keep_ns)
			return;
		lru_drop(windows->subjects, oldest);
	}
}

static bool grow(struct sliding_window_subject *subject, uint32_t most)
{
	uint32_t room = subject->room * 2, count = count_of(subject);
	struct sliding_window_entries *entries;

	if (count < subject->room || !subject->room)
		return true;
	if (room > most && most > count)
		room = most;
	entries = realloc(subject->room > 1 ? subject->many : NULL,
			  sizeof(*entries) + room * sizeof(*entries->by_time));
	if (!entries)
		return false;
	if (subject->room == 1) {
		entries->count = 1;
		entries->by_time[0] = subject->one;
	}
	subject->many = entries;
	subject->room = room;
	return true;
}

/* Inserts an entry by time and returns its index. There must be room. */
static uint32_t insert(struct sliding_window_subject *subject, const struct entry *entry)
{
	struct entry *entries = entries_of(subject);
	uint32_t count = count_of(subject), at = count;

	while (at && entries[at - 1].wall_ns > entry->wall_ns)
		at--;
	memmove(&entries[at + 1], &entries[at], (count - at) * sizeof(*entry));
	entries[at] = *entry;
	if (subject->room > 1)
		subject->many->count++;
	else
		subject->room = 1;
	return at;
}

/* Removes one of several entries (subject->room > 1). */
static void remove_entry(struct sliding_window *windows, struct sliding_window_subject *subject,
			 uint32_t at)
{
	struct entry *entries = entries_of(subject);
	uint32_t count = --subject->many->count;

	string_intern_drop(windows->names, entries[at].account);
	memmove(&entries[at], &entries[at + 1], (count - at) * sizeof(*entries));
}

/* Entries that together make a window. */
struct hit {
	uint32_t first, end;
};

/* Finds the first complete window among those that hold entry `at`. */
static bool complete(struct sliding_window_subject *subject, uint32_t at, uint64_t count,
		     uint64_t window_ns, struct hit *hit)
{
	const struct entry *entries = entries_of(subject);
	uint32_t low = at, high;
	uint64_t weight = 0;

	while (low && time_apart(entries[at].wall_ns, entries[low - 1].wall_ns) <= window_ns)
		low--;
	for (high = low; low <= at; low++) {
		while (high < count_of(subject) &&
		       time_apart(entries[high].wall_ns, entries[low].wall_ns) <= window_ns)
			weight += entries[high++].weight;
		if (weight >= count) {
			*hit = (struct hit){ low, high };
			return true;
		}
		weight -= entries[low].weight;
	}
	return false;
}

/* Reduces the subject to 2 * (count - 1) entries by removing the entry farthest from `now_ns`: that
 * is the oldest when times are in order, and one of the future after the clock was set back. */
static void trim(struct sliding_window *windows, struct sliding_window_subject *subject,
		 uint64_t count, int64_t now_ns)
{
	while (count_of(subject) > 1 && count_of(subject) > 2 * (count - 1)) {
		bool future = time_apart(last_ns(subject), now_ns) >
			      time_apart(entries_of(subject)[0].wall_ns, now_ns);

		remove_entry(windows, subject, future ? count_of(subject) - 1 : 0);
	}
}

/* Restores the whole entries from what is kept. Returns their number, or 0: out of memory. */
static size_t hand_out(struct sliding_window *windows, const struct entry *entries, uint32_t count,
		       uint64_t tag)
{
	struct window_entry *hit = windows->hit;

	if (count > windows->hit_room) {
		hit = reallocarray(hit, count, sizeof(*hit));
		if (!hit)
			return 0;
		windows->hit = hit;
		windows->hit_room = count;
	}
	for (uint32_t i = 0; i < count; i++)
		hit[i] = (struct window_entry){
			.wall_ns = entries[i].wall_ns,
			.tag = tag - (uint64_t)(int32_t)((uint32_t)tag - entries[i].tag),
			.account = string_intern_text(windows->names, entries[i].account),
			.weight = entries[i].weight,
			.mark = entries[i].mark,
		};
	return count;
}

/* The thresholds for one entry. */
struct bounds {
	uint64_t count, long_count, most; /* `most`: entries that can matter */
};

static struct bounds bounds_of(const struct window_settings *settings,
			       const struct window_entry *entry)
{
	uint64_t times = entry->times ? entry->times : 1;
	struct bounds bounds = { .count = settings->count * times };

	bounds.most = bounds.count;
	if (settings->long_count && !entry->short_only) {
		bounds.long_count = settings->long_count * times;
		if (bounds.long_count > bounds.most)
			bounds.most = bounds.long_count;
	}
	if (bounds.most > 1U << 30)
		bounds.most = 1U << 30;
	return bounds;
}

size_t sliding_window_add(struct sliding_window *windows, const struct prefix *prefix,
			  const struct window_entry *entry, const struct window_entry **hit)
{
	const struct window_settings *settings = &windows->settings;
	struct bounds bounds = bounds_of(settings, entry);
	uint32_t weight = entry->weight > INT32_MAX ? INT32_MAX : entry->weight;
	struct entry own = { .wall_ns = entry->wall_ns,
			     .tag = (uint32_t)entry->tag,
			     .weight = weight & INT32_MAX,
			     .mark = entry->mark };
	struct sliding_window_subject *subject;
	struct hit found;
	uint32_t at;
	size_t count;

	windows->now_ns = entry->wall_ns;
	sweep(windows);
	subject = lru_touch(windows->subjects, prefix, NULL);
	if (!grow(subject, (uint32_t)(2 * bounds.most - 1))) {
		windows->forgotten++;
		lru_drop(windows->subjects, subject);
		return 0;
	}
	if (entry->account)
		own.account = take_account(windows, entry->account);
	at = insert(subject, &own);
	windows->last = subject;
	if (!complete(subject, at, bounds.count, settings->window_ns, &found) &&
	    (!bounds.long_count ||
	     !complete(subject, at, bounds.long_count, settings->long_ns, &found))) {
		trim(windows, subject, bounds.most, entry->wall_ns);
		return 0;
	}
	count = hand_out(windows, entries_of(subject) + found.first, found.end - found.first,
			 entry->tag);
	*hit = windows->hit;
	if (!count) {
		windows->forgotten++;
		lru_drop(windows->subjects, subject);
	}
	return count;
}

static bool same_local_part(const char *a, const char *b)
{
	size_t size = strcspn(a, "@");

	return size == strcspn(b, "@") && !strncasecmp(a, b, size);
}

/* Most often the subject is the one that was added to just now. */
static struct sliding_window_subject *find(const struct sliding_window *windows,
					   const struct prefix *key)
{
	if (windows->last && !memcmp(lru_key(windows->subjects, windows->last), key, sizeof(*key)))
		return windows->last;
	return lru_find(windows->subjects, key);
}

uint64_t sliding_window_weigh(const struct sliding_window *windows, const struct prefix *key,
			      const char *account, int64_t from_ns)
{
	struct sliding_window_subject *subject = find(windows, key);
	const struct entry *entries = subject ? entries_of(subject) : NULL;
	uint64_t weight = 0;

	for (uint32_t i = subject ? count_of(subject) : 0;
	     i-- > 0 && entries[i].wall_ns >= from_ns;) {
		const char *name = string_intern_text(windows->names, entries[i].account);

		if (name && same_local_part(name, account))
			weight += entries[i].weight;
	}
	return weight;
}

void sliding_window_forgive(struct sliding_window *windows, const struct prefix *key,
			    bool (*is_it)(const char *account, const void *context),
			    const void *context)
{
	struct sliding_window_subject *subject = lru_find(windows->subjects, key);

	for (uint32_t i = subject ? count_of(subject) : 0; i-- > 0;) {
		const char *name =
			string_intern_text(windows->names, entries_of(subject)[i].account);

		if (name && is_it(name, context) && count_of(subject) > 1)
			remove_entry(windows, subject, i);
		else if (name && is_it(name, context))
			lru_drop(windows->subjects, subject);
	}
}

void sliding_window_restart(struct sliding_window *windows, const struct prefix *key)
{
	struct sliding_window_subject *subject = lru_find(windows->subjects, key);

	if (subject)
		lru_drop(windows->subjects, subject);
}

struct sliding_window *sliding_window_new(const struct window_settings *settings)
{
	_cleanup_free_ struct sliding_window *windows = calloc(1, sizeof(*windows));

	if (!windows)
		return NULL;
	windows->settings = *settings;
	windows->names = string_intern_new();
	if (windows->names)
		windows->subjects = lru_new(sizeof(*windows->last), settings->most, leave, windows);
	if (windows->subjects)
		return TAKE_PTR(windows);
	string_intern_free(windows->names);
	return NULL;
}

void sliding_window_configure(struct sliding_window *windows,
			      const struct window_settings *settings)
{
	windows->last = NULL;
	/* If there is no memory for another size, the table keeps its size. */
	lru_resize(windows->subjects, settings->most);
	windows->settings = *settings;
}

const struct lru_table *sliding_window_table(const struct sliding_window *windows)
{
	return windows->subjects;
}

void sliding_window_free(struct sliding_window *windows)
{
	if (!windows)
		return;
	lru_free(windows->subjects);
	free(windows->hit);
	string_intern_free(windows->names);
	free(windows);
}

void sliding_window_get_usage(const struct sliding_window *windows, struct window_usage *usage)
{
	usage->used = lru_used(windows->subjects);
	usage->size = lru_size(windows->subjects);
	usage->forgotten = windows->forgotten;
}
