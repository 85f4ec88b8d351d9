/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listening TCP sockets of this network namespace, through sock_diag (libnl-3), and which programs
 * hold them. Not here: connections (sockets.h). */
#ifndef SEKISHO_LISTENERS_H
#define SEKISHO_LISTENERS_H

#include <stdbool.h>
#include "net/address.h"
#include "base/fault.h"

struct listener {
	struct address local; /* all zero, or ::ffff:0.0.0.0: every address */
	uint16_t port;	      /* host order */
	uint32_t inode;
	char program[32]; /* of a process that holds the socket; "": none found (or no root) */
};

/* *listeners is malloc()ed, sorted by port. */
int listeners_list(struct listener **listeners, size_t *count, struct fault *fault);

/* Whether other machines can reach the listener. Pure. */
bool listener_is_open(const struct listener *listener);

/* Whether this kernel can destroy connections (CONFIG_INET_DIAG_DESTROY): 1, 0, or -errno when that
 * cannot be found out. Destroys nothing. */
int listeners_can_destroy(void);

#endif
