/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ingress and egress filters of a device (tc), read over netlink. Not here: changing them. */
#ifndef SEKISHO_FILTERS_H
#define SEKISHO_FILTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/fault.h"

enum qdisc_kind {
	QDISC_NONE = 0,
	QDISC_CLSACT,
	QDISC_INGRESS, /* has no egress side: a filter for egress would land on ingress */
};

struct qdisc {
	enum qdisc_kind kind;
	uint32_t ingress_block, egress_block; /* shared with other devices; 0: the device's own */
};

struct tc_filter {
	uint32_t priority, handle, chain;
	uint16_t protocol; /* ETH_P_*, host order */
	char kind[16];	   /* "bpf", "flower" */
	char name[64];	   /* of a BPF program, as given when it was attached; else "" */
	uint32_t program;  /* the BPF program's id; 0: none */
};

/* The qdisc that holds the filters. -errno: the kernel could not be asked. */
int filters_qdisc(unsigned ifindex, struct qdisc *qdisc, struct fault *fault);

/* The filters in the order in which a packet meets them; *filters is malloc()ed. There are none
 * without a qdisc, and none on the egress side of QDISC_INGRESS. */
int filters_list(unsigned ifindex, bool egress, struct tc_filter **filters, size_t *count,
		 struct fault *fault);

/* Removes a clsact qdisc, with all that is on it, from the device. */
int filters_remove_qdisc(unsigned ifindex);

#endif
