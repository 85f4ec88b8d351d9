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
};

/* Every device but loopback; *devices is malloc()ed. */
int devices_list(struct device **devices, size_t *count, struct fault *fault);

/* This machine's addresses and its gateways, each a full-length prefix; *prefixes is malloc()ed. */
int devices_own(struct prefix **prefixes, size_t *count, struct fault *fault);

/* A socket that becomes readable when links, addresses or default routes change. */
struct device_watch;
int device_watch_open(struct device_watch **watch, struct fault *fault);
int device_watch_fd(const struct device_watch *watch);
void device_watch_drain(struct device_watch *watch); /* reads and forgets what was reported */
void device_watch_close(struct device_watch *watch);

#endif
