/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the limits of a class allow one more connection, asked in the order that the manual
 * promises. Pure; compiled into the gate and, for `why`, into user space.
 */
#ifndef SEKISHO_LIMITS_ASK_H
#define SEKISHO_LIMITS_ASK_H

#include "bucket.h"
#include "contract.h"

/* The meters of a source, its network and its country; NULL: there is none. */
struct limits_meters {
	const struct meter *source, *network, *country;
	__u32 stranger; /* the source has no meter, as there was no room: its network's is used */
};

/* Whether one more attempt now (CLOCK_BOOTTIME, ns) is within a limit of one in `interval` ns with
 * `burst` at once. Without a meter (NULL) nothing was counted, so it is. */
static inline __attribute__((always_inline)) int meter_has(const struct meter *meter, __u64 now,
							   __u64 interval, __u32 burst)
{
	return !meter || bucket_has(meter->arrival_ns, now, interval, burst);
}

/* Whether `most` (0: no limit) are open already. */
static inline __attribute__((always_inline)) int meter_full(const struct meter *meter, __u32 most)
{
	return meter && most && meter->open >= most;
}

/* Whether a network may be at a limit: by the strictest ones of all classes, as its sources may be
 * of several countries. */
static inline __attribute__((always_inline)) int
network_at_limit(const struct policy *policy, const struct meter *meter, __u64 now)
{
	return meter->open >= policy->strictest.network_open ||
	       (meter->arrival_ns > now &&
		meter->arrival_ns - now > policy->strictest.network_ahead_ns);
}

/* enum reason; REASON_NONE: it passes. */
static inline __attribute__((always_inline)) __u32
limits_ask(const struct limits *limits, __u64 now, const struct limits_meters *meters)
{
	const struct meter *source = meters->stranger ? meters->network : meters->source;

	/* If the network has a limit of its own, that limit bounds sources without a meter. */
	if ((!meters->stranger || !limits->network_connections) &&
	    meter_full(source, limits->source_connections))
		return REASON_SOURCE_CONNECTIONS;
	if (meter_full(meters->network, limits->network_connections))
		return REASON_NETWORK_CONNECTIONS;
	if ((!meters->stranger || !limits->network_interval_ns) &&
	    !meter_has(source, now, limits->source_interval_ns, limits->source_burst))
		return REASON_SOURCE_RATE;
	if (!meter_has(meters->network, now, limits->network_interval_ns, limits->network_burst))
		return REASON_NETWORK_RATE;
	if (!meter_has(meters->country, now, limits->country_interval_ns, limits->country_burst))
		return REASON_COUNTRY_RATE;
	return REASON_NONE;
}

#endif
