/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The connections that are counted as open (map "connections"): which ones are counted, how one is
 * added, and what its end gives back.
 */
#ifndef SEKISHO_CONNECTIONS_H
#define SEKISHO_CONNECTIONS_H

#include "handshake.h"
#include "namespace.h"
#include "packet.h"
#include "table_find.h"

#define LOOPBACK_IFINDEX 1

/* Kernels before 5.16 have the device of the last packet here. */
struct inet_sock___before_5_16 {
	int rx_dst_ifindex;
} __attribute__((preserve_access_index));

/* Writes an IPv4 address as a mapped IPv6 address, the form in all tables. */
static __always_inline void fold4(struct address *address, __be32 ip)
{
	address->word[0] = address->word[1] = 0;
	address->word[2] = bpf_htonl(0xffff);
	address->word[3] = ip;
}

/* The device of the last packet for which a route was looked up; 0: not known. */
static __always_inline __u32 device_of(const struct tcp_sock *tcp)
{
	const struct sock *socket = &tcp->inet_conn.icsk_inet.sk;
	const struct inet_sock___before_5_16 *before = (const void *)&tcp->inet_conn.icsk_inet;

	if (bpf_core_field_exists(socket->sk_rx_dst_ifindex))
		return (__u32)socket->sk_rx_dst_ifindex;
	if (bpf_core_field_exists(before->rx_dst_ifindex))
		return (__u32)before->rx_dst_ifindex;
	return 0;
}

static __always_inline bool is_same_address(const struct address *a, const struct address *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1] && a->word[2] == b->word[2] &&
	       a->word[3] == b->word[3];
}

/*
 * Whether the gate sees the connection's packets: the connection is not from the machine to itself,
 * and its device is guarded. The numbers of devices in other namespaces (containers) mean nothing
 * here, but packets to them come through our devices.
 */
static __always_inline bool comes_from_outside(const struct tcp_sock *tcp,
					       const struct address *remote,
					       const struct address *local)
{
	const struct usage *counts = table_usage();
	__u32 device = device_of(tcp);

	if (device == LOOPBACK_IFINDEX || is_same_address(remote, local) ||
	    (is_mapped4(remote) &&
	     (remote->word[3] & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000)))
		return false;
	if (!device || !counts || !counts->guarded_known ||
	    namespace_of_tcp(tcp) != outflow_namespace)
		return true;
	return bpf_map_lookup_elem(&guarded, &device);
}

/* Fills in, for a connection to who->service, what the packet and its lookup tell, and the number
 * of the current sweep. */
static __always_inline void describe(struct connection *who, const struct policy *rules,
				     const struct packet *packet, const struct lookup *lookup)
{
	const struct usage *counts = table_usage();

	who->remote = packet->source;
	who->country = (__u16)lookup_country(rules, who->service, lookup->country);
	who->source_length = (__u8)source_length(rules, packet->is4);
	who->network_length = (__u8)network_length(rules, packet->is4);
	who->seen = counts ? counts->sweep : 0;
}

/* Whether the socket is a path of an MPTCP session. Kernels without MPTCP have no such member. */
static __always_inline bool is_multipath(const struct tcp_sock *tcp)
{
	return bpf_core_field_exists(tcp->is_mptcp) && tcp->is_mptcp;
}

/*
 * Adds the connection; false: it is there already. Sets `shake->opens` if the map had room: a
 * connection without an entry must not be counted as open, since its end would not be noticed.
 * `socket` is of any type that has storage.
 */
static __always_inline bool remember(struct handshake *shake, void *socket, __u64 cookie)
{
	struct usage *counts = table_usage();
	struct counted *stored;
	long err;

	if (!socket)
		return false;
	stored = bpf_sk_storage_get(&counted, socket, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (stored && stored->cookie)
		return false;
	if (stored)
		stored->cookie = cookie;
	err = bpf_map_update_elem(&connections, &cookie, &shake->who, BPF_NOEXIST);
	if (err == -EEXIST)
		return false;
	shake->opens = !err;
	if (!err && counts && shake->who.multipath)
		__sync_fetch_and_add(&counts->multipath, 1);
	if (err && counts)
		__sync_fetch_and_add(&counts->connection_overflows, 1);
	return true;
}

/* Notes which open counts include the connection, once they are raised. */
static __always_inline void note_counted(__u64 cookie, __u32 counted_in)
{
	struct connection *known = bpf_map_lookup_elem(&connections, &cookie);

	if (known)
		known->counted = (__u8)counted_in;
}

/* Gives back what a connection held. */
static __always_inline void meter_end(const struct connection *was)
{
	struct meter_key key;
	struct meter *meter;
	__u32 index;

	if (was->counted & 1 << METER_SOURCE) {
		key = meter_key_of(&was->remote, was->source_length, was->service);
		meter = bpf_map_lookup_elem(&sources, &key);
		if (meter)
			meter_close(meter);
	}
	if (was->counted & 1 << METER_NETWORK) {
		key = meter_key_of(&was->remote, was->network_length, was->service);
		meter = bpf_map_lookup_elem(&networks, &key);
		if (meter)
			meter_close(meter);
	}
	index = was->service * COUNTRY_COUNT + was->country;
	meter = bpf_map_lookup_elem(&country_meters, &index);
	if (meter && was->counted & 1 << METER_COUNTRY)
		meter_close(meter);
}

/* 1: the connection was counted as open, and no longer is. Only the caller that removes the entry
 * gives back what it held. */
__noinline int connection_end(__u64 cookie)
{
	struct connection *known = bpf_map_lookup_elem(&connections, &cookie), was;
	struct usage *counts = table_usage();

	if (!known)
		return 0;
	was = *known;
	if (bpf_map_delete_elem(&connections, &cookie))
		return 0;
	meter_end(&was);
	if (was.multipath && counts)
		__sync_fetch_and_add(&counts->multipath, -1);
	if (was.adopted && counts)
		__sync_fetch_and_add(&counts->adopted, -1);
	return 1;
}

#endif
