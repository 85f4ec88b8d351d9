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
#include "packet.h"
#include "verdict.h"

#define COOKIE_WINDOW_SHIFT 27 /* 134 ms */
#define COOKIE_SPARED	    128 /* SYNs of strangers in a window that each CPU leaves to the kernel */
#define COOKIE_TAGS	    2
#define COOKIE_OPTIONS	    12 /* TCP options looked at for the MSS */
#define COOKIE_LIFE	    64 /* the answer's hop limit */
#define FRAME_LEAST	    60 /* shortest Ethernet frame, without its checksum */

#define TCP_FIN_BIT	    0x01
#define TCP_RST_BIT	    0x04
#define TCP_OPTION_END	    0
#define TCP_OPTION_NOP	    1
#define TCP_OPTION_MSS	    2

/* What a SYN says, as far as the answer needs it. */
struct cookie_syn {
	struct address from, to; /* IPv4 mapped */
	__be16 source_port, port;
	__be32 sequence;
	__u32 ip;     /* offset of the IP header in the frame */
	__u32 size;   /* of the IP header: 20 or 40 */
	__u32 mss;    /* 0: the SYN names none */
	__u32 header; /* of TCP, in bytes */
};

/* Folds a sum of 16-bit words into the checksum of IP and TCP. The words may have any alignment
 * within the u64. */
static __always_inline __u16 cookie_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

/* Adds words to a sum for cookie_fold(). */
static __always_inline __u64 cookie_add(__u64 sum, const __be32 *words, __u32 count)
{
	for (__u32 i = 0; i < count; i++)
		sum += words[i];
	return sum;
}

/* Whether the SYN is one of the few in each window that go to the kernel even if its queue
 * is full. These keep options that a cookie loses, and a machine that is not flooded needs
 * no more checks. */
static __always_inline bool cookie_spares(struct syn_cookies *own)
{
	__u64 window = tick_time() >> COOKIE_WINDOW_SHIFT;

	if (own->window != window) {
		own->window = window;
		own->taken = 0;
	}
	return own->taken++ < COOKIE_SPARED;
}

/* Whether it is an address that no stranger has, or that means the link and not a host. */
static __always_inline bool cookie_is_odd(const struct address *from)
{
	__u32 first = bpf_ntohl(from->word[0]), last = bpf_ntohl(from->word[3]) >> 24;

	if (is_mapped4(from))
		return last == 0 || last == 127 || last >= 224;
	return !first || first >> 24 == 0xff || first >> 22 == 0xfe80 >> 6;
}

/* The MSS that the options name; 0: none. */
static __always_inline __u32 cookie_mss(const __u8 *options, const void *end, __u32 size)
{
	__u32 at = 0;

	for (__u32 i = 0; i < COOKIE_OPTIONS; i++) {
		const __u8 *option = options + (at & 63);

		if (at + 4 > size || (void *)(option + 4) > end || option[0] == TCP_OPTION_END)
			return 0;
		if (option[0] == TCP_OPTION_NOP) {
			at++;
			continue;
		}
		if (option[0] == TCP_OPTION_MSS && option[1] == 4)
			return (__u32)(option[2] << 8 | option[3]);
		if (option[1] < 2)
			return 0;
		at += option[1];
	}
	return 0;
}

/* Reads an IPv4 header. False: it has options or a wrong checksum, or the packet is a fragment. */
static __always_inline bool cookie_read4(const __u8 *ip, struct cookie_syn *syn, __u32 *size)
{
	const __be32 *word = (const __be32 *)ip;

	if (ip[0] != 0x45 || ip[9] != NEXT_TCP || (ip[6] & 0xbf) || ip[7] ||
	    cookie_fold(cookie_add(0, word, 5)))
		return false;
	syn->from.word[2] = syn->to.word[2] = bpf_htonl(0xffff);
	syn->from.word[3] = word[3];
	syn->to.word[3] = word[4];
	syn->size = 20;
	*size = (__u32)(ip[2] << 8 | ip[3]);
	return true;
}

/* Reads an IPv6 header. False: TCP is not right behind it, or an address is a mapped one. */
static __always_inline bool cookie_read6(const __u8 *ip, struct cookie_syn *syn, __u32 *size)
{
	const __be32 *word = (const __be32 *)ip;

	if (ip[0] >> 4 != 6 || ip[6] != NEXT_TCP)
		return false;
	for (int i = 0; i < 4; i++) {
		syn->from.word[i] = word[2 + i];
		syn->to.word[i] = word[6 + i];
	}
	syn->size = 40;
	*size = 40 + (__u32)(ip[4] << 8 | ip[5]);
	return !is_mapped4(&syn->from) && !is_mapped4(&syn->to);
}

/* Reads from the beginning of the frame on. False: the SYN goes to the kernel. */
static __always_inline bool cookie_read(void *begin, void *end, struct cookie_syn *syn)
{
	struct cursor cursor = { .pos = begin, .end = end };
	__u8 *ether = cursor_take(&cursor, 14), *ip, *tcp;
	__u32 type, size = 0, flags;
	bool is_read;

	/* A group of hosts neither sends nor gets a SYN. */
	if (!ether || (ether[0] | ether[6]) & 1)
		return false;
	type = (__u32)(ether[12] << 8 | ether[13]);
	for (int i = 0; i < COOKIE_TAGS && (type == ETH_P_8021Q || type == ETH_P_8021AD); i++) {
		__u8 *tag = cursor_take(&cursor, 4);

		if (!tag)
			return false;
		type = (__u32)(tag[2] << 8 | tag[3]);
	}
	syn->ip = (__u32)(cursor.pos - begin);
	ip = cursor_take(&cursor, 20);
	if (!ip || (type != ETH_P_IP && type != ETH_P_IPV6))
		return false;
	if (type == ETH_P_IPV6 && !cursor_take(&cursor, 20))
		return false;
	is_read = type == ETH_P_IP ? cookie_read4(ip, syn, &size) : cookie_read6(ip, syn, &size);
	tcp = cursor_take(&cursor, 20);
	if (!is_read || !tcp)
		return false;
	flags = tcp[TCP_FLAG_BYTE];
	syn->header = (__u32)(tcp[12] >> 4) * 4;
	if ((flags & (TCP_FIN_BIT | TCP_SYN_BIT | TCP_RST_BIT | TCP_ACK_BIT)) != TCP_SYN_BIT ||
	    syn->header < 20 || syn->size + syn->header > size ||
	    syn->ip + size > (__u64)(end - begin))
		return false;
	syn->source_port = *(__be16 *)tcp;
	syn->port = *(__be16 *)(tcp + 2);
	syn->sequence = *(__be32 *)(tcp + 4);
	syn->mss = cookie_mss(tcp + 20, end, syn->header - 20);
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
	if (bpf_xdp_adjust_tail(ctx, (int)(whole - had)))
		return XDP_PASS;
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
	    !bpf_map_lookup_elem(&local, &syn.to))
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
