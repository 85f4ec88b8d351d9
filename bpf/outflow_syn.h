/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet on egress -> struct outflow_syn: whether it opens a connection, who sends it, and to
 * where. Not here: the decision about it (outflow_judge.h), and its headers (packet.h).
 */
#ifndef SEKISHO_OUTFLOW_SYN_H
#define SEKISHO_OUTFLOW_SYN_H

#include "namespace.h"
#include "outflow_contract.h"
#include "packet.h"

/* The user of a packet that has no socket of ours and came in by no device: unknown. */
#define OUTFLOW_NO_SOCKET 0xffffffff

struct outflow_syn {
	struct outflow_flow flow;
	struct outflow_key who; /* with the port in host order; 0: could not be read */
	__u32 is4;
	__u32 direct; /* no header sends the packet on from its destination */
	__u32 unreadable;
	__u32 repeat; /* sent again */
	__u64 cgroup;
	__u64 now;
};

/* For outflow(), in place of the IP header's offset: it is behind an Ethernet header and its
 * tags. */
#define OUTFLOW_ETHERNET (~0U)

/* Where the IP header begins. */
static __always_inline __u32 outflow_ip_offset(struct __sk_buff *skb, __u32 known)
{
	__u32 offset = 14;
	__be16 type;

	if (known != OUTFLOW_ETHERNET)
		return known;
	for (int i = 0; i < TAGS_MAX; i++) {
		if (bpf_skb_load_bytes(skb, offset - 2, &type, sizeof(type)) ||
		    (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD)))
			break;
		offset += 4;
	}
	return offset;
}

/* Whether an IP header is right behind this Ethernet header, without tags. */
static __always_inline bool outflow_is_ip(const __u8 *ether)
{
	return (ether[12] == ETH_P_IP >> 8 && ether[13] == (ETH_P_IP & 0xff)) ||
	       (ether[12] == ETH_P_IPV6 >> 8 && ether[13] == (ETH_P_IPV6 & 0xff));
}

/* Both addresses of the IP header at `offset`, and whether TCP follows it at once. */
static __always_inline void outflow_read_addresses(struct __sk_buff *skb, __u32 offset,
						   struct outflow_syn *syn)
{
	__u8 begin[10] = {};

	bpf_skb_load_bytes(skb, offset, begin, sizeof(begin));
	syn->is4 = begin[0] >> 4 == 4;
	if (!syn->is4) {
		bpf_skb_load_bytes(skb, offset + 8, &syn->flow.source, 16);
		bpf_skb_load_bytes(skb, offset + 24, &syn->flow.destination, 16);
		syn->direct = begin[6] == NEXT_TCP;
		return;
	}
	syn->flow.source.word[2] = syn->flow.destination.word[2] = bpf_htonl(0xffff);
	bpf_skb_load_bytes(skb, offset + 12, &syn->flow.source.word[3], 4);
	bpf_skb_load_bytes(skb, offset + 16, &syn->flow.destination.word[3], 4);
	syn->direct = (begin[0] & 15) == 5;
}

/* The key of "outflow_entered". */
static __always_inline struct outflow_flow outflow_on_entry(const struct outflow_flow *flow)
{
	return (struct outflow_flow){
		.destination = flow->destination,
		.port = flow->port,
		.sequence = flow->sequence,
	};
}

/* The sender: a guest, by the device that the packet came in by; another namespace; or a user of
 * this machine. */
static __always_inline void outflow_whose(struct __sk_buff *skb, struct bpf_sock *socket,
					  struct outflow_key *who)
{
	__u32 other = socket ? outflow_namespace_of(socket) : 0;

	if (skb->ingress_ifindex) {
		who->origin = OUTFLOW_GUEST;
		who->id = skb->ingress_ifindex;
	} else if (other && outflow_namespace && other != outflow_namespace) {
		who->origin = OUTFLOW_NAMESPACE;
		who->id = other;
	} else {
		who->id = socket ? bpf_get_socket_uid(skb) : OUTFLOW_NO_SOCKET;
	}
}

/* Whether the packet is a SYN, or cannot be read and might be one. */
static __always_inline bool outflow_is_attempt(const struct packet *packet)
{
	return packet->kind == PACKET_UNREADABLE || (packet->kind == PACKET_TCP && packet->syn);
}

/*
 * Whether a packet surely opens no TCP connection, by the few bytes that decide it: nearly all
 * packets end here. If these bytes do not decide it, the packet is read in full.
 */
static __always_inline bool outflow_opens_nothing(const __u8 *ip, const void *end)
{
	const __u8 *flags;

	if ((void *)(ip + 40) > end)
		return false;
	if (ip[0] == 0x45) {
		if (ip[9] != NEXT_TCP)
			return true;
		if ((ip[6] & 0x3f) | ip[7]) /* a fragment */
			return false;
		flags = ip + 20 + TCP_FLAG_BYTE;
	} else if (ip[0] >> 4 == 6) {
		if (ip[6] == 17 || ip[6] == 58) /* UDP, ICMPv6 */
			return true;
		if (ip[6] != NEXT_TCP || (void *)(ip + 40 + TCP_FLAG_BYTE + 1) > end)
			return false;
		flags = ip + 40 + TCP_FLAG_BYTE;
	} else {
		return false;
	}
	return (*flags & (TCP_SYN_BIT | TCP_ACK_BIT)) != TCP_SYN_BIT;
}

#endif
