// SPDX-License-Identifier: GPL-2.0-or-later
/* See attach.h. Takes everything off, and verifies that nothing is left. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "kernel/attach_internal.h"
#include "kernel/gate_internal.h"
#include "kernel/links.h"
#include "kernel/pins.h"
#include "kernel/tc.h"
#include "net/devices.h"
#include "net/driver.h"

/* Takes off an XDP program of ours that no pin holds any more, by whatever link holds it. */
static void drop_stray_xdp(const struct own *own, unsigned ifindex)
{
	__u32 program = link_xdp_program(ifindex);
	enum own_kind kind = own_kind_of(own, program);

	if (kind == OWN_GATE || (own_is_stray(kind) && !own_is_elsewhere(program)))
		link_break(program, ifindex, LINK_XDP);
}

static int remove_one(const char *pins, const struct own *own, const struct device *device)
{
	struct tc_side side = { .pins = pins, .ifindex = device->ifindex };
	int err = tc_remove(&side, own, true);

	side.port = true;
	if (!err)
		err = tc_remove(&side, own, true);

	side.egress = true;
	if (!err)
		err = tc_remove(&side, own, true);
	attach_drop_xdp(pins, device->ifindex, device->name);
	drop_stray_xdp(own, device->ifindex);
	return err;
}

static int left_on(const char *device, struct fault *fault)
{
	return fault_set(fault, -EBUSY,
			 "%s still has a program of this sekisho; `bpftool net` shows it", device);
}

/* Looks for programs of ours that are left after everything was taken off. */
static int verify(const char *pins, const struct own *own, const struct device *devices,
		  size_t device_count, struct fault *fault)
{
	_cleanup_free_ struct attachment *left = calloc(256, sizeof(*left));
	int count = left ? attach_list(pins, left, 256, fault) : -ENOMEM;

	for (int i = 0; i < count && i < 256; i++)
		if (left[i].attached || left[i].outflow || left[i].lost)
			return left_on(left[i].device, fault);
	for (size_t i = 0; i < device_count; i++)
		if (attach_has_port_program(pins, own, devices[i].ifindex))
			return left_on(devices[i].name, fault);
	return count < 0 ? count : 0;
}

int attach_remove_all(const char *pins, size_t *removed, struct fault *fault)
{
	_cleanup_free_ struct attachment *there = calloc(256, sizeof(*there));
	_cleanup_free_ struct device *devices = NULL;
	struct own own;
	size_t count;
	int found, err = devices_list(&devices, &count, fault);

	if (!err && !there)
		err = fault_set(fault, -ENOMEM, "out of memory");
	found = err ? err : attach_list(pins, there, 256, fault);
	if (found < 0)
		return found;
	own_load(pins, &own);
	for (size_t i = 0; i < count && !err; i++)
		err = remove_one(pins, &own, &devices[i]);
	if (err && err != -ENODEV)
		return fault_set(fault, err, "cannot take the tc programs off: %s", strerror(-err));
	for (int i = 0; i < found && i < 256; i++)
		*removed += there[i].attached || there[i].outflow || there[i].lost;
	return verify(pins, &own, devices, count, fault);
}
