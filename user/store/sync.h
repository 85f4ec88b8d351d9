/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings what was committed to the disk, in a thread of its own: a mail server's disk may take a
 * tenth of a second for it, and nobody should wait that long for a ban. Not here: what is committed.
 */
#ifndef SEKISHO_STORE_SYNC_H
#define SEKISHO_STORE_SYNC_H

#include "store/store.h"

struct store_sync;

/* For the store in `directory`. -ENOMEM, -EAGAIN: no thread is to be had. */
int store_sync_new(const char *directory, struct store_sync **sync, struct fault *fault);
/* What was asked for is done first. */
void store_sync_free(struct store_sync *sync);

/* To be called for each store_open() by who has a store_sync: its commits no longer move the log's
 * pages into the database, which waits for the disk as well. */
int store_sync_takes(struct store *store, struct fault *fault);

/* The write-ahead log has grown to its most, 12 MB, and is being moved: what can wait with writing
 * should, so that it does not grow as fast as it is moved. Asks for it if nobody has. */
bool store_sync_is_behind(struct store_sync *sync);

/* The log has grown to 4 MB: store_sync_request() would move its pages into the database. */
bool store_sync_is_due(const struct store_sync *sync);

/* What is committed by now is to reach the disk. Returns at once. The last fault since the call
 * before, if any, is returned: -errno. */
int store_sync_request(struct store_sync *sync, struct fault *fault);

#endif
