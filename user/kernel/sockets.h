/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open TCP sockets of this network namespace, through sock_diag (libnl-3). */
#ifndef SEKISHO_SOCKETS_H
#define SEKISHO_SOCKETS_H

#include "net/address.h"
#include "base/fault.h"

/* Destroys (SOCK_DESTROY, needs CAP_NET_ADMIN) every connection from `prefix` to one of the local
 * `ports` (host order). *destroyed (may be NULL) counts them. -EOPNOTSUPP: a kernel without
 * INET_DIAG_DESTROY. */
int sockets_destroy(const struct prefix *prefix, const uint16_t *ports, size_t port_count,
		    size_t *destroyed, struct fault *fault);

#endif
