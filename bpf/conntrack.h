/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection counter: takes what the TCP stack says of handshakes and ends into the meters.
 * Only a handshake proves its source, so only a handshake makes an entry.
 */
#ifndef SEKISHO_CONNTRACK_H
#define SEKISHO_CONNTRACK_H

#include "connections.h"
#include "verdict.h"

/* Reads a field of the context in a way that clang cannot turn into arithmetic on the context's
 * address, which the verifier refuses. Fields are in network order, except local_port. */
#define CTX_READ(ctx, field)                                                         \
	({                                                                           \
		__u32 read_;                                                         \
		asm volatile("%0 = *(u32 *)(%1 + %2)"                                \
			     : "=r"(read_)                                           \
			     : "r"(ctx), "i"(offsetof(struct bpf_sock_ops, field))); \
		read_;                                                               \
	})

/* The address of the peer. IPv4 peers of a dual-stack listener have mapped addresses. */
static __always_inline void remote_of(struct bpf_sock_ops *ctx, struct address *address)
{
	if (CTX_READ(ctx, family) == AF_INET) {
		fold4(address, CTX_READ(ctx, remote_ip4));
		return;
	}
	address->word[0] = CTX_READ(ctx, remote_ip6[0]);
	address->word[1] = CTX_READ(ctx, remote_ip6[1]);
	address->word[2] = CTX_READ(ctx, remote_ip6[2]);
	address->word[3] = CTX_READ(ctx, remote_ip6[3]);
}

/* This side's address. */
static __always_inline void local_of(struct bpf_sock_ops *ctx, struct address *address)
{
	if (CTX_READ(ctx, family) == AF_INET) {
		fold4(address, CTX_READ(ctx, local_ip4));
		return;
	}
	address->word[0] = CTX_READ(ctx, local_ip6[0]);
	address->word[1] = CTX_READ(ctx, local_ip6[1]);
	address->word[2] = CTX_READ(ctx, local_ip6[2]);
	address->word[3] = CTX_READ(ctx, local_ip6[3]);
}

/* Reports a connection beyond a limit to user space, which can close it: the kernel lets such
 * connections through while others are in flight. */
static __always_inline void report_over(struct bpf_sock_ops *ctx, const struct handshake *shake,
					__u64 cookie, __u32 reason)
{
	struct over_limit *record = bpf_ringbuf_reserve(&over_limit, sizeof(*record), 0);
	struct usage *counts;

	if (!record) {
		counts = table_usage();
		if (counts)
			__sync_fetch_and_add(&counts->over_limit_lost, 1);
		return;
	}
	local_of(ctx, &record->local);
	record->connection = shake->who;
	record->local_port = (__u16)CTX_READ(ctx, local_port);
	record->remote_port = (__u16)bpf_ntohl(CTX_READ(ctx, remote_port));
	record->cookie = cookie;
	record->time_ns = bpf_ktime_get_boot_ns();
	for (int i = 0; i < METER_KINDS; i++)
		record->charged_ns[i] = shake->charged_ns[i];
	record->family = CTX_READ(ctx, family);
	record->reason = reason;
	bpf_ringbuf_submit(record, 0);
}

/* The service of the connection's port; 0: the gate does not count this connection. */
static __always_inline __u32 service_of(struct bpf_sock_ops *ctx, const struct policy *rules,
					const struct tcp_sock *tcp)
{
	__u32 service = rules->port_service[CTX_READ(ctx, local_port) & 0xffff] & (SERVICE_MAX - 1);
	struct address remote, local;

	if (!service || !tcp)
		return 0;
	remote_of(ctx, &remote);
	local_of(ctx, &local);
	return comes_from_outside(tcp, &remote, &local) ? service : 0;
}

/* Counts, once, a connection whose handshake is complete. */
static __always_inline void count_connection(struct bpf_sock_ops *ctx, const struct policy *rules,
					     const struct tcp_sock *tcp, __u32 service)
{
	struct country_counts *counts;
	struct handshake shake = {};
	struct packet packet = {};
	union stamped_lookup found;
	__u32 index, reason;
	__u64 cookie;

	shake.who.service = (__u8)service;
	cookie = bpf_get_socket_cookie(ctx);
	remote_of(ctx, &packet.source);
	packet.is4 = (__u8)is_mapped4(&packet.source);
	found.bytes = find_lookup(&packet, service & (SERVICE_MAX - 1));
	describe(&shake.who, rules, &packet, &found.lookup);
	shake.who.elsewhere = namespace_of_tcp(tcp) != outflow_namespace;
	shake.who.multipath = is_multipath(tcp);
	/* Another link of ours was first: when the cgroup changes there are two for a moment. */
	if (!remember(&shake, ctx->sk, cookie))
		return;
	index = shake.who.service * COUNTRY_COUNT + shake.who.country;
	counts = bpf_map_lookup_elem(&country_counts, &index);
	if (counts)
		__sync_fetch_and_add(&counts->handshakes, 1);
	shake.allowed = lookup_allows(&found.lookup);
	reason = (__u32)meter_handshake(&shake);
	if (shake.opens)
		note_counted(cookie, shake.who.counted);
	if (reason && rules->mode == GATE_ENFORCE && !shake.allowed)
		report_over(ctx, &shake, cookie, reason);
}

/*
 * Counts connections as their sockets change state. With Fast Open the stack announces a connection
 * with its SYN, which proves nothing: its socket is marked, and the connection is counted once the
 * peer has answered. Only our own end (FIN_WAIT1) can come before an answer; every other state
 * follows from one.
 */
static __always_inline void count_state(struct bpf_sock_ops *ctx)
{
	const struct policy *rules = current_policy();
	__u32 opens = ctx->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB, state = ctx->args[1];
	struct bpf_sock *socket = ctx->sk;
	struct counted *stored;
	struct tcp_sock *tcp;
	__u32 service;
	__u64 cookie;

	if (!rules || !socket)
		return;
	stored = bpf_sk_storage_get(&counted, socket, NULL, 0);
	if (!opens && !stored)
		return;
	cookie = stored ? stored->cookie : 0;
	if (!opens && state == BPF_TCP_CLOSE) {
		bpf_sk_storage_delete(&counted, socket);
		if (cookie)
			connection_end(cookie);
		return;
	}
	if (cookie || (!opens && state == BPF_TCP_FIN_WAIT1))
		return;
	tcp = bpf_skc_to_tcp_sock(socket);
	service = service_of(ctx, rules, tcp);
	if (!service)
		return;
	bpf_sock_ops_cb_flags_set(ctx, ctx->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
	if (opens && tcp->fastopen_rsk)
		bpf_sk_storage_get(&counted, socket, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	else
		count_connection(ctx, rules, tcp, service);
}

#endif
