// SPDX-License-Identifier: GPL-2.0-or-later
/* See networks.h. A flood is one packet, run again and again. */
#include "networks.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "bits.h"
#include "build.h"
#include "limits_world.h"

#define FLOOD (8 * METERED_EXACT)

/* The bits of networks that are there, without those at a limit. */
static unsigned networks_set(const struct bloom *bloom)
{
	return bits_set(bloom, 0x5555555555555555);
}

static int count_one(const struct meter_key *key, const struct meter *meter, void *context)
{
	(void)key, (void)meter;
	++*(unsigned *)context;
	return 0;
}

static unsigned networks(struct gate *gate)
{
	unsigned count = 0;

	if (gate_meter_each(gate, METERS_NETWORKS, count_one, &count, NULL))
		abort();
	return count;
}

static void test_bloom(struct gate *gate, limits_send *send, unsigned programs,
		       void (*report)(bool good, const char *claim))
{
	const struct family *family = &families[0];
	struct prefix prefix = prefix_of(family->network);
	struct meter_key key = { .prefix = prefix, .service = LIMITS_SERVICE };
	struct bloom *bloom = &gate->network_bloom;
	struct rebuild_args add = {
		.what = REBUILD_ADD, .kind = METER_NETWORK, .key = key, .to = 1
	};
	struct meter_key idle = { .prefix = prefix_of("198.18.77.0/24"),
				  .service = LIMITS_SERVICE };
	struct meter came = { .last_ns = clock_boot_ns() };
	unsigned there;

	publish(gate, GATE_ENFORCE);
	fill_meters(gate, family, REASON_NETWORK_CONNECTIONS);
	bloom_empty(bloom);
	bloom_believe(bloom);
	/* The network is as good as unknown, so what comes next decides. */
	report(check_reason(gate, send, programs, family->words, family->plain, LIMITS_SERVICE,
			    REASON_COUNTRY_RATE, GATE_ENFORCE),
	       "the gate believes the networks' Bloom filter");
	bloom_empty(bloom);
	report(check_reason(gate, send, programs, family->words, family->plain, LIMITS_SERVICE,
			    REASON_NETWORK_CONNECTIONS, GATE_ENFORCE),
	       "one that is not filled yet lets nobody beyond a network's limits");
	report(!networks_rebuild(gate, NULL) && bloom_is_valid(bloom) &&
		       networks_set(bloom) == networks(gate) &&
		       check_reason(gate, send, programs, family->words, family->plain,
				    LIMITS_SERVICE, REASON_NETWORK_CONNECTIONS, GATE_ENFORCE),
	       "it is filled from the networks that are there");
	put_meter(gate, MAP_NETWORKS, "198.18.77.0/24", LIMITS_SERVICE, 0, false);
	if (bpf_map_update_elem(gate->maps[MAP_NETWORKS], &idle, &came, BPF_EXIST))
		abort();
	there = networks(gate);
	report(!gate_meter_sweep(gate, clock_boot_ns() + 1, UINT64_MAX, NULL, NULL, NULL) &&
		       networks(gate) == there,
	       "a sweep that gives everybody all the time forgets nobody");
	report(!gate_meter_sweep(gate, clock_boot_ns() + 1, 0, NULL, NULL, NULL) &&
		       bloom_is_valid(bloom) && networks(gate) &&
		       networks_set(bloom) == networks(gate) &&
		       check_reason(gate, send, programs, family->words, family->plain,
				    LIMITS_SERVICE, REASON_NETWORK_CONNECTIONS, GATE_ENFORCE),
	       "a sweep leaves the bits of the networks that it leaves, and no others");
	bpf_map_delete_elem(gate->maps[MAP_NETWORKS], &key);
	bloom_empty(bloom);
	bloom_believe(bloom);
	report(run_settle(gate, &add) == 1 && networks_set(bloom) == 1,
	       "the gate marks a network that it puts in");
}

/* The sources of both families are known, and their networks have so many open. Nothing has marked
 * the networks as being at a limit, as what raises an open count does. */
static void put_known(struct gate *gate, uint32_t open)
{
	for (size_t f = 0; f < 2; f++) {
		struct meter_key key = { .prefix = prefix_of(families[f].network),
					 .service = LIMITS_SERVICE };
		struct meter network = { .open = open };

		fill_meters(gate, &families[f], REASON_NONE);
		put_meter(gate, MAP_SOURCES, families[f].source, LIMITS_SERVICE, 0, false);
		if (bpf_map_update_elem(gate->maps[MAP_NETWORKS], &key, &network, BPF_EXIST))
			abort();
	}
	bloom_empty(&gate->network_bloom);
	for (size_t f = 0; f < 2; f++) {
		struct meter_key key = { .prefix = prefix_of(families[f].network),
					 .service = LIMITS_SERVICE };

		bloom_add_network(&gate->network_bloom, &key, NETWORK_THERE);
	}
	bloom_believe(&gate->network_bloom);
}

/* Waits for a window in which nothing is counted yet. */
static void new_window(void)
{
	uint64_t window = clock_boot_ns() >> METERED_WINDOW_SHIFT;

	while (clock_boot_ns() >> METERED_WINDOW_SHIFT == window)
		;
}

/* Sends FLOOD SYNs of the family's known source. Returns how many were dropped for the reason. */
static uint64_t flood(struct gate *gate, const struct family *family, enum reason reason)
{
	_cleanup_free_ struct gate_counts *before = malloc(sizeof(*before));
	_cleanup_free_ struct gate_counts *after = malloc(sizeof(*after));
	struct address source = prefix_of(family->plain).address;
	struct built_packet packet;
	char word[64];

	if (packet_build(family->words, &source, &source, &packet, word))
		abort();
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet.bytes,
		    .data_size_in = (__u32)packet.size, .repeat = FLOOD);
	if (!before || !after || gate_counts_read(gate, before, NULL) ||
	    bpf_prog_test_run_opts(gate_program_fd(gate, PROGRAM_XDP), &options) ||
	    gate_counts_read(gate, after, NULL))
		abort();
	return attempts(after, LIMITS_SERVICE, reason, GATE_ENFORCE) -
	       attempts(before, LIMITS_SERVICE, reason, GATE_ENFORCE);
}

/* Whether every SYN of a flood is dropped for the reason, in both families. */
static bool all_dropped(struct gate *gate, enum reason reason)
{
	return flood(gate, &families[0], reason) == FLOOD &&
	       flood(gate, &families[1], reason) == FLOOD;
}

static void test_sample(struct gate *gate, void (*report)(bool good, const char *claim))
{
	bool believed = true, counted = true;
	uint64_t began, exact;

	publish(gate, GATE_ENFORCE);
	for (size_t f = 0; f < 2; f++) {
		const struct family *family = &families[f];
		uint64_t dropped, counts;

		put_known(gate, 10);
		new_window();
		began = clock_boot_ns();
		dropped = flood(gate, family, REASON_NETWORK_CONNECTIONS);
		/* On an emulated processor the flood lasts for several windows, or is none. */
		exact = (((clock_boot_ns() - began) >> METERED_WINDOW_SHIFT) + 2) * METERED_EXACT;
		believed &= dropped >= METERED_EXACT &&
			    (dropped <= exact + FLOOD / METERED_SAMPLE * 2 || exact >= FLOOD);
		put_known(gate, 0);
		counted &= !flood(gate, family, REASON_NETWORK_CONNECTIONS) &&
			   get_meter(gate, MAP_SOURCES, family->source).attempts == FLOOD;
		counts = get_meter(gate, MAP_NETWORKS, family->network).attempts;
		counted &= counts > FLOOD * 3 / 4 && counts < FLOOD * 5 / 4;
	}
	report(believed, "in a flood, a network that nothing marked is taken to be at no limit");
	report(counted,
	       "a flood counts each SYN with its source, and by a sample with its network");
}

/* Whether the networks that were put in are marked once the gate did what it was asked. */
static bool marks(struct gate *gate, struct rebuild_args ask)
{
	bool good = true;

	put_known(gate, 0);
	for (size_t f = 0; f < 2; f++) {
		ask.key = (struct meter_key){ .prefix = prefix_of(families[f].network),
					      .service = LIMITS_SERVICE };
		good &= run_settle(gate, &ask) == 1;
	}
	return good && all_dropped(gate, REASON_NETWORK_CONNECTIONS);
}

/* Another source of the network takes its last token, by a SYN since handshakes are not seen. */
static bool handshake_marks(struct gate *gate, limits_send *send)
{
	_cleanup_free_ struct policy *policy = limited_policy(GATE_ENFORCE);
	struct address four = prefix_of("198.18.9.10").address;
	struct address six = prefix_of("2001:db8:6:a::1").address;

	policy->count_syn = 1;
	policy->classes[CLASS_LIMITED].country_interval_ns = 0;
	policy->classes[CLASS_LIMITED].network_interval_ns = LATER_NS;
	/* It goes through each program. */
	policy->classes[CLASS_LIMITED].source_burst = policy->classes[CLASS_LIMITED].network_burst =
		2;
	if (gate_policy_publish(gate, policy, NULL))
		abort();
	put_known(gate, 0);
	return send(gate, families[0].words, &four, &six, false) &&
	       send(gate, families[1].words, &four, &six, false) &&
	       all_dropped(gate, REASON_NETWORK_RATE);
}

static bool stricter_marks(struct gate *gate)
{
	_cleanup_free_ struct policy *policy = limited_policy(GATE_ENFORCE);

	put_known(gate, 7);
	policy->classes[CLASS_LIMITED].network_connections = 7;
	if (gate_policy_publish(gate, policy, NULL))
		abort();
	return all_dropped(gate, REASON_NETWORK_CONNECTIONS);
}

static void test_marks(struct gate *gate, limits_send *send,
		       void (*report)(bool good, const char *claim))
{
	struct rebuild_args add = { .what = REBUILD_ADD, .kind = METER_NETWORK, .to = 10 };
	struct rebuild_args open = { .what = REBUILD_OPEN, .kind = METER_NETWORK, .to = 10 };

	report(handshake_marks(gate, send),
	       "a handshake that takes the last token marks the network");
	publish(gate, GATE_ENFORCE);
	report(marks(gate, add), "so does an open connection that is added");
	report(marks(gate, open), "and an open count that is corrected");
	report(stricter_marks(gate),
	       "a policy with stricter limits marks the networks that reach them");
	publish(gate, GATE_ENFORCE);
	put_known(gate, 10);
	gate->usage->limits_stamp++;
	report(all_dropped(gate, REASON_NETWORK_CONNECTIONS),
	       "marks by the limits of another policy are not believed");
	put_known(gate, 10);
	/* Meters that a test put in are not counted; the sweep must not take the tables for full. */
	gate->usage->source_used = gate->usage->network_used = 2;
	report(!gate_meter_sweep(gate, clock_boot_ns(), UINT64_MAX, NULL, NULL, NULL) &&
		       all_dropped(gate, REASON_NETWORK_CONNECTIONS),
	       "a sweep marks the networks that it finds at a limit");
	put_known(gate, 10);
	bloom_empty(&gate->network_bloom);
	report(!networks_rebuild(gate, NULL) && all_dropped(gate, REASON_NETWORK_CONNECTIONS),
	       "and so does a start that fills the filter");
}

void test_networks(struct gate *gate, limits_send *send, unsigned programs,
		   void (*report)(bool good, const char *claim))
{
	test_bloom(gate, send, programs, report);
	test_sample(gate, report);
	test_marks(gate, send, report);
}
