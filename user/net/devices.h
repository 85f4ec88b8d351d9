/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices, routes and addresses of this network namespace over netlink (libnl-3, libnl-route-3). */
#ifndef SEKISHO_DEVICES_H
#define SEKISHO_DEVICES_H

#include <net/if.h>
#include "net/address.h"
#include "base/fault.h"

struct device {
	unsigned ifindex;
	char name[IF_NAMESIZE];
	bool up;
	bool default_route; /* IPv4 or IPv6 */
	unsigned master;    /* ifindex of the bridge, bond, team or VRF that it is in; 0: none */
	bool bridged;	    /* a port of a bridge */
	unsigned lower; /* ifindex of the device that a VLAN, macvlan or ipvlan is on; 0: none */
};

/* Marks more devices: those by which packets of the marked ones reach sockets, which are the
 * bridges, bonds and VRFs that the marked ones are in, and the VLANs and macvlans on them. `marked`
 * has `count`. */
void devices_spread(const struct device *devices, size_t count, bool *marked);

/* Every device but loopback; *devices is malloc()ed. */
int devices_list(struct device **devices, size_t *count, struct fault *fault);

/* This machine's addresses, each a full-length prefix; *prefixes is malloc()ed. */
int devices_addresses(struct prefix **prefixes, size_t *count, struct fault *fault);
/* This machine's addresses and its gateways, each a full-length prefix; *prefixes is malloc()ed. */
int devices_own(struct prefix **prefixes, size_t *count, struct fault *fault);

/* A socket that becomes readable when links, addresses, default routes or tc filters change. */
enum device_change { DEVICE_LINKS = 1, DEVICE_FILTERS = 2 }; /* links, addresses, routes; tc */
struct device_watch;
int device_watch_open(struct device_watch **watch, struct fault *fault);
int device_watch_fd(const struct device_watch *watch);
unsigned device_watch_drain(struct device_watch *watch); /* what was reported: enum device_change */
void device_watch_close(struct device_watch *watch);

#endif
