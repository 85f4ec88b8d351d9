/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by attach.c, attach_list.c, attach_ports.c and attach_remove.c only. */
#ifndef SEKISHO_ATTACH_INTERNAL_H
#define SEKISHO_ATTACH_INTERNAL_H

#include "kernel/attach.h"
#include "kernel/own.h"

#define DRIVER_SAFE_MTU 1500 /* with this MTU every driver can remove an XDP program */

/* Whether the device's frames begin with an Ethernet header (loopback too): only then is XDP of
 * use. Also true if the kernel does not answer. */
bool attach_has_link_header(const char *device);

/* Whether an XDP program that is not this instance's is on the device; `why` names it. */
bool attach_foreign_xdp(const char *pins, unsigned ifindex, const struct own *own, char *why,
			size_t size);

/* Whether the outflow breaker's program for a bridge's port is on the device. */
bool attach_has_port_program(const char *pins, const struct own *own, unsigned ifindex);

/* Removes our XDP program, even if the driver refuses that with the present MTU. */
void attach_drop_xdp(const char *pins, unsigned ifindex, const char *device);

#endif
