/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What detect_store.c and recall.c share. Private to user/daemon/. */
#ifndef SEKISHO_DETECT_STORE_INTERNAL_H
#define SEKISHO_DETECT_STORE_INTERNAL_H

#include "daemon/daemon.h"

/* Something of an account is to be put into the store, with what the same lines led to: a copy of
 * `size` bytes at `what` is handed to `put` then. */
typedef int detect_store_put(struct store *store, const char *account, const void *what,
			     struct fault *fault);
void detect_store_note(struct daemon *daemon, const char *account, detect_store_put *put,
		       const void *what, size_t size);

/* ---- recall.c ---- */
/* A store that fails the rules is said once, until it works again. -ENOENT is no failure. */
void recall_log_once(struct daemon *daemon, int error, const struct fault *fault);
/* The functions of detect.h by which the rules ask; the context is the daemon's. */
void recall_functions(struct detect_store *store);

#endif
