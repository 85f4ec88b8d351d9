/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a completed handshake does to the meters of its source, network and country. Not here: how a
 * complete handshake is noticed (conntrack.h), and the checks before it (verdict.h).
 */
#ifndef SEKISHO_HANDSHAKE_H
#define SEKISHO_HANDSHAKE_H

#include "limits_ask.h"
#include "meter.h"

/* The policy in force; NULL: none is published. */
static __always_inline const struct policy *current_policy(void)
{
	__u32 zero = 0;
	void *inner = bpf_map_lookup_elem(&policy, &zero);

	return inner ? bpf_map_lookup_elem(inner, &zero) : NULL;
}

/* The class of a service for a country. There is one index, so that the verifier sees its bound. */
static __always_inline __u32 class_of(const struct policy *rules, __u32 service, __u32 country)
{
	const __u8 *classes = &rules->country_class[0][0];
	__u32 index = service * COUNTRY_COUNT + country;

	barrier_var(index); /* clang would find the check needless */
	if (index >= SERVICE_MAX * COUNTRY_COUNT)
		return CLASS_PASS;
	return classes[index] & (CLASS_MAX - 1);
}

struct handshake {
	struct connection who; /* `counted` is set */
	__u32 opens;	       /* 1: it is also counted as open */
	__u32 allowed; /* 1: in an allow list: no limit, and no token of network or country */
	__u32 reserved;
	__u64 charged_ns[METER_KINDS]; /* what its tokens cost */
};

/* Takes the source's token. Returns which of the source's own limits the handshake broke. */
static __always_inline __u32 handshake_of_source(struct handshake *shake,
						 const struct limits *limits, struct meter *meter,
						 struct token *token, __u64 now)
{
	__u32 open = 0;

	token->interval = limits->source_interval_ns;
	token->burst = limits->source_burst;
	meter_take(meter, now, token);
	shake->charged_ns[METER_SOURCE] = token->charged_ns;
	if (shake->opens) {
		open = meter_open(meter);
		shake->who.counted |= 1 << METER_SOURCE;
	}
	if (limits->source_connections && open > limits->source_connections)
		return REASON_SOURCE_CONNECTIONS;
	return token->had ? REASON_NONE : REASON_SOURCE_RATE;
}

/*
 * The same for the network, which also stands for a source without a meter (`stranger`). `pays`:
 * the handshake takes a token; `opens`: it is counted as open.
 */
static __always_inline __u32 handshake_of_network(struct handshake *shake,
						  const struct limits *limits, struct meter *meter,
						  struct token *token, __u64 now, __u32 stranger)
{
	__u32 open = 0, of_source = stranger && !limits->network_interval_ns;

	if (token->pays)
		token->interval = of_source ? limits->source_interval_ns
					    : limits->network_interval_ns;
	token->burst = of_source ? limits->source_burst : limits->network_burst;
	meter_take(meter, now, token);
	shake->charged_ns[METER_NETWORK] = token->charged_ns;
	if (token->opens) {
		open = meter_open(meter);
		shake->who.counted |= 1 << METER_NETWORK;
	}
	if (!token->pays)
		return REASON_NONE;
	if (stranger && !limits->network_connections && limits->source_connections &&
	    open > limits->source_connections)
		return REASON_SOURCE_CONNECTIONS;
	if (limits->network_connections && open > limits->network_connections)
		return REASON_NETWORK_CONNECTIONS;
	if (token->had)
		return REASON_NONE;
	return of_source ? REASON_SOURCE_RATE : REASON_NETWORK_RATE;
}

/* The same for the country, which has no limit on open connections. */
static __always_inline __u32 handshake_of_country(struct handshake *shake,
						  const struct limits *limits, struct meter *meter,
						  struct token *token, __u64 now)
{
	token->interval = token->pays ? limits->country_interval_ns : 0;
	token->burst = limits->country_burst;
	token->charged_ns = 0;
	meter_take(meter, now, token);
	shake->charged_ns[METER_COUNTRY] = token->charged_ns;
	if (shake->opens) {
		meter_open(meter);
		shake->who.counted |= 1 << METER_COUNTRY;
	}
	return token->had ? REASON_NONE : REASON_COUNTRY_RATE;
}

/*
 * Takes a token of each meter, and with `opens` raises the open counts. Returns the reason of the
 * limit that the handshake broke, if any. The source is charged first: a handshake beyond the
 * source's own limit is closed, and costs its network and country nothing; one beyond the network's
 * limit costs its country nothing. In monitor mode, where nothing is closed, all are counted as
 * open, and no debt is made: the rates are those that enforce mode would see.
 */
__noinline int meter_handshake(struct handshake *shake)
{
	const struct policy *rules = current_policy();
	struct usage *counts = table_usage();
	struct meter *source, *network, *country;
	const struct limits *limits;
	struct meter_key key, network_key;
	struct token token = {};
	__u64 now = bpf_ktime_get_boot_ns();
	__u32 reason = REASON_NONE, index, closes, last;

	if (!shake || !rules || !counts || shake->who.service >= SERVICE_MAX ||
	    shake->who.country >= COUNTRY_COUNT)
		return REASON_NONE;
	index = shake->who.service * COUNTRY_COUNT + shake->who.country;
	limits = &rules->classes[class_of(rules, shake->who.service, shake->who.country)];
	closes = rules->mode == GATE_ENFORCE && !shake->allowed;
	/* The network's entry first: the gate looks for a source only if its network has one. */
	network_key =
		meter_key_of(&shake->who.remote, shake->who.network_length, shake->who.service);
	network = network_get(&network_key, counts);
	if (network)
		network_mark(&network_key, NETWORK_THERE);
	key = meter_key_of(&shake->who.remote, shake->who.source_length, shake->who.service);
	source = source_get(&key, counts);
	token.owes = closes;
	if (source)
		reason = handshake_of_source(shake, limits, source, &token, now);
	token = (struct token){ .owes = closes, .pays = !reason && !shake->allowed };
	token.opens = shake->opens && (token.pays || (!closes && !shake->allowed));
	if (network) {
		last = handshake_of_network(shake, limits, network, &token, now, !source);
		if (network_at_limit(rules, network, now))
			network_mark(&network_key, NETWORK_AT_LIMIT);
		reason = reason ?: last;
	}
	token.pays = !reason && !shake->allowed;
	country = bpf_map_lookup_elem(&country_meters, &index);
	if (country) {
		last = handshake_of_country(shake, limits, country, &token, now);
		reason = reason ?: last;
	}
	return (int)reason;
}

#endif
