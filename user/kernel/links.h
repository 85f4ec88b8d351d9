/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pinned links that hold our programs on devices: XDP, and TCX on ingress and egress,
 * and on the ingress of a bridge's port. */
#ifndef SEKISHO_LINKS_H
#define SEKISHO_LINKS_H

#include "base/fault.h"
#include <linux/types.h>

enum link_kind { LINK_XDP, LINK_INGRESS, LINK_EGRESS, LINK_PORT, LINK_KINDS };

/* Our link on this device: its fd, or -1. A link whose device is gone, has moved to another
 * namespace or no longer has the link's program is removed and forgotten. *program (may be NULL):
 * the program's id. */
int link_open(const char *pins, enum link_kind kind, unsigned ifindex, __u32 *program);

/* Puts the program on the device by a new link, which is pinned. `flags` for XDP: XDP_FLAGS_*. The
 * fault has the kernel's own words if it gave any. */
int link_make(const char *pins, enum link_kind kind, unsigned ifindex, int program, __u32 flags,
	      struct fault *fault);

/* Removes the program at once, and forgets the link. */
void link_drop(const char *pins, enum link_kind kind, unsigned ifindex);

/* Removes a program that no pin of ours holds: by its link, whoever has that, or without one. Needs
 * CAP_SYS_ADMIN. */
void link_break(__u32 program, unsigned ifindex, enum link_kind kind);

/* Calls `each` for every link of this contract, with kind and device. */
void link_each(const char *pins, void (*each)(enum link_kind kind, unsigned ifindex, void *context),
	       void *context);

/* Remember, and tell, whether this instance made the clsact qdisc on the device. `made` 0: forgets
 * it. */
void link_clsact_set(const char *pins, unsigned ifindex, int made);
int link_clsact_is_own(const char *pins, unsigned ifindex);

/* The XDP program on a device of this network namespace, in any mode; 0: none. */
__u32 link_xdp_program(unsigned ifindex);

#endif
