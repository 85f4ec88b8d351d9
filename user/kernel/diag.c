// SPDX-License-Identifier: GPL-2.0-or-later
/* See diag.h. */
#include "kernel/diag.h"

#include <errno.h>
#include <linux/mptcp.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct diag_search {
	bool (*wanted)(const struct diag_socket *socket, const void *context);
	const void *context;
	enum diag_kind kind;
	struct diag_socket *found;
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

/* The token of an MPTCP session; 0: none. */
static uint32_t token_of_session(struct nlattr *attribute)
{
	struct mptcp_info info = { 0 };

	if (!attribute || nla_len(attribute) < (int)offsetof(struct mptcp_info, mptcpi_write_seq))
		return 0;
	nla_memcpy(&info, attribute, (int)sizeof(info));
	return info.mptcpi_token;
}

/* The token of the session that a TCP connection belongs to; 0: none. */
static uint32_t token_of_path(struct nlattr *ulp)
{
	struct nlattr *multipath = ulp ? nla_find(nla_data(ulp), nla_len(ulp), INET_ULP_INFO_MPTCP)
				       : NULL;
	struct nlattr *token = multipath ? nla_find(nla_data(multipath), nla_len(multipath),
						    MPTCP_SUBFLOW_ATTR_TOKEN_LOC)
					 : NULL;

	return token && nla_len(token) >= 4 ? nla_get_u32(token) : 0;
}

static int on_socket(struct nl_msg *message, void *context)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct diag_socket socket;
	struct diag_search *search = context;

	if ((size_t)nlmsg_datalen(header) < sizeof(socket.is))
		return NL_OK;
	memcpy(&socket.is, nlmsg_data(header), sizeof(socket.is));
	socket.token = search->kind == DIAG_SESSIONS
			       ? token_of_session(
					 nlmsg_find_attr(header, sizeof(socket.is), INET_DIAG_INFO))
			       : token_of_path(nlmsg_find_attr(header, sizeof(socket.is),
							       INET_DIAG_ULP_INFO));
	if (search->wanted && !search->wanted(&socket, search->context))
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
	search->found[search->count++] = socket;
	return NL_OK;
}

/* Sends a dump request. MPTCP's protocol number does not fit into the request's byte, so it is an
 * attribute. */
static int send_dump(struct nl_sock *netlink, const struct inet_diag_req_v2 *request, bool sessions)
{
	struct nl_msg *message = nlmsg_alloc_simple(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	struct inet_diag_req_v2 copy = *request; /* libnl takes no const */
	int err = message ? nlmsg_append(message, &copy, sizeof(copy), NLMSG_ALIGNTO) : -NLE_NOMEM;

	if (err >= 0 && sessions)
		err = nla_put_u32(message, INET_DIAG_REQ_PROTOCOL, IPPROTO_MPTCP);
	if (err >= 0)
		err = nl_send_auto(netlink, message);
	nlmsg_free(message);
	return err;
}

static int dump(struct nl_sock *netlink, int family, uint32_t states, struct diag_search *search)
{
	struct inet_diag_req_v2 request = {
		.sdiag_family = (__u8)family,
		.sdiag_protocol = IPPROTO_TCP,
		.idiag_ext = search->kind == DIAG_TCP ? 0 : 1 << (INET_DIAG_INFO - 1),
		.idiag_states = states,
	};
	int err;

	nl_socket_modify_cb(netlink, NL_CB_VALID, NL_CB_CUSTOM, on_socket, search);
	err = send_dump(netlink, &request, search->kind == DIAG_SESSIONS);
	if (err >= 0)
		err = nl_recvmsgs_default(netlink);
	if (err < 0)
		return err == -NLE_OBJ_NOTFOUND ? -ENOENT : -EIO;
	return search->err;
}

int diag_list(struct nl_sock *netlink, enum diag_kind kind, uint32_t states,
	      bool (*wanted)(const struct diag_socket *socket, const void *context),
	      const void *context, struct diag_socket **found, size_t *count)
{
	struct diag_search search = { .wanted = wanted, .context = context, .kind = kind };
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
