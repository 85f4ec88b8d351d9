/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replaces a damaged store by a new one while the gate goes on. */
#ifndef SEKISHO_REPAIR_H
#define SEKISHO_REPAIR_H

#include "enforce/instance.h"
#include "enforce/list_files.h"

/* Whether instance->store, or the lack of it, calls for repair_begin(). */
bool repair_is_needed(const struct instance *instance);

/* Moves the damaged store aside and opens a new one in its place; *aside, the caller's, is the path
 * of the old one. Takes milliseconds. The caller holds both locks. */
int repair_begin(struct instance *instance, char **aside, list_files_log *log, void *context,
		 struct fault *fault);

/* Copies what can be read of the old store into the new one; bans may go on meanwhile. The caller
 * holds the tables' lock. bans_restore() or bans_reconcile_some() adds the kernel's bans that the
 * old store did not have. */
int repair_salvage(struct instance *instance, const char *aside, list_files_log *log, void *context,
		   struct fault *fault);

#endif
