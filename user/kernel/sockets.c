// SPDX-License-Identifier: GPL-2.0-or-later
/* See sockets.h. */
#include "kernel/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/diag.h"

/* Every state in which a peer can still be spoken with; listeners and TIME_WAIT are not. */
#define STATES                                                                    \
	((1U << TCP_ESTABLISHED) | (1U << TCP_SYN_RECV) | (1U << TCP_FIN_WAIT1) | \
	 (1U << TCP_FIN_WAIT2) | (1U << TCP_CLOSE_WAIT) | (1U << TCP_LAST_ACK) |  \
	 (1U << TCP_CLOSING))

struct filter {
	const struct prefix *prefix; /* NULL: from anywhere */
	const uint16_t *ports;
	size_t port_count;
};

static bool is_wanted(const struct inet_diag_msg *socket, const void *context)
{
	const struct filter *filter = context;
	struct address peer = diag_remote(socket);

	for (size_t i = 0; i < filter->port_count; i++)
		if (ntohs(socket->id.idiag_sport) == filter->ports[i])
			return !filter->prefix || prefix_contains(filter->prefix, &peer);
	return false;
}

static int list(struct nl_sock **netlink, const struct filter *filter, struct inet_diag_msg **found,
		size_t *count, struct fault *fault)
{
	int err = diag_open(netlink, fault);

	if (err)
		return err;
	err = diag_list(*netlink, STATES, is_wanted, filter, found, count);
	return err ? fault_set(fault, err, "cannot list the open connections: %s", strerror(-err))
		   : 0;
}

int sockets_destroy(const struct prefix *prefix, const uint16_t *ports, size_t port_count,
		    size_t *destroyed, struct fault *fault)
{
	const struct filter filter = { prefix, ports, port_count };
	_cleanup_(diag_close) struct nl_sock *netlink = NULL;
	_cleanup_free_ struct inet_diag_msg *found = NULL;
	size_t count, gone = 0;
	int err;

	if (destroyed)
		*destroyed = 0;
	err = list(&netlink, &filter, &found, &count, fault);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		struct inet_diag_req_v2 which = {
			.sdiag_family = found[i].idiag_family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = 1U << found[i].idiag_state,
			.id = found[i].id,
		};

		err = diag_destroy(netlink, &which);
		if (err < 0)
			return fault_set(fault, err, "cannot destroy an open connection: %s%s",
					 strerror(-err),
					 err == -EOPNOTSUPP
						 ? "; the kernel lacks CONFIG_INET_DIAG_DESTROY"
						 : "");
		gone += (size_t)err;
	}
	if (destroyed)
		*destroyed = gone;
	return 0;
}

int sockets_each(const uint16_t *ports, size_t port_count,
		 int (*each)(const struct open_socket *socket, void *context), void *context,
		 struct fault *fault)
{
	const struct filter filter = { NULL, ports, port_count };
	_cleanup_(diag_close) struct nl_sock *netlink = NULL;
	_cleanup_free_ struct inet_diag_msg *found = NULL;
	size_t count;
	int err = list(&netlink, &filter, &found, &count, fault);

	if (err)
		return err;
	for (size_t i = 0; i < count && !err; i++) {
		const struct inet_diag_sockid *id = &found[i].id;
		struct open_socket open = {
			.local = diag_local(&found[i]),
			.remote = diag_remote(&found[i]),
			.local_port = ntohs(id->idiag_sport),
			.remote_port = ntohs(id->idiag_dport),
			.cookie = id->idiag_cookie[0] | (uint64_t)id->idiag_cookie[1] << 32,
		};

		/* Half-open ones count when they complete. */
		if (found[i].idiag_state != TCP_SYN_RECV)
			err = each(&open, context);
	}
	return err;
}

int sockets_destroy_one(const struct over_limit *which, struct fault *fault)
{
	_cleanup_(diag_close) struct nl_sock *netlink = NULL;
	struct inet_diag_req_v2 request = {
		.sdiag_family = (__u8)which->family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = STATES,
		.id = { .idiag_sport = htons(which->local_port),
			.idiag_dport = htons(which->remote_port),
			.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } },
	};
	int err = diag_open(&netlink, fault);

	if (err)
		return err;
	if (which->family == AF_INET) {
		request.id.idiag_src[0] = which->local.word[3];
		request.id.idiag_dst[0] = which->remote.word[3];
	} else {
		memcpy(request.id.idiag_src, &which->local, sizeof(which->local));
		memcpy(request.id.idiag_dst, &which->remote, sizeof(which->remote));
	}
	err = diag_destroy(netlink, &request);
	return err < 0 ? fault_set(fault, err, "cannot destroy a connection over its limit: %s",
				   strerror(-err))
		       : 0;
}
