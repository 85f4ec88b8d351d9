/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where SYNs may be answered with cookies on the device. Not here: which SYNs are
 * (bpf/syn_cookie.h). */
#ifndef SEKISHO_SYN_COOKIES_H
#define SEKISHO_SYN_COOKIES_H

#include "kernel/attach.h"
#include "net/driver.h"

/* What of the machine it depends on. */
struct syn_cookies_machine {
	int tcp_syncookies;  /* the sysctl; -1: there is none */
	int conntrack_loose; /* likewise */
};

/* Reads the sysctls of this network namespace. */
void syn_cookies_ask(struct syn_cookies_machine *machine);

/* Devices that lose answers, as a daemon has seen: zero-initialised. */
#define SYN_COOKIES_DEVICES 16
struct syn_cookies_memory {
	struct {
		unsigned ifindex;
		bool losing; /* it lost more than went out, once; nothing is answered on it any more
			      */
		struct driver_answers last;
	} devices[SYN_COOKIES_DEVICES];
	size_t count;
};

/* Sets `answers` and `answers_why` of a device that is, or is not, guarded as `attachment` says.
 * `memory`: what went out and got lost since the last time counts, too; may be NULL. */
void syn_cookies_judge(const struct config *config, const struct syn_cookies_machine *machine,
		       struct syn_cookies_memory *memory, struct attachment *attachment);

/* Whether the judgement of a device is another now. */
bool syn_cookies_changed(const struct config *config, struct syn_cookies_memory *memory,
			 const struct attachment *attachment);

/* Why nowhere on this machine; NULL: nothing is known. Pure. */
const char *syn_cookies_obstacle(const struct config *config,
				 const struct syn_cookies_machine *machine);

#endif
