// SPDX-License-Identifier: GPL-2.0-or-later
/* See keep.h. */
#include "daemon/keep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/keep_inside.h"
#include "daemon/say.h"

#define LOCK_WAIT_MS KEEP_LOCK_WAIT_MS
#define AT_ONCE	     64 /* in one transaction */
#define AGAIN_NS     (NS_PER_S / 10)

/* ---- what waits ---- */

/* False: there is no room. */
static bool wait_for_it(struct keep *keep, const struct ban_request *request, bool in_kernel)
{
	if (keep->count == KEEP_WAITING_MAX ||
	    !waiting_copy(&keep->items[keep->count], request, in_kernel))
		return false;
	keep->count++;
	return true;
}

static void forget_first(struct keep *keep, size_t count)
{
	for (size_t i = 0; i < count; i++)
		waiting_free(&keep->items[i]);
	keep->count -= count;
	memmove(keep->items, keep->items + count, keep->count * sizeof(*keep->items));
}

static void on_woken(void *context);

static void wake_later(struct daemon *daemon)
{
	struct keep *keep = daemon->keep;

	if (!keep->woken)
		keep->woken = !loop_after(daemon->loop, AGAIN_NS, on_woken, daemon);
}

int keep_ban(struct daemon *daemon, struct ban_request *request, size_t *closed,
	     struct fault *fault)
{
	struct keep *keep = daemon->keep;
	struct ban_request asked = *request;
	bool stored = false;
	int error;

	/* Once one had to wait for the lock, the others are not to wait as long again. */
	daemon->instance.lock_wait_ms = keep->woken ? 0 : LOCK_WAIT_MS;
	error = together_begin(daemon, fault);
	daemon->instance.lock_wait_ms = LOCK_WAIT_MS;
	if (error == -EBUSY) {
		if (!wait_for_it(keep, request, false))
			return error;
		wake_later(daemon);
		return -EINPROGRESS;
	}
	if (error)
		return error;
	/* What the store did not take a moment ago it is not asked again for each ban. */
	asked.kernel_only = keep->count > keep->doubtful;
	asked.stored = &stored;
	error = bans_add(&daemon->instance, &daemon->protected, &asked, closed, fault);
	if (error || (stored && !daemon->together))
		return error;
	if (!wait_for_it(keep, request, true))
		keep->behind = true; /* out of room, or of memory */
	else if (stored)
		keep->items[keep->count - 1].doubtful = ++keep->doubtful;
	if (stored)
		return 0;
	if (fault->error && fault->error == keep->said)
		*fault = (struct fault){ 0 };
	else if (fault->error)
		keep->said = fault->error;
	wake_later(daemon);
	return 0;
}

bool keep_owes_bans(const struct daemon *daemon)
{
	const struct keep *keep = daemon->keep;

	for (size_t i = 0; keep && i < keep->count; i++)
		if (!keep->items[i].in_kernel)
			return true;
	return false;
}

void keep_committed(struct daemon *daemon, int error)
{
	struct keep *keep = daemon->keep;
	size_t kept = 0;

	if (!keep)
		return;
	if (!keep->doubtful)
		return;
	for (size_t i = 0; i < keep->count; i++) {
		if (keep->items[i].doubtful && !error)
			waiting_free(&keep->items[i]);
		else
			keep->items[kept++] = keep->items[i];
	}
	keep->count = kept;
	keep->doubtful = 0;
	if (!error)
		return;
	for (size_t i = 0; i < keep->count; i++)
		keep->items[i].doubtful = false;
	keep->said = error;
	wake_later(daemon);
}

/* ---- what waited, again ---- */

/* -ENOENT: the ban has ended, or somebody lifted it. */
static int store_one(struct instance *instance, const struct waiting *waiting, struct fault *fault)
{
	const struct ban_request *request = &waiting->request;
	int64_t wall_ns = clock_wall_ns();
	uint64_t boot_ns = clock_boot_ns();
	struct store_ban row = { .prefix = request->prefix, .reason = request->reason };
	struct ban ban;
	int error = gate_ban_get(instance->gate, &request->prefix, &ban, fault);

	if (error || ban.expires_ns <= boot_ns)
		return error ? error : -ENOENT;
	row.since_wall_ns = wall_ns - (int64_t)(boot_ns - ban.since_ns);
	row.until_wall_ns = wall_ns + (int64_t)(ban.expires_ns - boot_ns);
	row.rule = ban.rule;
	return store_ban_put(instance->store, &row, request->evidence, request->evidence_count,
			     fault);
}

/* The first of those that only the store lacks; returns how many are dealt with, or -errno. */
static int store_some(struct daemon *daemon, struct fault *fault)
{
	struct instance *instance = &daemon->instance;
	struct keep *keep = daemon->keep;
	size_t count = 0;
	int error = instance_clock(instance, NULL, fault);

	if (!error)
		error = store_begin(instance->store, fault);
	if (error)
		return error;
	for (; count < keep->count && count < AT_ONCE && !error; count++) {
		if (!keep->items[count].in_kernel)
			break;
		error = store_one(instance, &keep->items[count], fault);
		if (error == -ENOENT)
			error = 0;
	}
	if (error) {
		store_rollback(instance->store);
		return error;
	}
	error = store_commit(instance->store, fault);
	return error ? error : (int)count;
}

static int ban_first(struct daemon *daemon, struct fault *fault)
{
	struct keep *keep = daemon->keep;
	struct waiting *first = &keep->items[0];
	char prefix[PREFIX_TEXT_SIZE];
	bool stored = false;
	size_t closed;
	int error;

	first->request.now_wall_ns = clock_wall_ns();
	first->request.kernel_only = false;
	first->request.stored = &stored;
	error = bans_add(&daemon->instance, &daemon->protected, &first->request, &closed, fault);
	first->request.stored = NULL;
	prefix_format(&first->request.prefix, prefix);
	if (error) {
		daemon_fault(daemon, "not banned: %s: %s", prefix, fault->text);
		return 1;
	}
	daemon->bans++;
	say(false, "banned %s, which had waited; %zu open connections closed", prefix, closed);
	first->in_kernel = true;
	return stored;
}

static void all_kept(struct daemon *daemon)
{
	struct keep *keep = daemon->keep;

	if ((keep->behind || keep->said) && daemon->instance.store) {
		keep->behind = false;
		keep_compare(daemon);
	}
	if (keep->said && keep->kept)
		say(false, "the store takes bans again: %" PRIu64 " that waited are written",
		    keep->kept);
	keep->said = 0;
	keep->kept = 0;
}

/* Once with the lock: all that must still go into the kernel, then a portion into the store. */
static int work_off(struct daemon *daemon, struct fault *fault)
{
	struct keep *keep = daemon->keep;
	int done = 1;

	while (keep->count && !keep->items[0].in_kernel && done > 0) {
		done = ban_first(daemon, fault);
		if (done > 0)
			forget_first(keep, (size_t)done);
	}
	if (!keep->count || !keep->items[0].in_kernel || !daemon->instance.store)
		return 0;
	done = store_some(daemon, fault);
	if (done < 0)
		return done;
	forget_first(keep, (size_t)done);
	keep->kept += (uint64_t)done;
	return 0;
}

static void try_again(struct daemon *daemon)
{
	struct keep *keep = daemon->keep;
	struct fault fault = { 0 };
	int error;

	daemon->instance.lock_wait_ms = 0;
	error = instance_lock(&daemon->instance, &fault);
	daemon->instance.lock_wait_ms = LOCK_WAIT_MS;
	if (!error) {
		error = work_off(daemon, &fault);
		instance_unlock(&daemon->instance);
	}
	if (!keep->count)
		all_kept(daemon);
	else if (!error || error == -EBUSY)
		wake_later(daemon);
	/* Else the next second will do. */
}

static void on_woken(void *context)
{
	struct daemon *daemon = context;

	daemon->keep->woken = false;
	try_again(daemon);
}

/* ---- */

void keep_tick(struct daemon *daemon)
{
	keep_look_after_store(daemon);
	keep_look_at_clock(daemon);
	if (daemon->keep->count || daemon->keep->behind)
		try_again(daemon);
}

int keep_open(struct daemon *daemon, struct fault *fault)
{
	struct keep *keep = calloc(1, sizeof(*keep));
	int error = 0;

	if (!keep)
		return fault_set(fault, -ENOMEM, "out of memory");
	daemon->keep = keep;
	daemon->instance.lock_wait_ms = LOCK_WAIT_MS;
	if (daemon->instance.store)
		store_set_patience(daemon->instance.store, KEEP_STORE_WAIT_MS);
	keep->clock_fd = -1;
	error = keep_watch_clock(daemon);
	if (error)
		return fault_set(fault, error, "cannot watch the clock: %s", strerror(-error));
	keep_compare(daemon);
	return 0;
}

void keep_close(struct daemon *daemon)
{
	struct keep *keep = daemon->keep;

	if (!keep)
		return;
	daemon->instance.lock_wait_ms = KEEP_STORE_WAIT_MS;
	if (keep->count)
		try_again(daemon);
	forget_first(keep, keep->count);
	cleanup_close(&keep->clock_fd);
	free(keep);
	daemon->keep = NULL;
}
