// SPDX-License-Identifier: GPL-2.0-or-later
/* See together.h. Not here: what the rows hold. */
#include "daemon/together.h"

#include <errno.h>
#include <string.h>

#include "daemon/daemon.h"

static int begin(struct daemon *daemon, bool synced)
{
	struct store *store = daemon->instance.store;
	struct fault fault = { 0 };
	int error;

	if (!store)
		return -ENOENT;
	error = synced ? store_begin(store, &fault) : store_begin_notes(store, &fault);
	daemon->together = !error;
	if (error && !daemon->together_failed)
		daemon_fault(daemon, "how far the logs were read cannot be kept: %s", fault.text);
	daemon->together_failed = error != 0;
	return error;
}

int together_begin(struct daemon *daemon, struct fault *fault)
{
	int error;

	if (daemon->together)
		return 0;
	error = instance_lock(&daemon->instance, fault);
	if (error)
		return error;
	/* Without it each ban is written by itself, or says why it is not. */
	begin(daemon, false);
	daemon->unsynced = true;
	return 0;
}

/* Positions count as saved once they are in the store for good. */
static void finish(struct daemon *daemon, bool all)
{
	struct store *store = daemon->instance.store;
	struct fault fault = { 0 };
	int error = logs_save(daemon, all, &fault);

	if (!error)
		error = memory_write(daemon, &fault);
	if (!error)
		error = store_commit_notes(store, &fault);
	else
		store_rollback_notes(store);
	daemon->together = false;
	logs_saved(daemon, !error);
	if (!error)
		memory_written(daemon);
	if (error && !daemon->together_failed)
		daemon_fault(daemon, "what the last lines led to could not be kept: %s",
			     fault.text);
	daemon->together_failed = error != 0;
}

void together_end(struct daemon *daemon)
{
	if (daemon->together)
		finish(daemon, false);
	instance_unlock(&daemon->instance);
}

void together_sync(struct daemon *daemon)
{
	together_end(daemon);
	if (!daemon->unsynced && !logs_moved(daemon) && !memory_noted(daemon))
		return;
	if (begin(daemon, daemon->unsynced))
		return;
	/* A commit that writes anything syncs what was written before it as well. */
	finish(daemon, daemon->unsynced);
	daemon->unsynced = daemon->unsynced && daemon->together_failed;
}
