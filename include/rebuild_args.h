/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What user space asks the program "gate_settle" for. Part of the contract (contract.h). */
#ifndef SEKISHO_REBUILD_ARGS_H
#define SEKISHO_REBUILD_ARGS_H

#include "contract.h"

/*
 * Argument of the program "gate_settle" (BPF_PROG_TYPE_SYSCALL): a change by user space to maps
 * that the kernel writes too, in one step that a killed process cannot leave half done. The program
 * returns 1 if it made the change, 0 if there was nothing to do.
 */
enum rebuild_what {
	REBUILD_END,	/* `cookie` has ended, if its socket was last seen before sweep `seen` */
	REBUILD_REFUND, /* `connection` was closed beyond a rate: gives back `charged_ns` */
	REBUILD_OPEN,	/* an open count that is `from` becomes `to` */
	REBUILD_ADD,	/* `to` more connections are open */
	REBUILD_BAN, /* changes an existing ban to `ban`, in place, so that no packet misses it */
	REBUILD_BAN_COUNTS, /* adds the counts of `ban` to those of an existing ban */
};

struct rebuild_args {
	__u32 what;		       /* enum rebuild_what */
	__u32 kind;		       /* REBUILD_OPEN, REBUILD_ADD: enum meter_kind */
	__u64 cookie;		       /* REBUILD_END */
	struct connection connection;  /* REBUILD_REFUND */
	__u32 seen;		       /* REBUILD_END */
	__u64 charged_ns[METER_KINDS]; /* REBUILD_REFUND */
	struct meter_key key; /* REBUILD_OPEN, REBUILD_ADD; for a country `service` is the index */
	__u32 from, to;
	struct ban ban; /* REBUILD_BAN; if it has no packets, the ban begins to count anew */
	struct prefix banned;
	__u32 reserved;
};
_Static_assert(sizeof(struct rebuild_args) == 128 + sizeof(struct ban), "no padding");

#endif
