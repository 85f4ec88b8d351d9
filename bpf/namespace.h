/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which network namespace a socket is in. */
#ifndef SEKISHO_NAMESPACE_H
#define SEKISHO_NAMESPACE_H

/* The inode of the network namespace that this instance guards; set before loading. */
const volatile __u32 outflow_namespace = 0;

/* The inode of the socket's network namespace. */
static __always_inline __u32 namespace_of_tcp(const struct tcp_sock *tcp)
{
	return tcp->inet_conn.icsk_inet.sk.__sk_common.skc_net.net->ns.inum;
}

/* The inode of a TCP socket's network namespace; 0: it is no TCP socket. */
static __always_inline __u32 outflow_namespace_of(struct bpf_sock *socket)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(socket);

	return tcp ? namespace_of_tcp(tcp) : 0;
}

#endif
