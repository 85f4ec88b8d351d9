// SPDX-License-Identifier: GPL-2.0-or-later
/* See diag.h. */
#include "kernel/diag.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct search {
	bool (*wanted)(const struct inet_diag_msg *socket, const void *context);
	const void *context;
	struct inet_diag_msg *found;
	size_t count, room;
	int err;
};

void diag_close(struct nl_sock **netlink)
{
	nl_socket_free(*netlink);
	*netlink = NULL;
}

int diag_open(struct nl_sock **netlink, struct fault *fault)
{
	*netlink = nl_socket_alloc();
	if (!*netlink)
		return fault_set(fault, -ENOMEM, "out of memory");
	if (nl_connect(*netlink, NETLINK_SOCK_DIAG))
		return fault_set(fault, -EIO, "cannot open a sock_diag socket");
	nl_socket_disable_seq_check(*netlink);
	return 0;
}

static int on_socket(struct nl_msg *message, void *context)
{
	const struct inet_diag_msg *socket = nlmsg_data(nlmsg_hdr(message));
	struct search *search = context;

	if ((size_t)nlmsg_datalen(nlmsg_hdr(message)) < sizeof(*socket) ||
	    (search->wanted && !search->wanted(socket, search->context)))
		return NL_OK;
	if (search->count == search->room) {
		size_t room = search->room ? search->room * 2 : 64;
		void *more = realloc(search->found, room * sizeof(*search->found));

		if (!more) {
			search->err = -ENOMEM;
			return NL_STOP;
		}
		search->found = more;
		search->room = room;
	}
	search->found[search->count++] = *socket;
	return NL_OK;
}

static int dump(struct nl_sock *netlink, int family, uint32_t states, struct search *search)
{
	struct inet_diag_req_v2 request = {
		.sdiag_family = (__u8)family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_states = states,
	};
	int err;

	nl_socket_modify_cb(netlink, NL_CB_VALID, NL_CB_CUSTOM, on_socket, search);
	err = nl_send_simple(netlink, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &request, sizeof(request));
	if (err >= 0)
		err = nl_recvmsgs_default(netlink);
	return err < 0 ? -EIO : search->err;
}

int diag_list(struct nl_sock *netlink, uint32_t states,
	      bool (*wanted)(const struct inet_diag_msg *socket, const void *context),
	      const void *context, struct inet_diag_msg **found, size_t *count)
{
	struct search search = { .wanted = wanted, .context = context };
	int err = dump(netlink, AF_INET, states, &search);

	if (!err)
		err = dump(netlink, AF_INET6, states, &search);
	*found = NULL;
	*count = 0;
	if (err) {
		free(search.found);
		return err;
	}
	*found = search.found;
	*count = search.count;
	return 0;
}

int diag_destroy(struct nl_sock *netlink, const struct inet_diag_req_v2 *which)
{
	struct inet_diag_req_v2 request = *which; /* libnl takes no const */
	int err = nl_send_simple(netlink, SOCK_DESTROY, NLM_F_ACK, &request, sizeof(request));

	if (err >= 0)
		err = nl_wait_for_ack(netlink);
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

static struct address to_address(const struct inet_diag_msg *socket, const __be32 *words)
{
	struct address address;

	if (socket->idiag_family == AF_INET)
		return address_from4(ntohl(words[0]));
	memcpy(&address, words, sizeof(address));
	return address;
}

struct address diag_local(const struct inet_diag_msg *socket)
{
	return to_address(socket, socket->id.idiag_src);
}

struct address diag_remote(const struct inet_diag_msg *socket)
{
	return to_address(socket, socket->id.idiag_dst);
}
