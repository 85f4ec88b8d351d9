/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The known word nearest to a mistyped one: "did you mean". Pure. */
#ifndef SEKISHO_NEAREST_H
#define SEKISHO_NEAREST_H

#include <stddef.h>

#define NEAREST_WORD_MAX 32 /* longer words resemble nothing */

/* Start with `word` alone set, offer each known word, then read `found`. */
struct nearest {
	const char *word;
	const char *found; /* one of the words offered; NULL: none is near enough */
	size_t distance;
};

/* How many single-character insertions, deletions, replacements and swaps of neighbours turn
 * `a` into `b`, letter case aside; more than the length of either if a word is over
 * NEAREST_WORD_MAX. */
size_t nearest_distance(const char *a, const char *b);

/* Offers a known word. It is near enough with one such change for every three characters begun. Of
 * equally near words the first stays. */
void nearest_offer(struct nearest *nearest, const char *known);

#endif
