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

/* The caller's, to be ended by diag_close(), which takes NULL too. */
int diag_open(struct nl_sock **netlink, struct fault *fault);
void diag_close(struct nl_sock **netlink);

struct diag_socket {
	struct inet_diag_msg is;
	uint32_t token; /* this end's name of the MPTCP session that it is, or is of; 0: of none */
};

/* What is listed. Tokens of TCP sockets cost the kernel half as much again for each socket. */
enum diag_kind { DIAG_TCP, DIAG_TCP_TOKENS, DIAG_SESSIONS /* of MPTCP */ };

/* Both families' sockets of a kind in `states` (bits of TCP
 * states) of this network namespace that `wanted` (NULL: all) takes; *found is malloc()ed. -ENOMEM,
 * -EIO; -ENOENT: the kernel does not list this kind. */
int diag_list(struct nl_sock *netlink, enum diag_kind kind, uint32_t states,
	      bool (*wanted)(const struct diag_socket *socket, const void *context),
	      const void *context, struct diag_socket **found, size_t *count);

/* 1: destroyed; 0: there is no such socket (any more); -EOPNOTSUPP: this kernel cannot; -EPERM;
 * -EIO. */
int diag_destroy(struct nl_sock *netlink, const struct inet_diag_req_v2 *which);

/* Where the socket is, and its peer; IPv4 mapped. */
struct address diag_local(const struct inet_diag_msg *socket);
struct address diag_remote(const struct inet_diag_msg *socket);

#endif
