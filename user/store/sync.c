// SPDX-License-Identifier: GPL-2.0-or-later
/* See sync.h. */
#include "store/sync.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "store/database.h"

#define LOG_SIZE (4 << 20)  /* of the write-ahead log, before its pages move into the database */
#define LOG_MOST (12 << 20) /* then writers wait until all are moved and the log is emptied */
#define BUSY_MS	 250	    /* to wait for others; with LOG_MOST, they wait so long as well */

struct store_sync {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t asked;
	bool wanted, working, ending;
	struct fault fault;
	char *path, *log;
};

static int cannot_move(const char *path, sqlite3 *db, const char *why, struct fault *fault)
{
	return fault_set(fault, -EIO, "cannot move what is new into %s: %s", path,
			 why  ? why
			 : db ? sqlite3_errmsg(db)
			      : "out of memory");
}

/*
 * Moves the log's pages into the database. Writers go on meanwhile; once all pages are moved, the
 * next writer begins the log anew. A log that has grown nevertheless is emptied. A connection that
 * has read nothing does not know that there is a log: it moves nothing, returns -1 pages and calls
 * that a success, so it reads first.
 */
static int move_with(sqlite3 *db, const char *path, bool empty, struct fault *fault)
{
	int pages = -1, result;

	sqlite3_busy_timeout(db, BUSY_MS);
	if (sqlite3_exec(db, "SELECT 1 FROM sqlite_schema LIMIT 1", NULL, NULL, NULL) != SQLITE_OK)
		return cannot_move(path, db, NULL, fault);
	result = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, NULL);
	/* By now there is little left to move while writers wait. */
	if (result == SQLITE_OK && empty)
		result = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &pages,
						   NULL);
	/* Another connection is busy for longer than that: the next call tries again. */
	if (result == SQLITE_BUSY)
		return 0;
	if (result != SQLITE_OK)
		return cannot_move(path, db, NULL, fault);
	return pages < 0 ? cannot_move(path, db, "it has no write-ahead log", fault) : 0;
}

static int move_pages(const char *path, bool empty, struct fault *fault)
{
	sqlite3 *db = NULL;
	int error;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		error = cannot_move(path, db, NULL, fault);
	else
		error = move_with(db, path, empty, fault);
	/* The last connection to close the store would move the pages once more; this one is never
	 * the last. */
	sqlite3_close(db);
	return error;
}

static int bring_to_disk(const struct store_sync *sync, struct fault *fault)
{
	_cleanup_close_ int fd = open(sync->log, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fdatasync(fd) || fstat(fd, &status))
		return fault_set(fault, -errno,
				 "what is new in %s may not have reached the disk: %s", sync->path,
				 strerror(errno));
	if (status.st_size < LOG_SIZE)
		return 0;
	return move_pages(sync->path, status.st_size >= LOG_MOST, fault);
}

static void *run(void *context)
{
	struct store_sync *sync = context;

	pthread_mutex_lock(&sync->lock);
	for (;;) {
		struct fault fault = { 0 };

		while (!sync->wanted && !sync->ending)
			pthread_cond_wait(&sync->asked, &sync->lock);
		if (!sync->wanted)
			break;
		sync->wanted = false;
		sync->working = true;
		pthread_mutex_unlock(&sync->lock);
		bring_to_disk(sync, &fault);
		pthread_mutex_lock(&sync->lock);
		sync->working = false;
		if (fault.error)
			sync->fault = fault;
	}
	pthread_mutex_unlock(&sync->lock);
	return NULL;
}

static void release(struct store_sync *sync)
{
	pthread_cond_destroy(&sync->asked);
	pthread_mutex_destroy(&sync->lock);
	free(sync->path);
	free(sync->log);
	free(sync);
}

int store_sync_new(const char *directory, struct store_sync **sync, struct fault *fault)
{
	struct store_sync *new = calloc(1, sizeof(*new));
	sigset_t all, before;
	int error;

	if (!new)
		return fault_set(fault, -ENOMEM, "out of memory");
	pthread_mutex_init(&new->lock, NULL);
	pthread_cond_init(&new->asked, NULL);
	if (asprintf(&new->path, "%s/" STORE_FILE, directory) < 0)
		new->path = NULL;
	if (asprintf(&new->log, "%s/" STORE_FILE "-wal", directory) < 0)
		new->log = NULL;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the caller's thread */
	error = new->path &&new->log ? -pthread_create(&new->thread, NULL, run, new) : -ENOMEM;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		release(new);
		return fault_set(fault, error, "no thread for the store: %s", strerror(-error));
	}
	*sync = new;
	return 0;
}

void store_sync_free(struct store_sync *sync)
{
	if (!sync)
		return;
	pthread_mutex_lock(&sync->lock);
	sync->ending = true;
	pthread_cond_signal(&sync->asked);
	pthread_mutex_unlock(&sync->lock);
	pthread_join(sync->thread, NULL);
	release(sync);
}

int store_sync_takes(struct store *store, struct fault *fault)
{
	/* A log that begins anew is cut to what it holds, so that its size tells when to move
	 * it. */
	return database_execute(store,
				"PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 0",
				"set up", fault);
}

static bool has_grown(const struct store_sync *sync, off_t size)
{
	struct stat status;

	return !stat(sync->log, &status) && status.st_size >= size;
}

bool store_sync_is_due(const struct store_sync *sync)
{
	return has_grown(sync, LOG_SIZE);
}

bool store_sync_is_behind(struct store_sync *sync)
{
	bool working;

	if (!has_grown(sync, LOG_MOST))
		return false;
	pthread_mutex_lock(&sync->lock);
	working = sync->working;
	if (!working) {
		sync->wanted = true;
		pthread_cond_signal(&sync->asked);
	}
	pthread_mutex_unlock(&sync->lock);
	return true;
}

int store_sync_request(struct store_sync *sync, struct fault *fault)
{
	int error;

	pthread_mutex_lock(&sync->lock);
	error = sync->fault.error;
	if (error && fault)
		*fault = sync->fault;
	sync->fault = (struct fault){ 0 };
	sync->wanted = true;
	pthread_cond_signal(&sync->asked);
	pthread_mutex_unlock(&sync->lock);
	return error;
}
