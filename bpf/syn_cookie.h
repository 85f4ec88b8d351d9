/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYN -> SYN-ACK on the device: if the listener's queue has no room, the SYN is answered with the
 * cookie that the kernel would send, before the kernel has made anything of the packet. The ACK
 * that brings the cookie back goes to the kernel, which opens the connection as with its own
 * cookies.
 *
 * The answer is made in the SYN's own frame, is never longer than it, and goes back to where the
 * frame came from. A SYN that is unusual in any way goes to the kernel unchanged.
 */
#ifndef SEKISHO_SYN_COOKIE_H
#define SEKISHO_SYN_COOKIE_H

#include "connections.h"
#include "cookie_syn.h"
#include "verdict.h"

#define COOKIE_WINDOW_SHIFT 27 /* 134 ms */
#define COOKIE_SPARED	    128 /* SYNs of strangers in a window that each CPU leaves to the kernel */
#define COOKIE_LIFE	    64 /* the answer's hop limit */
#define FRAME_LEAST	    60 /* shortest Ethernet frame, without its checksum */

/* Whether the SYN is one of the few in each window that go to the kernel even if its queue
 * is full. These keep options that a cookie loses, and a machine that is not flooded needs
 * no more checks. */
static __always_inline bool cookie_spares(struct syn_cookies *own)
{
	__u64 window = tick_time() >> COOKIE_WINDOW_SHIFT;

	if (own->window != window) {
		own->window = window;
		own->taken = 0;
		own->to_is_local = 0;
	}
	return own->taken++ < COOKIE_SPARED;
}

static __always_inline bool cookie_is_local(struct syn_cookies *own, const struct address *to)
{
	if (own->to_is_local && is_same_address(&own->to, to))
		return true;
	if (!bpf_map_lookup_elem(&local, to))
		return false;
	own->to = *to;
	own->to_is_local = 1;
	return true;
}

/* The option with the MSS (RFC 9293, section 3.2). */
static __always_inline __be32 cookie_option(__u32 mss)
{
	return bpf_htonl(TCP_OPTION_MSS << 24 | 4 << 16 | mss);
}

/* Writes an IP header of `size` bytes, 20 or 40, before `payload` bytes of TCP. */
static __always_inline void cookie_write_ip(__be32 *to, const struct address *source,
					    const struct address *destination, __u32 size,
					    __u32 payload)
{
	if (size == 20) {
		to[0] = bpf_htonl(0x45000000 | (20 + payload));
		to[1] = bpf_htonl(0x4000); /* not to be fragmented */
		to[2] = bpf_htonl(COOKIE_LIFE << 24 | NEXT_TCP << 16);
		to[3] = source->word[3];
		to[4] = destination->word[3];
		*((__be16 *)to + 5) = cookie_fold(cookie_add(0, to, 5));
		return;
	}
	to[0] = bpf_htonl(0x60000000);
	to[1] = bpf_htonl(payload << 16 | NEXT_TCP << 8 | COOKIE_LIFE);
	for (int i = 0; i < 4; i++) {
		to[2 + i] = source->word[i];
		to[6 + i] = destination->word[i];
	}
}

/* Whether the listener's queue is full. The kernel checks the same, unless net.ipv4.tcp_syncookies
 * is 2: then it sends only cookies, and the queue says whether there is a flood. */
static __always_inline bool cookie_queue_is_full(struct bpf_sock *listener)
{
	const struct tcp_sock *tcp = bpf_skc_to_tcp_sock(listener);

	return tcp && (__u32)tcp->inet_conn.icsk_accept_queue.qlen.counter >=
			      tcp->inet_conn.icsk_inet.sk.sk_max_ack_backlog;
}

/* The kernel's cookie for the SYN, and in bits 32 and up the MSS that the cookie holds; negative:
 * the kernel would send none. The kernel remembers that it made one, and then accepts ACKs with
 * cookies.
 */
static __always_inline __s64 cookie_make(struct bpf_sock *listener, const struct cookie_syn *syn)
{
	__u32 size = syn->mss ? 24 : 20;
	__be32 ip[10] = {}, tcp[6] = {};

	((__be16 *)tcp)[0] = syn->source_port;
	((__be16 *)tcp)[1] = syn->port;
	tcp[1] = syn->sequence;
	tcp[3] = bpf_htonl((size / 4) << 28 | TCP_SYN_BIT << 16);
	tcp[5] = cookie_option(syn->mss);
	cookie_write_ip(ip, &syn->from, &syn->to, syn->size, size);
	if (syn->size == 20)
		return bpf_tcp_gen_syncookie(listener, ip, 20, (struct tcphdr *)tcp, size);
	return bpf_tcp_gen_syncookie(listener, ip, 40, (struct tcphdr *)tcp, size);
}

/* The kernel's cookie for the SYN, with the MSS in its upper half; negative: nobody listens there,
 * or its queue has room. */
static __always_inline __s64 cookie_ask(struct xdp_md *ctx, const struct cookie_syn *syn)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *socket;
	__s64 cookie = -1;

	if (syn->size == 20) {
		tuple.ipv4.saddr = syn->from.word[3];
		tuple.ipv4.daddr = syn->to.word[3];
		tuple.ipv4.sport = syn->source_port;
		tuple.ipv4.dport = syn->port;
		socket =
			bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	} else {
		__builtin_memcpy(tuple.ipv6.saddr, &syn->from, sizeof(tuple.ipv6.saddr));
		__builtin_memcpy(tuple.ipv6.daddr, &syn->to, sizeof(tuple.ipv6.daddr));
		tuple.ipv6.sport = syn->source_port;
		tuple.ipv6.dport = syn->port;
		socket =
			bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	}
	if (!socket)
		return -1;
	/* Not a connection that is there, nor one that has just ended. */
	if (socket->state == BPF_TCP_LISTEN && cookie_queue_is_full(socket))
		cookie = cookie_make(socket, syn);
	bpf_sk_release(socket);
	return cookie;
}

/* The largest segment that the peer may send: not more than the device takes, nor than the MSS of
 * the cookie, which the peer named for segments to him, since both ways are likely the same. */
static __always_inline __u32 cookie_own_mss(const struct cookie_syn *syn, __u32 mtu, __u32 mss)
{
	__u32 headers = syn->size + 20;

	return mtu > headers && mtu - headers < mss ? mtu - headers : mss;
}

/* Writes a TCP header of `size` bytes, with `option` behind its first 20; 0: no option. */
static __always_inline void cookie_write_tcp(__be32 *to, const struct cookie_syn *syn, bool is6,
					     __u32 cookie, __u32 window, __u32 size, __be32 option)
{
	__u64 sum = (__u64)option + bpf_htonl(NEXT_TCP << 16 | size);

	((__be16 *)to)[0] = syn->port;
	((__be16 *)to)[1] = syn->source_port;
	to[1] = bpf_htonl(cookie);
	to[2] = bpf_htonl(bpf_ntohl(syn->sequence) + 1);
	to[3] = bpf_htonl((size / 4) << 28 | (TCP_SYN_BIT | TCP_ACK_BIT) << 16 | window);
	to[4] = 0;
	sum = cookie_add(sum, to, 4);
	/* The words that map an IPv4 address to 128 bits are no part of the sum. */
	if (is6)
		sum = cookie_add(cookie_add(sum, syn->from.word, 3), syn->to.word, 3);
	sum += (__u64)syn->from.word[3] + syn->to.word[3];
	to[4] = cookie_fold(sum);
}

/* Turns the SYN's frame into the answer. XDP_PASS: the frame is unchanged. */
static __always_inline int cookie_write(struct xdp_md *ctx, const struct cookie_syn *syn,
					__u32 ip_size, __u32 cookie, __u32 mss)
{
	__u32 size = syn->header < 24 ? 20 : 24, had = (__u32)(ctx->data_end - ctx->data);
	__u32 least = had < FRAME_LEAST ? had : FRAME_LEAST;
	__u32 whole = syn->ip + ip_size + size;
	__u32 window = 10 * mss < 65535 ? 10 * mss : 65535;
	__be32 *ip, *tcp, *options, option = 0;
	struct cursor cursor;
	__be16 *ether, kept;

	if (whole < least)
		whole = least;
	if (whole != had && bpf_xdp_adjust_tail(ctx, (int)(whole - had)))
		return XDP_PASS;
	barrier_var(ctx); /* clang would join this reading with the one above, by computing */
	cursor = (struct cursor){ .pos = (void *)(long)ctx->data,
				  .end = (void *)(long)ctx->data_end };
	ether = cursor.pos;
	if (!cursor_take(&cursor, syn->ip & 31) || (void *)(ether + 6) > cursor.end)
		return XDP_DROP;
	/* Each part is checked by itself: clang would put checks together that 6.1 wants apart. */
	ip = cursor_take(&cursor, ip_size);
	barrier_var(cursor.pos);
	tcp = cursor_take(&cursor, 20);
	if (!ip || !tcp)
		return XDP_DROP;
	if (size == 24) {
		barrier_var(cursor.pos);
		options = cursor_take(&cursor, 4);
		if (!options)
			return XDP_DROP;
		option = cookie_option(mss);
		*options = option;
	}
	cookie_write_ip(ip, &syn->to, &syn->from, ip_size, size);
	cookie_write_tcp(tcp, syn, ip_size == 40, cookie, window, size, option);
	for (int i = 0; i < 3; i++) {
		kept = ether[i];
		ether[i] = ether[3 + i];
		ether[3 + i] = kept;
	}
	return XDP_TX;
}

/* Decides about a SYN that the gate lets in (VERDICT_STRANGER). XDP_TX: it is answered; XDP_PASS:
 * it goes to the kernel. */
static __always_inline int cookie_answer(struct xdp_md *ctx, __u32 word)
{
	__u32 zero = 0, ifindex = ctx->ingress_ifindex, mss;
	__u32 service = verdict_service(word) & (SERVICE_MAX - 1);
	struct syn_cookies *own = bpf_map_lookup_elem(&syn_cookies, &zero);
	struct cookie_syn syn = {};
	const __u32 *device;
	__s64 cookie;
	int action;

	if (!own || cookie_spares(own))
		return XDP_PASS;
	device = bpf_map_lookup_elem(&guarded, &ifindex);
	if (!device || !(*device & GUARDED_ANSWERS) ||
	    !cookie_read((void *)(long)ctx->data, (void *)(long)ctx->data_end, &syn) ||
	    cookie_is_odd(&syn.from) || is_same_address(&syn.from, &syn.to) ||
	    !cookie_is_local(own, &syn.to))
		return XDP_PASS;
	cookie = cookie_ask(ctx, &syn);
	if (cookie < 0)
		return XDP_PASS;
	if (word & VERDICT_COUNTS) {
		own->would_answer[service]++;
		return XDP_PASS;
	}
	mss = cookie_own_mss(&syn, *device >> GUARDED_MTU_SHIFT, (__u32)(cookie >> 32));
	action = syn.size == 20 ? cookie_write(ctx, &syn, 20, (__u32)cookie, mss)
				: cookie_write(ctx, &syn, 40, (__u32)cookie, mss);
	if (action == XDP_TX)
		own->answered[service]++;
	return action;
}

#endif
