// SPDX-License-Identifier: GPL-2.0-or-later
/* See filters.h. libnl carries the messages, but its own classifier objects do not know BPF
 * programs. */
#include "net/filters.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static void cleanup_socket(struct nl_sock **socket)
{
	nl_socket_free(*socket);
}

static void cleanup_message(struct nl_msg **message)
{
	nlmsg_free(*message);
}

/* Sends one request about a device and hands each answer to `take`. */
static int ask(int type, int flags, const struct tcmsg *about, nl_recvmsg_msg_cb_t take,
	       void *context, struct fault *fault)
{
	_cleanup_(cleanup_socket) struct nl_sock *socket = nl_socket_alloc();
	_cleanup_(cleanup_message) struct nl_msg *message = nlmsg_alloc_simple(type, flags);
	int err;

	if (!socket || !message)
		return fault_set(fault, -ENOMEM, "out of memory");
	err = nlmsg_append(message, (void *)(uintptr_t)about, sizeof(*about), NLMSG_ALIGNTO);
	if (type == RTM_DELQDISC && !err)
		err = nla_put_string(message, TCA_KIND, "clsact");
	if (!err)
		err = nl_connect(socket, NETLINK_ROUTE);
	if (!err && take)
		err = nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take, context);
	if (!err)
		err = nl_send_auto(socket, message);
	if (err >= 0)
		err = take ? nl_recvmsgs_default(socket) : nl_wait_for_ack(socket);
	return err < 0 ? fault_set(fault, -EIO, "cannot read the tc filters over netlink: %s",
				   nl_geterror(err))
		       : 0;
}

struct qdisc_answer {
	unsigned ifindex;
	struct qdisc *qdisc;
};

static int take_qdisc(struct nl_msg *message, void *context)
{
	struct qdisc_answer *answer = context;
	struct nlattr *attributes[TCA_MAX + 1];
	const struct tcmsg *about = nlmsg_data(nlmsg_hdr(message));

	if ((unsigned)about->tcm_ifindex != answer->ifindex || about->tcm_parent != TC_H_INGRESS ||
	    nlmsg_parse(nlmsg_hdr(message), sizeof(*about), attributes, TCA_MAX, NULL) ||
	    !attributes[TCA_KIND])
		return NL_OK;
	answer->qdisc->kind = !strcmp(nla_get_string(attributes[TCA_KIND]), "clsact")
				      ? QDISC_CLSACT
				      : QDISC_INGRESS;
	if (attributes[TCA_INGRESS_BLOCK])
		answer->qdisc->ingress_block = nla_get_u32(attributes[TCA_INGRESS_BLOCK]);
	if (attributes[TCA_EGRESS_BLOCK])
		answer->qdisc->egress_block = nla_get_u32(attributes[TCA_EGRESS_BLOCK]);
	return NL_OK;
}

int filters_qdisc(unsigned ifindex, struct qdisc *qdisc, struct fault *fault)
{
	struct tcmsg about = { .tcm_family = AF_UNSPEC, .tcm_ifindex = (int)ifindex };
	struct qdisc_answer answer = { .ifindex = ifindex, .qdisc = qdisc };

	*qdisc = (struct qdisc){ 0 };
	return ask(RTM_GETQDISC, NLM_F_DUMP, &about, take_qdisc, &answer, fault);
}

struct filter_answer {
	struct tc_filter *filters;
	size_t count;
	bool no_memory;
};

static void take_options(struct tc_filter *filter, struct nlattr *options)
{
	struct nlattr *attributes[TCA_BPF_MAX + 1];

	if (strcmp(filter->kind, "bpf") != 0 ||
	    nla_parse_nested(attributes, TCA_BPF_MAX, options, NULL))
		return;
	if (attributes[TCA_BPF_ID])
		filter->program = nla_get_u32(attributes[TCA_BPF_ID]);
	if (attributes[TCA_BPF_NAME])
		nla_strlcpy(filter->name, attributes[TCA_BPF_NAME], sizeof(filter->name));
}

static int take_filter(struct nl_msg *message, void *context)
{
	struct filter_answer *answer = context;
	const struct tcmsg *about = nlmsg_data(nlmsg_hdr(message));
	struct nlattr *attributes[TCA_MAX + 1];
	struct tc_filter *more, *filter;

	if (nlmsg_parse(nlmsg_hdr(message), sizeof(*about), attributes, TCA_MAX, NULL) ||
	    !attributes[TCA_KIND])
		return NL_OK;
	more = realloc(answer->filters, (answer->count + 1) * sizeof(*more));
	if (!more) {
		answer->no_memory = true;
		return NL_STOP;
	}
	answer->filters = more;
	filter = &more[answer->count++];
	*filter = (struct tc_filter){ .priority = about->tcm_info >> 16,
				      .handle = about->tcm_handle,
				      .protocol = __builtin_bswap16((uint16_t)about->tcm_info) };
	nla_strlcpy(filter->kind, attributes[TCA_KIND], sizeof(filter->kind));
	if (attributes[TCA_CHAIN])
		filter->chain = nla_get_u32(attributes[TCA_CHAIN]);
	if (attributes[TCA_OPTIONS])
		take_options(filter, attributes[TCA_OPTIONS]);
	return NL_OK;
}

int filters_list(unsigned ifindex, bool egress, struct tc_filter **filters, size_t *count,
		 struct fault *fault)
{
	struct tcmsg about = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS),
	};
	struct filter_answer answer = { 0 };
	struct qdisc qdisc;
	int err = filters_qdisc(ifindex, &qdisc, fault);

	*filters = NULL;
	*count = 0;
	if (err || qdisc.kind == QDISC_NONE || (egress && qdisc.kind == QDISC_INGRESS))
		return err;
	err = ask(RTM_GETTFILTER, NLM_F_DUMP, &about, take_filter, &answer, fault);
	if (!err && answer.no_memory)
		err = fault_set(fault, -ENOMEM, "out of memory");
	if (err) {
		free(answer.filters);
		return err;
	}
	*filters = answer.filters;
	*count = answer.count;
	return 0;
}

int filters_remove_qdisc(unsigned ifindex)
{
	struct tcmsg about = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)ifindex,
		.tcm_parent = TC_H_CLSACT,
		.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
	};

	return ask(RTM_DELQDISC, NLM_F_ACK, &about, NULL, NULL, NULL);
}
