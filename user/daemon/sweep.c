// SPDX-License-Identifier: GPL-2.0-or-later
/* See sweep.h. */
#include "daemon/sweep.h"

#include <errno.h>

#include "base/time.h"
#include "daemon/daemon.h"
#include "daemon/ban_queue.h"
#include "daemon/ban_queue_internal.h"
#include "daemon/refresh.h"

#define EVERY_NS      (30 * NS_PER_S)
#define PAUSE_NS      (NS_PER_S / 50) /* after each portion */
#define UNLOCKED_MOST (120 * NS_PER_S)

static void on_synced(struct daemon *daemon, int error, const struct fault *fault)
{
	if (error && error != -EBUSY)
		daemon_fault(daemon, "%s", fault->text);
}

/* Publishes what a killed import left in the store only. The generations must differ twice in the
 * same way: an import may be at work just now. */
static void sync_tables(struct daemon *daemon)
{
	struct gate_table_state state;
	struct fault fault = { 0 };
	uint64_t generation;

	if (refresh_is_running(daemon) ||
	    store_generation(daemon->instance.store, &generation, NULL) ||
	    gate_table_state(daemon->instance.gate, &state, NULL) ||
	    generation == state.generation || !generation) {
		daemon->behind_generation = 0;
	} else if (daemon->behind_generation != generation) {
		daemon->behind_generation = generation;
	} else if (refresh_start(daemon, 0, on_synced, &fault)) {
		daemon_fault(daemon, "%s", fault.text);
	}
}

static void on_pause(void *context);

static void go_on_later(struct daemon *daemon)
{
	struct sweep *sweep = &daemon->sweep;

	if (loop_after(daemon->loop, PAUSE_NS, on_pause, daemon))
		*sweep = (struct sweep){ 0 }; /* the next sweep does it */
}

/* Removes a portion of ended rows. 1: there is more; 0: done; or -errno. */
static int sweep_store(struct daemon *daemon, struct fault *fault)
{
	if (!daemon->instance.store)
		return 0;
	/* Without this, a clock that was just set forward would end bans that still hold. */
	store_recovery_set_clock(daemon);
	return store_expire(daemon->instance.store, clock_wall_ns(), fault);
}

/* As sweep_store(), for the kernel's bans. */
static int sweep_kernel(struct daemon *daemon, struct fault *fault)
{
	struct instance *instance = &daemon->instance;
	struct sweep *sweep = &daemon->sweep;
	uint64_t now = clock_boot_ns();
	unsigned usual = instance->lock_wait_ms;
	int err;

	instance->lock_wait_ms = 0;
	err = instance_lock(instance, fault);
	instance->lock_wait_ms = usual;
	if (err == -EBUSY && now - sweep->tried_boot_ns < UNLOCKED_MOST)
		return 1;
	if (err)
		return err;
	sweep->tried_boot_ns = now;
	err = gate_ban_sweep_some(instance->gate, &sweep->bans, now, fault);
	instance_unlock(instance);
	return err;
}

static void on_pause(void *context)
{
	struct daemon *daemon = context;
	struct sweep *sweep = &daemon->sweep;
	struct fault fault = { 0 };
	int more = sweep->kernel_done ? sweep_store(daemon, &fault) : sweep_kernel(daemon, &fault);

	if (more < 0 && more != -EAGAIN && more != -ECANCELED)
		daemon_fault(daemon, "%s", fault.text);
	if (more <= 0 && !sweep->kernel_done) {
		sweep->kernel_done = true;
		store_recovery_look_for_lost(daemon);
		more = 1;
	}
	if (more > 0)
		go_on_later(daemon);
	else
		*sweep = (struct sweep){ 0 };
}

static void on_sweep(void *context)
{
	struct daemon *daemon = context;
	struct sweep *sweep = &daemon->sweep;

	if (!sweep->tried_boot_ns) { /* the last one has ended */
		sweep->tried_boot_ns = clock_boot_ns();
		go_on_later(daemon);
	}
	if (daemon->instance.store)
		sync_tables(daemon);
	limits_sweep(daemon);
	guard_sweep(daemon);
}

int sweep_begin(struct daemon *daemon)
{
	return loop_every(daemon->loop, EVERY_NS, on_sweep, daemon);
}
