/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device's driver is and does, as far as XDP depends on it. */
#ifndef SEKISHO_DRIVER_H
#define SEKISHO_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

struct driver {
	char name[32]; /* "virtio_net"; "" where it says none */
	unsigned mtu;  /* 0: not known */
	bool up;
	bool large; /* it hands frames of more than a page to XDP (Linux 6.3 says so) */
	bool lro;   /* large receive offload is on */
	bool strips_vlan, has_vlan; /* rxvlan is on; there are VLAN devices on it */
};

/* What the kernel and the driver say of the device; what they do not say is 0 or "". */
void driver_ask(unsigned ifindex, const char *device, struct driver *driver);

/* Native XDP with the MTU that the device has now is known to fail, for a reason that the driver
 * itself does not give; NULL: nothing is known. Pure. */
const char *driver_xdp_obstacle(const struct driver *driver);

/* The largest MTU with which a frame fits a page beside what XDP needs there, in all drivers. */
#define DRIVER_XDP_MTU 3498

/* What XDP programs sent back by the device (XDP_TX) since it is there, and what was lost of that.
 * Known of veth, whose peer takes it only with an XDP program of its own; of others both are 0. */
struct driver_answers {
	uint64_t sent, lost;
};
void driver_ask_answers(const char *device, const struct driver *driver,
			struct driver_answers *answers);

/* 0, or -errno. */
int driver_set_mtu(const char *device, unsigned mtu);

/* Packets that the device has received since it is there; 0 where that is not known. */
uint64_t driver_received(unsigned ifindex);

#endif
