/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What subjects (sources, networks) did lately: a sliding window for each, in bounded memory. Rules
 * that count share this. Pure. Not here: which events count, and what follows.
 *
 * Exact: an entry completes a window when entries with a total weight of at least `count` are at
 * most `window_ns` apart, whatever came between, as long as entries arrive at most window_ns late.
 * There may be a second pair of count and window (long_count, long_ns): few entries in a short
 * time, or more in a long one, from one memory. Known sources are allowed more: each entry says by
 * what the counts are multiplied (`times`).
 *
 * Memory: entries that have not completed a window weigh less than `count` in any window_ns, so
 * 2 * (count - 1) of them reach back further than two windows, and older ones cannot matter any
 * more. So a subject needs 2 * N - 1 places, where N is the larger count times `times`. All
 * subjects take at most most * (64 + (2 * N - 1) * 20) bytes, and 24 and the name for each
 * different account, malloc()'s own use aside. One entry takes 56.
 */
#ifndef SEKISHO_SLIDING_WINDOW_H
#define SEKISHO_SLIDING_WINDOW_H

#include "detect/lru_table.h"

#define WINDOW_ACCOUNT_SIZE 64 /* only the beginning of a longer account name is kept */

struct window_settings {
	uint32_t count;	     /* 1 .. 2^30 */
	uint32_t most;	     /* subjects, 1 .. 2^30 */
	uint64_t window_ns;  /* up to 2^62 */
	uint32_t long_count; /* 0: no second pair */
	uint64_t long_ns;    /* >= window_ns */
	uint64_t keep_ns;    /* how long subjects are kept after their last entry, for
			      * sliding_window_weigh(); at least two of the longest windows */
};

struct window_entry {
	int64_t wall_ns;
	uint64_t tag;	     /* grows from entry to entry, or is that of a recent one */
	const char *account; /* copied when added; NULL: none */
	uint32_t weight;     /* 1 .. 2^31 - 1 */
	uint16_t times;	     /* multiplies the counts; 0 is 1 */
	bool short_only;     /* the long count does not apply to this entry */
	bool mark;	     /* for the caller */
};

struct window_usage {
	uint64_t used, size;
	uint64_t forgotten; /* subjects dropped for room while their window still ran */
};

struct sliding_window;

struct sliding_window *
sliding_window_new(const struct window_settings *settings); /* NULL: out of memory */
void sliding_window_free(struct sliding_window *windows);

/* Keeps what was seen as far as the new bound allows. */
void sliding_window_configure(struct sliding_window *windows,
			      const struct window_settings *settings);

/* Adds one entry. Returns how many entries, from *hit on and oldest first, make a completed window,
 * or 0. They stay valid until the next call; the caller restarts the subject once it has read them,
 * so that nothing counts twice. */
size_t sliding_window_add(struct sliding_window *windows, const struct prefix *subject,
			  const struct window_entry *entry, const struct window_entry **hit);

/* The weight of a subject's entries since `from_ns` (among the last 2 * N - 2) whose account has
 * this local part, whatever the case of A to Z. */
uint64_t sliding_window_weigh(const struct sliding_window *windows, const struct prefix *subject,
			      const char *account, int64_t from_ns);

/* Forgets, on purpose, a subject's entries of the accounts for which `is_it` is true. */
void sliding_window_forgive(struct sliding_window *windows, const struct prefix *subject,
			    bool (*is_it)(const char *account, const void *context),
			    const void *context);

/* Forgets a subject, on purpose: it is not counted as forgotten. */
void sliding_window_restart(struct sliding_window *windows, const struct prefix *subject);

/* For lru_expect(). */
const struct lru_table *sliding_window_table(const struct sliding_window *windows);

/* The number of subjects now and at most; forgotten: since sliding_window_new(). */
void sliding_window_get_usage(const struct sliding_window *windows, struct window_usage *usage);

#endif
