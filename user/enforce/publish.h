/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists and countries into store and kernel as one step: compile, prepare in the kernel, store,
 * swap. The store's transaction holds only what is ready to be written, so nobody waits for it.
 * Killed before the commit, both hold the old; killed between commit and swap, the next
 * publish_sync() completes it.
 */
#ifndef SEKISHO_PUBLISH_H
#define SEKISHO_PUBLISH_H

#include "enforce/instance.h"

/*
 * All of these: the store is needed (its fault is returned if it is not open) and the tables' lock
 * held; without a gate only the store changes. On an error before the commit nothing has changed;
 * a table that could not be swapped after it is an error whose fault says "stored, but not yet in
 * force".
 */

/* `list->name`, `allow`, `source`... are the caller's; `id`, `prefixes` are filled in. `ranges` is
 * normal. */
int publish_list(struct instance *instance, struct store_list *list, const struct ranges *ranges,
		 struct fault *fault);
/* -ENOENT: no such list. */
int publish_list_removal(struct instance *instance, const char *name, struct fault *fault);
/* Makes the kernel's table that of the store, if their generations differ, the configuration has
 * given lists other services, or there is none yet. A
 * table is never replaced by that of a store that nothing was ever put into.
 * *published (may be NULL) says whether it had to. 0 without gate or store: nothing to do. */
int publish_sync(struct instance *instance, bool *published, struct fault *fault);

#endif
