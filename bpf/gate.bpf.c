// SPDX-License-Identifier: GPL-2.0-or-later
/* The gate's programs: thin wrappers that hand one packet to the same reading and verdict. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

#include "conntrack.h"
#include "outflow_judge.h"
#include "rebuild_counts.h"
#include "skb.h"
#include "syn_cookie.h"
#include "verdict.h"
#include "watching.h"

#define TC_ACT_UNSPEC (-1) /* go on to whatever other filters there are */
#define TC_ACT_SHOT   2

/* 0 on kernels without multi-buffer XDP (before 5.18), where there is no helper to ask. */
const volatile __u32 xdp_frags = 0;

/* Global functions: the verifier checks each once, and not again behind every way that leads
 * there. */
__noinline int watch_xdp(struct xdp_md *ctx, const struct packet *packet, __u32 word)
{
	if (packet)
		watch_tell_xdp(ctx, packet, word, xdp_frags);
	return 0;
}

__noinline int watch_tc(struct __sk_buff *skb, const struct packet *packet, __u32 word,
			__u32 ip_offset)
{
	if (packet)
		watch_tell_tc(skb, packet, word, ip_offset);
	return 0;
}

/* Answers a plain SYN. A packet that goes on behind the linear part is none. */
__noinline int answer_xdp(struct xdp_md *ctx, __u32 word)
{
	if (xdp_frags && bpf_xdp_get_buff_len(ctx) > (__u64)(ctx->data_end - ctx->data))
		return XDP_PASS;
	return cookie_answer(ctx, word);
}

SEC("xdp")
int gate_xdp(struct xdp_md *ctx)
{
	struct packet packet = {};
	struct cursor cursor = {
		.pos = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
	};
	__u32 word;

	count_seen(ctx->ingress_ifindex);
	packet.kind = packet_read(&cursor, &packet);
	/* It takes a call to learn whether the packet goes on behind the linear part, so the call
	 * is only made if the headers reach that far. */
	if (cursor.ended && xdp_frags &&
	    bpf_xdp_get_buff_len(ctx) > (__u64)(ctx->data_end - ctx->data))
		packet.kind = PACKET_UNREADABLE;
	word = verdict(&packet);
	if (watch_is_on(word))
		watch_xdp(ctx, &packet, word);
	if (word & VERDICT_DROP)
		return XDP_DROP;
	return word & VERDICT_STRANGER ? answer_xdp(ctx, word) : XDP_PASS;
}

/* The packet itself tells where its IP header begins, and Linux tells the protocol: the type of the
 * device tells neither (skb.h). */
SEC("tc")
int gate_tc(struct __sk_buff *skb)
{
	struct cursor cursor = skb_cursor(skb);
	struct packet packet = {};
	__u32 offset = (__u32)skb_ip_offset(skb, (__u32)(cursor.end - cursor.pos)), word;

	count_seen(skb->ifindex);
	if (offset > SKB_OFFSET_MAX)
		packet.kind = PACKET_UNREADABLE;
	else if (cursor_take(&cursor, skb_bounded(offset)))
		packet.kind = packet_read_type(&cursor, bpf_ntohs((__u16)skb->protocol), &packet);
	word = verdict(&packet);
	if (watch_is_on(word))
		watch_tc(skb, &packet, word, offset);
	return word & VERDICT_DROP ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("sockops")
int gate_counter(struct bpf_sock_ops *ctx)
{
	if (ctx->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB || ctx->op == BPF_SOCK_OPS_STATE_CB)
		count_state(ctx);
	return 1;
}

/* Runs for each TCP socket of this network namespace. */
SEC("iter/tcp")
int gate_adopt(struct bpf_iter__tcp *ctx)
{
	adopt(ctx->sk_common);
	return 0;
}

SEC("syscall")
int gate_settle(struct rebuild_args *arguments)
{
	return rebuild(arguments);
}

/* Whether the breaker looks at the packet: an attempt, or one that cannot be read. Only the bytes
 * count, as a sender with a packet socket can claim any protocol. `tcp`, `ip`: as in outflow(). */
static __always_inline bool outflow_read(struct __sk_buff *skb, struct packet *packet, __u32 *tcp,
					 __u32 *ip)
{
	void *begin = SKB_POINTER(skb, data), *end = SKB_POINTER(skb, data_end);
	__u32 offset = OUTFLOW_ETHERNET;
	struct cursor cursor;

	if (skb_looks_like_ethernet(begin, end)) {
		if (outflow_is_ip(begin) && outflow_opens_nothing(begin + 14, end))
			return false;
		cursor = skb_cursor(skb);
		begin = cursor.pos;
		packet->kind = packet_read(&cursor, packet);
	} else {
		offset = (__u32)skb_ip_offset(skb, (__u32)(end - begin));
		if (offset > SKB_OFFSET_MAX ||
		    outflow_opens_nothing(begin + skb_bounded(offset), end))
			return false;
		cursor = skb_cursor(skb);
		begin = cursor.pos;
		if (cursor_take(&cursor, skb_bounded(offset)))
			packet->kind = packet_read_ip(&cursor, packet);
	}
	*tcp = cursor.pos - begin - TCP_FLAG_BYTE - 1;
	*ip = offset;
	return outflow_is_attempt(packet);
}

/* Runs on egress. */
SEC("tc")
int outflow_tc(struct __sk_buff *skb)
{
	struct packet packet = {};
	__u32 tcp, ip;

	return outflow_read(skb, &packet, &tcp, &ip) && outflow(skb, &packet, tcp, ip)
		       ? TC_ACT_SHOT
		       : TC_ACT_UNSPEC;
}

/* Runs on the ingress of a bridge's port. Drops nothing. */
SEC("tc")
int outflow_port(struct __sk_buff *skb)
{
	struct packet packet = {};
	__u32 tcp, ip;

	if (outflow_read(skb, &packet, &tcp, &ip) && packet.kind == PACKET_TCP)
		outflow_enter(skb, &packet, tcp, ip);
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "GPL";
