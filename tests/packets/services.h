/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bans and lists that are for some services, and local addresses. */
#ifndef SEKISHO_PACKET_SERVICES_H
#define SEKISHO_PACKET_SERVICES_H

#include "bans.h"

/* As test_bans(); ports 25 and 587 must be protected, as services 1 and 2. Leaves a table of its
 * own. */
void test_services(struct gate *gate, bans_send *send,
		   void (*report)(bool good, const char *claim));

#endif
