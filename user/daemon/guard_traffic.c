// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells by counting whether packets get past the gate: packets that a device received and the gate
 * did not see, and handshakes of which it saw no SYN. A list of causes could not be complete.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "daemon/guard.h"
#include "daemon/daemon_log.h"
#include "net/driver.h"

/* A device is blind if it received so many packets and the gate saw none. GRO makes one of up to 45
 * before tc sees them. */
#define BLIND_PACKETS 64

/* Packets get past the gate if it saw less than half the SYNs of so many handshakes. */
#define UNSEEN_HANDSHAKES 8

static struct guard_device *find(struct guard *guard, unsigned ifindex)
{
	for (size_t i = 0; i < guard->device_count; i++)
		if (guard->devices[i].ifindex == ifindex)
			return &guard->devices[i];
	return NULL;
}

static struct guard_device *find_or_add(struct guard *guard, unsigned ifindex)
{
	struct guard_device *device = find(guard, ifindex);

	if (device || guard->device_count == START_DEVICES)
		return device;
	device = &guard->devices[guard->device_count++];
	*device = (struct guard_device){ .ifindex = ifindex };
	return device;
}

/* Forgets devices that are not guarded any more. */
static void forget_others(struct daemon *daemon)
{
	struct guard *guard = daemon->guard;
	size_t kept = 0;

	for (size_t i = 0; i < guard->device_count; i++)
		for (size_t j = 0; j < daemon->attachment_count; j++)
			if (daemon->attachments[j].ifindex == guard->devices[i].ifindex) {
				guard->devices[kept++] = guard->devices[i];
				break;
			}
	guard->device_count = kept;
}

/* True: nothing is wrong, or it is not known yet. */
static bool look(struct guard_device *device, uint64_t received, uint64_t seen)
{
	uint64_t came = received - device->received, looked_at = seen - device->seen;

	if (!device->counted || received < device->received || seen < device->seen || looked_at) {
		device->blind = false;
		device->anew &= !looked_at;
	} else if (came < BLIND_PACKETS) {
		return true; /* too few to tell; counting goes on */
	} else {
		device->blind = true;
	}
	device->counted = true;
	device->received = received;
	device->seen = seen;
	return !device->blind;
}

bool guard_look_at_traffic(struct daemon *daemon)
{
	uint64_t seen[SEEN_SLOTS];
	bool good = true;

	forget_others(daemon);
	if (gate_seen(daemon->instance.gate, seen, NULL))
		return true;
	for (size_t i = 0; i < daemon->attachment_count; i++) {
		const struct attachment *at = &daemon->attachments[i];
		struct guard_device *device = find_or_add(daemon->guard, at->ifindex);
		bool was_blind;

		if (!at->attached || !device)
			continue;
		was_blind = device->blind;
		if (look(device, driver_received(at->ifindex), seen[at->ifindex % SEEN_SLOTS])) {
			good &= device->blind == was_blind;
			continue;
		}
		if (at->hook == HOOK_XDP && !device->anew) {
			attach_distrust_xdp(daemon->instance.gate, at->ifindex);
			log_line(true,
				 "%s: its driver has forgotten the XDP program: packets came in "
				 "and the "
				 "gate saw none",
				 at->device);
			device->blind = false;
			device->counted = false;
			device->anew = true; /* if that does not help, it is reported as open */
			good = false;
		}
		good &= was_blind;
	}
	return good;
}

void guard_mark_blind(const struct guard *guard, struct attachment *attachments, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < guard->device_count; j++)
			if (guard->devices[j].ifindex == attachments[i].ifindex &&
			    guard->devices[j].blind && attachments[i].attached &&
			    !*attachments[i].open)
				snprintf(
					attachments[i].open, sizeof(attachments[i].open),
					"packets come in and the gate sees none of them: something "
					"in front takes them all (an XDP program, a driver's own "
					"filter)");
}

void guard_note_links(struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->attachment_count; i++) {
		const struct attachment *at = &daemon->attachments[i];
		struct guard_device *device = find_or_add(daemon->guard, at->ifindex);
		struct driver driver;

		if (!device || !at->ifindex)
			continue;
		driver_ask(at->ifindex, at->device, &driver);
		/* The link is made anew, since an update would only change what the kernel's core
		 * still knows. */
		if (device->mtu && at->attached && at->hook == HOOK_XDP &&
		    driver_xdp_obstacle(&driver) &&
		    ((driver.up && !device->up) || driver.mtu != device->mtu))
			attach_distrust_xdp(daemon->instance.gate, at->ifindex);
		device->up = driver.up;
		device->mtu = driver.mtu;
	}
}

/* Compares handshakes with SYNs since the last sweep. Handshakes whose SYN came before are less
 * than half. */
void guard_sweep(struct daemon *daemon)
{
	_cleanup_free_ struct gate_counts *counts = malloc(sizeof(*counts));
	struct guard *guard = daemon->guard;
	uint64_t attempts = 0, dropped = 0, handshakes = 0, passed, made;

	if (!counts || gate_counts_read(daemon->instance.gate, counts, NULL))
		return;
	for (size_t service = 1; service < SERVICE_MAX; service++)
		for (size_t country = 0; country < COUNTRY_COUNT; country++) {
			attempts += counts->countries[service][country].attempts;
			dropped += counts->countries[service][country].dropped;
			handshakes += counts->countries[service][country].handshakes;
		}
	made = handshakes - guard->handshakes;
	passed = attempts - guard->attempts - (dropped - guard->dropped);
	if (guard->counted && handshakes >= guard->handshakes && attempts >= guard->attempts) {
		if (made >= UNSEEN_HANDSHAKES && passed < made / 2)
			snprintf(daemon->unseen, sizeof(daemon->unseen),
				 "of %" PRIu64 " handshakes in the last sweep the gate saw %" PRIu64
				 " SYNs",
				 made, passed);
		else if (made)
			*daemon->unseen = '\0';
		if (*daemon->unseen)
			daemon_fault(daemon, "connections get past the gate: %s", daemon->unseen);
	}
	guard->counted = true;
	guard->attempts = attempts;
	guard->dropped = dropped;
	guard->handshakes = handshakes;
}
