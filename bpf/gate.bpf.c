// SPDX-License-Identifier: GPL-2.0-or-later
/* The gate's programs: thin wrappers that hand one packet to the same reading and verdict. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "counter.h"
#include "outflow_judge.h"
#include "verdict.h"

#define TC_ACT_UNSPEC (-1) /* go on to whatever other filters there are */
#define TC_ACT_SHOT   2

/* Headers that fit here are read from an skb after one pull; what is longer is unreadable. */
#define TC_PULL 256

/* 0 on kernels without multi-buffer XDP (before 5.18), where there is no helper to ask. */
const volatile __u32 xdp_frags = 0;

SEC("xdp")
int gate_xdp(struct xdp_md *ctx)
{
	struct packet packet = {};
	struct cursor cursor = {
		.pos = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
	};

	packet.kind = packet_read(&cursor, &packet);
	/* Whether it goes on behind the linear part costs a call: only asked where that matters. */
	if (cursor.ended && xdp_frags &&
	    bpf_xdp_get_buff_len(ctx) > (__u64)(ctx->data_end - ctx->data))
		packet.kind = PACKET_UNREADABLE;
	return concerns_gate(&packet) && verdict(&packet) ? XDP_DROP : XDP_PASS;
}

/* The verifier wants these two loaded straight off the context, which clang likes to improve on. */
#define SKB_POINTER(skb, member)                                                   \
	({                                                                         \
		void *pointer_;                                                    \
		asm volatile("%0 = *(u32 *)(%1 + %2)"                              \
			     : "=r"(pointer_)                                      \
			     : "r"(skb), "i"(offsetof(struct __sk_buff, member))); \
		pointer_;                                                          \
	})

/* The linear part of an skb, made long enough for headers. */
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

SEC("tc")
int gate_tc(struct __sk_buff *skb)
{
	struct cursor cursor = skb_cursor(skb);
	struct packet packet = {};

	packet.kind = packet_read(&cursor, &packet);
	return concerns_gate(&packet) && verdict(&packet) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

/* For devices without a link header: tun, ppp, wireguard. */
SEC("tc")
int gate_tc_ip(struct __sk_buff *skb)
{
	struct cursor cursor = skb_cursor(skb);
	struct packet packet = {};

	packet.kind = packet_read_ip(&cursor, &packet);
	return concerns_gate(&packet) && verdict(&packet) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("sockops")
int gate_counter(struct bpf_sock_ops *ctx)
{
	if (ctx->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
		count_established(ctx);
	else if (ctx->op == BPF_SOCK_OPS_STATE_CB && ctx->args[1] == BPF_TCP_CLOSE)
		count_closed(ctx);
	return 1;
}

SEC("syscall")
int gate_adopt(struct adopt_args *arguments)
{
	return adopt(arguments);
}

/* On egress. The link header says what follows, so that a short look at the IP header will do. */
SEC("tc")
int outflow_tc(struct __sk_buff *skb)
{
	void *begin = SKB_POINTER(skb, data), *end = SKB_POINTER(skb, data_end);
	struct packet packet = {};
	struct cursor cursor;
	const __u8 *ether = begin;

	if (begin + 14 <= end &&
	    ((ether[12] == ETH_P_IP >> 8 && ether[13] == (ETH_P_IP & 0xff)) ||
	     (ether[12] == ETH_P_IPV6 >> 8 && ether[13] == (ETH_P_IPV6 & 0xff))) &&
	    outflow_opens_nothing(ether + 14, end))
		return TC_ACT_UNSPEC;
	cursor = skb_cursor(skb);
	begin = cursor.pos;
	packet.kind = packet_read(&cursor, &packet);
	if (!outflow_is_attempt(&packet))
		return TC_ACT_UNSPEC;
	return outflow(skb, &packet, cursor.pos - begin - TCP_FLAG_BYTE - 1, 1) ? TC_ACT_SHOT
										: TC_ACT_UNSPEC;
}

SEC("tc")
int outflow_tc_ip(struct __sk_buff *skb)
{
	void *begin = SKB_POINTER(skb, data), *end = SKB_POINTER(skb, data_end);
	struct packet packet = {};
	struct cursor cursor;

	if (outflow_opens_nothing(begin, end))
		return TC_ACT_UNSPEC;
	cursor = skb_cursor(skb);
	begin = cursor.pos;
	packet.kind = packet_read_ip(&cursor, &packet);
	if (!outflow_is_attempt(&packet))
		return TC_ACT_UNSPEC;
	return outflow(skb, &packet, cursor.pos - begin - TCP_FLAG_BYTE - 1, 0) ? TC_ACT_SHOT
										: TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "GPL";
