/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by attach.c, attach_list.c, attach_ports.c and attach_remove.c only. */
#ifndef SEKISHO_ATTACH_INTERNAL_H
#define SEKISHO_ATTACH_INTERNAL_H

#include "kernel/attach.h"
#include "kernel/own.h"

#define DRIVER_SAFE_MTU 1500 /* at which every driver lets go of an XDP program */

/* Whether its frames begin with an Ethernet header (loopback too): only there is XDP of use. Also
 * true where the kernel does not answer. */
bool attach_has_link_header(const char *device);

/* Says in `why` which XDP program, not of this instance, is on the device. */
bool attach_foreign_xdp(const char *pins, unsigned ifindex, const struct own *own, char *why,
			size_t size);

/* Whether the outflow breaker's program for a bridge's port is on the device. */
bool attach_has_port_program(const char *pins, const struct own *own, unsigned ifindex);

/* Takes our XDP program off, also where the driver does not like to let go of it. */
void attach_drop_xdp(const char *pins, unsigned ifindex, const char *device);

#endif
