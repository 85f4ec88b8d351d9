/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connection counter: what the TCP stack says of handshakes and ends, into the meters. A
 * handshake proves its source; nothing else begins an entry.
 */
#ifndef SEKISHO_COUNTER_H
#define SEKISHO_COUNTER_H

#include "meter.h"
#include "verdict.h"

/* Reads of the context that clang may not turn into arithmetic on its address, which the verifier
 * refuses. Fields are in network order, ports aside. */
#define CTX_READ(ctx, field) (*(volatile typeof((ctx)->field) *)&(ctx)->field)

static __always_inline void fold4(struct address *address, __be32 ip)
{
	address->word[0] = address->word[1] = 0;
	address->word[2] = bpf_htonl(0xffff);
	address->word[3] = ip;
}

/* Where the connection comes from. A dual-stack listener's IPv4 peers arrive as mapped ones. */
static __always_inline void remote_of(struct bpf_sock_ops *ctx, struct packet *packet)
{
	if (CTX_READ(ctx, family) == AF_INET) {
		fold4(&packet->source, CTX_READ(ctx, remote_ip4));
		packet->is4 = 1;
		return;
	}
	packet->source.word[0] = CTX_READ(ctx, remote_ip6[0]);
	packet->source.word[1] = CTX_READ(ctx, remote_ip6[1]);
	packet->source.word[2] = CTX_READ(ctx, remote_ip6[2]);
	packet->source.word[3] = CTX_READ(ctx, remote_ip6[3]);
	packet->is4 = !packet->source.word[0] && !packet->source.word[1] &&
		      packet->source.word[2] == bpf_htonl(0xffff);
}

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

/* Tells user space, which can close what the kernel let through while others were in flight. */
static __always_inline void report_over(struct bpf_sock_ops *ctx, const struct packet *packet,
					__u32 service, __u32 reason)
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
	record->remote = packet->source;
	record->local_port = (__u16)ctx->local_port;
	record->remote_port = (__u16)bpf_ntohl(ctx->remote_port);
	record->family = ctx->family;
	record->service = service;
	record->reason = reason;
	bpf_ringbuf_submit(record, 0);
}

/*
 * Notes what the connection will give back at its end; 0 when there is no memory for that, and then
 * it must not be counted as open: it would be so for ever. Before it is counted, so that adopt()
 * meanwhile finds it in "opened".
 */
static __always_inline __u32 remember(struct bpf_sock_ops *ctx, const struct packet *packet,
				      __u32 service, __u32 country)
{
	__u64 cookie = bpf_get_socket_cookie(ctx);
	struct bpf_sock *socket = ctx->sk;
	struct counted *counted_as;
	__u32 one = 1;

	bpf_map_update_elem(&opened, &cookie, &one, BPF_ANY);
	if (!socket)
		return 0;
	counted_as = bpf_sk_storage_get(&counted, socket, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!counted_as)
		return 0;
	counted_as->remote = packet->source;
	counted_as->country = (__u16)country;
	counted_as->service = (__u8)service;
	return 1;
}

static __always_inline void count_established(struct bpf_sock_ops *ctx)
{
	const struct policy *rules = current_policy();
	struct country_counts *counts;
	struct packet packet = {};
	struct bpf_sock *socket = ctx->sk;
	struct leaf leaf;
	__u32 service, country, bytes, index, reason;

	if (!rules)
		return;
	service = rules->port_service[ctx->local_port & 0xffff] & (SERVICE_MAX - 1);
	if (!service)
		return;
	/* Another of our links saw it first: for a moment there are two when the cgroup changes. */
	if (socket && bpf_sk_storage_get(&counted, socket, NULL, 0))
		return;
	remote_of(ctx, &packet);
	bytes = find_leaf(&packet);
	__builtin_memcpy(&leaf, &bytes, sizeof(leaf));
	country = leaf.country < COUNTRY_COUNT ? leaf.country : COUNTRY_ZZ;
	index = service * COUNTRY_COUNT + country;
	counts = bpf_map_lookup_elem(&country_counts, &index);
	if (counts)
		__sync_fetch_and_add(&counts->handshakes, 1);
	reason = meter_handshake(&packet, service, country,
				 remember(ctx, &packet, service, country));
	bpf_sock_ops_cb_flags_set(ctx, ctx->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
	if (reason && rules->mode == GATE_ENFORCE && !(leaf.flags & LEAF_ALLOW))
		report_over(ctx, &packet, service, reason);
}

/* Gives back what a connection held. Also for adopted ones, from user space's list of them. */
__noinline int meter_end(const struct counted *was)
{
	const struct policy *rules = current_policy();
	struct meter_key key;
	struct meter *meter;
	__u32 index, is4;

	if (!was || !rules)
		return 0;
	is4 = !was->remote.word[0] && !was->remote.word[1] &&
	      was->remote.word[2] == bpf_htonl(0xffff);
	key = source_key(rules, &was->remote, is4, was->service);
	meter = bpf_map_lookup_elem(&sources, &key);
	if (meter)
		meter_close(meter);
	key = network_key(rules, &was->remote, is4, was->service);
	meter = bpf_map_lookup_elem(&networks, &key);
	if (meter)
		meter_close(meter);
	index = was->service * COUNTRY_COUNT + was->country;
	meter = bpf_map_lookup_elem(&country_meters, &index);
	if (meter)
		meter_close(meter);
	return 0;
}

/* Raises the open counts alone: no token for a handshake that was before our time. */
static __always_inline void meter_adopt(const struct policy *rules, const struct counted *who,
					struct usage *counts)
{
	const struct address *remote = &who->remote;
	__u32 is4 = !remote->word[0] && !remote->word[1] && remote->word[2] == bpf_htonl(0xffff);
	__u32 index = who->service * COUNTRY_COUNT + who->country;
	struct meter_key key = network_key(rules, remote, is4, who->service);
	struct meter *meter;

	meter = network_get(&key, counts);
	if (meter)
		meter_open(meter);
	key = source_key(rules, remote, is4, who->service);
	meter = meter_get(&sources, &key, &counts->source_used, &counts->source_overflows);
	if (meter)
		meter_open(meter);
	meter = bpf_map_lookup_elem(&country_meters, &index);
	if (meter)
		meter_open(meter);
}

/* 1: counted (or its end was), 0: nothing to do. */
static __always_inline int adopt(const struct adopt_args *arguments)
{
	const struct policy *rules = current_policy();
	struct usage *counts = table_usage();
	__u64 cookie = arguments->cookie;
	struct counted who = arguments->counted, *known;

	if (!rules || !counts)
		return 0;
	known = bpf_map_lookup_elem(&adopted, &cookie);
	if (arguments->ended) {
		if (!known)
			return 0;
		who = *known;
		if (bpf_map_delete_elem(&adopted, &cookie))
			return 0;
		meter_end(&who);
		return 1;
	}
	if (known || bpf_map_lookup_elem(&opened, &cookie) ||
	    bpf_map_update_elem(&adopted, &cookie, &who, BPF_NOEXIST))
		return 0;
	meter_adopt(rules, &who, counts);
	return 1;
}

static __always_inline void count_closed(struct bpf_sock_ops *ctx)
{
	struct bpf_sock *socket = ctx->sk;
	struct counted *stored;
	struct counted was;

	if (!socket)
		return;
	stored = bpf_sk_storage_get(&counted, socket, NULL, 0);
	if (!stored)
		return;
	was = *stored;
	bpf_sk_storage_delete(&counted, socket);
	meter_end(&was);
}

#endif
