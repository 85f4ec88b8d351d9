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
#include "kernel/ban_parts.h"

#define LOCK_WAIT_MS KEEP_LOCK_WAIT_MS
#define AGAIN_NS     (NS_PER_S / 10)
#define SAY_ROOM_NS  (60 * NS_PER_S)

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

int keep_ban(struct daemon *daemon, struct ban_request *request, struct fault *fault)
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
	asked.cut_later = true;
	asked.kernel_only = keep->count > keep->doubtful;
	asked.stored = &stored;
	error = bans_add(&daemon->instance, &daemon->protected, &asked, NULL, fault);
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

void keep_cut(struct daemon *daemon)
{
	struct fault fault = { 0 };
	size_t closed;

	if (cuts_make(&daemon->instance, &closed, &fault))
		daemon_fault(daemon, "open connections of banned sources are not closed: %s",
			     fault.text);
	if (closed)
		say(false, "closed %zu open connections of banned sources", closed);
}

bool keep_owes_bans(const struct daemon *daemon)
{
	const struct keep *keep = daemon->keep;

	for (size_t i = 0; keep && i < keep->count; i++)
		if (!keep->items[i].in_kernel)
			return true;
	return false;
}

bool keep_is_crowded(const struct daemon *daemon)
{
	const struct keep *keep = daemon->keep;

	return keep && keep->count > KEEP_WAITING_MAX / 2 && keep_owes_bans(daemon);
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

bool keep_may_say(struct daemon *daemon)
{
	struct keep *keep = daemon->keep;

	if (keep->bans_said < KEEP_SAID_MAX) {
		keep->bans_said++;
		return true;
	}
	keep->bans_unsaid++;
	return false;
}

/* -ENOENT: the ban has ended, or somebody lifted it. */
static int store_one(struct instance *instance, const struct pending_ban *waiting,
		     struct fault *fault)
{
	const struct ban_request *request = &waiting->request;
	int64_t wall_ns = clock_wall_ns();
	uint64_t boot_ns = clock_boot_ns();
	struct store_ban row = { .prefix = request->prefix, .reason = request->reason };
	struct ban_part parts[BAN_GROUPS];
	struct ban ban;
	int error = gate_ban_get(instance->gate, &request->prefix, &ban, fault);
	size_t count = error ? 0 : ban_parts(&ban, boot_ns, parts), stored = 0;

	for (size_t i = 0; i < count && !error; i++) {
		row.services = parts[i].services & request->services;
		row.since_wall_ns = wall_ns - (int64_t)(boot_ns - parts[i].since_ns);
		row.until_wall_ns = wall_ns + (int64_t)(parts[i].expires_ns - boot_ns);
		row.rule = parts[i].rule;
		if (row.services)
			error = store_ban_put(instance->store, &row, request->evidence,
					      stored++ ? 0 : request->evidence_count, fault);
	}
	return error || stored ? error : -ENOENT;
}

/* Those that wait, all of which the kernel has; returns how many are dealt with, or -errno. */
static int store_all(struct daemon *daemon, struct fault *fault)
{
	struct instance *instance = &daemon->instance;
	struct keep *keep = daemon->keep;
	size_t count = 0;
	int error = instance_clock(instance, fault);

	if (!error)
		error = store_begin(instance->store, fault);
	if (error)
		return error;
	for (; count < keep->count && !error; count++) {
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

/* False: it is refused, which was said. */
static bool ban_waiting(struct daemon *daemon, struct pending_ban *waiting)
{
	struct ban_request *request = &waiting->request;
	struct fault fault = { 0 };
	char prefix[PREFIX_TEXT_SIZE];

	request->cut_later = request->kernel_only = true;
	request->now_wall_ns = clock_wall_ns();
	prefix_format(&request->prefix, prefix);
	if (bans_add(&daemon->instance, &daemon->protected, request, NULL, &fault)) {
		daemon_fault(daemon, "not banned: %s: %s", prefix, fault.text);
		return false;
	}
	daemon->bans++;
	daemon->last_ban_wall_ns = request->now_wall_ns;
	waiting->in_kernel = true;
	if (keep_may_say(daemon))
		say(false, "%s %s, which had waited",
		    daemon->instance.config->mode == GATE_ENFORCE ? "banned" : "would ban", prefix);
	return true;
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

/* Once with the lock: all that must still go into the kernel, then into the store in one
 * transaction. */
static int work_off(struct daemon *daemon, struct fault *fault)
{
	struct keep *keep = daemon->keep;
	size_t kept = 0;
	int done;

	for (size_t i = 0; i < keep->count; i++) {
		if (keep->items[i].in_kernel || ban_waiting(daemon, &keep->items[i]))
			keep->items[kept++] = keep->items[i];
		else
			waiting_free(&keep->items[i]);
	}
	keep->count = kept;
	if (!keep->count || !daemon->instance.store)
		return 0;
	done = store_all(daemon, fault);
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
		keep_cut(daemon);
	}
	if (!keep_is_crowded(daemon))
		logs_continue(daemon);
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

static void sum_up(struct daemon *daemon)
{
	struct keep *keep = daemon->keep;
	const struct instance_room *room = &daemon->instance.room;
	uint64_t now = clock_boot_ns();

	if (keep->bans_unsaid)
		say(false, "and %" PRIu64 " more sources in this second (`sekisho bans`)",
		    keep->bans_unsaid);
	keep->bans_said = keep->bans_unsaid = 0;
	if (room->gave_way == keep->gave_way_said && room->networks == keep->networks_said)
		return;
	if (keep->room_said_boot_ns && now - keep->room_said_boot_ns < SAY_ROOM_NS)
		return;
	daemon_fault(daemon,
		     "the table of bans is full: %" PRIu64 " bans with the least time left gave "
		     "way, %" PRIu64 " IPv6 networks were banned as a whole; raise [gate] bans",
		     room->gave_way - keep->gave_way_said, room->networks - keep->networks_said);
	keep->gave_way_said = room->gave_way;
	keep->networks_said = room->networks;
	keep->room_said_boot_ns = now;
}

void keep_tick(struct daemon *daemon)
{
	sum_up(daemon);
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
