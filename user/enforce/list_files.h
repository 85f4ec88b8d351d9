/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the files that the configuration names, lists and country data, into the store when they
 * changed. */
#ifndef SEKISHO_LIST_FILES_H
#define SEKISHO_LIST_FILES_H

#include "enforce/instance.h"

/* Called with a message: "list drop: 1670 prefixes from /etc/...", "list drop: cannot ...". */
typedef void list_files_log(bool fault, const char *text, void *context);

/*
 * Reads each [list] file and the country files anew if path, time or size differ from what the
 * store has of them, and stores what it read. If a file cannot be used, this is logged and the old
 * list stays in force. Entries of any list whose end has come are removed; instance->lists_end_s
 * becomes the next end, instance->lists_generation the store's generation for which it is known.
 * Changes only the store; publish_sync() brings it to the kernel. The caller holds the tables'
 * lock; instance->store is not NULL. Returns how many lists changed, or -errno of the store.
 */
int list_files_refresh(struct instance *instance, int64_t now_wall_ns, list_files_log *log,
		       void *context);

#endif
