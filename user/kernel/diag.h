/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two messages of sock_diag(7) that are needed, for TCP, over libnl-3. For sockets.c and
 * listeners.c; nobody else includes this. */
#ifndef SEKISHO_DIAG_H
#define SEKISHO_DIAG_H

#include <linux/inet_diag.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"
#include "net/address.h"

struct nl_sock;

/* Opens a socket for the caller, who ends it by diag_close(), which takes NULL too. */
int diag_open(struct nl_sock **netlink, struct fault *fault);
void diag_close(struct nl_sock **netlink);

struct diag_socket {
	struct inet_diag_msg is;
	uint32_t token; /* this end's token of the MPTCP session, or of the path's session; 0: none */
};

/* What is listed. With tokens each TCP socket costs the kernel half as much again. */
enum diag_kind { DIAG_TCP, DIAG_TCP_TOKENS, DIAG_SESSIONS /* of MPTCP */ };

/* Lists the sockets of a kind in this network namespace, of both families and in `states` (bits of
 * TCP states), for which `wanted` (NULL: all) is true; *found is malloc()ed. -ENOMEM, -EIO;
 * -ENOENT: the kernel does not list this kind. */
int diag_list(struct nl_sock *netlink, enum diag_kind kind, uint32_t states,
	      bool (*wanted)(const struct diag_socket *socket, const void *context),
	      const void *context, struct diag_socket **found, size_t *count);

/* Destroys a socket. 1: done; 0: there is no such socket (any more); -EOPNOTSUPP: this kernel
 * cannot; -EPERM; -EIO. */
int diag_destroy(struct nl_sock *netlink, const struct inet_diag_req_v2 *which);

/* The addresses of the socket and of its peer; IPv4 mapped. */
struct address diag_local(const struct inet_diag_msg *socket);
struct address diag_remote(const struct inet_diag_msg *socket);

#endif
