/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device's driver and its settings, as far as XDP depends on them. */
#ifndef SEKISHO_DRIVER_H
#define SEKISHO_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

struct driver {
	char name[32]; /* "virtio_net"; "": it names none */
	unsigned mtu;  /* 0: not known */
	bool up;
	bool large; /* it hands frames of more than a page to XDP (Linux 6.3 says so) */
	bool lro;   /* large receive offload is on */
	bool strips_vlan, has_vlan; /* rxvlan is on; there are VLAN devices on it */
};

/* Asks the kernel and the driver about the device; what they do not say is 0 or "". */
void driver_ask(unsigned ifindex, const char *device, struct driver *driver);

/* Why native XDP is known to fail with the device's present MTU, if the driver itself does not give
 * the reason; NULL: nothing is known. Pure. */
const char *driver_xdp_obstacle(const struct driver *driver);

/* The largest MTU with which a frame fits into a page together with what XDP needs there, in all
 * drivers. */
#define DRIVER_XDP_MTU 3498

/* How many packets XDP programs have sent back by the device (XDP_TX) since it exists, and how many
 * of them were lost. Known for veth only, whose peer takes them only with an XDP program of its
 * own; for others both are 0. */
struct driver_answers {
	uint64_t sent, lost;
};
void driver_ask_answers(const char *device, const struct driver *driver,
			struct driver_answers *answers);

/* 0, or -errno. */
int driver_set_mtu(const char *device, unsigned mtu);

/* Packets that the device has received since it exists; 0: not known. */
uint64_t driver_received(unsigned ifindex);

#endif
