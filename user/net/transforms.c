// SPDX-License-Identifier: GPL-2.0-or-later
/* See transforms.h. */
#include "net/transforms.h"

#include <errno.h>
#include <linux/xfrm.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stddef.h>

#include "base/cleanup.h"

static void cleanup_socket(struct nl_sock **socket)
{
	nl_socket_free(*socket);
}

static int take_state(struct nl_msg *message, void *context)
{
	struct transforms *transforms = context;
	const struct xfrm_usersa_info *state = nlmsg_data(nlmsg_hdr(message));

	if (nlmsg_hdr(message)->nlmsg_type != XFRM_MSG_NEWSA ||
	    nlmsg_datalen(nlmsg_hdr(message)) < (int)sizeof(*state) ||
	    nlmsg_find_attr(nlmsg_hdr(message), sizeof(*state), XFRMA_IF_ID))
		return NL_OK;
	if (state->mode == XFRM_MODE_TRANSPORT)
		transforms->transport++;
	else
		transforms->tunnel++;
	return NL_OK;
}

int transforms_count(struct transforms *transforms)
{
	_cleanup_(cleanup_socket) struct nl_sock *socket = nl_socket_alloc();

	*transforms = (struct transforms){ 0 };
	if (!socket || nl_connect(socket, NETLINK_XFRM) ||
	    nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take_state, transforms) ||
	    nl_send_simple(socket, XFRM_MSG_GETSA, NLM_F_DUMP, NULL, 0) < 0 ||
	    nl_recvmsgs_default(socket) < 0)
		return -EOPNOTSUPP;
	return 0;
}
