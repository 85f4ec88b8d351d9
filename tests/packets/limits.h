/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a SYN is asked after lists and bans. Not here: how packets are read (cases.txt). */
#ifndef SEKISHO_PACKET_LIMITS_H
#define SEKISHO_PACKET_LIMITS_H

#include "kernel/gate_internal.h"

#define LIMITS_SERVICE	    3 /* its class has every limit */
#define LIMITS_OTHER	    4 /* as has this one's */
#define LIMITS_SERVICE_DENY 5 /* its class is none for AQ */
#define LIMITS_PORT	    110
#define LIMITS_OTHER_PORT   143
#define LIMITS_DENY_PORT    993

/* One packet through every program, in enforce mode; whether each dropped, or passed, it. */
typedef bool limits_send(struct gate *gate, const char *words, const struct address *four,
			 const struct address *six, bool drop);

/*
 * Publishes a policy of its own, fills the meters, sends, and reports one claim each time. The
 * table has 198.18.5.0/24 and 2001:db8:6:5::/64 on a deny list, and these and what is around them
 * (/15, /48) in AQ. `programs`: through how many programs a packet goes.
 */
void test_limits(struct gate *gate, limits_send *send, unsigned programs,
		 void (*report)(bool good, const char *claim));

#endif
