// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's devices: attached at the start and whenever links, addresses, routes or filters
 * change, and checked every few seconds for changes that nobody reports. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "daemon/guard.h"
#include "daemon/daemon_log.h"
#include "enforce/syn_cookies.h"
#include "kernel/attach_ports.h"

#define LOOK_EVERY_NS (5 * NS_PER_S)
#define RETRY_NS      (NS_PER_S / 10)
#define LATE_NS	      NS_PER_S
#define BUSY_NS	      (5 * NS_PER_S)
#define BUSY_RUNS     20 /* within BUSY_NS, at once; later runs are LATE_NS apart */
#define START_WAIT_MS 5000

static bool is_same(const struct attachment *a, const struct attachment *b)
{
	return a->ifindex == b->ifindex && a->attached == b->attached && a->hook == b->hook &&
	       a->outflow == b->outflow && !strcmp(a->device, b->device) &&
	       !strcmp(a->open, b->open) && !strcmp(a->why, b->why) &&
	       !strcmp(a->outflow_why, b->outflow_why);
}

/* Logs what changed about answering SYNs on a device; nothing if that is off by choice. */
static void say_answers(const struct daemon *daemon, const struct attachment *now)
{
	if (daemon->instance.config->syn_cookies == COOKIES_OFF || !now->attached)
		return;
	for (size_t j = 0; j < daemon->attachment_count; j++)
		if (!strcmp(now->device, daemon->attachments[j].device) &&
		    strcmp(now->answers_why, daemon->attachments[j].answers_why) != 0)
			log_line(!now->answers, "%s: SYNs beyond a listener's queue are %s%s",
				 now->device,
				 now->answers ? "answered with cookies" : "left to the kernel: ",
				 now->answers_why);
}

static void say_changes(struct daemon *daemon, const struct attachment *now, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool known = false;

		say_answers(daemon, &now[i]);
		for (size_t j = 0; j < daemon->attachment_count && !known; j++)
			known = is_same(&now[i], &daemon->attachments[j]);
		if (!known)
			log_attachment(&now[i]);
		if (!known && !now[i].attached)
			fault_set(&daemon->last_fault, -ENODEV, "%s: not guarded: %s",
				  now[i].device, now[i].why);
		else if (!known && *now[i].open)
			fault_set(&daemon->last_fault, -EBUSY, "%s: guarded, and open: %s",
				  now[i].device, now[i].open);
	}
	for (size_t j = 0; j < daemon->attachment_count; j++) {
		bool found = false;

		for (size_t i = 0; i < count && !found; i++)
			found = !strcmp(now[i].device, daemon->attachments[j].device);
		if (!found)
			log_line(true, "%s: no longer there, or no longer to be guarded",
				 daemon->attachments[j].device);
	}
	if (!count && (daemon->attachment_count || !daemon->since_wall_ns))
		log_line(true,
			 "no device has a default route, so nothing is guarded; it is waited for, "
			 "or name devices in [gate] interface");
}

/* ---- the daemon's gate may not be the pinned one ---- */

static void mark_lost(struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->attachment_count; i++) {
		struct attachment *at = &daemon->attachments[i];

		at->attached = at->outflow = false;
		*at->open = '\0';
		snprintf(at->why, sizeof(at->why), "the gate was unloaded under the daemon");
	}
	daemon_fault(daemon,
		     "the gate was unloaded under this daemon: its pins at %s are gone. Nothing is "
		     "attached and nobody is banned; `sekisho load`, or a restart, brings it back",
		     daemon->instance.config->paths.pins);
}

/* Takes over a gate that was loaded since. */
static bool regain(struct daemon *daemon)
{
	struct instance *instance = &daemon->instance;
	struct gate_load_options options = {
		.pins = instance->config->paths.pins,
		.ban_size = instance->config->ban_size,
		.source_size = instance->config->source_size,
		.network_size = instance->config->network_size,
	};
	struct fault fault = { 0 };
	enum gate_start how;
	struct gate *gate, *old = instance->gate;

	if (!gate_has_pins(options.pins))
		return false;
	if (gate_load(&options, &gate, &how, &fault)) {
		daemon_fault(daemon, "the gate was loaded anew, and cannot be taken over: %s",
			     fault.text);
		return false;
	}
	if (how != GATE_KEPT) { /* of a start that is not finished, or was killed */
		gate_close(gate);
		return false;
	}
	instance->gate = gate;
	instance->gate_lost = false;
	daemon->guard->counted = false;
	gate_table_view_end(&daemon->table);
	daemon->table = (struct gate_table_view){ 0 };
	if (limits_reopen(daemon, &fault))
		daemon_fault(daemon, "%s", fault.text);
	gate_close(old);
	log_line(false, "the gate was loaded anew, and is taken over");
	return true;
}

/* ---- attaching ---- */

static void run_later(struct daemon *daemon, uint64_t delay_ns);

static void say_ports(struct daemon *daemon)
{
	const char *why = attach_ports_why(daemon->instance.gate);

	if (*why && strcmp(why, daemon->last_fault.text))
		daemon_fault(daemon, "%s", why);
}

static void attach(struct daemon *daemon)
{
	struct attachment *now = calloc(START_DEVICES, sizeof(*now));
	struct fault fault = { 0 };
	int count;

	if (!now) {
		daemon_fault(daemon, "out of memory");
		return;
	}
	count = start_attach(&daemon->instance, now, &fault);
	if (count < 0) {
		daemon_fault(daemon, "%s", fault.text);
		free(now);
		return;
	}
	guard_mark_blind(daemon->guard, now, (size_t)count);
	say_changes(daemon, now, (size_t)count);
	say_ports(daemon);
	free(daemon->attachments);
	daemon->attachments = now;
	daemon->attachment_count = (size_t)count;
	guard_note_links(daemon);
}

/* Acts under the writers' lock, which `unload` holds until the pins are gone: without it, what
 * `unload` takes off would be put back. False: another process holds the lock. */
static bool with_lock(struct daemon *daemon, unsigned wait_ms, void (*act)(struct daemon *daemon))
{
	struct instance *instance = &daemon->instance;
	bool held = instance->lock_fd >= 0;
	unsigned usual = instance->lock_wait_ms;
	struct fault fault;
	int err;

	instance->lock_wait_ms = wait_ms;
	err = instance_lock(instance, &fault);
	instance->lock_wait_ms = usual;
	if (err == -EBUSY)
		return false;
	if (err)
		daemon_fault(daemon, "%s", fault.text);
	else if (instance->gate_lost && !regain(daemon))
		mark_lost(daemon);
	else
		act(daemon);
	if (!held)
		instance_unlock(instance);
	return true;
}

void guard_attach(struct daemon *daemon)
{
	daemon->guard->last_ns = clock_boot_ns();
	if (!with_lock(daemon, daemon->since_wall_ns ? 0 : START_WAIT_MS, attach))
		run_later(daemon, RETRY_NS);
}

static bool is_as_it_was(struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->attachment_count; i++)
		if (!attach_is_as_it_was(daemon->instance.gate, &daemon->attachments[i]) ||
		    syn_cookies_changed(daemon->instance.config, &daemon->instance.cookies,
					&daemon->attachments[i]))
			return false;
	return attach_ports_are_there(daemon->instance.gate);
}

/* ---- reported changes ---- */

static void run(struct daemon *daemon)
{
	struct guard *guard = daemon->guard;
	unsigned changes = guard->changes;

	guard->changes = 0;
	if (changes & DEVICE_LINKS) {
		daemon->protected_boot_ns = 0;
		guard_note_links(daemon);
	}
	if (daemon->instance.gate_lost || changes & DEVICE_LINKS || !is_as_it_was(daemon))
		guard_attach(daemon);
}

static void on_later(void *context)
{
	struct daemon *daemon = context;

	daemon->guard->scheduled = false;
	daemon->guard->changes |= DEVICE_LINKS;
	run(daemon);
}

static void run_later(struct daemon *daemon, uint64_t delay_ns)
{
	struct guard *guard = daemon->guard;

	if (!guard->scheduled)
		guard->scheduled = !loop_after(daemon->loop, delay_ns, on_later, daemon);
}

/* Whether there were too many runs: others may change filters and routes a thousand times a second,
 * or put back what we move. */
static bool is_too_often(struct guard *guard)
{
	uint64_t now = clock_boot_ns();

	if (now - guard->busy_since_ns > BUSY_NS) {
		guard->busy_since_ns = now;
		guard->runs = 0;
	}
	return ++guard->runs > BUSY_RUNS;
}

static void on_change(int fd, void *context)
{
	struct daemon *daemon = context;
	struct guard *guard = daemon->guard;

	(void)fd;
	guard->changes |= device_watch_drain(daemon->devices);
	if (!is_too_often(guard))
		run(daemon);
	else
		run_later(daemon, LATE_NS);
}

/* Looks for what nobody reports: a TCX or XDP program in front, pins that are gone, a driver that
 * forgot its program. */
static void on_look(void *context)
{
	struct daemon *daemon = context;
	struct instance *instance = &daemon->instance;

	if (!instance->gate_lost && !gate_is_pinned(instance->gate))
		instance->gate_lost = true;
	if (instance->gate_lost || !guard_look_at_traffic(daemon) || !is_as_it_was(daemon))
		guard_attach(daemon);
}

int guard_open(struct daemon *daemon, struct fault *fault)
{
	int err;

	daemon->guard = calloc(1, sizeof(*daemon->guard));
	if (!daemon->guard)
		return fault_set(fault, -ENOMEM, "out of memory");
	err = device_watch_open(&daemon->devices, fault);
	if (!err)
		err = loop_add(daemon->loop, device_watch_fd(daemon->devices), on_change, daemon);
	if (!err)
		err = loop_every(daemon->loop, LOOK_EVERY_NS, on_look, daemon);
	if (err)
		return err;
	guard_attach(daemon);
	/* Counting begins here. */
	guard_look_at_traffic(daemon);
	guard_sweep(daemon);
	return 0;
}

void guard_close(struct daemon *daemon)
{
	device_watch_close(daemon->devices);
	free(daemon->guard);
}
