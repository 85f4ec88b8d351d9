// SPDX-License-Identifier: GPL-2.0-or-later
/* Subjects in a chained hash of fixed size, with a list by last event to give up the oldest. See
 * windows.h. */
#include "detect/windows.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"

#define NONE UINT32_MAX

struct subject {
	struct prefix prefix;
	uint32_t next;	       /* in its chain, or among the free ones */
	uint32_t older, newer; /* by last event */
	uint32_t count, room;
	struct window_entry *entries; /* by time; equal times by arrival. Accounts are malloc()ed */
};

struct windows {
	struct window_settings settings;
	struct subject *subjects; /* settings.most */
	uint32_t *heads;	  /* head_mask + 1 */
	uint32_t head_mask;
	uint32_t used, fresh; /* in use; never used from here on */
	uint32_t free;	      /* first given back */
	uint32_t oldest, newest;
	uint64_t forgotten;
	uint64_t seed[2];
};

/* Seeded: IPv6 prefixes are for strangers to choose, and must not all fall into one chain. */
static uint32_t hash(const struct windows *windows, const struct prefix *prefix)
{
	unsigned __int128 product;
	uint64_t mixed;

	product = (unsigned __int128)(address_high(&prefix->address) ^ windows->seed[0]) *
		  (address_low(&prefix->address) ^ windows->seed[1] ^ prefix->length);
	mixed = (uint64_t)product ^ (uint64_t)(product >> 64) ^ windows->seed[0];
	product = (unsigned __int128)mixed * 0x9e3779b97f4a7c15ULL;
	return (uint32_t)((uint64_t)product ^ (uint64_t)(product >> 64)) & windows->head_mask;
}

/* How far apart two times are; any two int64_t. */
static uint64_t apart(int64_t a, int64_t b)
{
	return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

static bool same(const struct prefix *a, const struct prefix *b)
{
	return a->length == b->length && !address_compare(&a->address, &b->address);
}

/* Cut names end with a whole UTF-8 character. */
static char *copy_account(const char *account)
{
	size_t size = strlen(account);

	if (size >= WINDOW_ACCOUNT_SIZE) {
		size = WINDOW_ACCOUNT_SIZE - 1;
		while (size && ((unsigned char)account[size] & 0xc0) == 0x80)
			size--;
	}
	return strndup(account, size);
}

static void free_entries(struct subject *subject)
{
	for (uint32_t i = 0; i < subject->count; i++)
		free((char *)subject->entries[i].account);
	free(subject->entries);
	subject->entries = NULL;
	subject->count = subject->room = 0;
}

static void unlink_age(struct windows *windows, struct subject *subject)
{
	if (subject->older == NONE)
		windows->oldest = subject->newer;
	else
		windows->subjects[subject->older].newer = subject->newer;
	if (subject->newer == NONE)
		windows->newest = subject->older;
	else
		windows->subjects[subject->newer].older = subject->older;
}

static void link_newest(struct windows *windows, uint32_t index)
{
	struct subject *subject = &windows->subjects[index];

	subject->older = windows->newest;
	subject->newer = NONE;
	if (windows->newest == NONE)
		windows->oldest = index;
	else
		windows->subjects[windows->newest].newer = index;
	windows->newest = index;
}

static void drop(struct windows *windows, uint32_t index)
{
	struct subject *subject = &windows->subjects[index];
	uint32_t *link = &windows->heads[hash(windows, &subject->prefix)];

	while (*link != index)
		link = &windows->subjects[*link].next;
	*link = subject->next;
	unlink_age(windows, subject);
	free_entries(subject);
	subject->next = windows->free;
	windows->free = index;
	windows->used--;
}

static uint32_t find(const struct windows *windows, const struct prefix *prefix)
{
	uint32_t index = windows->heads[hash(windows, prefix)];

	while (index != NONE && !same(&windows->subjects[index].prefix, prefix))
		index = windows->subjects[index].next;
	return index;
}

/* There must be room. */
static uint32_t insert(struct windows *windows, const struct prefix *prefix)
{
	uint32_t index = windows->free, *head = &windows->heads[hash(windows, prefix)];
	struct subject *subject;

	if (index == NONE)
		index = windows->fresh++;
	else
		windows->free = windows->subjects[index].next;
	subject = &windows->subjects[index];
	*subject = (struct subject){ .prefix = *prefix, .next = *head };
	*head = index;
	link_newest(windows, index);
	windows->used++;
	return index;
}

static int64_t last_ns(const struct subject *subject)
{
	return subject->entries[subject->count - 1].wall_ns;
}

/* Subjects whose windows have long ended make room as events come in; two for each event, so that
 * a single wrong time stamp costs next to nothing. */
static void sweep(struct windows *windows, int64_t now_ns)
{
	for (int i = 0; i < 2 && windows->oldest != NONE; i++) {
		int64_t last = last_ns(&windows->subjects[windows->oldest]);

		if (last > now_ns || apart(now_ns, last) / 2 <= windows->settings.window_ns)
			return;
		drop(windows, windows->oldest);
	}
}

static void give_up_oldest(struct windows *windows, int64_t now_ns)
{
	int64_t last = last_ns(&windows->subjects[windows->oldest]);

	if (last > now_ns || apart(now_ns, last) <= windows->settings.window_ns)
		windows->forgotten++;
	drop(windows, windows->oldest);
}

static bool grow(struct subject *subject, uint32_t most)
{
	uint32_t room = subject->room ? subject->room * 2 : 1;
	struct window_entry *entries;

	if (subject->count < subject->room)
		return true;
	if (room > most && most > subject->room)
		room = most;
	entries = realloc(subject->entries, room * sizeof(*entries));
	if (!entries)
		return false;
	subject->entries = entries;
	subject->room = room;
	return true;
}

/* Where the new entry now is. Room is there. */
static uint32_t place(struct subject *subject, const struct window_entry *entry)
{
	uint32_t at = subject->count;

	while (at && subject->entries[at - 1].wall_ns > entry->wall_ns)
		at--;
	memmove(&subject->entries[at + 1], &subject->entries[at],
		(subject->count - at) * sizeof(*entry));
	subject->entries[at] = *entry;
	subject->count++;
	return at;
}

static void remove_entry(struct subject *subject, uint32_t at)
{
	free((char *)subject->entries[at].account);
	subject->count--;
	memmove(&subject->entries[at], &subject->entries[at + 1],
		(subject->count - at) * sizeof(*subject->entries));
}

/* Of the windows that hold entry `at`, the first that is complete: [*first, *end). */
static bool complete(const struct subject *subject, uint32_t at,
		     const struct window_settings *settings, uint32_t *first, uint32_t *end)
{
	const struct window_entry *entries = subject->entries;
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
static void trim(struct subject *subject, uint32_t count, int64_t now_ns)
{
	while (subject->count > 1 && subject->count > 2 * (count - 1)) {
		bool future = apart(last_ns(subject), now_ns) >
			      apart(subject->entries[0].wall_ns, now_ns);

		remove_entry(subject, future ? subject->count - 1 : 0);
	}
}

size_t windows_add(struct windows *windows, const struct prefix *prefix,
		   const struct window_entry *entry, const struct window_entry **hit)
{
	const struct window_settings *settings = &windows->settings;
	struct window_entry own = *entry;
	uint32_t index, at, first, end;
	struct subject *subject;

	sweep(windows, entry->wall_ns);
	index = find(windows, prefix);
	if (index == NONE) {
		if (windows->used == settings->most)
			give_up_oldest(windows, entry->wall_ns);
		index = insert(windows, prefix);
	} else {
		unlink_age(windows, &windows->subjects[index]);
		link_newest(windows, index);
	}
	subject = &windows->subjects[index];
	if (!grow(subject, 2 * settings->count - 1)) {
		windows->forgotten++;
		drop(windows, index);
		return 0;
	}
	if (own.account)
		own.account = copy_account(own.account);
	at = place(subject, &own);
	if (complete(subject, at, settings, &first, &end)) {
		*hit = &subject->entries[first];
		return end - first;
	}
	trim(subject, settings->count, entry->wall_ns);
	return 0;
}

void windows_restart(struct windows *windows, const struct prefix *subject)
{
	uint32_t index = find(windows, subject);

	if (index != NONE)
		drop(windows, index);
}

/* Reading /dev/urandom is I/O, but nothing that comes out depends on it. */
static int allocate(struct windows *windows, uint32_t most)
{
	_cleanup_free_ struct subject *subjects = calloc(most, sizeof(*subjects));
	_cleanup_free_ uint32_t *heads = NULL;
	uint32_t count = 16;

	while (count < most)
		count *= 2;
	heads = malloc(count * sizeof(*heads));
	if (!subjects || !heads)
		return -1;
	memset(heads, 0xff, count * sizeof(*heads));
	windows->subjects = TAKE_PTR(subjects);
	windows->heads = TAKE_PTR(heads);
	windows->head_mask = count - 1;
	windows->free = windows->oldest = windows->newest = NONE;
	windows->settings.most = most;
	if (getrandom(windows->seed, sizeof(windows->seed), GRND_NONBLOCK) < 0)
		windows->seed[0] = (uintptr_t)windows->subjects;
	windows->seed[0] |= 1;
	return 0;
}

struct windows *windows_new(const struct window_settings *settings)
{
	_cleanup_free_ struct windows *windows = calloc(1, sizeof(*windows));

	if (!windows || allocate(windows, settings->most))
		return NULL;
	windows->settings = *settings;
	return TAKE_PTR(windows);
}

void windows_configure(struct windows *windows, const struct window_settings *settings)
{
	struct windows other = { .forgotten = windows->forgotten };

	if (settings->most != windows->settings.most && !allocate(&other, settings->most)) {
		while (windows->used > settings->most)
			give_up_oldest(windows, last_ns(&windows->subjects[windows->newest]));
		other.forgotten = windows->forgotten;
		for (uint32_t at = windows->oldest; at != NONE; at = windows->subjects[at].newer) {
			struct subject *old = &windows->subjects[at];
			struct subject *moved = &other.subjects[insert(&other, &old->prefix)];

			moved->entries = old->entries;
			moved->count = old->count;
			moved->room = old->room;
		}
		free(windows->subjects);
		free(windows->heads);
		*windows = other;
	}
	/* Without memory for another size the old one stays. */
	windows->settings.count = settings->count;
	windows->settings.window_ns = settings->window_ns;
}

void windows_free(struct windows *windows)
{
	if (!windows)
		return;
	for (uint32_t at = windows->oldest; at != NONE; at = windows->subjects[at].newer)
		free_entries(&windows->subjects[at]);
	free(windows->subjects);
	free(windows->heads);
	free(windows);
}

void windows_get_usage(const struct windows *windows, struct window_usage *usage)
{
	usage->used = windows->used;
	usage->size = windows->settings.most;
	usage->forgotten = windows->forgotten;
}
