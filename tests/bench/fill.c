// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Puts the benchmarks' addresses (world.h) where they are wanted: into a list, a flood's file, the
 * pinned tables of a gate, a store. What a year of traffic would do, in a second. Needs root for
 * pins. Not here: what they cost (cost.c).
 *
 *   fill text REGION 4|6 COUNT           a line each
 *   fill binary REGION 4|6 COUNT         16 bytes each, as `flood sources=` reads them
 *   fill bans PINS COUNT4 COUNT6         banned for a day
 *   fill store FOLDER COUNT4 COUNT6      the same, in the store alone
 *   fill known PINS PORT COUNT4 COUNT6 [spent]
 *                                        sources that have completed handshakes; spent: too many
 *   fill count PINS                      packets and attempts of each reason, all services
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "kernel/bloom_fill.h"
#include "store/store.h"
#include "world.h"

#define DAY_NS (86400ULL * NS_PER_S)

static int failed(const char *what, const char *why)
{
	fprintf(stderr, "fill: %s: %s\n", what, why);
	return 1;
}

static int print_region(bool text, char **argv)
{
	enum world_region region = world_region_named(argv[2]);
	bool is4 = !strcmp(argv[3], "4");
	size_t count = strtoul(argv[4], NULL, 10);

	if (region == WORLD_REGIONS || count > world_room(region))
		return failed(argv[2], "no such region, or it has not so many");
	for (size_t i = 0; i < count; i++) {
		struct prefix prefix = world_prefix(region, is4, i);
		struct address address = world_address(region, is4, i);
		char line[PREFIX_TEXT_SIZE] = "";

		if (text)
			prefix_format(&prefix, line);
		if (text ? puts(line) < 0 : fwrite(&address, sizeof(address), 1, stdout) != 1)
			return failed("standard output", strerror(errno));
	}
	return fflush(stdout) ? failed("standard output", strerror(errno)) : 0;
}

/* IPv4 ones first, then IPv6 ones. */
static struct prefix prefix_at(enum world_region region, size_t count4, size_t index)
{
	bool is4 = index < count4;

	return world_prefix(region, is4, is4 ? index : index - count4);
}

static int fill_bans(const char *pins, size_t count4, size_t count6)
{
	_cleanup_free_ struct prefix *prefixes = calloc(count4 + count6, sizeof(*prefixes));
	_cleanup_free_ struct ban *bans = calloc(count4 + count6, sizeof(*bans));
	uint64_t now = clock_boot_ns();
	struct fault fault = { 0 };
	struct gate *gate;
	int err;

	if (!prefixes || !bans || gate_open(pins, &gate, &fault))
		return failed(pins, prefixes && bans ? fault.text : "out of memory");
	for (size_t i = 0; i < count4 + count6; i++) {
		prefixes[i] = prefix_at(WORLD_BANNED, count4, i);
		bans[i] = (struct ban){ .expires_ns = { now + DAY_NS, now + DAY_NS },
					.since = { (__u32)(now >> BAN_TIME_SHIFT),
						   (__u32)(now >> BAN_TIME_SHIFT) } };
	}
	err = gate_ban_put_many(gate, prefixes, bans, count4 + count6, NULL, &fault);
	gate_close(gate);
	return err ? failed(pins, fault.text) : 0;
}

static int fill_store(const char *folder, size_t count4, size_t count6)
{
	int64_t now = clock_wall_ns();
	struct fault fault = { 0 };
	struct store *store;
	int err = store_open(folder, false, &store, &fault);

	if (err)
		return failed(folder, fault.text);
	err = store_begin(store, &fault);
	for (size_t i = 0; i < count4 + count6 && !err; i++) {
		struct ban_record ban = {
			.services = BAN_ALL,
			.prefix = prefix_at(WORLD_BANNED, count4, i),
			.since_wall_ns = now,
			.until_wall_ns = now + (int64_t)DAY_NS,
			.reason = "5 failures within 10 minutes",
		};

		err = store_ban_put(store, &ban, NULL, 0, &fault);
	}
	if (!err)
		err = store_commit(store, &fault);
	store_close(store);
	return err ? failed(folder, fault.text) : 0;
}

/* A row for each source and for each network; both tables' use is counted. */
static int fill_meters(struct gate *gate, enum gate_map map, const struct meter_key *keys,
		       size_t count, const struct meter *meter)
{
	_cleanup_free_ struct meter *meters = calloc(count, sizeof(*meters));

	for (size_t i = 0; meters && i < count; i++)
		meters[i] = *meter;
	for (size_t done = 0; meters && done < count;) {
		__u32 some = (__u32)(count - done > 65536 ? 65536 : count - done);

		if (bpf_map_update_batch(gate->maps[map], keys + done, meters + done, &some, NULL))
			return failed(gate_map_name(map), strerror(errno));
		for (size_t i = done; map == MAP_NETWORKS && i < done + some; i++)
			bloom_add_network(&gate->network_bloom, &keys[i], NETWORK_THERE);
		done += some;
	}
	return meters ? 0 : failed("memory", strerror(ENOMEM));
}

static int fill_known(const char *pins, size_t port, size_t count4, size_t count6, bool spent)
{
	_cleanup_free_ struct meter_key *sources = calloc(count4 + count6, sizeof(*sources));
	_cleanup_free_ struct meter_key *networks = calloc(count4 + count6, sizeof(*networks));
	_cleanup_free_ struct policy *policy = calloc(1, sizeof(*policy));
	uint64_t now = clock_boot_ns();
	struct meter meter = { .last_ns = now,
			       .handshakes = 3,
			       .arrival_ns = spent ? now + DAY_NS : 0 };
	struct fault fault = { 0 };
	struct gate *gate;
	int err;

	if (!sources || !networks || !policy || gate_open(pins, &gate, &fault) ||
	    gate_policy_get(gate, policy, &fault))
		return failed(pins, *fault.text ? fault.text : "out of memory");
	for (size_t i = 0; i < count4 + count6; i++) {
		struct prefix prefix = prefix_at(WORLD_KNOWN, count4, i);

		sources[i].prefix = prefix;
		networks[i].prefix = address_network(&prefix.address, policy->network_length4,
						     policy->network_length6);
		sources[i].service = networks[i].service =
			policy->port_service[port & 0xffff] % SERVICE_MAX;
	}
	err = fill_meters(gate, MAP_SOURCES, sources, count4 + count6, &meter);
	meter.arrival_ns = 0;
	if (!err)
		err = fill_meters(gate, MAP_NETWORKS, networks, count4 + count6, &meter);
	__atomic_fetch_add(&gate->usage->source_used, count4 + count6, __ATOMIC_RELAXED);
	__atomic_fetch_add(&gate->usage->network_used, count4 + count6, __ATOMIC_RELAXED);
	gate_close(gate);
	return err;
}

static int print_counts(const char *pins)
{
	_cleanup_free_ struct gate_counts *counts = calloc(1, sizeof(*counts));
	struct fault fault = { 0 };
	struct gate *gate = NULL;
	uint64_t attempts = 0;
	int err = counts ? gate_open(pins, &gate, &fault) : -ENOMEM;

	if (!err)
		err = gate_counts_read(gate, counts, &fault);
	gate_close(gate);
	if (err)
		return failed(pins, fault.text);
	for (int service = 0; service < SERVICE_MAX; service++)
		for (int country = 0; country < COUNTRY_COUNT; country++)
			attempts += counts->countries[service][country].attempts;
	printf("{\"attempts\":%" PRIu64, attempts);
	for (int reason = 1; reason < REASON_COUNT; reason++) {
		uint64_t packets = 0;

		for (int service = 0; service < SERVICE_MAX; service++)
			packets += counts->reasons[service][reason][GATE_ENFORCE].packets;
		printf(",\"%s\":%" PRIu64, reason_name((enum reason)reason), packets);
	}
	puts("}");
	return 0;
}

static size_t number(const char *text)
{
	return strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 5 && (!strcmp(what, "text") || !strcmp(what, "binary")))
		return print_region(*what == 't', argv);
	if (argc == 5 && !strcmp(what, "bans"))
		return fill_bans(argv[2], number(argv[3]), number(argv[4]));
	if (argc == 5 && !strcmp(what, "store"))
		return fill_store(argv[2], number(argv[3]), number(argv[4]));
	if (argc >= 6 && !strcmp(what, "known"))
		return fill_known(argv[2], number(argv[3]), number(argv[4]), number(argv[5]),
				  argc > 6);
	if (argc == 3 && !strcmp(what, "count"))
		return print_counts(argv[2]);
	return failed("usage",
		      "fill text|binary|bans|store|known|count ...; see tests/bench/fill.c");
}
