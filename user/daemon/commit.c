// SPDX-License-Identifier: GPL-2.0-or-later
/* See commit.h. Not here: what the rows hold. */
#include "daemon/commit.h"

#include <errno.h>
#include <string.h>

#include "base/time.h"
#include "daemon/daemon.h"
#include "store/sync.h"

#define BEHIND_MOST_NS (NS_PER_S / 4)
#define RESUME_NS      (NS_PER_S / 50)

static int begin(struct daemon *daemon, bool synced)
{
	struct store *store = daemon->instance.store;
	struct fault fault = { 0 };
	int error;

	if (!store)
		return -ENOENT;
	error = synced ? store_begin(store, &fault) : store_begin_notes(store, &fault);
	daemon->committing = !error;
	if (error && !daemon->commit_failed)
		daemon_fault(daemon, "how far the logs were read cannot be kept: %s", fault.text);
	daemon->commit_failed = error != 0;
	return error;
}

void commit_open(struct daemon *daemon)
{
	struct fault fault = { 0 };

	if (!daemon->instance.store)
		return;
	if ((!daemon->sync &&
	     store_sync_new(daemon->instance.config->paths.state, &daemon->sync, &fault)) ||
	    store_sync_takes(daemon->instance.store, &fault))
		daemon_fault(daemon, "bans may wait for the disk: %s", fault.text);
}

void commit_close(struct daemon *daemon)
{
	store_sync_free(daemon->sync);
	daemon->sync = NULL;
}

int commit_begin(struct daemon *daemon, struct fault *fault)
{
	bool tried = daemon->instance.lock_fd >= 0;
	int error;

	if (daemon->committing)
		return 0;
	error = instance_lock(&daemon->instance, fault);
	if (error)
		return error;
	/* Without a transaction, each ban is written by itself, or its fault says why it is not. */
	if (!tried)
		begin(daemon, false);
	daemon->unsynced = true;
	return 0;
}

static int write_parts(struct daemon *daemon, bool all, struct fault *fault)
{
	int error = 0;

	for (const struct commit_part *const *part = daemon->commit_parts; *part && !error; part++)
		if ((*part)->write)
			error = (*part)->write(daemon, all, fault);
	return error;
}

static void finish(struct daemon *daemon, bool all)
{
	struct store *store = daemon->instance.store;
	struct fault fault = { 0 };
	int error = write_parts(daemon, all, &fault);

	if (!error)
		error = store_commit_notes(store, &fault);
	else
		store_rollback_notes(store);
	daemon->committing = false;
	for (const struct commit_part *const *part = daemon->commit_parts; *part; part++)
		if ((*part)->committed)
			(*part)->committed(daemon, error);
	if (error && !daemon->commit_failed)
		daemon_fault(daemon, "what the last lines led to could not be kept: %s",
			     fault.text);
	daemon->commit_failed = error != 0;
}

void commit_end(struct daemon *daemon)
{
	if (daemon->committing)
		finish(daemon, false);
	instance_unlock(&daemon->instance);
	for (const struct commit_part *const *part = daemon->commit_parts; *part; part++)
		if ((*part)->unlocked)
			(*part)->unlocked(daemon);
}

void commit_resume(struct daemon *daemon)
{
	for (const struct commit_part *const *part = daemon->commit_parts; *part; part++)
		if ((*part)->resumed)
			(*part)->resumed(daemon);
}

static void on_resumed(void *context)
{
	struct daemon *daemon = context;

	daemon->resumes = false;
	commit_resume(daemon);
}

bool commit_is_behind(struct daemon *daemon)
{
	uint64_t now = clock_boot_ns();

	if (!daemon->sync || !daemon->instance.store || !store_sync_is_behind(daemon->sync)) {
		daemon->behind_boot_ns = 0;
		return false;
	}
	if (!daemon->behind_boot_ns)
		daemon->behind_boot_ns = now;
	if (now - daemon->behind_boot_ns >= BEHIND_MOST_NS) {
		daemon->behind_boot_ns = now;
		return false;
	}
	if (!daemon->resumes)
		daemon->resumes = !loop_after(daemon->loop, RESUME_NS, on_resumed, daemon);
	return daemon->resumes;
}

static bool is_due(const struct daemon *daemon)
{
	for (const struct commit_part *const *part = daemon->commit_parts; *part; part++)
		if ((*part)->due && (*part)->due(daemon))
			return true;
	return false;
}

void commit_sync(struct daemon *daemon)
{
	struct fault fault = { 0 };
	bool waits;

	commit_end(daemon);
	waits = daemon->unsynced && !daemon->sync;
	if (!daemon->unsynced && !is_due(daemon))
		return;
	if (begin(daemon, waits))
		return;
	/* A commit that writes anything also syncs what was written before it. */
	finish(daemon, waits);
	if (daemon->sync && (daemon->unsynced || store_sync_is_due(daemon->sync)) &&
	    store_sync_request(daemon->sync, &fault))
		daemon_fault(daemon, "%s", fault.text);
	daemon->unsynced = daemon->unsynced && daemon->commit_failed;
}

static void on_soon(void *context)
{
	commit_sync(context);
}

void commit_soon(struct daemon *daemon)
{
	if (daemon->policy && !daemon->commit_failed &&
	    !(daemon->sync && store_sync_is_behind(daemon->sync)))
		loop_again(daemon->loop, on_soon, daemon);
}
