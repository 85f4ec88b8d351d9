/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The skb of tc: its bytes as a cursor (packet.h), and the offset of the IP header in them. */
#ifndef SEKISHO_SKB_H
#define SEKISHO_SKB_H

#include "packet.h"

/* Headers up to this size are read from an skb after one pull; longer ones are unreadable. */
#define TC_PULL 256

/* No device puts so many bytes in front of the IP header, but a stranger who writes the outer
 * header of a tunnel can. */
#define SKB_OFFSET_MAX 127

/* The verifier wants these two pointers loaded directly from the context; clang would rewrite plain
 * loads. */
#define SKB_POINTER(skb, member)                                                   \
	({                                                                         \
		void *pointer_;                                                    \
		asm volatile("%0 = *(u32 *)(%1 + %2)"                              \
			     : "=r"(pointer_)                                      \
			     : "r"(skb), "i"(offsetof(struct __sk_buff, member))); \
		pointer_;                                                          \
	})

/* The linear part of an skb, pulled so that it is long enough for the headers. */
static __always_inline struct cursor skb_cursor(struct __sk_buff *skb)
{
	void *begin = SKB_POINTER(skb, data), *end = SKB_POINTER(skb, data_end);
	__u32 size = skb->len;

	if (end - begin < TC_PULL && end - begin < size) {
		bpf_skb_pull_data(skb, size < TC_PULL ? size : TC_PULL);
		begin = SKB_POINTER(skb, data);
		end = SKB_POINTER(skb, data_end);
	}
	return (struct cursor){ .pos = begin, .end = end, .cut = end - begin < size };
}

/* Whether an Ethernet header begins here, and surely no IP header: the first half-byte is no
 * version of IP. */
static __always_inline bool skb_looks_like_ethernet(const __u8 *begin, const void *end)
{
	__u32 type;

	if ((void *)(begin + 14) > end || begin[0] >> 4 == 4 || begin[0] >> 4 == 6)
		return false;
	type = (__u32)(begin[12] << 8 | begin[13]);
	return type == ETH_P_IP || type == ETH_P_IPV6 || type == ETH_P_8021Q ||
	       type == ETH_P_8021AD;
}

/* An offset that was checked before: verifiers forget its bound if clang keeps it on the stack. */
static __always_inline __u32 skb_bounded(__u32 offset)
{
	barrier_var(offset);
	return offset & SKB_OFFSET_MAX;
}

/* Whether the IP header begins at `offset` or before. A helper reads relative to the IP header: of
 * `size` linear bytes, size - n are there to read if the header begins at n. */
static __always_inline bool skb_begins_by(struct __sk_buff *skb, __u32 size, __u32 offset)
{
	__u8 byte;

	return offset >= size ||
	       !bpf_skb_load_bytes_relative(skb, size - 1 - offset, &byte, 1, BPF_HDR_START_NET);
}

/*
 * The offset of the IP header in the `size` linear bytes. It follows the link header of the device
 * that the packet came in by, which may differ from that of the device that it is on now (GRE
 * without remote shows the outer IP header, an xfrm interface the Ethernet header of the device
 * below). Linux knows the offset, but a tc program can find it only by skb_begins_by(). A result
 * above SKB_OFFSET_MAX is too far to be read. The function is global, so that the verifier takes
 * the result for unknown and walks the headers behind it once.
 */
__noinline int skb_ip_offset(struct __sk_buff *skb, __u32 size)
{
	const __u8 *begin = SKB_POINTER(skb, data);
	const void *end = SKB_POINTER(skb, data_end);
	__u32 offset = 0;

	if (skb_looks_like_ethernet(begin, end) &&
	    *(const __be16 *)(begin + 12) == (__be16)skb->protocol)
		return 14;
	if (skb_begins_by(skb, size, 0))
		return 0;
	for (__u32 step = (SKB_OFFSET_MAX + 1) / 2; step; step /= 2)
		if (!skb_begins_by(skb, size, offset + step - 1))
			offset += step;
	return skb_begins_by(skb, size, offset) ? (int)offset : SKB_OFFSET_MAX + 1;
}

#endif
