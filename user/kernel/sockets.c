// SPDX-License-Identifier: GPL-2.0-or-later
/* See sockets.h. The two messages of sock_diag(7) that are needed, over libnl-3. */
#include "kernel/sockets.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <string.h>

#include "base/cleanup.h"

/* Every state in which a peer can still be spoken with; listeners and TIME_WAIT are not. */
#define STATES                                                                    \
	((1U << TCP_ESTABLISHED) | (1U << TCP_SYN_RECV) | (1U << TCP_FIN_WAIT1) | \
	 (1U << TCP_FIN_WAIT2) | (1U << TCP_CLOSE_WAIT) | (1U << TCP_LAST_ACK) |  \
	 (1U << TCP_CLOSING))

struct search {			     /* search_end() ends it */
	const struct prefix *prefix; /* NULL: from anywhere */
	const uint16_t *ports;
	size_t port_count;
	struct inet_diag_req_v2 *found;
	size_t count, room;
	int err;
};

static void cleanup_socket(struct nl_sock **socket)
{
	nl_socket_free(*socket);
}

static void search_end(struct search *search)
{
	free(search->found);
}

static struct address peer_of(const struct inet_diag_msg *message)
{
	struct address address;

	if (message->idiag_family == AF_INET)
		return address_from4(ntohl(message->id.idiag_dst[0]));
	memcpy(&address, message->id.idiag_dst, sizeof(address));
	return address;
}

static bool is_wanted(const struct search *search, const struct inet_diag_msg *message)
{
	struct address peer = peer_of(message);

	for (size_t i = 0; i < search->port_count; i++)
		if (ntohs(message->id.idiag_sport) == search->ports[i])
			return !search->prefix || prefix_contains(search->prefix, &peer);
	return false;
}

static int on_socket(struct nl_msg *message, void *context)
{
	const struct inet_diag_msg *socket = nlmsg_data(nlmsg_hdr(message));
	struct search *search = context;

	if ((size_t)nlmsg_datalen(nlmsg_hdr(message)) < sizeof(*socket) ||
	    !is_wanted(search, socket))
		return NL_OK;
	if (search->count == search->room) {
		size_t room = search->room ? search->room * 2 : 16;
		void *more = realloc(search->found, room * sizeof(*search->found));

		if (!more) {
			search->err = -ENOMEM;
			return NL_STOP;
		}
		search->found = more;
		search->room = room;
	}
	search->found[search->count++] = (struct inet_diag_req_v2){
		.sdiag_family = socket->idiag_family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = 1U << socket->idiag_state,
		.id = socket->id,
	};
	return NL_OK;
}

static int dump(struct nl_sock *socket, int family, struct search *search)
{
	struct inet_diag_req_v2 request = {
		.sdiag_family = (__u8)family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = STATES,
	};
	int err;

	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_socket, search);
	err = nl_send_simple(socket, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request, sizeof(request));
	if (err >= 0)
		err = nl_recvmsgs_default(socket);
	return err < 0 ? -EIO : search->err;
}

/* 0 also when the socket went away by itself meanwhile. */
static int destroy(struct nl_sock *socket, struct inet_diag_req_v2 *request)
{
	int err = nl_send_simple(socket, SOCK_DESTROY, NLM_F_ACK, request, sizeof(*request));

	if (err >= 0)
		err = nl_wait_for_ack(socket);
	switch (err) {
	case -NLE_OBJ_NOTFOUND:
		return 0;
	case -NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	case -NLE_PERM:
		return -EPERM;
	default:
		return err < 0 ? -EIO : 1;
	}
}

int sockets_destroy(const struct prefix *prefix, const uint16_t *ports, size_t port_count,
		    size_t *destroyed, struct fault *fault)
{
	_cleanup_(cleanup_socket) struct nl_sock *socket = nl_socket_alloc();
	_cleanup_(search_end) struct search search = { .prefix = prefix,
						       .ports = ports,
						       .port_count = port_count };
	size_t gone = 0;
	int err;

	if (destroyed)
		*destroyed = 0;
	if (!socket || nl_connect(socket, NETLINK_SOCK_DIAG))
		return fault_set(fault, -EIO, "cannot open a sock_diag socket");
	nl_socket_disable_seq_check(socket);
	err = dump(socket, AF_INET, &search);
	if (!err)
		err = dump(socket, AF_INET6, &search);
	if (err)
		return fault_set(fault, err, "cannot list the open connections: %s",
				 strerror(-err));
	for (size_t i = 0; i < search.count; i++) {
		err = destroy(socket, &search.found[i]);
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

static struct address to_address(int family, const __be32 *words)
{
	struct address address;

	if (family == AF_INET)
		return address_from4(ntohl(words[0]));
	memcpy(&address, words, sizeof(address));
	return address;
}

int sockets_each(const uint16_t *ports, size_t port_count,
		 int (*each)(const struct open_socket *socket, void *context), void *context,
		 struct fault *fault)
{
	_cleanup_(cleanup_socket) struct nl_sock *netlink = nl_socket_alloc();
	_cleanup_(search_end) struct search search = { .ports = ports, .port_count = port_count };
	int err;

	if (!netlink || nl_connect(netlink, NETLINK_SOCK_DIAG))
		return fault_set(fault, -EIO, "cannot open a sock_diag socket");
	nl_socket_disable_seq_check(netlink);
	err = dump(netlink, AF_INET, &search);
	if (!err)
		err = dump(netlink, AF_INET6, &search);
	if (err)
		return fault_set(fault, err, "cannot list the open connections: %s",
				 strerror(-err));
	for (size_t i = 0; i < search.count && !err; i++) {
		const struct inet_diag_req_v2 *found = &search.found[i];
		struct open_socket open = {
			.local = to_address(found->sdiag_family, found->id.idiag_src),
			.remote = to_address(found->sdiag_family, found->id.idiag_dst),
			.local_port = ntohs(found->id.idiag_sport),
			.remote_port = ntohs(found->id.idiag_dport),
			.cookie = found->id.idiag_cookie[0] | (uint64_t)found->id.idiag_cookie[1]
								      << 32,
		};

		/* Half-open ones count when they complete. */
		if (!(found->idiag_states & (1U << TCP_SYN_RECV)))
			err = each(&open, context);
	}
	return err;
}

int sockets_destroy_one(const struct over_limit *which, struct fault *fault)
{
	_cleanup_(cleanup_socket) struct nl_sock *netlink = nl_socket_alloc();
	struct inet_diag_req_v2 request = {
		.sdiag_family = (__u8)which->family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = STATES,
		.id = { .idiag_sport = htons(which->local_port),
			.idiag_dport = htons(which->remote_port),
			.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } },
	};
	int err;

	if (which->family == AF_INET) {
		request.id.idiag_src[0] = which->local.word[3];
		request.id.idiag_dst[0] = which->remote.word[3];
	} else {
		memcpy(request.id.idiag_src, &which->local, sizeof(which->local));
		memcpy(request.id.idiag_dst, &which->remote, sizeof(which->remote));
	}
	if (!netlink || nl_connect(netlink, NETLINK_SOCK_DIAG))
		return fault_set(fault, -EIO, "cannot open a sock_diag socket");
	err = destroy(netlink, &request);
	return err < 0 ? fault_set(fault, err, "cannot destroy a connection over its limit: %s",
				   strerror(-err))
		       : 0;
}
