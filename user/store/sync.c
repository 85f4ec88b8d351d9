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

#define LOG_SIZE (8 << 20) /* of the write-ahead log, before its pages move into the database */

struct store_sync {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t asked;
	bool wanted, ending;
	struct fault fault;
	char *path, *log;
};

/* Writers go on meanwhile; once all is moved they begin the log anew. */
static int move_pages(const char *path, struct fault *fault)
{
	sqlite3 *db = NULL;
	int error = 0;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
	    sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK)
		error = fault_set(fault, -EIO, "cannot move what is new into %s: %s", path,
				  db ? sqlite3_errmsg(db) : "out of memory");
	/* The last one to close it would do the same again: it is never the last one. */
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
	return status.st_size < LOG_SIZE ? 0 : move_pages(sync->path, fault);
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
		pthread_mutex_unlock(&sync->lock);
		bring_to_disk(sync, &fault);
		pthread_mutex_lock(&sync->lock);
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
	return database_execute(store, "PRAGMA wal_autocheckpoint = 0", "set up", fault);
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
