/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * struct packet -> drop or pass, in the order that the manual promises; the first match wins.
 * Bans and deny lists act on every packet, so that open sessions end; the rest on SYNs alone.
 */
#ifndef SEKISHO_VERDICT_H
#define SEKISHO_VERDICT_H

#include "count.h"
#include "meter.h"
#include "packet.h"
#include "table_find.h"

static __always_inline const void *table_block(void *inner, __u32 block)
{
	return bpf_map_lookup_elem(inner, &block);
}

static __always_inline const struct policy *current_policy(void)
{
	__u32 zero = 0;
	void *inner = bpf_map_lookup_elem(&policy, &zero);

	return inner ? bpf_map_lookup_elem(inner, &zero) : NULL;
}

/*
 * A source's word in host order. Older verifiers (6.1) know nothing of a value once its bytes were
 * swapped, and clang would fold the shift that bounds it into the swap: keep the two apart.
 */
static __always_inline __u32 host_word(__be32 word)
{
	__u32 host = bpf_ntohl(word);

	asm volatile("" : "+r"(host));
	return host;
}

/*
 * The static table's word on the source, as the bytes of a struct leaf. One outer look-up, so never
 * a mixture of two tables. This and the next are global functions: the verifier checks each once,
 * by itself, and not again behind every way that leads there.
 */
__noinline __u32 find_leaf(const struct packet *packet)
{
	union {
		struct leaf leaf;
		__u32 bytes;
	} found = { .leaf = { .country = COUNTRY_ZZ } };
	__u32 zero = 0;
	const struct table_head *head;
	const __be32 *word;
	void *inner;

	inner = bpf_map_lookup_elem(&table, &zero);
	if (!inner || !packet)
		return found.bytes;
	head = table_block(inner, 0);
	if (!head)
		return found.bytes;
	word = packet->source.word;
	if (packet->is4)
		found.leaf = table_find4(head, inner, host_word(word[3]));
	else
		found.leaf = table_find6(head, inner,
					 (__u64)host_word(word[0]) << 32 | host_word(word[1]),
					 (__u64)host_word(word[2]) << 32 | host_word(word[3]));
	return found.bytes;
}

static __always_inline struct ban *probe_ban(const struct address *source, __u32 length)
{
	struct prefix key = mask_prefix(source, length);

	return bpf_map_lookup_elem(&bans, &key);
}

/* Counts the packet against the ban if it is still running. */
static __always_inline bool ban_holds(struct ban *ban, __u32 syn)
{
	__u64 now = bpf_ktime_get_boot_ns();

	if (ban->expires_ns <= now)
		return false;
	__sync_fetch_and_add(&ban->packets, 1);
	if (syn)
		__sync_fetch_and_add(&ban->attempts, 1);
	ban->last_ns = now;
	return true;
}

/* Whether an active ban, of whatever length, covers the source. */
__noinline int is_banned(const struct packet *packet)
{
	__u32 zero = 0, count;
	const __u32 *lengths;
	struct control *state;

	state = bpf_map_lookup_elem(&control, &zero);
	if (!state || !packet)
		return 0;
	count = packet->is4 ? state->length_count4 : state->length_count6;
	lengths = packet->is4 ? state->lengths4 : state->lengths6;
	for (__u32 i = 0; i < BAN_LENGTHS && i < count; i++) {
		struct ban *ban = probe_ban(&packet->source, lengths[i]);

		if (ban && ban_holds(ban, packet->syn))
			return 1;
	}
	return 0;
}

/* The class of a service for a country. One index, so that the verifier sees its bound. */
static __always_inline __u32 class_of(const struct policy *rules, __u32 service, __u32 country)
{
	const __u8 *classes = &rules->country_class[0][0];
	__u32 index = service * COUNTRY_COUNT + country;

	barrier_var(index); /* clang would find the check needless */
	if (index >= SERVICE_MAX * COUNTRY_COUNT)
		return CLASS_PASS;
	return classes[index] & (CLASS_MAX - 1);
}

/*
 * Takes a token of each meter, and with `opens` raises the open counts: a completed handshake, or a
 * SYN where no handshakes are seen. Which limit it broke, if any.
 */
__noinline __u32 meter_handshake(const struct packet *packet, __u32 service, __u32 country,
				 __u32 opens)
{
	const struct policy *rules = current_policy();
	struct usage *counts = table_usage();
	const struct limits *limits;
	struct meter_key key;
	struct meter *meter;
	__u64 now = bpf_ktime_get_boot_ns();
	__u32 reason = REASON_NONE, index;

	if (!packet || !rules || !counts || service >= SERVICE_MAX || country >= COUNTRY_COUNT)
		return REASON_NONE;
	limits = &rules->classes[class_of(rules, service, country)];
	key = network_key(rules, &packet->source, packet->is4, service);
	meter = meter_get(&networks, &key, &counts->network_used, &counts->network_overflows);
	if (meter) {
		meter_take(meter, now, limits->network_interval_ns, limits->network_burst);
		if (opens && meter_open(meter) > limits->network_connections &&
		    limits->network_connections)
			reason = REASON_NETWORK_CONNECTIONS;
	}
	key = source_key(rules, &packet->source, packet->is4, service);
	meter = meter_get(&sources, &key, &counts->source_used, &counts->source_overflows);
	if (meter) {
		meter_take(meter, now, limits->source_interval_ns, limits->source_burst);
		if (opens && meter_open(meter) > limits->source_connections &&
		    limits->source_connections)
			reason = REASON_SOURCE_CONNECTIONS;
	}
	index = service * COUNTRY_COUNT + country;
	meter = bpf_map_lookup_elem(&country_meters, &index);
	if (meter) {
		meter_take(meter, now, limits->country_interval_ns, limits->country_burst);
		if (opens)
			meter_open(meter);
	}
	return reason;
}

/* What the meters of the source, its network and its country say to one more connection. */
static __always_inline enum reason ask_meters(const struct limits *limits, __u64 now,
					      const struct meter *source,
					      const struct meter *network,
					      const struct meter *country)
{
	if (source && limits->source_connections && source->open >= limits->source_connections)
		return REASON_SOURCE_CONNECTIONS;
	if (network && limits->network_connections && network->open >= limits->network_connections)
		return REASON_NETWORK_CONNECTIONS;
	if (source &&
	    !bucket_has(source->arrival_ns, now, limits->source_interval_ns, limits->source_burst))
		return REASON_SOURCE_RATE;
	if (network && !bucket_has(network->arrival_ns, now, limits->network_interval_ns,
				   limits->network_burst))
		return REASON_NETWORK_RATE;
	if (country && !bucket_has(country->arrival_ns, now, limits->country_interval_ns,
				   limits->country_burst))
		return REASON_COUNTRY_RATE;
	return REASON_NONE;
}

/*
 * What only a SYN is asked. An unknown source costs one look-up in the networks: its network has an
 * entry if it has one itself, unless that table has been full.
 */
__noinline int judge_syn(const struct packet *packet, __u32 service, __u32 country)
{
	const struct policy *rules = current_policy();
	struct meter *source = NULL, *network, *of_country = NULL;
	const struct usage *counts = table_usage();
	const struct limits *limits;
	struct meter_key key;
	__u32 class, index, reason;
	__u64 now;

	if (!packet || !rules || !counts || service >= SERVICE_MAX || country >= COUNTRY_COUNT)
		return REASON_NONE;
	class = class_of(rules, service, country);
	if (class == CLASS_DENY)
		return REASON_COUNTRY;
	limits = &rules->classes[class];
	key = network_key(rules, &packet->source, packet->is4, service);
	network = bpf_map_lookup_elem(&networks, &key);
	if (network || counts->network_overflows) {
		key = source_key(rules, &packet->source, packet->is4, service);
		source = bpf_map_lookup_elem(&sources, &key);
	}
	if (limits->country_interval_ns) {
		index = service * COUNTRY_COUNT + country;
		of_country = bpf_map_lookup_elem(&country_meters, &index);
	}
	if (!source && !network && !of_country)
		return REASON_NONE;
	now = bpf_ktime_get_boot_ns();
	reason = ask_meters(limits, now, source, network, of_country);
	if (source)
		meter_attempt(source, now, reason);
	if (network)
		meter_attempt(network, now, reason);
	return (int)reason;
}

/* 1: drop, 0: pass. */
__noinline int verdict(struct packet *packet)
{
	const struct policy *rules;
	enum reason reason;
	struct leaf leaf;
	__u32 service, country, mode, bytes;

	if (!packet || packet->kind == PACKET_OTHER)
		return 0;
	rules = current_policy();
	if (!rules)
		return 0;
	service = rules->port_service[packet->port] & (SERVICE_MAX - 1);
	/* An unreadable packet whose port was seen is the gate's only on a protected port. */
	if (!service && (packet->kind == PACKET_TCP || packet->port))
		return 0;
	mode = rules->mode;
	bytes = find_leaf(packet);
	__builtin_memcpy(&leaf, &bytes, sizeof(leaf));
	country = leaf.country < COUNTRY_COUNT ? leaf.country : COUNTRY_ZZ;
	if (leaf.list && leaf.flags & LEAF_ALLOW) {
		count_list(leaf.list, packet->syn);
		reason = REASON_NONE;
	} else if (is_banned(packet)) {
		reason = REASON_BANNED;
	} else if (leaf.flags & LEAF_DENY) {
		count_list(leaf.list, packet->syn);
		reason = REASON_LISTED;
	} else if (packet->kind == PACKET_UNREADABLE) {
		reason = REASON_UNREADABLE;
	} else if (packet->syn) {
		reason = judge_syn(packet, service, country);
		if (!reason && rules->count_syn)
			meter_handshake(packet, service, country, 0);
	} else {
		return 0;
	}
	if (packet->syn)
		count_attempt(service, country, reason, mode);
	if (!reason)
		return 0;
	count_reason(service, reason, mode, packet->syn);
	return mode == GATE_ENFORCE;
}

#endif
