/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frame -> the SYN in it, as far as an answer with a cookie needs it, and the checksums of both.
 * Not here: who answers, and how (syn_cookie.h). */
#ifndef SEKISHO_COOKIE_SYN_H
#define SEKISHO_COOKIE_SYN_H

#include "packet.h"

#define COOKIE_TAGS    2
#define COOKIE_OPTIONS 12 /* TCP options looked at for the MSS */

#define TCP_FIN_BIT    0x01
#define TCP_RST_BIT    0x04
#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_MSS 2

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

#endif
