/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open TCP sockets of this network namespace, through sock_diag (libnl-3). */
#ifndef SEKISHO_SOCKETS_H
#define SEKISHO_SOCKETS_H

#include "net/address.h"
#include "base/fault.h"

/* Destroys (SOCK_DESTROY, needs CAP_NET_ADMIN) every connection from one of `prefixes` to one of
 * the local `ports` (host order). For that the kernel lists all of its sockets once: 1 ms for a
 * thousand. *destroyed (may be NULL): how many. -EOPNOTSUPP: a kernel without INET_DIAG_DESTROY;
 * -ENOMEM. */
int sockets_destroy(const struct prefix *prefixes, size_t prefix_count, const uint16_t *ports,
		    size_t port_count, size_t *destroyed, struct fault *fault);

/* Destroys exactly this connection, by its cookie, and not a later one on the same ports. 1: done;
 * 0: it is gone already, or is in another network namespace, where it cannot be reached. */
int sockets_destroy_one(const struct over_limit *which, struct fault *fault);

#endif
