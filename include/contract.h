/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one contract between the gate in the kernel (bpf/) and user space (user/): what lies in the
 * maps. Not here: how either side uses it. Include <linux/types.h> or vmlinux.h before this file.
 *
 * Any change to a type, a size or a map's meaning raises CONTRACT_VERSION; the pins live in a
 * folder named after it, so programs of two versions never share a map. What an upgrade takes over
 * of an older version's maps is decided in user/kernel/migrate.c.
 */
#ifndef SEKISHO_CONTRACT_H
#define SEKISHO_CONTRACT_H

#define CONTRACT_VERSION 3

#define SERVICE_MAX	 16  /* service ids; 0 is "no protected port" */
#define COUNTRY_COUNT	 676 /* 26 * 26: (c0 - 'A') * 26 + (c1 - 'A') */
#define COUNTRY_ZZ	 675 /* unknown */
#define COUNTRY_LAN	 674 /* private and local addresses; in the place of ZY, which is no country */
#define COUNTRY_XA	 598 /* XA to XZ, which ISO 3166 leaves to users: of lists (table.h) */
#define COUNTRY_CODES	 26
#define CLASS_MAX	 64	   /* class ids, the two built-in ones included */
#define CLASS_PASS	 0	   /* built in: no limits */
#define CLASS_DENY	 1	   /* built in: nobody of this country */
#define CLASS_UNNAMED	 CLASS_MAX /* of a list's code: the service judges by the country itself */
#define LIST_MAX	 256	   /* list ids; 0 is "no list" */
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

/*
 * What a ban closes: one group of services or both. A service that has port 25, or the name smtp,
 * is of the one, every other protected service of the other. A mask.
 */
enum ban_services {
	BAN_SMTP = 1,  /* mail from other servers */
	BAN_LOGIN = 2, /* submission, imap, pop3, sieve: where people log in */
	BAN_ALL = BAN_SMTP | BAN_LOGIN,
};
/* The number of each one's bit. */
enum ban_group { BAN_GROUP_SMTP = 0, BAN_GROUP_LOGIN = 1, BAN_GROUPS = 2 };

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
#define BAN_TIME_SHIFT 26 /* times of 32 bits count in 2^26 ns (67 ms): 9 years since the boot */

struct ban {
	__u64 expires_ns[BAN_GROUPS]; /* CLOCK_BOOTTIME; from then on the gate ignores the entry for
				       * the services of that group; 0: it never closed them */
	__u64 packets;		      /* dropped, or in monitor mode would have been; of both */
	__u64 attempts;		      /* SYNs among them */
	__u64 lookup; /* the gate's note: what find_leaf() said of the source, its stamp mixed
		       * with the prefix; 0: none. Of bans of a single IPv4 address or of an IPv6
		       * /64 and longer; never a LOOKUP_MIXED one */
	__u32 since[BAN_GROUPS]; /* CLOCK_BOOTTIME >> BAN_TIME_SHIFT */
	__u32 last;		 /* the same, of the last packet; 0: none yet */
	__u8 rule[BAN_GROUPS];	 /* enum ban_rule: user space's word, carried for a lost store */
	__u16 reserved;
};
_Static_assert(sizeof(struct ban) == 56, "no padding");

/*
 * Maps "ban_bloom" and "network_bloom": Bloom filters with a bit for each entry of "bans" and of
 * "networks", and for the network of each entry of "sources", so that most packets need not look
 * for what is not there. mmap-able arrays of words: word 0 is the number of bits, a power of two
 * (0: not set up yet), with BLOOM_VALID once they are right, until when every entry is looked
 * for. Bit n is bit n % 64 of word 1 + n / 64; which one is an entry's: bloom_bit.h.
 *
 * Bans: user space alone writes, under the writers' lock: a bit is set before its ban is put in,
 * and cleared by a sweep that found no ban of it. Networks: who puts an entry in, the gate as a
 * rule, sets its bit right after. The sweep of user space first takes BLOOM_VALID away, then
 * clears all bits and sets those of the entries that it finds and leaves; whoever puts one in
 * meanwhile is found by it, or sets its bit after the clearing. "ban_bloom" has as many words again
 * behind these, for what a sweep that is under way has noted (control.ban_sweep): user space's own.
 */
#define BLOOM_VALID (1ULL << 63)

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
 * moving the last into its place and then counting one less. Before a place is used again, packets
 * that still read by an older count are waited for. So a packet never misses a length.
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
	__u64 ban_overflows; /* bans refused, or removed for others: the map, or a list of lengths,
			      * was full */
	/* User space's own: a sweep of "bans" goes in portions. Who puts a ban in meanwhile notes
	 * it as the sweep does; at the end what was not noted is forgotten. */
	__u64 ban_sweep;	       /* which one is under way; 0: none */
	__u64 ban_sweep_lengths[2][3]; /* a bit for each length noted, of IPv6 and IPv4 */
	__u32 ban_changes;	       /* odd while bans are put in; then another than before */
	__u32 reserved;
};
_Static_assert(sizeof(struct control) == 16 + 2 * 4 * BAN_LENGTHS + 16 + 64, "no padding");

/*
 * Map "passing": per-CPU array, the gate's own: sources whose packets to a port of this
 * port_service[] pass and are counted nowhere, but for SYNs. That holds as long as there is neither
 * another table nor a new ban. So what comes in an open session is asked about once.
 */
#define PASSING_SLOTS 256

struct passing {
	struct address source;
	__u32 table_stamp; /* of the table that was asked */
	__u32 ban_changes; /* control.ban_changes before the bans were asked; 1: no entry */
	__u32 port;	   /* its port_service[] */
	__u32 reserved;
};
_Static_assert(sizeof(struct passing) == 32, "no padding");

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

#define PORT_LOGIN SERVICE_MAX /* bit of port_service[]: the service is of BAN_GROUP_LOGIN */

/* Map "policy": array of maps with one slot; the inner array holds one element, swapped whole. */
struct policy {
	__u32 mode;	       /* enum gate_mode */
	__u32 service_count;   /* ids 1 .. service_count are in use */
	__u32 source_length6;  /* prefix length that makes an IPv6 source: 64 */
	__u32 network_length6; /* 48 */
	__u32 network_length4; /* in the 128-bit space: 120 is /24 */
	__u16 count_syn;       /* 1: forwarders, which see no handshakes */
	__u16 syn_cookies;     /* 1: SYNs may be answered on the device (map "syn_cookies") */
	struct limits classes[CLASS_MAX];
	__u8 country_class[SERVICE_MAX][COUNTRY_COUNT];
	__u8 port_service[PORT_COUNT]; /* by destination port, host order: the service's id, and
					* PORT_LOGIN unless it is of BAN_GROUP_SMTP */
};
_Static_assert(sizeof(struct policy) == 24 + 48 * CLASS_MAX + 676 * SERVICE_MAX + 65536,
	       "no padding");

/* The lengths as one number, never 0: by them connections are counted. */
static inline __u32 policy_lengths(const struct policy *policy)
{
	return policy->source_length6 << 16U | policy->network_length6 << 8U |
	       policy->network_length4;
}

/*
 * Map "service_names": array of one element: whose name each service id has; "": nobody's yet. A
 * service keeps its id for as long as the maps live, whatever is configured before it or taken
 * away. The id of one that is configured no more goes to another only when there is no other left,
 * and no connection is counted under it. User space writes it, before the policy that uses it.
 */
#define SERVICE_NAME_SIZE 64

struct service_names {
	char of[SERVICE_MAX][SERVICE_NAME_SIZE];
};
_Static_assert(sizeof(struct service_names) == SERVICE_MAX * SERVICE_NAME_SIZE, "no padding");

/*
 * Maps "table" and "table_rest": the static table, every country and list compiled into one image
 * of blocks. "table" is an array of maps with one slot: an array of one element, block 0, swapped
 * whole. "table_rest" has TABLE_SLOTS, each for an array of the blocks behind; block 0 says which
 * is its own (table_head.rest). A new table takes the slot that is free, then the place of block 0,
 * then empties the slot of the table before. Layout and look-up: table.h.
 */

/*
 * Maps "sources" and "networks": preallocated hashes, struct meter_key -> struct meter. An entry
 * begins with a completed handshake, never with a packet. A full table takes no new entry: a source
 * without one is then held by its network's, which its own limits apply to, a network by its
 * country's. User space then lets idle entries give way.
 */
struct meter_key {
	struct prefix prefix; /* a source or a network */
	__u32 service;
};
_Static_assert(sizeof(struct meter_key) == 24, "hash key: no padding");

struct meter {
	__u64 arrival_ns; /* CLOCK_BOOTTIME; when the tokens taken will have come back (bucket.h) */
	__u64 last_ns;	  /* CLOCK_BOOTTIME of the last handshake; a SYN proves nothing */
	__u64 handshakes;
	__u64 attempts; /* SYNs since the entry began */
	__u64 dropped;	/* of these, also in monitor mode */
	__u32 open;	/* connections now */
	__u32 reserved;
};
_Static_assert(sizeof(struct meter) == 48, "no padding");

/* Map "country_meters": array of struct meter, service * COUNTRY_COUNT + country. */

enum meter_kind { METER_SOURCE, METER_NETWORK, METER_COUNTRY, METER_KINDS };

/*
 * Map "connections": hash, socket cookie -> struct connection: each connection that is counted as
 * open, with what its end gives back. Who puts the entry in raises the open counts, who takes it
 * out lowers them, each once. Keys are remembered, for the policy may change meanwhile: the service
 * stays that of when it was counted, the lengths become the policy's at the next sweep.
 */
struct connection {
	struct address remote; /* IPv4 mapped */
	__u32 seen;	       /* usage.sweep of when its socket was last found */
	__u16 country;
	__u8 service;
	__u8 counted; /* bit 1 << enum meter_kind: the open counts that it is in */
	__u8 source_length, network_length;
	__u8 adopted;	    /* 1: open before the counter was: its end is found by the next sweep */
	__u8 elsewhere : 1; /* of another network namespace, which no sweep sees */
	__u8 multipath : 1; /* one of perhaps several of an MPTCP session (RFC 8684) */
	__u8 reserved : 6;
};
_Static_assert(sizeof(struct connection) == 28, "no padding");

/* Map "counted": socket storage, of each socket that the counter has seen or adopted. */
struct counted {
	__u64 cookie; /* 0: by Fast Open, and its handshake is not complete yet */
};
_Static_assert(sizeof(struct counted) == 8, "no padding");

/* Map "guarded": hash, ifindex -> __u32, a mask: devices of this network namespace whose packets
 * the gate sees. Connections that come by others are not counted. User space writes it. */
#define GUARDED_MAX	  1024
#define GUARDED_SEEN	  1
#define GUARDED_ANSWERS	  2  /* SYNs that come by it may be answered with cookies */
#define GUARDED_MTU_SHIFT 16 /* from here on its MTU; 0: not known, or larger */

/*
 * Map "local": hash, struct address -> __u32: the addresses of this network namespace. A SYN to any
 * other is not answered in its name. User space writes it; what does not fit is left to the kernel.
 */
#define LOCAL_MAX 4096

/* Map "syn_cookies": per-CPU array of one element. SYNs of unknown sources that the gate lets in
 * and the listener's queue cannot take, by service. */
struct syn_cookies {
	__u64 window; /* the gate's own: which span of time it is, */
	__u64 taken;  /* and the SYNs of strangers in it */
	__u64 answered[SERVICE_MAX];
	__u64 would_answer[SERVICE_MAX]; /* in monitor mode */
};
_Static_assert(sizeof(struct syn_cookies) == 16 + 16 * SERVICE_MAX, "no padding");

/*
 * Argument of the program "gate_settle" (BPF_PROG_TYPE_SYSCALL): what user space changes in maps
 * that the kernel writes too, in one step that a killed process cannot leave half done. Returns 1
 * when it was done, 0 when there was nothing to do.
 */
enum rebuild_what {
	REBUILD_END,	/* `cookie` has ended, if its socket was last seen before sweep `seen` */
	REBUILD_REFUND, /* `connection` was closed beyond a rate: gives back `charged_ns` */
	REBUILD_OPEN,	/* an open count that is `from` becomes `to` */
	REBUILD_ADD,	/* `to` connections more are open */
	REBUILD_BAN, /* a ban that is there becomes `ban`: in place, so that no packet misses it */
};

struct rebuild_args {
	__u32 what;		       /* enum rebuild_what */
	__u32 kind;		       /* REBUILD_OPEN, REBUILD_ADD: enum meter_kind */
	__u64 cookie;		       /* REBUILD_END */
	struct connection connection;  /* REBUILD_REFUND */
	__u32 seen;		       /* REBUILD_END */
	__u64 charged_ns[METER_KINDS]; /* REBUILD_REFUND */
	struct meter_key key; /* REBUILD_OPEN, REBUILD_ADD; of a country the service is the index */
	__u32 from, to;
	struct ban ban; /* REBUILD_BAN; without packets it begins to count anew */
	struct prefix banned;
	__u32 reserved;
};
_Static_assert(sizeof(struct rebuild_args) == 128 + sizeof(struct ban), "no padding");

/* Map "usage": array of one mmap-able element, atomically counted on both sides. */
struct usage {
	__u64 source_used, source_overflows;
	__u64 network_used, network_overflows;
	__u64 over_limit_lost;	    /* records that did not fit into "over_limit" */
	__u64 connection_overflows; /* connections that did not fit into "connections" */
	__u32 sweep;		    /* number of the last sweep of "connections" */
	__u32 adopted;		    /* connections whose end only a sweep finds */
	__u32 sources_full;	    /* 1: an entry was refused since the last sweep */
	__u32 guarded_known;	    /* 1: "guarded" is filled; until then every device counts */
	__u32 keyed_lengths;	    /* policy_lengths() by which every connection is counted */
	__u32 multipath;	    /* connections of MPTCP sessions that are counted as open */
};
_Static_assert(sizeof(struct usage) == 72, "no padding");

/* Map "over_limit": ring buffer; a connection that completed its handshake beyond a limit. */
struct over_limit {
	struct address local;	       /* IPv4 mapped */
	struct connection connection;  /* as it is counted */
	__u16 local_port, remote_port; /* host order */
	__u64 cookie;		       /* of the socket */
	__u64 time_ns;		       /* CLOCK_BOOTTIME */
	__u64 charged_ns[METER_KINDS]; /* what its tokens cost */
	__u32 family;		       /* of the socket: AF_INET or AF_INET6 */
	__u32 reason;		       /* enum reason */
};
_Static_assert(sizeof(struct over_limit) == 96, "no padding");

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

/* Map "seen": per-CPU array of __u64, every packet that the gate looked at, by the number of the
 * device modulo SEEN_SLOTS. Held against what the device has received it tells whether packets get
 * past the gate. */
#define SEEN_SLOTS 64

#endif
