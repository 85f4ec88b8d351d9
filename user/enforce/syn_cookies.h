/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On which devices SYNs may be answered with cookies. Not here: which SYNs are
 * (bpf/syn_cookie.h). */
#ifndef SEKISHO_SYN_COOKIES_H
#define SEKISHO_SYN_COOKIES_H

#include "kernel/attach.h"
#include "net/driver.h"

/* The properties of the machine on which this depends. */
struct syn_cookies_machine {
	int tcp_syncookies;  /* the sysctl; -1: there is none */
	int conntrack_loose; /* likewise */
};

/* Reads the sysctls of this network namespace. */
void syn_cookies_ask(struct syn_cookies_machine *machine);

/* Devices on which the daemon has seen lost answers. Begins zero-initialised. */
#define SYN_COOKIES_DEVICES 16
struct syn_cookies_memory {
	struct {
		unsigned ifindex;
		bool losing; /* it once lost more than it sent; no SYN is answered on it any more */
		struct driver_answers last;
	} devices[SYN_COOKIES_DEVICES];
	size_t count;
};

/* Sets `answers` and `answers_why` of `attachment`, which says whether its device is guarded, and
 * how. With `memory` (may be NULL), answers sent and lost since the last call count, too. */
void syn_cookies_judge(const struct config *config, const struct syn_cookies_machine *machine,
		       struct syn_cookies_memory *memory, struct attachment *attachment);

/* Whether the judgement of a device has changed. */
bool syn_cookies_changed(const struct config *config, struct syn_cookies_memory *memory,
			 const struct attachment *attachment);

/* Why SYNs are answered on no device of this machine; NULL: no reason is known. Pure. */
const char *syn_cookies_obstacle(const struct config *config,
				 const struct syn_cookies_machine *machine);

#endif
