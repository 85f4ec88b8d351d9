/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one contract between the gate in the kernel (bpf/) and user space (user/): what lies in the
 * maps. Not here: how either side uses it. Include <linux/types.h> or vmlinux.h before this file.
 *
 * Any change to a type, a size or a map's meaning raises CONTRACT_VERSION; the pins live in a
 * folder named after it, so programs of two versions never share a map.
 */
#ifndef SEKISHO_CONTRACT_H
#define SEKISHO_CONTRACT_H

#define CONTRACT_VERSION 2

#define SERVICE_MAX	 16  /* service ids; 0 is "no protected port" */
#define COUNTRY_COUNT	 676 /* 26 * 26: (c0 - 'A') * 26 + (c1 - 'A') */
#define COUNTRY_ZZ	 675 /* unknown */
#define CLASS_MAX	 64  /* class ids, the two built-in ones included */
#define CLASS_PASS	 0   /* built in: no limits */
#define CLASS_DENY	 1   /* built in: nobody of this country */
#define LIST_MAX	 256 /* list ids; 0 is "no list" */
#define PORT_COUNT	 65536
#define BAN_LENGTHS	 40 /* distinct prefix lengths of bans, per family */

enum gate_mode { GATE_MONITOR = 0, GATE_ENFORCE = 1 };

/* Why a packet was, or in monitor mode would have been, dropped. Names: reason_name(). */
enum reason {
	REASON_NONE = 0, /* passes */
	REASON_BANNED,
	REASON_LISTED,
	REASON_COUNTRY,
	REASON_SOURCE_CONNECTIONS,
	REASON_NETWORK_CONNECTIONS,
	REASON_SOURCE_RATE,
	REASON_NETWORK_RATE,
	REASON_COUNTRY_RATE,
	REASON_UNREADABLE,
	REASON_COUNT,
};

/* An IPv6 address in network byte order, or an IPv4 one as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
struct address {
	union {
		__u8 byte[16];
		__be32 word[4];
	};
};
_Static_assert(sizeof(struct address) == 16, "4 words, no padding");

/* Bits beyond the length are zero. Lengths count in the 128-bit space: an IPv4 /24 is 120. */
struct prefix {
	struct address address;
	__u32 length;
};
_Static_assert(sizeof(struct prefix) == 20, "hash key: padding would make look-ups fail");

/*
 * Map "bans": preallocated hash, struct prefix -> struct ban. Never an LRU: a ban is not evicted.
 * With the kernel's 48 bytes before the key an entry has 128 bytes: one line of the cache to find
 * that it is another's, a second one for all that there is to read and to count.
 */
struct ban {
	__u64 expires_ns; /* CLOCK_BOOTTIME; from then on the gate ignores the entry */
	__u64 since_ns;	  /* CLOCK_BOOTTIME */
	__u64 packets;	  /* dropped, or in monitor mode would have been */
	__u64 attempts;	  /* SYNs among them */
	__u64 last_ns;	  /* CLOCK_BOOTTIME of the last of them; 0: none yet */
	__u32 rule;	  /* enum ban_rule: user space's word, carried for a lost store */
	__u32 reserved;
	__u64 leaf; /* the gate's note: what find_leaf() said of the source; 0: none. Of bans of a
		     * single IPv4 address or of an IPv6 /64 and longer */
};
_Static_assert(sizeof(struct ban) == 56, "no padding");

/*
 * Maps "ban_bloom" and "network_bloom": Bloom filters with a bit for each entry of "bans" and of
 * "networks", so that most packets need not look for what is not there. mmap-able arrays of words:
 * word 0 is the number of bits, a power of two (0: not set up yet), with BLOOM_BELIEVED once they
 * are right, until when every entry is looked for. Bit n is bit n % 64 of word 1 + n / 64; which
 * one is an entry's: bloom_bit.h.
 *
 * Bans: user space alone writes, under the writers' lock: a bit is set before its ban is put in,
 * and cleared by a sweep that found no ban of it. Networks: who puts an entry in, the gate as a
 * rule, sets its bit right after. The sweep of user space first takes BLOOM_BELIEVED away, then
 * clears all bits and sets those of the entries that it finds and leaves; whoever puts one in
 * meanwhile is found by it, or sets its bit after the clearing.
 */
#define BLOOM_BELIEVED (1ULL << 63)

/* Map "tick_clock": per-CPU array of one element, the gate's own. The time is asked for once a
 * tick. */
struct tick_clock {
	__u64 tick;    /* jiffies */
	__u64 boot_ns; /* CLOCK_BOOTTIME in that tick */
};
_Static_assert(sizeof(struct tick_clock) == 16, "no padding");

#define CONTROL_FILLED (1U << 31)

/*
 * Map "control": one mmap-able element. User space alone writes it, under the writers' lock, one
 * aligned store at a time: a length is added behind the last and then counted; one is removed by
 * moving the last into its place and then counting one less. So a packet never misses a length.
 */
struct control {
	__u32 contract_version; /* 0 until the bans of the store, and what was carried, are in;
				 * then with CONTROL_FILLED until open connections are counted */
	__u32 length_count4;
	__u32 length_count6;
	__u32 table_stamp;	     /* table_head.stamp of the table in force, or about to be */
	__u32 lengths4[BAN_LENGTHS]; /* prefix lengths of which IPv4 bans may exist: 96 .. 128 */
	__u32 lengths6[BAN_LENGTHS]; /* the same for IPv6: 0 .. 128 */
	__u64 ban_used;		     /* entries, ended ones not yet swept included */
	__u64 ban_overflows;	     /* bans refused: the map, or a list of lengths, was full */
};
_Static_assert(sizeof(struct control) == 16 + 2 * 4 * BAN_LENGTHS + 16, "no padding");

/* Limits of a class. 0 is "no limit". Rates: one token each interval, at most burst saved up. */
struct limits {
	__u32 source_connections;  /* open at once */
	__u32 network_connections; /* open at once */
	__u64 source_interval_ns;
	__u64 network_interval_ns;
	__u64 country_interval_ns;
	__u32 source_burst;
	__u32 network_burst;
	__u32 country_burst;
	__u32 reserved;
};
_Static_assert(sizeof(struct limits) == 48, "no padding");

/* Map "policy": array of maps with one slot; the inner array holds one element, swapped whole. */
struct policy {
	__u32 mode;	       /* enum gate_mode */
	__u32 service_count;   /* ids 1 .. service_count are in use */
	__u32 source_length6;  /* prefix length that makes an IPv6 source: 64 */
	__u32 network_length6; /* 48 */
	__u32 network_length4; /* in the 128-bit space: 120 is /24 */
	__u32 count_syn;       /* 1: forwarders, which see no handshakes */
	struct limits classes[CLASS_MAX];
	__u8 country_class[SERVICE_MAX][COUNTRY_COUNT];
	__u8 port_service[PORT_COUNT]; /* by destination port, host order */
};
_Static_assert(sizeof(struct policy) == 24 + 48 * CLASS_MAX + 676 * SERVICE_MAX + 65536,
	       "no padding");

/*
 * Map "table": array of maps with one slot; the inner array of blocks is the static table, every
 * country and list compiled into one image, swapped whole. Layout and look-up: table.h.
 */

/*
 * Maps "sources" and "networks": preallocated hashes, struct meter_key -> struct meter. An entry
 * begins with a completed handshake, never with a packet. A full table takes no new entry: the
 * source is then held by its network's limits, the network by its country's.
 */
struct meter_key {
	struct prefix prefix; /* a source or a network */
	__u32 service;
};
_Static_assert(sizeof(struct meter_key) == 24, "hash key: no padding");

struct meter {
	__u64 arrival_ns; /* CLOCK_BOOTTIME; when the tokens taken will have come back (GCRA's TAT) */
	__u64 last_ns;	  /* CLOCK_BOOTTIME of the last handshake or attempt */
	__u64 handshakes;
	__u64 attempts; /* SYNs since the entry began */
	__u64 dropped;	/* of these, also in monitor mode */
	__u32 open;	/* connections now */
	__u32 reserved;
};
_Static_assert(sizeof(struct meter) == 48, "no padding");

/* Map "country_meters": array of struct meter, service * COUNTRY_COUNT + country. */

/* Map "counted": socket storage, what to give back when the connection ends. */
struct counted {
	struct address remote;
	__u16 country;
	__u8 service;
	__u8 reserved;
};
_Static_assert(sizeof(struct counted) == 20, "no padding");

/* Map "opened": LRU hash by socket cookie. Tells, at a load, which of the open connections the
 * counter has seen. The only LRU: what it forgets was counted long before. */

/* Map "adopted": hash, socket cookie -> struct counted, of the connections that it had not seen.
 * Their ends are found by user space. */

/* Argument of the program "gate_adopt" (BPF_PROG_TYPE_SYSCALL), which counts such a connection, or
 * its end, in one step that a killed process cannot leave half done. */
struct adopt_args {
	__u64 cookie;
	struct counted counted; /* not read when it has ended */
	__u32 ended;
};
_Static_assert(sizeof(struct adopt_args) == 32, "no padding");

/* Map "usage": array of one mmap-able element, atomically counted on both sides. */
struct usage {
	__u64 source_used, source_overflows;
	__u64 network_used, network_overflows;
	__u64 over_limit_lost; /* records that did not fit into "over_limit" */
};
_Static_assert(sizeof(struct usage) == 40, "no padding");

/* Map "over_limit": ring buffer; a connection that completed its handshake beyond a limit. */
struct over_limit {
	struct address local, remote;  /* IPv4 mapped */
	__u16 local_port, remote_port; /* host order */
	__u32 family;		       /* of the socket: AF_INET or AF_INET6 */
	__u32 service;
	__u32 reason; /* enum reason */
};
_Static_assert(sizeof(struct over_limit) == 48, "no padding");

/* Map "country_counts": per-CPU array, service * COUNTRY_COUNT + country. */
struct country_counts {
	__u64 attempts;	  /* SYNs */
	__u64 dropped;	  /* of these, in enforce mode */
	__u64 would_drop; /* of these, in monitor mode */
	__u64 handshakes; /* completed, as the TCP stack reports them */
};
_Static_assert(sizeof(struct country_counts) == 32, "no padding");

/* Map "reason_counts": per-CPU array, (service * REASON_COUNT + reason) * 2 + mode. */
struct reason_counts {
	__u64 packets;
	__u64 attempts; /* SYNs among them */
};
_Static_assert(sizeof(struct reason_counts) == 16, "no padding");

/* Map "list_counts": per-CPU array by list id: packets that the list decided, pass or drop. */
struct list_counts {
	__u64 packets;
	__u64 attempts;
};
_Static_assert(sizeof(struct list_counts) == 16, "no padding");

#endif
