/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outflow breaker's program on the ports of bridges. For a packet that a bridge's guest sends
 * out through this machine the stack names only the bridge, and the guest has written the rest.
 * Only the port, which is seen as the packet comes in, tells the guests of one bridge apart.
 */
#ifndef SEKISHO_ATTACH_PORTS_H
#define SEKISHO_ATTACH_PORTS_H

#include "kernel/attach.h"
#include "net/devices.h"

/* Puts the program on every port of a bridge except those of `guarded`, and removes it from all
 * other devices; removes it from all if guests have no limit. Needs gate_load(). */
void attach_ports(struct gate *gate, const struct config_outflow *outflow,
		  const struct device *devices, size_t count, const struct attachment *guarded,
		  size_t guarded_count);

/* Why a port has no program, or not as its first, since attach_ports(); "": every port has it. */
const char *attach_ports_why(const struct gate *gate);

/* False: a port lost its program since attach_ports(). */
bool attach_ports_are_there(struct gate *gate);

#endif
