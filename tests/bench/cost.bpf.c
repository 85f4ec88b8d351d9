// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Around the gate in a test run, which sends one packet again and again: a program that puts
 * another source into it each time and goes on into the gate, or into one that does nothing, so
 * that the harness can be subtracted. Not here: what is sent (cost.c).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#define TC_ACT_UNSPEC (-1)
#define TC_ACT_SHOT   2

/* Set by user space before loading. */
const volatile __u32 is6 = 0;
const volatile __u32 count = 1;

struct address {
	__be32 word[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct address);
} addresses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next_xdp SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next_tc SEC(".maps");

__u32 cursor = 0;

static __always_inline void vary(__u8 *data, __u8 *end)
{
	__u32 index = cursor++ % count;
	const struct address *address = bpf_map_lookup_elem(&addresses, &index);
	struct address *to = (void *)(data + 14 + 8);

	if (!address || data + 14 + 40 > end)
		return;
	if (is6)
		*to = *address;
	else
		*(__be32 *)(data + 14 + 12) = address->word[3];
}

SEC("xdp.frags")
int vary_xdp(struct xdp_md *ctx)
{
	vary((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	bpf_tail_call(ctx, &next_xdp, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int empty_xdp(struct xdp_md *ctx)
{
	return ctx ? XDP_PASS : XDP_ABORTED;
}

SEC("tc")
int vary_tc(struct __sk_buff *skb)
{
	vary((void *)(long)skb->data, (void *)(long)skb->data_end);
	bpf_tail_call(skb, &next_tc, 0);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int empty_tc(struct __sk_buff *skb)
{
	return skb ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

/* What a receiving device runs in a flood: nothing else, on either hook. */
SEC("xdp.frags")
int drop_xdp(struct xdp_md *ctx)
{
	return ctx ? XDP_DROP : XDP_ABORTED;
}

SEC("tc")
int drop_tc(struct __sk_buff *skb)
{
	return skb ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

#define FLOOD_PORT 587 /* of session.py */

/* The least that keeps a session: what goes to the flood's port is dropped, by fixed offsets. */
SEC("xdp.frags")
int drop_flood(struct xdp_md *ctx)
{
	const __u8 *data = (void *)(long)ctx->data;

	if (data + 14 + 24 > (const __u8 *)(long)ctx->data_end || data[12] != 8 || data[13] ||
	    data[14] != 0x45 || data[14 + 9] != 6)
		return XDP_PASS;
	return data[14 + 22] == FLOOD_PORT >> 8 && data[14 + 23] == (FLOOD_PORT & 255) ? XDP_DROP
										       : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
