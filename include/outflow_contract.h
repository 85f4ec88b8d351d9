/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outflow breaker's part of the contract between kernel and user space (contract.h, whose rules
 * on versions hold here too): the content of its maps. Not here: how either side uses it.
 *
 * An attempt is the first SYN of a connection to one of the ports. A SYN that the stack sends again
 * is the same attempt.
 */
#ifndef SEKISHO_OUTFLOW_CONTRACT_H
#define SEKISHO_OUTFLOW_CONTRACT_H

#include "contract.h"

#define OUTFLOW_PORTS	 16
#define OUTFLOW_USERS	 64
#define OUTFLOW_PREFIXES 64  /* of `except`, and of `guests` */
#define OUTFLOW_RECENT	 512 /* a power of two */
#define OUTFLOW_BREAKERS 256
#define OUTFLOW_COUNTS	 2048
#define OUTFLOW_ENTERED	 4096

/* Whose attempt it is. */
enum outflow_origin {
	OUTFLOW_LOCAL = 0, /* a socket of this network namespace; id: the uid of who opened it */
	OUTFLOW_GUEST, /* forwarded; id: ifindex of the device by which it came in, for a bridge's
			* guest that of the bridge's port */
	OUTFLOW_NAMESPACE, /* a socket of another network namespace (macvlan); id: its inode */
	OUTFLOW_OTHER,	   /* all for whom the table had no room */
	OUTFLOW_REFUSED,   /* only for breakers: a user who may not send at all; id: the uid */
	OUTFLOW_ORIGINS,
};

enum outflow_verdict {
	OUTFLOW_PASS = 0,
	OUTFLOW_EXCEPT,	    /* to an excepted destination: passes, takes no token */
	OUTFLOW_RELEASED,   /* passes although it may be over the limit: an administrator said so */
	OUTFLOW_HELD,	    /* over the limit */
	OUTFLOW_USER,	    /* `users` does not name the sender */
	OUTFLOW_UNREADABLE, /* built so that its port or flags cannot be seen */
	OUTFLOW_VERDICTS,
};

struct outflow_prefix {
	struct address address, mask; /* bits beyond the mask are zero */
	__u32 length;		      /* in the 128-bit space */
	__u32 is4;
};
_Static_assert(sizeof(struct outflow_prefix) == 40, "no padding");

/* Map "outflow_rules": array of maps with one slot; the inner array holds one element, swapped
 * whole. */
struct outflow_rules {
	__u32 mode; /* enum gate_mode */
	__u32 port_count;
	__u32 users_only; /* 1: only those of `users` may send */
	__u32 user_count;
	__u32 except_count;
	__u32 guest_count;
	__u32 burst;
	__u32 guest_burst;
	__u64 interval_ns;	    /* 0: no limit */
	__u64 guest_interval_ns;    /* 0: no limit */
	__u64 calm_ns;		    /* nothing held back for so long ends a trip */
	__u32 ports[OUTFLOW_PORTS]; /* host order */
	__u32 users[OUTFLOW_USERS]; /* uids */
	struct outflow_prefix excepts[OUTFLOW_PREFIXES];
	struct outflow_prefix guests[OUTFLOW_PREFIXES];
};
_Static_assert(sizeof(struct outflow_rules) ==
		       32 + 24 + 4 * OUTFLOW_PORTS + 4 * OUTFLOW_USERS + 2 * 40 * OUTFLOW_PREFIXES,
	       "no padding");

/* `port` is 0 for a breaker. `guest`: the number, from 1, of the prefix in `guests`; 0: none. */
struct outflow_key {
	__u32 origin; /* enum outflow_origin */
	__u32 id;
	__u16 guest;
	__u16 port; /* 0 in a count: it could not be read */
};
_Static_assert(sizeof(struct outflow_key) == 12, "hash key: no padding");

/*
 * Map "outflow_breakers": preallocated hash, struct outflow_key -> struct outflow_breaker. One for
 * all of this machine's own (LOCAL, id 0), one for each guest device or prefix. A breaker is
 * tripped while last_held_ns + calm_ns > now and since_ns > released_ns; so a trip ends by itself.
 * A release does not end a trip of REFUSED.
 */
struct outflow_breaker {
	__u64 arrival_ns;   /* bucket.h */
	__u64 since_ns;	    /* CLOCK_BOOTTIME of the last trip's first held attempt; 0: never */
	__u64 last_held_ns; /* CLOCK_BOOTTIME */
	__u64 last_ns;	    /* CLOCK_BOOTTIME of the last attempt */
	__u64 trip_held;    /* attempts held back in this trip, also those that monitor let pass */
	__u64 trips;
	__u64 attempts;
	__u64 held; /* attempts held back since the map was made */
};
_Static_assert(sizeof(struct outflow_breaker) == 64, "no padding");

/* Map "outflow_counts": preallocated hash, struct outflow_key -> struct outflow_count. */
struct outflow_count {
	__u64 attempts;
	__u64 verdicts[OUTFLOW_VERDICTS]; /* attempts by their first verdict, in either mode */
	__u64 dropped;			  /* attempts whose first SYN was dropped */
	__u64 late;			  /* held back first, and let through when sent again */
	__u64 again;			  /* SYNs that were sent again */
	__u64 last_ns;			  /* CLOCK_BOOTTIME of the last attempt */
};
_Static_assert(sizeof(struct outflow_count) == 88, "no padding");

/* Map "outflow_recent": mmap-able ring of the last attempts, slot number modulo OUTFLOW_RECENT. */
struct outflow_recent {
	__u64 time_ns; /* CLOCK_BOOTTIME; 0: empty, or being written */
	__u64 cgroup;  /* id of the socket's cgroup (v2): its inode; 0: not known */
	struct address source, destination;
	struct outflow_key who;
	__u16 source_port;
	__u8 verdict; /* enum outflow_verdict */
	__u8 mode;    /* enum gate_mode */
};
_Static_assert(sizeof(struct outflow_recent) == 64, "no padding");

/* Map "outflow_control": array of one mmap-able element. */
struct outflow_control {
	__u64 released_ns;	 /* CLOCK_BOOTTIME of the last release; written by user space */
	__u64 released_until_ns; /* until then nothing is held back; written by user space */
	__u64 recent_next;	 /* number of the next slot; the kernel writes it and all below */
	__u64 breaker_used, breaker_overflows;
	__u64 count_used, count_overflows;
	__u64 memory_overflows; /* attempts for which no memory was left, so that repeats count */
};
_Static_assert(sizeof(struct outflow_control) == 64, "no padding");

/* Map "outflow_sockets": socket storage of struct outflow_memory: which SYN of this socket was
 * judged last, and how. */
/* Map "outflow_flows": LRU hash, struct outflow_flow -> struct outflow_memory: the same for guests,
 * whose sockets are not on this machine. A flow that was forgotten is judged anew. */
struct outflow_flow {
	struct address source, destination;
	__u16 source_port, port;
	__u32 sequence; /* network order, as all of it */
};
_Static_assert(sizeof(struct outflow_flow) == 40, "hash key: no padding");

/* Map "outflow_entered": LRU hash, struct outflow_flow without its source (which address
 * translation changes on the way) -> __u32: ifindex of the bridge's port by which this SYN came in.
 * A guest may write anything into a packet, but cannot choose the port by which it comes. */

struct outflow_memory {
	struct outflow_flow flow; /* zero in "outflow_flows" */
	__u64 time_ns;		  /* CLOCK_BOOTTIME of the first SYN */
	__u32 repeats;
	__u32 verdict; /* enum outflow_verdict */
};
_Static_assert(sizeof(struct outflow_memory) == 56, "no padding");

/* Map "outflow_reported": hash, struct outflow_key -> __u64: since_ns of the trip whose beginning
 * was reported, 0 once its end was, too. Only user space writes and reads it. */

#endif
