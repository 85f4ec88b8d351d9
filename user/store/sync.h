/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes commits to the disk, in a thread of its own: a mail server's disk may take a tenth of a
 * second for that, and nobody should wait that long for a ban. Not here: what is committed.
 */
#ifndef SEKISHO_STORE_SYNC_H
#define SEKISHO_STORE_SYNC_H

#include "store/store.h"

struct store_sync;

/* For the store in `directory`. -ENOMEM; -EAGAIN: no thread can be made. */
int store_sync_new(const char *directory, struct store_sync **sync, struct fault *fault);
/* Finishes what was requested, and ends the thread. */
void store_sync_free(struct store_sync *sync);

/* To be called after each store_open() of a process that has a store_sync: the store's
 * commits then no longer move the write-ahead log's pages into the database, which would
 * also wait for the disk. */
int store_sync_takes(struct store *store, struct fault *fault);

/* Whether the write-ahead log has grown to its maximum, 12 MB, and is being moved. Writes that can
 * wait should wait then, so that the log does not grow as fast as it is moved. Requests the move if
 * nobody has. */
bool store_sync_is_behind(struct store_sync *sync);

/* Whether the log has grown to 4 MB, so that store_sync_request() would move its pages into the
 * database. */
bool store_sync_is_due(const struct store_sync *sync);

/* Requests that all commits so far reach the disk. Returns at once: -errno is the last fault since
 * the call before, if there was one. */
int store_sync_request(struct store_sync *sync, struct fault *fault);

#endif
