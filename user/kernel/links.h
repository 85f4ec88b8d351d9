/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pinned links that hold our programs on devices: XDP, and TCX on ingress and egress,
 * and on the ingress of a bridge's port. */
#ifndef SEKISHO_LINKS_H
#define SEKISHO_LINKS_H

#include "base/fault.h"
#include <linux/types.h>

enum link_kind { LINK_XDP, LINK_INGRESS, LINK_EGRESS, LINK_PORT, LINK_KINDS };

/* Our link on this device: its fd, or -1. One whose device is gone, moved to another namespace or
 * has no program of it any more is taken off and forgotten. *program (may be NULL): its id. */
int link_open(const char *pins, enum link_kind kind, unsigned ifindex, __u32 *program);

/* Puts the program on the device by a new link, which is pinned. `flags` of XDP: XDP_FLAGS_*. The
 * fault is the kernel's own words where it gave any. */
int link_make(const char *pins, enum link_kind kind, unsigned ifindex, int program, __u32 flags,
	      struct fault *fault);

/* Takes the program off, at once, and forgets the link. */
void link_drop(const char *pins, enum link_kind kind, unsigned ifindex);

/* Takes a program off that no pin of ours holds: by its link, whoever has it, or without one. Takes
 * CAP_SYS_ADMIN. */
void link_break(__u32 program, unsigned ifindex, enum link_kind kind);

/* Every link of this contract: `each` is told kind and device. */
void link_each(const char *pins, void (*each)(enum link_kind kind, unsigned ifindex, void *context),
	       void *context);

/* Forgets that, or remembers whether, the clsact qdisc on the device was made by this instance. */
void link_clsact_set(const char *pins, unsigned ifindex, int made);
int link_clsact_is_own(const char *pins, unsigned ifindex);

/* The XDP program on a device of this network namespace, in whatever mode; 0: none. */
__u32 link_xdp_program(unsigned ifindex);

#endif
