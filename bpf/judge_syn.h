/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The limits' part of the verdict: what is asked about a SYN that bans, lists and countries let in.
 */
#ifndef SEKISHO_JUDGE_SYN_H
#define SEKISHO_JUDGE_SYN_H

#include "handshake.h"
#include "limits_ask.h"
#include "packet.h"

#define SYN_METERED 16 /* a bit of judge_syn()'s result, beside the reason */

/*
 * The checks that only a SYN gets, from a country that is let in. Returns the reason, and
 * SYN_METERED if the source has completed a handshake before. One without a meter costs one word of
 * the networks' Bloom filter: its network's bit is set if the source has an entry, unless the
 * networks' table was full. In a flood, a source with a meter whose network is at no limit costs no
 * look-up of the network, but for a sample that is counted.
 */
__noinline int judge_syn(const struct packet *packet, __u32 service, __u32 country)
{
	const struct policy *rules = current_policy();
	struct meter *source = NULL, *network = NULL, *of_country = NULL;
	const struct usage *counts = table_usage();
	struct meter_key key, network_key;
	struct limits_meters meters;
	const struct limits *limits;
	__u32 index, reason, bits, weight = 1;
	__u64 now;

	if (!packet || !rules || !counts || service >= SERVICE_MAX || country >= COUNTRY_COUNT)
		return REASON_NONE;
	limits = &rules->classes[class_of(rules, service, country)];
	network_key = meter_key_of(&packet->source, network_length(rules, packet->is4), service);
	bits = network_bits(&network_key);
	if (rules->strictest.stamp != counts->limits_stamp)
		bits |= NETWORK_AT_LIMIT;
	if (bits & NETWORK_THERE || counts->network_overflows) {
		key = meter_key_of(&packet->source, source_length(rules, packet->is4), service);
		source = bpf_map_lookup_elem(&sources, &key);
	}
	if (limits->country_interval_ns) {
		index = service * COUNTRY_COUNT + country;
		of_country = bpf_map_lookup_elem(&country_meters, &index);
	}
	if (!(bits & NETWORK_THERE) && !source && !of_country)
		return REASON_NONE;
	now = bpf_ktime_get_boot_ns();
	if (source && !(bits & NETWORK_AT_LIMIT))
		weight = metered_weight(now);
	if (bits & NETWORK_THERE && weight)
		network = bpf_map_lookup_elem(&networks, &network_key);
	meters = (struct limits_meters){ source, network, of_country,
					 !source && counts->sources_full };
	reason = limits_ask(limits, now, &meters);
	if (source)
		meter_attempt(source, reason, 1);
	if (network)
		meter_attempt(network, reason, weight);
	return (int)(reason | (source ? SYN_METERED : 0));
}

/* Takes the tokens of a handshake for a SYN that passes, on a machine where no handshakes are seen.
 */
__noinline int meter_syn(const struct packet *packet, __u32 service, __u32 country)
{
	const struct policy *rules = current_policy();
	struct handshake shake = {};

	if (!packet || !rules)
		return 0;
	shake.who.remote = packet->source;
	shake.who.service = (__u8)service;
	shake.who.country = (__u16)country;
	shake.who.source_length = (__u8)source_length(rules, packet->is4);
	shake.who.network_length = (__u8)network_length(rules, packet->is4);
	meter_handshake(&shake);
	return 0;
}

#endif
