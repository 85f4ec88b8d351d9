/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one contract between the gate in the kernel (bpf/) and user space (user/): the content of the
 * maps. Not here: how either side uses it. Include <linux/types.h> or vmlinux.h before this file.
 *
 * Any change to a type, a size or a map's meaning raises CONTRACT_VERSION; the pins live in a
 * folder named after it, so programs of two versions never share a map. user/kernel/migrate.c
 * decides what an upgrade takes over from the maps of an older version.
 */
#ifndef SEKISHO_CONTRACT_H
#define SEKISHO_CONTRACT_H

#define CONTRACT_VERSION 3

#define SERVICE_MAX	 16  /* service ids; 0 is "no protected port" */
#define COUNTRY_COUNT	 676 /* 26 * 26: (c0 - 'A') * 26 + (c1 - 'A') */
#define COUNTRY_ZZ	 675 /* unknown */
#define COUNTRY_LAN	 674 /* private and local addresses; the place of ZY, which is no country */
#define COUNTRY_XA	 598 /* XA to XZ, which ISO 3166 leaves to users: lists' codes (table.h) */
#define COUNTRY_CODES	 26
#define CLASS_MAX	 64	   /* class ids, the two built-in ones included */
#define CLASS_PASS	 0	   /* built in: no limits */
#define CLASS_DENY	 1	   /* built in: nobody of this country */
#define CLASS_UNNAMED	 CLASS_MAX /* for a list's code: the service judges by the country */
#define LIST_MAX	 256	   /* list ids; 0 is "no list" */
#define PORT_COUNT	 65536
#define BAN_LENGTHS	 40 /* distinct prefix lengths of bans, per family */

enum gate_mode { GATE_MONITOR = 0, GATE_ENFORCE = 1 };

/* Why a packet was dropped, or would have been in monitor mode. Names: reason_name(). */
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
 * The groups of services that a ban closes, one or both: a mask. A service that has port 25, or the
 * name smtp, is in the first group, every other protected service in the second.
 */
enum ban_services {
	BAN_SMTP = 1,  /* mail from other servers */
	BAN_LOGIN = 2, /* submission, imap, pop3, sieve: where people log in */
	BAN_ALL = BAN_SMTP | BAN_LOGIN,
};
/* The number of each group's bit. */
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
 * With the kernel's 48 bytes before the key an entry has 128 bytes: one cache line is enough to
 * reject a hash collision, the second has all that is read and counted.
 */
#define BAN_TIME_SHIFT 26 /* times of 32 bits count in 2^26 ns (67 ms): 9 years since the boot */

struct ban {
	__u64 expires_ns[BAN_GROUPS]; /* CLOCK_BOOTTIME; from then on the gate ignores the entry for
				       * the services of that group; 0: it never closed them */
	__u64 packets;		      /* dropped, or in monitor mode would have been; both groups */
	__u64 attempts;		      /* SYNs among them */
	__u64 lookup; /* the gate's cache: the result of find_lookup() for the source, with the
		       * stamp mixed with the prefix; 0: none. Only for bans of a single IPv4
		       * address or of an IPv6 /64 and longer; never a LOOKUP_MIXED one */
	__u32 since[BAN_GROUPS]; /* CLOCK_BOOTTIME >> BAN_TIME_SHIFT */
	__u32 last;		 /* the same for the last packet; 0: none yet */
	__u8 rule[BAN_GROUPS];	 /* enum ban_rule, for user space if the store is lost */
	__u16 reserved;
};
_Static_assert(sizeof(struct ban) == 56, "no padding");

/*
 * Maps "ban_bloom" and "network_bloom": Bloom filters with a bit for each entry of "bans" and of
 * "networks", and for the network of each entry of "sources", so that for most packets the gate
 * need not look for an entry that is not there. Both are mmap-able arrays of words. Word 0 is the
 * number of bits, a power of two (0: not set up yet), with BLOOM_VALID once the bits are right;
 * until then the gate looks every entry up. Bit n is bit n % 64 of word 1 + n / 64; bloom_bit.h has
 * the bit of an entry.
 *
 * Bans: only user space writes, under the writers' lock. It sets a bit before it adds the ban; a
 * sweep that finds no ban of a bit clears it. Networks: whoever adds an entry, mostly the gate,
 * sets its bit right after. The sweep of user space first clears BLOOM_VALID, then clears all bits
 * and sets those of the entries that it finds and leaves. An entry that is added meanwhile is found
 * by the sweep, or its bit is set after the clearing. Behind these words "ban_bloom" has as many
 * again, for the notes of a running sweep (control.ban_sweep); only user space uses these.
 *
 * A network's bit is an even one. The odd one after it is set when the network comes to be at a
 * limit (network_at_limit() in limits_ask.h), and says nothing unless usage.limits_stamp is the
 * policy's. So in a flood of sources with a meter most networks need not be looked up.
 */
#define BLOOM_VALID	 (1ULL << 63)
#define NETWORK_THERE	 1U /* the network's two bits, as they come out of the word */
#define NETWORK_AT_LIMIT 2U

/* Map "tick_clock": per-CPU array of one element, which only the gate uses. The gate asks for the
 * time once a tick. */
struct tick_clock {
	__u64 tick;    /* jiffies */
	__u64 boot_ns; /* CLOCK_BOOTTIME in that tick */
	__u64 window;  /* a time of 134 ms */
	__u64 metered; /* SYNs of sources with a meter in it */
};
_Static_assert(sizeof(struct tick_clock) == 32, "no padding");

#define CONTROL_FILLED (1U << 31)

/*
 * Map "control": one mmap-able element. Only user space writes it, under the writers' lock, one
 * aligned store at a time. A length is added behind the last one and then counted. A length is
 * removed by moving the last one into its place and then counting one less. Before user space uses
 * a place again, it waits for packets that still read with an older count. So a packet never misses
 * a length.
 */
struct control {
	__u32 contract_version; /* 0 until the bans of the store and all migrated data are in;
				 * then with CONTROL_FILLED until open connections are counted */
	__u32 length_count4;
	__u32 length_count6;
	__u32 table_stamp;	     /* table_head.stamp of the table in force, or about to be */
	__u32 lengths4[BAN_LENGTHS]; /* prefix lengths that IPv4 bans may have: 96 .. 128 */
	__u32 lengths6[BAN_LENGTHS]; /* the same for IPv6: 0 .. 128 */
	__u64 ban_used;		     /* entries, ended ones not yet swept included */
	__u64 ban_overflows;	     /* bans refused, or removed to make room: the map, or a list of
				      * lengths, was full */
	/* Only for user space: a sweep of "bans" works in portions. Whoever adds a ban meanwhile
	 * notes it as the sweep does; at the end, lengths and bits without a note are forgotten. */
	__u64 ban_sweep;	       /* number of the running sweep; 0: none */
	__u64 ban_sweep_lengths[2][3]; /* a bit for each noted length, of IPv6 and IPv4 */
	__u32 ban_changes;	       /* odd while bans are added; afterwards a new value */
	__u32 reserved;
};
_Static_assert(sizeof(struct control) == 16 + 2 * 4 * BAN_LENGTHS + 16 + 64, "no padding");

/*
 * Map "passing": per-CPU array, which only the gate uses. An entry says that packets of a source to
 * ports with this port_service[] pass and are not counted, except SYNs. It holds until there is
 * another table or a new ban. So the packets of an open session take one look-up.
 */
#define PASSING_SLOTS 256

struct passing {
	struct address source;
	__u32 table_stamp; /* of the table that was looked at */
	__u32 ban_changes; /* control.ban_changes before the bans were looked at; 1: no entry */
	__u32 port;	   /* port_service[] of the port */
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

#define PORT_LOGIN SERVICE_MAX /* bit of port_service[]: the service is in BAN_GROUP_LOGIN */

/* The strictest limits on networks of all classes, which gate_policy_publish() adds to a policy. */
struct strictest {
	__u32 network_open; /* open at once; 0xffffffff: no limit */
	__u32 reserved;
	__u64 network_ahead_ns; /* interval * (burst - 1); the largest number: no limit */
	__u64 stamp;		/* CLOCK_BOOTTIME: another one for each policy */
};

/* Map "policy": array of maps with one slot; the inner array holds one element, swapped whole. */
struct policy {
	__u32 mode;	       /* enum gate_mode */
	__u32 service_count;   /* ids 1 .. service_count are in use */
	__u32 source_length6;  /* prefix length of an IPv6 source: 64 */
	__u32 network_length6; /* 48 */
	__u32 network_length4; /* in the 128-bit space: 120 is /24 */
	__u16 count_syn;       /* 1: forwarders, which see no handshakes */
	__u16 syn_cookies;     /* 1: SYNs may be answered on the device (map "syn_cookies") */
	struct strictest strictest;
	struct limits classes[CLASS_MAX];
	__u8 country_class[SERVICE_MAX][COUNTRY_COUNT];
	__u8 port_service[PORT_COUNT]; /* by destination port, host order: the service's id, and
					* PORT_LOGIN unless it is in BAN_GROUP_SMTP */
};
_Static_assert(sizeof(struct policy) == 48 + 48 * CLASS_MAX + 676 * SERVICE_MAX + 65536,
	       "no padding");

/* The lengths by which connections are counted, as one number, never 0. */
static inline __u32 policy_lengths(const struct policy *policy)
{
	return policy->source_length6 << 16U | policy->network_length6 << 8U |
	       policy->network_length4;
}

/*
 * Map "service_names": array of one element: the service's name for each id; "": none yet. A
 * service keeps its id for as long as the maps live, whatever services are configured before it or
 * removed. The id of a service that is no longer configured goes to another one only if no other id
 * is left, and no connection is counted under it. User space writes the map, before the policy that
 * uses it.
 */
#define SERVICE_NAME_SIZE 64

struct service_names {
	char of[SERVICE_MAX][SERVICE_NAME_SIZE];
};
_Static_assert(sizeof(struct service_names) == SERVICE_MAX * SERVICE_NAME_SIZE, "no padding");

/*
 * Maps "table" and "table_rest": the static table, every country and list compiled into one image
 * of blocks. "table" is an array of maps with one slot, for an array of one element: block 0, which
 * is swapped whole. "table_rest" has TABLE_SLOTS slots, each for an array of the other blocks;
 * table_head.rest in block 0 names the slot that belongs to it. A new table takes the free slot,
 * then replaces block 0, then empties the slot of the old table. Layout: table.h; look-up:
 * table_find.h.
 */

/*
 * Maps "sources" and "networks": preallocated hashes, struct meter_key -> struct meter. An entry
 * begins with a completed handshake, never with a packet. A full table takes no new entry: the
 * source's limits then apply to the entry of its network, and a network without an entry is only
 * bounded by the limits of its country. User space then removes idle entries.
 *
 * The counts are exact, but for a network's attempts and drops in a flood: beyond METERED_EXACT
 * SYNs of sources with a meter in a window (tick_clock) each CPU counts METERED_SAMPLE for one of
 * METERED_SAMPLE.
 */
#define METERED_WINDOW_SHIFT 27 /* of CLOCK_BOOTTIME in ns: 134 ms */
#define METERED_EXACT	     1024
#define METERED_SAMPLE	     16

struct meter_key {
	struct prefix prefix; /* a source or a network */
	__u32 service;
};
_Static_assert(sizeof(struct meter_key) == 24, "hash key: no padding");

struct meter {
	__u64 arrival_ns; /* CLOCK_BOOTTIME; when all taken tokens will be back (bucket.h) */
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
 * open, with the counts that its end lowers. Whoever adds the entry raises the open counts, whoever
 * removes it lowers them, each once. The entry has the keys of its meters, as the policy may change
 * meanwhile: the service stays the one at the time of counting, the lengths become the policy's at
 * the next sweep.
 */
struct connection {
	struct address remote; /* IPv4 mapped */
	__u32 seen;	       /* usage.sweep when its socket was last found */
	__u16 country;
	__u8 service;
	__u8 counted; /* bit 1 << enum meter_kind: the open counts that it is in */
	__u8 source_length, network_length;
	__u8 adopted;	    /* 1: opened before the counter was attached: a sweep finds its end */
	__u8 elsewhere : 1; /* of another network namespace, which no sweep sees */
	__u8 multipath : 1; /* of an MPTCP session, which may have several (RFC 8684) */
	__u8 reserved : 6;
};
_Static_assert(sizeof(struct connection) == 28, "no padding");

/* Map "counted": socket storage of each socket that the counter has seen or adopted. */
struct counted {
	__u64 cookie; /* 0: opened by Fast Open, and its handshake is not complete yet */
};
_Static_assert(sizeof(struct counted) == 8, "no padding");

/* Map "guarded": hash, ifindex -> __u32, a mask: devices of this network namespace whose packets
 * the gate sees. Connections by other devices are not counted. User space writes the map. */
#define GUARDED_MAX	  1024
#define GUARDED_SEEN	  1
#define GUARDED_ANSWERS	  2  /* SYNs that come by it may be answered with cookies */
#define GUARDED_MTU_SHIFT 16 /* from this bit on the device's MTU; 0: not known, or larger */

/*
 * Map "local": hash, struct address -> __u32: the addresses of this network namespace. The gate
 * answers no SYN to any other address. User space writes the map; SYNs to addresses that do not fit
 * are left to the kernel.
 */
#define LOCAL_MAX 4096

/* Map "syn_cookies": per-CPU array of one element. SYNs of unknown sources that the gate lets in
 * and the listener's queue cannot take, by service. */
struct syn_cookies {
	__u64 window; /* only for the gate: the number of the present time window */
	__u64 taken;  /* only for the gate: SYNs of strangers in this window */
	/* Only for the gate: the address that it last found in "local" in this window, since a
	 * flood goes to one address. */
	struct address to;
	__u32 to_is_local; /* 0: none yet */
	__u32 reserved;
	__u64 answered[SERVICE_MAX];
	__u64 would_answer[SERVICE_MAX]; /* in monitor mode */
};
_Static_assert(sizeof(struct syn_cookies) == 40 + 16 * SERVICE_MAX, "no padding");

/* Map "usage": array of one mmap-able element; both sides count in it atomically. */
struct usage {
	__u64 source_used, source_overflows;
	__u64 network_used, network_overflows;
	__u64 over_limit_lost;	    /* records that did not fit into "over_limit" */
	__u64 connection_overflows; /* connections that did not fit into "connections" */
	__u32 sweep;		    /* number of the last sweep of "connections" */
	__u32 adopted;		    /* connections whose end only a sweep finds */
	__u32 sources_full;	    /* 1: an entry was refused since the last sweep */
	__u32 guarded_known;	    /* 1: "guarded" is filled; before, every device counts */
	__u32 keyed_lengths;	    /* policy_lengths() by which every connection is counted */
	__u32 multipath;	    /* connections of MPTCP sessions that are counted as open */
	__u64 limits_stamp; /* of the policy by which the networks at a limit are marked; with the
			     * highest bit: somebody marks them now */
};
_Static_assert(sizeof(struct usage) == 80, "no padding");

/* Map "over_limit": ring buffer of connections that completed their handshake beyond a limit. */
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

/* Map "seen": per-CPU array of __u64: how many packets the gate looked at, by the number of the
 * device modulo SEEN_SLOTS. The comparison with what the device has received shows whether packets
 * get past the gate. */
#define SEEN_SLOTS 64

#endif
