// SPDX-License-Identifier: GPL-2.0-or-later
/* The store is corrected by the kernel, opened again, replaced, and told the time. See
 * ban_queue.h. */
#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>

#include "base/time.h"
#include "daemon/ban_queue_internal.h"
#include "daemon/refresh.h"
#include "daemon/daemon_log.h"

#define MANY_BANS	 50000
#define COUNT_MANY_EACH	 10 /* sweeps */
#define COMPARE_EVERY_NS (NS_PER_S / 50)
#define REOPEN_EVERY_NS	 (5 * NS_PER_S)
#define REPAIR_EVERY_NS	 (600 * NS_PER_S)

/* ---- the store compared with the kernel ---- */

static void on_compare(void *context)
{
	struct daemon *daemon = context;
	struct ban_queue *ban_queue = daemon->ban_queue;
	struct fault fault = { 0 };
	int more;

	ban_queue->comparing = false;
	daemon->instance.lock_wait_ms = 0;
	more = daemon->instance.store ? instance_lock(&daemon->instance, &fault) : -ENOENT;
	daemon->instance.lock_wait_ms = BAN_QUEUE_LOCK_WAIT_MS;
	if (!more) {
		more = bans_reconcile_some(&daemon->instance, &ban_queue->compare, &fault);
		instance_unlock(&daemon->instance);
	} else if (more == -EBUSY) {
		more = 1;
	}
	if (more < 0) {
		ban_queue->behind = true; /* compared once the store can be written again */
		return;
	}
	if (!more && ban_queue->compare.written)
		log_line(true,
			 "%zu bans of the kernel were missing in the store, or differed there; "
			 "they are written to it",
			 ban_queue->compare.written);
	if (more)
		ban_queue->comparing =
			!loop_after(daemon->loop, COMPARE_EVERY_NS, on_compare, daemon);
}

void store_recovery_compare(struct daemon *daemon)
{
	struct ban_queue *ban_queue = daemon->ban_queue;

	ban_queue->compare = (struct bans_reconcile){ 0 };
	if (!ban_queue->comparing)
		ban_queue->comparing =
			!loop_after(daemon->loop, COMPARE_EVERY_NS, on_compare, daemon);
}

void store_recovery_look_for_lost(struct daemon *daemon)
{
	struct ban_queue *ban_queue = daemon->ban_queue;
	struct gate_usage usage = gate_ban_usage(daemon->instance.gate);
	uint64_t stored;

	if (!daemon->instance.store || ban_queue->comparing || ban_queue->count)
		return;
	/* Counting a million bans takes the store 50 ms. */
	if (usage.used > MANY_BANS && ++ban_queue->uncounted < COUNT_MANY_EACH)
		return;
	ban_queue->uncounted = 0;
	if (!store_ban_count(daemon->instance.store, clock_wall_ns(), &stored, NULL) &&
	    usage.used > stored)
		store_recovery_compare(daemon);
}

/* ---- the store itself ---- */

static int reopen(struct daemon *daemon)
{
	struct instance *instance = &daemon->instance;
	struct fault fault = { 0 };
	size_t restored = 0;
	int error = store_open(instance->config->paths.state, false, &instance->store,
			       &instance->store_fault);

	if (error)
		return error;
	instance->store_fault = (struct fault){ 0 };
	store_set_busy_timeout(instance->store, BAN_QUEUE_STORE_WAIT_MS);
	commit_open(daemon);
	detect_store_begin(daemon);
	daemon->ban_queue->behind = true;
	if (!instance->unrestored)
		return 0;
	error = bans_restore(instance, true, &restored, &fault);
	if (error)
		daemon_fault(daemon, "not every ban came back: %s", fault.text);
	else
		log_line(false, "%zu bans restored", restored);
	instance->unrestored = error;
	if (!error)
		gate_mark_ready(instance->gate);
	return 0;
}

static void on_refreshed(struct daemon *daemon, int error, const struct fault *fault)
{
	if (error)
		daemon_fault(daemon, "the store: %s", fault->text);
	daemon->ban_queue->reopen_boot_ns = 0;
}

static void replace(struct daemon *daemon)
{
	struct instance *instance = &daemon->instance;
	struct ban_queue *ban_queue = daemon->ban_queue;
	uint64_t inode = instance->store ? store_inode(instance->store) : 0;
	uint64_t now = clock_boot_ns();
	struct fault fault = { 0 };

	if (refresh_is_running(daemon) || now < ban_queue->repair_boot_ns)
		return;
	ban_queue->repair_boot_ns = now + REPAIR_EVERY_NS;
	if (instance->store) {
		fault_set(&instance->store_fault, -EBADMSG, "the store is damaged");
		daemon_fault(daemon, "the store is damaged; it is being replaced, and bans go on "
				     "in the kernel");
	}
	store_close(instance->store);
	instance->store = NULL;
	ban_queue->reopen_boot_ns = UINT64_MAX;
	if (refresh_start(daemon, inode, on_refreshed, &fault)) {
		daemon_fault(daemon, "the store: %s", fault.text);
		ban_queue->reopen_boot_ns = 0;
	}
}

void store_recovery_tick(struct daemon *daemon)
{
	struct instance *instance = &daemon->instance;
	struct ban_queue *ban_queue = daemon->ban_queue;
	uint64_t now = clock_boot_ns();
	struct fault fault = { 0 };

	if (instance->store && store_is_damaged(instance->store)) {
		replace(daemon);
	} else if (instance->store && !store_is_current(instance->store)) {
		log_line(true, "the store was replaced by another file");
		store_close(instance->store);
		instance->store = NULL;
		ban_queue->reopen_boot_ns = 0;
	}
	if (instance->store || now < ban_queue->reopen_boot_ns)
		return;
	ban_queue->reopen_boot_ns = now + REOPEN_EVERY_NS;
	if (!reopen(daemon)) {
		log_line(false, "the store is in use again");
		/* Reads the lists and countries that could not be read at the start. */
		refresh_start(daemon, 0, on_refreshed, &fault);
	} else if (instance->store_fault.error == -EBADMSG) {
		replace(daemon);
	}
}

/* ---- the clock ---- */

void store_recovery_set_clock(struct daemon *daemon)
{
	char text[TIME_TEXT_SIZE];
	struct fault fault = { 0 };
	int64_t jump;

	if (daemon->instance.store)
		instance_clock(&daemon->instance, &fault);
	/* Jumps that other calls of instance_clock() noticed count as well. */
	jump = daemon->instance.clock_jump_ns;
	if (llabs(jump) < NS_PER_S)
		return;
	daemon->instance.clock_jump_ns = 0;
	duration_format((uint64_t)llabs(jump) / NS_PER_S, text);
	log_line(false, "the wall clock was set %s by %s; bans last as long as before",
		 jump > 0 ? "forward" : "back", text);
}

/* Sets a timer far in the future that every setting of the clock cancels. */
static int arm_clock(int fd)
{
	struct itimerspec far = { .it_value = { .tv_sec = INT32_MAX } };

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL);
}

static void on_clock_set(int fd, void *context)
{
	uint64_t expirations;

	if (read(fd, &expirations, sizeof(expirations)) < 0 && errno == ECANCELED)
		store_recovery_set_clock(context);
	arm_clock(fd);
}

int store_recovery_watch_clock(struct daemon *daemon)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);

	daemon->ban_queue->clock_fd = fd;
	if (fd < 0 || arm_clock(fd))
		return -errno;
	return loop_add(daemon->loop, fd, on_clock_set, daemon);
}
