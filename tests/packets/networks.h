/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter of the networks: which are there, and which are at a limit. Not here: the order of the
 * limits (limits.h). */
#ifndef SEKISHO_PACKET_NETWORKS_H
#define SEKISHO_PACKET_NETWORKS_H

#include "limits.h"

/* As test_limits(), with the same table, and reports one claim each time. */
void test_networks(struct gate *gate, limits_send *send, unsigned programs,
		   void (*report)(bool good, const char *claim));

#endif
