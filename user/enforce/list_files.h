/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that the configuration names, lists and country data, into the store when they changed.
 */
#ifndef SEKISHO_LIST_FILES_H
#define SEKISHO_LIST_FILES_H

#include "enforce/instance.h"

/* What is worth saying: "list drop: 1670 prefixes from /etc/...", "list drop: cannot ...". */
typedef void list_files_log(bool fault, const char *text, void *context);

/*
 * Reads each [list] file and the country files anew if path, time or size differ from what the
 * store has of them, and stores what it read. A file that cannot be used leaves the old list in
 * force and is said. Entries of any list whose end has come are taken out; instance->lists_end_s
 * becomes the next end, instance->lists_generation the store's generation of which that is known.
 * Touches the store only; publish_sync() takes it to the kernel. The tables' lock is held by the
 * caller, instance->store is not NULL. Returns how many changed, or -errno of the store.
 */
int list_files_refresh(struct instance *instance, int64_t now_wall_ns, list_files_log *log,
		       void *context);

#endif
