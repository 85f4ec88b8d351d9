/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which different things a subject met within a sliding window: the accounts of a source, the
 * sources of a network, the networks of an account. Pure, bounded. Not here: how often each was met
 * (sliding_window.h), and what follows.
 *
 * Exact for events in order of time: of each thing the last time is kept, of each subject the
 * `items` things met last, and more than that no threshold asks for. At most
 * most * (112 + items * 32) bytes, malloc()'s own use aside; a subject with one thing takes 88.
 */
#ifndef SEKISHO_DISTINCT_WINDOW_H
#define SEKISHO_DISTINCT_WINDOW_H

#include "detect/sliding_window.h"

struct distinct_window_settings {
	uint32_t most;	/* subjects, 1 .. 2^30 */
	uint32_t items; /* kept of each, 1 .. 10000 */
	uint64_t window_ns;
};

struct distinct_window_item {
	struct address what;
	int64_t wall_ns; /* when it was met last */
	uint64_t tag;
};

struct distinct_window;

struct distinct_window *
distinct_window_new(const struct distinct_window_settings *settings); /* NULL: out of memory */
void distinct_window_free(struct distinct_window *distinct);
/* Keeps what was seen, as far as the new bounds let it. */
void distinct_window_configure(struct distinct_window *distinct,
			       const struct distinct_window_settings *settings);

/* The subject meets `item`. Returns how many different ones lie within the window that ends with
 * the newest, *items: oldest first, valid until the next call. 0: out of memory, counted. */
size_t distinct_window_add(struct distinct_window *distinct, const struct prefix *subject,
			   const struct distinct_window_item *item,
			   const struct distinct_window_item **items);
/* It is as if the subject had not met `what`. */
void distinct_window_remove(struct distinct_window *distinct, const struct prefix *subject,
			    const struct address *what);
void distinct_window_restart(struct distinct_window *distinct, const struct prefix *subject);

/* Usage as of sliding_window.h. */
void distinct_window_get_usage(const struct distinct_window *distinct, struct window_usage *usage);

#endif
