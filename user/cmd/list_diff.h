/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The changes by replacing a list, as addresses and not as lines: for `sekisho import`. */
#ifndef SEKISHO_LIST_DIFF_H
#define SEKISHO_LIST_DIFF_H

#include "lists/ranges.h"

/* New and removed addresses, both normal; the caller frees them. */
struct list_diff {
	struct ranges added, removed;
};

/* Both normal. -ENOMEM. */
int list_diff_make(struct list_diff *diff, const struct ranges *before, const struct ranges *after);
void list_diff_free(struct list_diff *diff);

/* Prints "+12 -3 prefixes" on standard output; with `full` first each prefix as a line
 * "+1.2.3.0/24" or "-1.2.3.0/24". */
void list_diff_print(const struct list_diff *diff, const char *name, bool full);

#endif
