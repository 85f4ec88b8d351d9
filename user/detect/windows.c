// SPDX-License-Identifier: GPL-2.0-or-later
/* See windows.h. */
#include "detect/windows.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "detect/names.h"
#include "detect/recent.h"

/* An entry as it is kept: a million sources fail at once in an attack. Tags grow from event to
 * event, so that their lower half tells. */
struct entry {
	int64_t wall_ns;
	uint32_t tag, weight, account; /* of windows->names */
} __attribute__((packed, aligned(4)));

/* Most never have a second entry: the first lies in the subject itself. */
struct subject {
	uint32_t count, room; /* room 0: the entry is `one` */
	union {
		struct entry one;
		struct entry *many; /* by time; equal times by arrival */
	} __attribute__((packed, aligned(4)));
};
_Static_assert(sizeof(struct entry) == 20 && sizeof(struct subject) == 28, "docs/rules.md");

struct windows {
	struct window_settings settings;
	struct recent *subjects;
	struct names *names;
	int64_t now_ns;
	uint64_t forgotten;
	struct window_entry *hit; /* what windows_add() returned last */
	uint32_t hit_room;
};

static struct entry *entries_of(struct subject *subject)
{
	return subject->room ? subject->many : &subject->one;
}

/* How far apart two times are; any two int64_t. */
static uint64_t apart(int64_t a, int64_t b)
{
	return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

/* Cut names end with a whole UTF-8 character. */
static uint32_t take_account(struct windows *windows, const char *account)
{
	size_t size = strlen(account);

	if (size >= WINDOW_ACCOUNT_SIZE) {
		size = WINDOW_ACCOUNT_SIZE - 1;
		while (size && ((unsigned char)account[size] & 0xc0) == 0x80)
			size--;
	}
	return names_take(windows->names, account, size);
}

static int64_t last_ns(struct subject *subject)
{
	return entries_of(subject)[subject->count - 1].wall_ns;
}

static void leave(void *value, bool full, void *context)
{
	struct windows *windows = context;
	struct subject *subject = value;
	const struct entry *entries = entries_of(subject);

	if (full && subject->count &&
	    (last_ns(subject) > windows->now_ns ||
	     apart(windows->now_ns, last_ns(subject)) <= windows->settings.window_ns))
		windows->forgotten++;
	for (uint32_t i = 0; i < subject->count; i++)
		names_drop(windows->names, entries[i].account);
	if (subject->room)
		free(subject->many);
}

/* Subjects whose windows have long ended make room as events come in; two for each event, so that
 * a single wrong time stamp costs next to nothing. */
static void sweep(struct windows *windows)
{
	for (int i = 0; i < 2; i++) {
		struct subject *oldest = recent_oldest(windows->subjects);

		if (!oldest || last_ns(oldest) > windows->now_ns ||
		    apart(windows->now_ns, last_ns(oldest)) / 2 <= windows->settings.window_ns)
			return;
		recent_drop(windows->subjects, oldest);
	}
}

static bool grow(struct subject *subject, uint32_t most)
{
	uint32_t room = subject->room ? subject->room * 2 : 2;
	struct entry *entries;

	if (subject->count < (subject->room ? subject->room : 1))
		return true;
	if (room > most && most > subject->count)
		room = most;
	entries = reallocarray(subject->room ? subject->many : NULL, room, sizeof(*entries));
	if (!entries)
		return false;
	if (!subject->room)
		entries[0] = subject->one;
	subject->many = entries;
	subject->room = room;
	return true;
}

/* Where the new entry now is. Room is there. */
static uint32_t place(struct subject *subject, const struct entry *entry)
{
	struct entry *entries = entries_of(subject);
	uint32_t at = subject->count;

	while (at && entries[at - 1].wall_ns > entry->wall_ns)
		at--;
	memmove(&entries[at + 1], &entries[at], (subject->count - at) * sizeof(*entry));
	entries[at] = *entry;
	subject->count++;
	return at;
}

static void remove_entry(struct windows *windows, struct subject *subject, uint32_t at)
{
	struct entry *entries = entries_of(subject);

	names_drop(windows->names, entries[at].account);
	subject->count--;
	memmove(&entries[at], &entries[at + 1], (subject->count - at) * sizeof(*entries));
}

/* Of the windows that hold entry `at`, the first that is complete: [*first, *end). */
static bool complete(struct subject *subject, uint32_t at, const struct window_settings *settings,
		     uint32_t *first, uint32_t *end)
{
	const struct entry *entries = entries_of(subject);
	uint32_t low = at, high;
	uint64_t weight = 0;

	while (low && apart(entries[at].wall_ns, entries[low - 1].wall_ns) <= settings->window_ns)
		low--;
	for (high = low; low <= at; low++) {
		while (high < subject->count &&
		       apart(entries[high].wall_ns, entries[low].wall_ns) <= settings->window_ns)
			weight += entries[high++].weight;
		if (weight >= settings->count) {
			*first = low;
			*end = high;
			return true;
		}
		weight -= entries[low].weight;
	}
	return false;
}

/* Down to 2 * (count - 1) entries. The farthest from `now_ns` goes: with times in order that is
 * the oldest, and after the clock was set back it is one of the future. */
static void trim(struct windows *windows, struct subject *subject, uint32_t count, int64_t now_ns)
{
	while (subject->count > 1 && subject->count > 2 * (count - 1)) {
		bool future = apart(last_ns(subject), now_ns) >
			      apart(entries_of(subject)[0].wall_ns, now_ns);

		remove_entry(windows, subject, future ? subject->count - 1 : 0);
	}
}

/* What was kept of the entries, in whole. 0: out of memory. */
static size_t hand_out(struct windows *windows, const struct entry *entries, uint32_t count,
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
			.tag = tag - (uint32_t)((uint32_t)tag - entries[i].tag),
			.account = names_text(windows->names, entries[i].account),
			.weight = entries[i].weight,
		};
	return count;
}

size_t windows_add(struct windows *windows, const struct prefix *prefix,
		   const struct window_entry *entry, const struct window_entry **hit)
{
	const struct window_settings *settings = &windows->settings;
	struct entry own = { .wall_ns = entry->wall_ns,
			     .tag = (uint32_t)entry->tag,
			     .weight = entry->weight };
	struct subject *subject;
	uint32_t at, first, end;
	size_t count;

	windows->now_ns = entry->wall_ns;
	sweep(windows);
	subject = recent_touch(windows->subjects, prefix, NULL);
	if (!grow(subject, 2 * settings->count - 1)) {
		windows->forgotten++;
		recent_drop(windows->subjects, subject);
		return 0;
	}
	if (entry->account)
		own.account = take_account(windows, entry->account);
	at = place(subject, &own);
	if (!complete(subject, at, settings, &first, &end)) {
		trim(windows, subject, settings->count, entry->wall_ns);
		return 0;
	}
	count = hand_out(windows, entries_of(subject) + first, end - first, entry->tag);
	*hit = windows->hit;
	if (!count) {
		windows->forgotten++;
		recent_drop(windows->subjects, subject);
	}
	return count;
}

void windows_restart(struct windows *windows, const struct prefix *key)
{
	struct subject *subject = recent_find(windows->subjects, key);

	if (subject)
		recent_drop(windows->subjects, subject);
}

struct windows *windows_new(const struct window_settings *settings)
{
	_cleanup_free_ struct windows *windows = calloc(1, sizeof(*windows));

	if (!windows)
		return NULL;
	windows->settings = *settings;
	windows->names = names_new();
	if (windows->names)
		windows->subjects =
			recent_new(sizeof(struct subject), settings->most, leave, windows);
	if (windows->subjects)
		return TAKE_PTR(windows);
	names_free(windows->names);
	return NULL;
}

void windows_configure(struct windows *windows, const struct window_settings *settings)
{
	/* Without memory for another size the old one stays. */
	recent_resize(windows->subjects, settings->most);
	windows->settings = *settings;
}

void windows_free(struct windows *windows)
{
	if (!windows)
		return;
	recent_free(windows->subjects);
	free(windows->hit);
	names_free(windows->names);
	free(windows);
}

void windows_get_usage(const struct windows *windows, struct window_usage *usage)
{
	usage->used = recent_used(windows->subjects);
	usage->size = recent_size(windows->subjects);
	usage->forgotten = windows->forgotten;
}
