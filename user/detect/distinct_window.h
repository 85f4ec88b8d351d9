/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which different things a subject met within a sliding window: the accounts of a source, the
 * sources of a network, the networks of an account. Pure, bounded. Not here: how often each was met
 * (sliding_window.h), and what follows.
 *
 * Exact for events in order of time: for each thing the last time is kept, and for each subject the
 * last `items` things; no threshold needs more. Takes at most most * (64 + items * 20) bytes (28 in
 * place of 20 if things are `wide`), malloc()'s own use aside; a subject with one thing takes 56,
 * or 64.
 */
#ifndef SEKISHO_DISTINCT_WINDOW_H
#define SEKISHO_DISTINCT_WINDOW_H

#include "detect/lru_table.h"
#include "detect/sliding_window.h"

struct distinct_window_settings {
	uint32_t most;	/* subjects, 1 .. 2^30 */
	uint32_t items; /* kept for each subject, 1 .. 10000 */
	uint64_t window_ns;
	bool wide; /* else only the first 64 bits of things other than IPv4 addresses are kept */
};

struct distinct_window_item {
	struct address what;
	int64_t wall_ns; /* when it was met last */
	uint64_t tag;	 /* grows from item to item */
};

struct distinct_window;

struct distinct_window *
distinct_window_new(const struct distinct_window_settings *settings); /* NULL: out of memory */
void distinct_window_free(struct distinct_window *distinct);
/* Keeps what was seen as far as the new bounds allow; nothing if `wide` changes. */
void distinct_window_configure(struct distinct_window *distinct,
			       const struct distinct_window_settings *settings);

/* The subject meets `item`. Returns how many different ones lie within the window that ends with
 * the newest. 0: out of memory, counted. */
size_t distinct_window_add(struct distinct_window *distinct, const struct prefix *subject,
			   const struct distinct_window_item *item);
/* The things that the subject of the last distinct_window_add() met: as many as that returned,
 * oldest first, valid until the next call. NULL: out of memory. */
const struct distinct_window_item *distinct_window_list(struct distinct_window *distinct);
/* How many different ones the subject met within the window that ends at `now_ns`. */
size_t distinct_window_count(const struct distinct_window *distinct, const struct prefix *subject,
			     int64_t now_ns);
/* Copies the newest things that the subject met, newest first, `most` at most; their tags are not
 * set. Returns how many. */
size_t distinct_window_newest(const struct distinct_window *distinct, const struct prefix *subject,
			      struct distinct_window_item items[], size_t most);
/* Whether `item` is one of the first `most` that the subject meets within a window: it was met, or
 * is added. */
bool distinct_window_admit(struct distinct_window *distinct, const struct prefix *subject,
			   const struct distinct_window_item *item, size_t most);
/* For lru_expect(). */
const struct lru_table *distinct_window_table(const struct distinct_window *distinct);

/* Forgets that the subject met `what`. */
void distinct_window_remove(struct distinct_window *distinct, const struct prefix *subject,
			    const struct address *what);
void distinct_window_restart(struct distinct_window *distinct, const struct prefix *subject);

/* Fills in *usage, as in sliding_window.h. */
void distinct_window_get_usage(const struct distinct_window *distinct, struct window_usage *usage);

#endif
