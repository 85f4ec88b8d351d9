/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Corrects the counts of open connections after the sockets that there are: the walk over the
 * sockets of this network namespace, and what user space asks for after it (contract.h,
 * rebuild_what).
 */
#ifndef SEKISHO_REBUILD_COUNTS_H
#define SEKISHO_REBUILD_COUNTS_H

#include "connections.h"
#include "rebuild_args.h"
#include "verdict.h"

/* Both addresses of a connected socket of this namespace; false: it is not connected yet, or no
 * longer. */
static __always_inline bool socket_ends(const struct tcp_sock *tcp, struct address *remote,
					struct address *local)
{
	const struct sock_common *common = &tcp->inet_conn.icsk_inet.sk.__sk_common;
	__u32 state = common->skc_state;

	if (state == BPF_TCP_LISTEN || state == BPF_TCP_CLOSE || state == BPF_TCP_SYN_SENT ||
	    state == BPF_TCP_SYN_RECV || tcp->fastopen_rsk)
		return false;
	if (common->skc_family == AF_INET) {
		fold4(remote, common->skc_daddr);
		fold4(local, common->skc_rcv_saddr);
		return true;
	}
	for (int i = 0; i < 4; i++) {
		remote->word[i] = common->skc_v6_daddr.in6_u.u6_addr32[i];
		local->word[i] = common->skc_v6_rcv_saddr.in6_u.u6_addr32[i];
	}
	return common->skc_family == AF_INET6;
}

/* Raises only the open counts, for a connection whose handshake is counted already or was before
 * the gate. Its network is marked as if it were at a limit, until a sweep looks. Returns which
 * counts it raised. */
static __always_inline __u32 meter_raise(const struct connection *who, struct usage *counts)
{
	__u32 index = who->service * COUNTRY_COUNT + who->country, in = 0;
	struct meter_key key;
	struct meter *meter;

	key = meter_key_of(&who->remote, who->network_length, who->service);
	meter = network_get(&key, counts);
	if (meter) {
		meter_open(meter);
		network_mark(&key, NETWORK_THERE | NETWORK_AT_LIMIT);
		in |= 1 << METER_NETWORK;
	}
	key = meter_key_of(&who->remote, who->source_length, who->service);
	meter = source_get(&key, counts);
	if (meter) {
		meter_open(meter);
		in |= 1 << METER_SOURCE;
	}
	meter = bpf_map_lookup_elem(&country_meters, &index);
	if (meter) {
		meter_open(meter);
		in |= 1 << METER_COUNTRY;
	}
	return in;
}

/* Counts a known connection anew if the policy's prefix lengths have changed. The walk has locked
 * its socket, so the connection does not end meanwhile. */
static __always_inline void rekey(struct connection *known, const struct policy *rules,
				  struct usage *counts)
{
	__u32 is4 = is_mapped4(&known->remote);
	struct connection moved = *known;

	moved.source_length = (__u8)source_length(rules, is4);
	moved.network_length = (__u8)network_length(rules, is4);
	if (known->elsewhere || (known->source_length == moved.source_length &&
				 known->network_length == moved.network_length))
		return;
	meter_end(known);
	moved.counted = (__u8)meter_raise(&moved, counts);
	known->source_length = moved.source_length;
	known->network_length = moved.network_length;
	known->counted = moved.counted;
}

/* Whether the connection is counted; if so, it is marked as seen by this sweep. */
static __always_inline bool is_counted(struct sock_common *common, __u64 cookie,
				       const struct policy *rules, struct usage *counts)
{
	struct counted *stored = bpf_sk_storage_get(&counted, common, NULL, 0);
	struct connection *known;

	if (!stored || !stored->cookie)
		return false;
	known = bpf_map_lookup_elem(&connections, &cookie);
	if (!known) {
		stored->cookie = 0; /* its entry is lost, or there was no room for it */
		return false;
	}
	known->seen = counts->sweep;
	rekey(known, rules, counts);
	return true;
}

/* Counts a connection that is open and not counted. The walk holds the socket's lock, so the
 * connection neither opens nor ends meanwhile. */
static __always_inline void adopt(struct sock_common *common)
{
	const struct policy *rules = current_policy();
	struct usage *counts = table_usage();
	struct handshake shake = {};
	struct address local = {};
	struct packet packet = {};
	union stamped_lookup found;
	struct tcp_sock *tcp;
	__u64 cookie;

	tcp = common && rules && counts ? bpf_skc_to_tcp_sock(common) : NULL;
	if (!tcp || !socket_ends(tcp, &packet.source, &local))
		return;
	cookie = bpf_get_socket_cookie(common);
	if (is_counted(common, cookie, rules, counts))
		return;
	shake.who.service = rules->port_service[tcp->inet_conn.icsk_inet.sk.__sk_common.skc_num] &
			    (SERVICE_MAX - 1);
	if (!shake.who.service || !comes_from_outside(tcp, &packet.source, &local))
		return;
	packet.is4 = (__u8)is_mapped4(&packet.source);
	found.bytes = find_lookup(&packet, shake.who.service & (SERVICE_MAX - 1));
	describe(&shake.who, rules, &packet, &found.lookup);
	shake.who.adopted = 1;
	shake.who.multipath = is_multipath(tcp);
	if (!remember(&shake, common, cookie) || !shake.opens)
		return;
	note_counted(cookie, meter_raise(&shake.who, counts));
	__sync_fetch_and_add(&counts->adopted, 1);
}

/* The meter of arguments->kind; NULL: it is gone. */
static __always_inline struct meter *meter_find(const struct rebuild_args *arguments)
{
	struct meter_key key = arguments->key;

	if (arguments->kind == METER_SOURCE)
		return bpf_map_lookup_elem(&sources, &key);
	if (arguments->kind == METER_NETWORK)
		return bpf_map_lookup_elem(&networks, &key);
	return bpf_map_lookup_elem(&country_meters, &key.service);
}

/* Gives back the tokens of a handshake whose connection was closed because of a limit. */
static __always_inline int rebuild_refund(const struct rebuild_args *arguments)
{
	const struct connection *who = &arguments->connection;
	__u32 index = who->service * COUNTRY_COUNT + who->country;
	struct address remote = who->remote;
	__u64 now = bpf_ktime_get_boot_ns();
	struct meter_key key;
	struct meter *meter;

	key = meter_key_of(&remote, who->source_length, who->service);
	meter = bpf_map_lookup_elem(&sources, &key);
	if (meter)
		meter_refund(meter, now, arguments->charged_ns[METER_SOURCE]);
	key = meter_key_of(&remote, who->network_length, who->service);
	meter = bpf_map_lookup_elem(&networks, &key);
	if (meter)
		meter_refund(meter, now, arguments->charged_ns[METER_NETWORK]);
	meter = bpf_map_lookup_elem(&country_meters, &index);
	if (meter)
		meter_refund(meter, now, arguments->charged_ns[METER_COUNTRY]);
	return 1;
}

/* Ends a connection whose socket the sweep did not meet. 1: it was counted, and no longer is. */
static __always_inline int rebuild_end(const struct rebuild_args *arguments)
{
	__u64 cookie = arguments->cookie;
	const struct connection *known = bpf_map_lookup_elem(&connections, &cookie);

	if (!known || known->elsewhere || (__s32)(known->seen - arguments->seen) >= 0)
		return 0;
	return connection_end(cookie);
}

/* Raises an open count by arguments->to, in a meter that may be new. 0: there is no room. */
static __always_inline int rebuild_add(const struct rebuild_args *arguments)
{
	struct usage *counts = table_usage();
	struct meter_key key = arguments->key;
	struct meter *meter = NULL;

	if (counts && arguments->kind == METER_SOURCE)
		meter = source_get(&key, counts);
	else if (counts && arguments->kind == METER_NETWORK)
		meter = network_get(&key, counts);
	if (!meter)
		return 0;
	__sync_fetch_and_add(&meter->open, arguments->to);
	return 1;
}

/* Makes an open count that is arguments->from arguments->to. 0: it is not, or it is gone. */
static __always_inline int rebuild_open(const struct rebuild_args *arguments)
{
	struct meter *meter = meter_find(arguments);

	return meter && __sync_val_compare_and_swap(&meter->open, arguments->from, arguments->to) ==
				arguments->from;
}

/* Changes an open count, and marks the network if it is one. */
static __always_inline int rebuild_count(const struct rebuild_args *arguments)
{
	int done = arguments->what == REBUILD_ADD ? rebuild_add(arguments)
						  : rebuild_open(arguments);
	struct meter_key key = arguments->key;

	if (done && arguments->kind == METER_NETWORK)
		network_mark(&key, NETWORK_THERE | NETWORK_AT_LIMIT);
	return done;
}

/* Writes all members of a ban's entry but its counters and its lookup, which the gate writes. If
 * the new ban has no packets, its counters begin at 0. */
static __always_inline int rebuild_ban(const struct rebuild_args *arguments)
{
	struct prefix banned = arguments->banned;
	struct ban *ban = bpf_map_lookup_elem(&bans, &banned);
	const __u64 *from = (const void *)&arguments->ban;
	__u64 *to = (void *)ban;

	if (!ban)
		return 0;
#pragma unroll
	for (__u32 i = 0; i < sizeof(*ban) / sizeof(*to); i++) {
		__u32 at = i * sizeof(*to);

		if (at != offsetof(struct ban, packets) && at != offsetof(struct ban, attempts) &&
		    at != offsetof(struct ban, lookup))
			*(volatile __u64 *)&to[i] = from[i];
	}
	if (arguments->ban.packets)
		return 1;
	ban->packets = 0;
	ban->attempts = 0;
	return 1;
}

static __always_inline int rebuild_ban_counts(const struct rebuild_args *arguments)
{
	struct prefix banned = arguments->banned;
	struct ban *ban = bpf_map_lookup_elem(&bans, &banned);

	if (!ban)
		return 0;
	__sync_fetch_and_add(&ban->packets, arguments->ban.packets);
	__sync_fetch_and_add(&ban->attempts, arguments->ban.attempts);
	return 1;
}

/* Does what arguments->what says. 1: done; 0: there was nothing to do, or the value had changed. */
static __always_inline int rebuild(const struct rebuild_args *arguments)
{
	switch (arguments->what) {
	case REBUILD_END:
		return rebuild_end(arguments);
	case REBUILD_REFUND:
		return rebuild_refund(arguments);
	case REBUILD_ADD:
	case REBUILD_OPEN:
		return rebuild_count(arguments);
	case REBUILD_BAN:
		return rebuild_ban(arguments);
	case REBUILD_BAN_COUNTS:
		return rebuild_ban_counts(arguments);
	}
	return 0;
}

#endif
