/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes -> struct packet: source, port and whether a connection is opened, or that this cannot be
 * read. Pure arithmetic over [pos, end). Not here: the decision about the packet (verdict.h).
 *
 * Every branch follows what Linux would do with the packet. A packet that Linux throws away anyway
 * may pass; one that Linux could make a connection of, and that this code cannot read, is
 * PACKET_UNREADABLE.
 */
#ifndef SEKISHO_PACKET_H
#define SEKISHO_PACKET_H

#include "contract.h"
#include "protocol.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define TAGS_MAX       4  /* Linux itself peels any number of priority tags (VID 0) */
#define EXTENSIONS_MAX 10 /* IPv6 extension headers followed */

enum packet_kind {
	PACKET_OTHER = 0,  /* no TCP, a later fragment, malformed beyond use: not the gate's */
	PACKET_TCP,	   /* source, port and syn are known */
	PACKET_UNREADABLE, /* TCP perhaps, made so that port or flags cannot be seen */
};

struct packet {
	struct address source;
	__u16 port; /* destination, host order; of an unreadable packet 0 unless it was seen */
	__u8 is4;
	__u8 kind; /* enum packet_kind */
	__u32 syn; /* opens a connection: SYN without ACK, as tcp_rcv_state_process() sees it */
};

struct cursor {
	void *pos, *end;
	__u32 cut;   /* the packet goes on behind `end` */
	__u32 ended; /* set if more was wanted than is there */
	void *sized; /* where the bytes begin that the IP header counts */
	__u32 size;  /* how many it counts; 0: it does not say */
};

/* `size` bytes at the cursor, which moves behind them; NULL if they are not all there. */
static __always_inline void *cursor_take(struct cursor *cursor, __u32 size)
{
	void *at = cursor->pos;

	if (at + size > cursor->end)
		return NULL;
	cursor->pos = at + size;
	return at;
}

/*
 * Whether the cursor is beyond the packet's size by its IP header. Linux cuts off the bytes behind
 * that: a header read from them could differ from the one that the next fragment brings. Called
 * only where the bytes that were read are used: at every step it would be too much for the
 * verifier.
 */
static __always_inline bool cursor_beyond(const struct cursor *cursor)
{
	return cursor->size && (__u32)(cursor->pos - cursor->sized) > cursor->size;
}

/* The kind of a packet that ends where a header should be. Linux drops a packet that really ends
 * here, but reassembles it if it is the first of several fragments (`first`). */
static __always_inline enum packet_kind packet_short(struct cursor *cursor, __u32 first)
{
	cursor->ended = 1;
	return first || cursor->cut ? PACKET_UNREADABLE : PACKET_OTHER;
}

/* `first`: this is the first of several fragments, whose end is not the packet's end. */
static __always_inline enum packet_kind packet_read_tcp(struct cursor *cursor, __u32 first,
							struct packet *packet)
{
	__u8 *ports = cursor_take(cursor, 4);
	__u8 *flags;

	if (!ports || cursor_beyond(cursor))
		return packet_short(cursor, first);
	packet->port = (__u16)(ports[2] << 8 | ports[3]);
	flags = cursor_take(cursor, TCP_FLAG_BYTE + 1 - 4);
	if (!flags || cursor_beyond(cursor))
		return packet_short(cursor, first);
	packet->syn = (flags[TCP_FLAG_BYTE - 4] & (TCP_SYN_BIT | TCP_ACK_BIT)) == TCP_SYN_BIT;
	return PACKET_TCP;
}

/* `first`: the header is in the first fragment of an IPv6 packet. */
static __always_inline enum packet_kind packet_read4(struct cursor *cursor, __u32 first,
						     struct packet *packet)
{
	__u8 *ip = cursor_take(cursor, 20);
	__u32 options, fragment;

	if (!ip || cursor_beyond(cursor))
		return packet_short(cursor, first);
	if (ip[0] >> 4 != 4 || ip[9] != NEXT_TCP)
		return PACKET_OTHER;
	options = (__u32)(ip[0] & 15) * 4;
	if (options < 20)
		return PACKET_OTHER; /* ip_rcv() drops it */
	cursor->sized = ip;
	/* 0 if GRO joined packets to more than 64 KiB. */
	cursor->size = (__u32)(ip[2] << 8 | ip[3]);
	packet->is4 = 1;
	packet->source.word[0] = 0;
	packet->source.word[1] = 0;
	packet->source.word[2] = __builtin_bswap32(0xffff);
	packet->source.word[3] = *(__be32 *)(ip + 12);
	fragment = (__u32)(ip[6] << 8 | ip[7]);
	/* A fragment at offset 1 has the flags; only another packet shows the ports. */
	if ((fragment & IP_OFFSET_MASK) == 1)
		return PACKET_UNREADABLE;
	if (fragment & IP_OFFSET_MASK)
		return PACKET_OTHER;
	first |= fragment & IP_MORE_FRAGMENTS;
	if (!cursor_take(cursor, options - 20))
		return packet_short(cursor, first);
	return packet_read_tcp(cursor, first, packet);
}

/*
 * Extension headers that Linux skips over on its way to TCP, by next-header number. Such a header
 * has 8 bytes plus its second byte times (entry & EXTENSION_UNIT). This is a table and not
 * branches, so that the verifier walks one path through each header and not one for every kind.
 */
#define EXTENSION      0x10
#define EXTENSION_UNIT 0x0c
#define EXTENSION_REST 0x7ff /* no header is longer: 255 * 8 */

static const __u8 extensions[256] = {
	[NEXT_HOP_BY_HOP] = EXTENSION | 8,  [NEXT_ROUTING] = EXTENSION | 8,
	[NEXT_FRAGMENT] = EXTENSION | 0,    [NEXT_AUTH] = EXTENSION | 4,
	[NEXT_DESTINATION] = EXTENSION | 8, [NEXT_MOBILITY] = EXTENSION | 8,
	[NEXT_HIP] = EXTENSION | 8,	    [NEXT_SHIM6] = EXTENSION | 8,
};

/* The fixed header; returns what follows it. */
static __always_inline __u8 packet_read6_fixed(struct cursor *cursor, __u8 *ip,
					       struct packet *packet)
{
	cursor->sized = ip + 40;
	cursor->size = (__u32)(ip[4] << 8 | ip[5]); /* 0: a jumbogram (RFC 2675) */
	for (int i = 0; i < 4; i++)
		packet->source.word[i] = *(const __be32 *)(ip + 8 + 4 * i);
	packet->is4 = !packet->source.word[0] && !packet->source.word[1] &&
		      packet->source.word[2] == __builtin_bswap32(0xffff);
	return ip[6];
}

/* IPv6 with its extension headers, EXTENSIONS_MAX of them at most (RFC 8200, section 4). */
static __always_inline enum packet_kind packet_read6(struct cursor *cursor, struct packet *packet)
{
	__u8 *ip = cursor_take(cursor, 40);
	__u32 first = 0;
	__u8 next;

	if (!ip)
		return packet_short(cursor, 0);
	if (ip[0] >> 4 != 6)
		return PACKET_OTHER;
	next = packet_read6_fixed(cursor, ip, packet);
	for (int i = 0; i <= EXTENSIONS_MAX; i++) {
		__u32 unit, fragment, rest;
		__u8 *header;

		if (next == NEXT_TCP)
			return packet_read_tcp(cursor, first, packet);
		unit = extensions[next];
		if (!unit)
			return cursor_beyond(cursor) ? packet_short(cursor, first) : PACKET_OTHER;
		header = cursor_take(cursor, 8);
		if (!header)
			return packet_short(cursor, first);
		if (next == NEXT_FRAGMENT) {
			fragment = (__u32)(header[2] << 8 | header[3]);
			if (fragment >> IP6_OFFSET_SHIFT && cursor_beyond(cursor))
				return packet_short(cursor, first);
			if (fragment >> IP6_OFFSET_SHIFT == 1 && header[0] == NEXT_TCP)
				return PACKET_UNREADABLE;
			if (fragment >> IP6_OFFSET_SHIFT)
				return PACKET_OTHER;
			/* Offset 0 and no more: an atomic fragment (RFC 6946), a whole packet. */
			first |= fragment & IP6_MORE;
		}
		next = header[0];
		rest = (unit & EXTENSION_UNIT) * header[1];
		/* 6.1's verifier gives no bounds to a product of two unknowns. */
		asm volatile("" : "+r"(rest));
		if (!cursor_take(cursor, rest & EXTENSION_REST))
			return packet_short(cursor, first);
	}
	return PACKET_UNREADABLE;
}

/* Reads from the IP header on, for devices without a link header. */
static __always_inline enum packet_kind packet_read_ip(struct cursor *cursor, struct packet *packet)
{
	__u8 *version = cursor->pos;

	if ((void *)(version + 1) > cursor->end)
		return packet_short(cursor, 0);
	if (*version >> 4 == 4)
		return packet_read4(cursor, 0, packet);
	return packet_read6(cursor, packet);
}

/* Reads what follows an Ethernet header of type `type`. */
static __always_inline enum packet_kind packet_read_type(struct cursor *cursor, __u32 type,
							 struct packet *packet)
{
	for (int i = 0; i <= TAGS_MAX; i++) {
		__u8 *tag;

		if (type == ETH_P_IP)
			return packet_read4(cursor, 0, packet);
		if (type == ETH_P_IPV6)
			return packet_read6(cursor, packet);
		if (type != ETH_P_8021Q && type != ETH_P_8021AD)
			return PACKET_OTHER;
		tag = cursor_take(cursor, 4);
		if (!tag)
			return packet_short(cursor, 0);
		type = (__u32)(tag[2] << 8 | tag[3]);
	}
	return PACKET_UNREADABLE;
}

/* Reads from the Ethernet header on. */
static __always_inline enum packet_kind packet_read(struct cursor *cursor, struct packet *packet)
{
	__u8 *ether = cursor_take(cursor, 14);

	if (!ether)
		return PACKET_OTHER;
	return packet_read_type(cursor, (__u32)(ether[12] << 8 | ether[13]), packet);
}

#endif
