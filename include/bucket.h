/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arithmetic of rates: the generic cell rate algorithm (ITU-T I.371), a token bucket in one
 * number. `arrival` is when every token taken so far will have come back, one each `interval`; at
 * most `burst` may be out at once. Pure; compiled on both sides.
 */
#ifndef SEKISHO_BUCKET_H
#define SEKISHO_BUCKET_H

/* Whether a token is there now. interval 0: no limit. A burst of 0 counts as 1. */
static inline __attribute__((always_inline)) int bucket_has(__u64 arrival, __u64 now,
							    __u64 interval, __u32 burst)
{
	return !interval || arrival <= now + interval * (burst ? burst - 1 : 0);
}

/* The largest debt of a bucket beyond a full burst: an hour's tokens. */
#define BUCKET_DEBT_NS 3600000000000ULL

/*
 * `arrival` after one more token was taken, whether a token was there or not: a completed handshake
 * counts in any case. Tokens taken beyond the burst are a debt, and nobody is let in until it is
 * paid. The debt is bounded in time, so that no excess counts for ever.
 */
static inline __attribute__((always_inline)) __u64 bucket_take(__u64 arrival, __u64 now,
							       __u64 interval, __u32 burst)
{
	__u64 most = now + interval * (burst ? burst : 1) + BUCKET_DEBT_NS;

	if (arrival < now)
		arrival = now;
	arrival += interval;
	return arrival < most ? arrival : most;
}

#endif
