/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs on a device's ingress and egress by TCX (Linux 6.6): an order of their own, in front of
 * every classic filter and without a qdisc. Debian 12's libbpf does not know them. */
#ifndef SEKISHO_TCX_H
#define SEKISHO_TCX_H

#include <linux/types.h>
#include <stdbool.h>

#define TCX_MAX 64 /* programs on one side of a device, which is the kernel's own limit */

/* The programs there, the first one first; returns how many, or -errno (-EINVAL, -EOPNOTSUPP: this
 * kernel has no TCX). */
int tcx_list(unsigned ifindex, bool egress, __u32 programs[TCX_MAX]);

bool tcx_is_there(unsigned ifindex); /* this kernel has it */

/* A link of the program, in front of all others: an fd, or -errno. */
int tcx_link(int program, unsigned ifindex, bool egress);

/* Takes a program off that is not held by a link. */
int tcx_detach(__u32 program, unsigned ifindex, bool egress);

#endif
