/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bans remember, and the Bloom filter before them. Not here: that a ban drops (cases.txt). */
#ifndef SEKISHO_PACKET_BANS_H
#define SEKISHO_PACKET_BANS_H

#include "kernel/gate_internal.h"

/* One packet through every program, in enforce mode; whether each dropped, or passed, it. */
typedef bool bans_send(struct gate *gate, const char *words, const struct address *four,
		       const struct address *six, bool drop);

/* Puts bans and publishes tables of its own; port 25 must be protected, in enforce mode. Reports
 * one claim each time. */
void test_bans(struct gate *gate, bans_send *send, void (*report)(bool good, const char *claim));

/* SYNs that the gate has counted for a service, of a country's two letters. */
uint64_t attempts_of(struct gate *gate, unsigned service, const char *country);

#endif
