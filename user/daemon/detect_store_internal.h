/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What detect_store.c and recall.c share. Private to user/daemon/. */
#ifndef SEKISHO_DETECT_STORE_INTERNAL_H
#define SEKISHO_DETECT_STORE_INTERNAL_H

#include "daemon/daemon.h"

/* Notes something about an account for the store: with the next commit, `put` gets a copy of `size`
 * bytes at `what`. */
typedef int detect_store_put(struct store *store, const char *account, const void *what,
			     struct fault *fault);
void detect_store_note(struct daemon *daemon, const char *account, detect_store_put *put,
		       const void *what, size_t size);

/* ---- recall.c ---- */
/* Logs once that the store failed the rules, until it works again. -ENOENT is no failure. */
void recall_log_once(struct daemon *daemon, int error, const struct fault *fault);
/* Fills in the functions of detect.h by which the rules ask; their context is the daemon. */
void recall_functions(struct detect_store *store);

#endif
