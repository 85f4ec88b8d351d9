/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts lists and countries into store and kernel as one step: compile, prepare in the kernel,
 * store, swap. The store's transaction only writes what is ready, so nobody waits for it. If the
 * process is killed before the commit, store and kernel keep the old; if it is killed between
 * commit and swap, the next publish_sync() completes the step.
 */
#ifndef SEKISHO_PUBLISH_H
#define SEKISHO_PUBLISH_H

#include "enforce/instance.h"

/*
 * All of these need the store (they return its fault if it is not open) and the tables' lock;
 * without a gate only the store changes. After an error before the commit nothing has changed. If
 * the table cannot be swapped after the commit, the fault says "stored, but not yet in force".
 */

/* `list->name`, `allow`, `source`... are the caller's; `id`, `prefixes`, `services` are filled in.
 * `ranges` is normal. */
int publish_list(struct instance *instance, struct store_list *list, const struct ranges *ranges,
		 struct fault *fault);
/* -ENOENT: no such list. */
int publish_list_removal(struct instance *instance, const char *name, struct fault *fault);
/* Publishes the store's table to the kernel if their generations differ, the configuration has
 * given lists other services, or the kernel has no table yet. Never replaces a table by that of a
 * store into which nothing was ever put. *published (may be NULL): whether it published. 0 without
 * gate or store: nothing to do. */
int publish_sync(struct instance *instance, bool *published, struct fault *fault);

#endif
