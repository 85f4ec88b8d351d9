// SPDX-License-Identifier: GPL-2.0-or-later
/* See ban_queue.h. */
#include "daemon/ban_queue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/after_ban.h"
#include "daemon/ban_queue_internal.h"
#include "daemon/daemon_log.h"

#define LOCK_WAIT_MS BAN_QUEUE_LOCK_WAIT_MS
#define AGAIN_NS     (NS_PER_S / 10)
#define SAY_ROOM_NS  (60 * NS_PER_S)

/* ---- what waits ---- */

static void pending_free(struct pending_ban *pending)
{
	for (size_t i = 0; i < pending->evidence_count; i++)
		free((char *)(uintptr_t)pending->evidence[i].line);
	free(pending->evidence);
}

/* Copies what a pending ban needs. False: out of memory, and there is nothing to free. */
static bool pending_copy(struct pending_ban *pending, const struct ban_record *ban,
			 const struct bans_adding *adding, bool in_kernel)
{
	*pending = (struct pending_ban){ .ban = *ban, .in_kernel = in_kernel };
	pending->evidence = calloc(adding->evidence_count + 1, sizeof(*pending->evidence));
	if (!pending->evidence)
		return false;
	for (; pending->evidence_count < adding->evidence_count; pending->evidence_count++) {
		const struct store_evidence *line = &adding->evidence[pending->evidence_count];
		struct store_evidence *copy = &pending->evidence[pending->evidence_count];

		*copy = (struct store_evidence){ line->wall_ns, strdup(line->line) };
		if (!copy->line) {
			pending_free(pending);
			return false;
		}
	}
	return true;
}

/* Puts a ban into the queue. False: there is no room, or no memory. */
static bool wait_for_it(struct ban_queue *ban_queue, const struct ban_record *ban,
			const struct bans_adding *adding, bool in_kernel)
{
	if (ban_queue->count == BAN_QUEUE_MAX ||
	    !pending_copy(&ban_queue->items[ban_queue->count], ban, adding, in_kernel))
		return false;
	ban_queue->count++;
	return true;
}

static void forget_first(struct ban_queue *ban_queue, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pending_free(&ban_queue->items[i]);
	ban_queue->count -= count;
	memmove(ban_queue->items, ban_queue->items + count,
		ban_queue->count * sizeof(*ban_queue->items));
}

static void on_woken(void *context);

static void wake_later(struct daemon *daemon)
{
	struct ban_queue *ban_queue = daemon->ban_queue;

	if (!ban_queue->woken)
		ban_queue->woken = !loop_after(daemon->loop, AGAIN_NS, on_woken, daemon);
}

/* ban_queue_ban() without after_ban(). */
static int add_now(struct daemon *daemon, const struct ban_record *ban, struct bans_adding *adding,
		   struct fault *fault)
{
	struct ban_queue *ban_queue = daemon->ban_queue;
	int error;

	/* Once a ban had to wait for the lock, the bans after it do not wait that long again. */
	daemon->instance.lock_wait_ms = ban_queue->woken ? 0 : LOCK_WAIT_MS;
	error = commit_begin(daemon, fault);
	daemon->instance.lock_wait_ms = LOCK_WAIT_MS;
	if (error == -EBUSY) {
		if (!wait_for_it(ban_queue, ban, adding, false))
			return error;
		wake_later(daemon);
		return -EINPROGRESS;
	}
	if (error)
		return error;
	/* If bans wait for the store, it is not tried again with each further ban. */
	adding->kernel_only = ban_queue->count > ban_queue->doubtful;
	error = bans_add(&daemon->instance, &daemon->protected, ban, adding, fault);
	if (error || (adding->stored && !daemon->committing))
		return error;
	if (!wait_for_it(ban_queue, ban, adding, true))
		ban_queue->behind = true; /* no room, or no memory */
	else if (adding->stored)
		ban_queue->items[ban_queue->count - 1].doubtful = ++ban_queue->doubtful;
	if (adding->stored)
		return 0;
	if (fault->error && fault->error == ban_queue->said)
		*fault = (struct fault){ 0 };
	else if (fault->error)
		ban_queue->said = fault->error;
	wake_later(daemon);
	return 0;
}

int ban_queue_ban(struct daemon *daemon, const struct ban_record *ban,
		  const struct store_evidence *evidence, size_t evidence_count, struct fault *fault)
{
	struct bans_adding adding = { .evidence = evidence,
				      .evidence_count = evidence_count,
				      .cut_later = true };
	int error;

	*fault = (struct fault){ 0 };
	error = add_now(daemon, ban, &adding, fault);
	if (!error)
		after_ban(daemon, ban, false, fault->text);
	return error;
}

/* Closes the open connections of what was banned since the last call. */
static void cut(struct daemon *daemon)
{
	struct fault fault = { 0 };
	size_t closed;

	if (cuts_make(&daemon->instance, &closed, &fault))
		daemon_fault(daemon, "open connections of banned sources are not closed: %s",
			     fault.text);
	if (closed)
		log_line(false, "closed %zu open connections of banned sources", closed);
}

bool ban_queue_owes_bans(const struct daemon *daemon)
{
	const struct ban_queue *ban_queue = daemon->ban_queue;

	for (size_t i = 0; ban_queue && i < ban_queue->count; i++)
		if (!ban_queue->items[i].in_kernel)
			return true;
	return false;
}

bool ban_queue_is_crowded(const struct daemon *daemon)
{
	const struct ban_queue *ban_queue = daemon->ban_queue;

	return ban_queue && ban_queue->count > BAN_QUEUE_MAX / 2 && ban_queue_owes_bans(daemon);
}

static void committed(struct daemon *daemon, int error)
{
	struct ban_queue *ban_queue = daemon->ban_queue;
	size_t kept = 0;

	if (!ban_queue)
		return;
	if (!ban_queue->doubtful)
		return;
	for (size_t i = 0; i < ban_queue->count; i++) {
		if (ban_queue->items[i].doubtful && !error)
			pending_free(&ban_queue->items[i]);
		else
			ban_queue->items[kept++] = ban_queue->items[i];
	}
	ban_queue->count = kept;
	ban_queue->doubtful = 0;
	if (!error)
		return;
	for (size_t i = 0; i < ban_queue->count; i++)
		ban_queue->items[i].doubtful = false;
	ban_queue->said = error;
	wake_later(daemon);
}

/* ---- waiting bans, tried again ---- */

/* Stores the waiting bans, all of which are in the kernel. Returns how many are dealt with, or
 * -errno. */
static int store_all(struct daemon *daemon, struct fault *fault)
{
	struct instance *instance = &daemon->instance;
	struct ban_queue *ban_queue = daemon->ban_queue;
	size_t count = 0;
	int error = instance_clock(instance, fault);

	if (!error)
		error = store_begin(instance->store, fault);
	if (error)
		return error;
	for (; count < ban_queue->count && !error; count++) {
		const struct pending_ban *pending = &ban_queue->items[count];

		error = bans_store_again(instance, &pending->ban, pending->evidence,
					 pending->evidence_count, fault);
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

/* Bans in the kernel what waited for the lock. False: the ban is refused, and that was logged. */
static bool ban_pending(struct daemon *daemon, struct pending_ban *pending)
{
	struct bans_adding adding = { .cut_later = true, .kernel_only = true };
	struct ban_record *ban = &pending->ban;
	struct fault fault = { 0 };
	char prefix[PREFIX_TEXT_SIZE];

	ban->since_wall_ns = clock_wall_ns();
	prefix_format(&ban->prefix, prefix);
	if (bans_add(&daemon->instance, &daemon->protected, ban, &adding, &fault)) {
		daemon_fault(daemon, "not banned: %s: %s", prefix, fault.text);
		return false;
	}
	pending->in_kernel = true;
	after_ban(daemon, ban, true, fault.text);
	return true;
}

static void all_kept(struct daemon *daemon)
{
	struct ban_queue *ban_queue = daemon->ban_queue;

	if ((ban_queue->behind || ban_queue->said) && daemon->instance.store) {
		ban_queue->behind = false;
		store_recovery_compare(daemon);
	}
	if (ban_queue->said && ban_queue->kept)
		log_line(false, "the store takes bans again: %" PRIu64 " that waited are written",
			 ban_queue->kept);
	ban_queue->said = 0;
	ban_queue->kept = 0;
}

/* Works off the queue under the lock: first what must still go into the kernel, then everything
 * into the store in one transaction. */
static int work_off(struct daemon *daemon, struct fault *fault)
{
	struct ban_queue *ban_queue = daemon->ban_queue;
	size_t kept = 0;
	int done;

	for (size_t i = 0; i < ban_queue->count; i++) {
		if (ban_queue->items[i].in_kernel || ban_pending(daemon, &ban_queue->items[i]))
			ban_queue->items[kept++] = ban_queue->items[i];
		else
			pending_free(&ban_queue->items[i]);
	}
	ban_queue->count = kept;
	if (!ban_queue->count || !daemon->instance.store)
		return 0;
	done = store_all(daemon, fault);
	if (done < 0)
		return done;
	forget_first(ban_queue, (size_t)done);
	ban_queue->kept += (uint64_t)done;
	return 0;
}

static void try_again(struct daemon *daemon)
{
	struct ban_queue *ban_queue = daemon->ban_queue;
	struct fault fault = { 0 };
	int error;

	daemon->instance.lock_wait_ms = 0;
	error = instance_lock(&daemon->instance, &fault);
	daemon->instance.lock_wait_ms = LOCK_WAIT_MS;
	if (!error) {
		error = work_off(daemon, &fault);
		instance_unlock(&daemon->instance);
		cut(daemon);
	}
	if (!ban_queue_is_crowded(daemon))
		commit_resume(daemon);
	if (!ban_queue->count)
		all_kept(daemon);
	else if (!error || error == -EBUSY)
		wake_later(daemon);
	/* After another error the next second tries again. */
}

static void on_woken(void *context)
{
	struct daemon *daemon = context;

	daemon->ban_queue->woken = false;
	try_again(daemon);
}

/* ---- */

static void sum_up(struct daemon *daemon)
{
	struct ban_queue *ban_queue = daemon->ban_queue;
	const struct instance_room *room = &daemon->instance.room;
	uint64_t now = clock_boot_ns();

	if (ban_queue->bans_unsaid)
		log_line(false, "and %" PRIu64 " more sources in this second (`sekisho bans`)",
			 ban_queue->bans_unsaid);
	ban_queue->bans_said = ban_queue->bans_unsaid = 0;
	if (room->gave_way == ban_queue->gave_way_said &&
	    room->networks == ban_queue->networks_said)
		return;
	if (ban_queue->room_said_boot_ns && now - ban_queue->room_said_boot_ns < SAY_ROOM_NS)
		return;
	daemon_fault(daemon,
		     "the table of bans is full: %" PRIu64 " bans with the least time left gave "
		     "way, %" PRIu64 " IPv6 networks were banned as a whole; raise [gate] bans",
		     room->gave_way - ban_queue->gave_way_said,
		     room->networks - ban_queue->networks_said);
	ban_queue->gave_way_said = room->gave_way;
	ban_queue->networks_said = room->networks;
	ban_queue->room_said_boot_ns = now;
}

void ban_queue_tick(struct daemon *daemon)
{
	sum_up(daemon);
	store_recovery_tick(daemon);
	store_recovery_set_clock(daemon);
	if (daemon->ban_queue->count || daemon->ban_queue->behind)
		try_again(daemon);
}

int ban_queue_open(struct daemon *daemon, struct fault *fault)
{
	struct ban_queue *ban_queue = calloc(1, sizeof(*ban_queue));
	int error = 0;

	if (!ban_queue)
		return fault_set(fault, -ENOMEM, "out of memory");
	daemon->ban_queue = ban_queue;
	daemon->instance.lock_wait_ms = LOCK_WAIT_MS;
	if (daemon->instance.store)
		store_set_busy_timeout(daemon->instance.store, BAN_QUEUE_STORE_WAIT_MS);
	ban_queue->clock_fd = -1;
	error = store_recovery_watch_clock(daemon);
	if (error)
		return fault_set(fault, error, "cannot watch the clock: %s", strerror(-error));
	store_recovery_compare(daemon);
	return 0;
}

void ban_queue_close(struct daemon *daemon)
{
	struct ban_queue *ban_queue = daemon->ban_queue;

	if (!ban_queue)
		return;
	daemon->instance.lock_wait_ms = BAN_QUEUE_STORE_WAIT_MS;
	if (ban_queue->count)
		try_again(daemon);
	forget_first(ban_queue, ban_queue->count);
	cleanup_close(&ban_queue->clock_fd);
	free(ban_queue);
	daemon->ban_queue = NULL;
}

const struct commit_part ban_queue_part = {
	.committed = committed,
	.unlocked = cut,
};
