/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs on a device's ingress and egress by TCX (Linux 6.6): they have an order of their own,
 * are in front of every classic filter, and need no qdisc. Debian 12's libbpf does not know TCX. */
#ifndef SEKISHO_TCX_H
#define SEKISHO_TCX_H

#include <linux/types.h>
#include <stdbool.h>

#define TCX_MAX 64 /* programs on one side of a device: the kernel's own limit */

/* Lists the programs in their order; returns how many, or -errno (-EINVAL, -EOPNOTSUPP: this kernel
 * has no TCX). */
int tcx_list(unsigned ifindex, bool egress, __u32 programs[TCX_MAX]);

bool tcx_is_there(unsigned ifindex); /* this kernel has it */

/* Links the program in front of all others: an fd, or -errno. */
int tcx_link(int program, unsigned ifindex, bool egress);

/* Removes a program that no link holds. */
int tcx_detach(__u32 program, unsigned ifindex, bool egress);

#endif
