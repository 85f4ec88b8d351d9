/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A damaged store replaced by a new one while the gate goes on. */
#ifndef SEKISHO_REPAIR_H
#define SEKISHO_REPAIR_H

#include "enforce/instance.h"
#include "enforce/list_files.h"

/* Whether instance->store, or the lack of it, calls for repair_begin(). */
bool repair_is_needed(const struct instance *instance);

/* Moves the damaged store aside and opens a new one in its place; *aside, the caller's, is where it
 * lies now. Milliseconds. Both locks are the caller's. */
int repair_begin(struct instance *instance, char **aside, list_files_log *log, void *context,
		 struct fault *fault);

/* What can be read of the old store, into the new one; bans may go on meanwhile. The tables' lock
 * is the caller's. The bans of the kernel that it did not have come with bans_restore() or
 * bans_reconcile_some(). */
int repair_salvage(struct instance *instance, const char *aside, list_files_log *log, void *context,
		   struct fault *fault);

#endif
