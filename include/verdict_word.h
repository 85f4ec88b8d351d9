/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A verdict as one word, and the maps by which the gate sends verdicts to watchers
 * (`sekisho watch`). Include <linux/types.h> or vmlinux.h before this file.
 *
 * While nobody watches, a packet that the gate decides about costs one look at watching.active, and
 * all others nothing. A watcher has a lease: the gate itself forgets one that was killed.
 */
#ifndef SEKISHO_VERDICT_WORD_H
#define SEKISHO_VERDICT_WORD_H

#include "contract.h"

#define VERDICT_DROP  (1U << 31)
#define VERDICT_WOULD (1U << 30) /* monitor mode: passes, but would have been dropped */
#define VERDICT_SAID  (1U << 29) /* a SYN, or a packet that is or would have been dropped */
#define VERDICT_STRANGER \
	(1U << 28) /* a SYN that is let in, of an unknown source, while cookies are on */
#define VERDICT_COUNTS (1U << 27) /* with VERDICT_STRANGER, in monitor mode: only counts answers */

/* A verdict as one word, and its parts: the service's id, the index of the country (contract.h),
 * enum reason, and the id of the list over the source. */
static inline __u32 verdict_word(__u32 service, __u32 country, __u32 reason, __u32 list)
{
	return VERDICT_SAID | (reason & 15) << 22 | (service & 15) << 18 | (country & 1023) << 8 |
	       (list & 255);
}
static inline __u32 verdict_reason(__u32 word)
{
	return word >> 22 & 15;
}
static inline __u32 verdict_service(__u32 word)
{
	return word >> 18 & 15;
}
static inline __u32 verdict_country(__u32 word)
{
	return word >> 8 & 1023;
}
static inline __u32 verdict_list(__u32 word)
{
	return word & 255; /* the list over the source, whether or not it decided; 0: none */
}
_Static_assert(REASON_COUNT <= 16 && SERVICE_MAX <= 16 && COUNTRY_COUNT <= 1024 && LIST_MAX <= 256,
	       "each fits its bits");

#define WATCH_BYTES 128 /* of a packet at most: its headers */
#define WATCH_SLOTS 4	/* watchers at once, at most */

/* Map "watched": array of maps with WATCH_SLOTS slots, of ring buffers of this record. */
struct watch_record {
	__u64 time_ns; /* CLOCK_BOOTTIME */
	struct address source;
	__u32 word;
	__u16 port; /* host order; 0: not seen */
	__u8 syn;
	__u8 reserved;
	__u16 size;	   /* of `bytes`; 0: they were not asked for */
	__u16 protocol;	   /* of the header at `ip_offset`, an ETH_P_ value; 0: Ethernet at 0 */
	__u32 ip_offset;   /* where the IP header begins in `bytes`; only with `protocol` */
	__u32 packet_size; /* of the whole packet */
	__u32 reserved2;
	__u8 bytes[WATCH_BYTES];
};
_Static_assert(sizeof(struct watch_record) == 48 + WATCH_BYTES, "no padding");

/* What one watcher wants to see, and how much of it. */
struct watch_filter {
	struct address source, mask; /* (address & mask) == source */
	__u32 family;		     /* 4, 6, or 0: both */
	__u32 services, reasons;     /* a bit for each number; REASON_NONE is what passes */
	__u32 bytes;		     /* 1: the packets' bytes too */
	__u32 most;		     /* records in a window of 2^WATCH_WINDOW_SHIFT ns */
	__u32 every_country;	     /* 1: `countries` is not asked */
	__u64 countries[1024 / 64];  /* a bit for each country that fits a verdict word */
};
#define WATCH_WINDOW_SHIFT 27 /* 134 ms */

struct watch_slot {
	__u64 until_ns; /* CLOCK_BOOTTIME: the end of the lease; 0: free */
	__u64 window;	/* the number of the present window */
	__u64 taken;	/* records in this window */
	__u64 missed;	/* records that were wanted, beyond `most` */
	__u64 lost;	/* records for which the ring buffer had no room */
	struct watch_filter filter;
};

/* Map "watching": array of one mmap-able element. User space claims a slot by setting its lease,
 * fills it in, and then sets its bit; the gate clears the bit once the lease has ended. */
struct watching {
	__u32 active; /* a bit for each slot */
	__u32 reserved;
	struct watch_slot slots[WATCH_SLOTS];
};
_Static_assert(sizeof(struct watching) == 8 + WATCH_SLOTS * (40 + 56 + 128), "no padding");

#endif
