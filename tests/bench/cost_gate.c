// SPDX-License-Identifier: GPL-2.0-or-later
/* A gate full of everything, for cost.c: policy, table, bans, meters. Attached to nothing. */
#include "cost.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "kernel/bloom_fill.h"
#include "lists/compile.h"
#include "lists/country.h"

#define DAY_NS	    (86400ULL * NS_PER_S)
#define CLASS_WORLD 2
#define CLASS_SPENT 3

void cost_die(const char *what, const char *why)
{
	fprintf(stderr, "cost: %s: %s\n", what, why);
	exit(1);
}

double cost_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* smtp: everybody within limits. submission: one country only, which has no addresses, so that each
 * source is of another. imap: limits, and the countries' tokens are spent. */
static void publish_policy(struct gate *gate)
{
	_cleanup_free_ struct policy *policy = calloc(1, sizeof(*policy));
	struct limits *limits;
	struct fault fault;

	if (!policy)
		cost_die("policy", "out of memory");
	*policy = (struct policy){ .mode = GATE_ENFORCE,
				   .service_count = 3,
				   .source_length6 = 64,
				   .network_length6 = 48,
				   .network_length4 = 120 };
	limits = &policy->classes[CLASS_WORLD];
	*limits = (struct limits){ .source_connections = 20,
				   .network_connections = 60,
				   .source_interval_ns = 2ULL * NS_PER_S,
				   .network_interval_ns = NS_PER_S,
				   .source_burst = 30,
				   .network_burst = 60 };
	policy->classes[CLASS_SPENT] = *limits;
	policy->classes[CLASS_SPENT].country_interval_ns = NS_PER_S;
	policy->port_service[PORT_LIMITED] = 1;
	policy->port_service[PORT_HOME] = 2;
	policy->port_service[PORT_SPENT] = 3;
	memset(policy->country_class[1], CLASS_WORLD, COUNTRY_COUNT);
	memset(policy->country_class[2], CLASS_DENY, COUNTRY_COUNT);
	memset(policy->country_class[3], CLASS_SPENT, COUNTRY_COUNT);
	policy->country_class[2][country_from_text("QZ", 2)] = CLASS_WORLD;
	if (gate_policy_publish(gate, policy, &fault))
		cost_die("policy", fault.text);
}

static void publish_table(struct gate *gate, const struct cost_sizes *sizes,
			  struct cost_filled *filled)
{
	_cleanup_(ranges_free) struct ranges countries = { 0 }, list = { 0 };
	struct compile_list lists[] = { { "listed", 1, false, &list } };
	struct gate_table_state state;
	struct table_image image;
	struct gate_table *table;
	struct fault fault;
	double began = cost_now_ms();

	if (sizes->countries[0] && country_load(sizes->countries, 2, &countries, &fault))
		cost_die("countries", fault.text);
	filled->countries = cost_now_ms() - began;
	for (size_t i = 0; i < sizes->list + sizes->list / 10; i++) {
		bool is4 = i < sizes->list;
		struct prefix prefix = world_prefix(WORLD_LISTED, is4, is4 ? i : i - sizes->list);

		if (ranges_add_prefix(&list, &prefix, 0))
			cost_die("list", "out of memory");
	}
	began = cost_now_ms();
	if (ranges_normalise(&list) || table_compile(&countries, lists, 1, 1, &image, &fault))
		cost_die("table", fault.text);
	filled->compile = cost_now_ms() - began;
	began = cost_now_ms();
	if (gate_table_prepare(&image, &table, &fault) || gate_table_publish(gate, table, &fault) ||
	    gate_table_state(gate, &state, &fault))
		cost_die("table", fault.text);
	filled->publish = cost_now_ms() - began;
	filled->table_bytes = state.bytes;
	filled->ranges = state.ranges;
	filled->prefixes = state.prefixes;
	gate_table_free(table);
	table_image_free(&image);
}

static void put_bans(struct gate *gate, uint32_t count, struct cost_filled *filled)
{
	size_t all = count + count / 10;
	_cleanup_free_ struct prefix *prefixes = calloc(all + 1, sizeof(*prefixes));
	_cleanup_free_ struct ban *bans = calloc(all + 1, sizeof(*bans));
	uint64_t now = clock_boot_ns();
	struct fault fault;
	double began;

	for (size_t i = 0; prefixes && bans && i < all; i++) {
		prefixes[i] = world_prefix(WORLD_BANNED, i < count, i < count ? i : i - count);
		bans[i] = (struct ban){ .expires_ns = { now + DAY_NS, now + DAY_NS },
					.since = { (__u32)(now >> BAN_TIME_SHIFT),
						   (__u32)(now >> BAN_TIME_SHIFT) } };
	}
	began = cost_now_ms();
	if (!prefixes || !bans || gate_ban_put_many(gate, prefixes, bans, all, NULL, &fault))
		cost_die("bans", fault.text);
	filled->bans = cost_now_ms() - began;
}

/* One row of a table of meters. */
static void put_meter(struct gate *gate, enum gate_map map, const struct prefix *prefix,
		      const struct meter *meter)
{
	struct meter_key key = { .prefix = *prefix, .service = 1 };

	if (bpf_map_update_elem(gate->maps[map], &key, meter, BPF_ANY))
		cost_die(gate_map_name(map), strerror(errno));
	if (map == MAP_NETWORKS)
		bloom_add_network(&gate->network_bloom, &key,
				  meter->open || meter->arrival_ns
					  ? NETWORK_THERE | NETWORK_AT_LIMIT
					  : NETWORK_THERE);
}

/* `count` sources of a region, each with its network, as they came to be by handshakes. */
static void put_meters(struct gate *gate, enum world_region region, bool is4, uint32_t count)
{
	uint64_t later = clock_boot_ns() + DAY_NS;
	struct meter source = { .handshakes = 3 }, network = source;

	if (region == WORLD_SOURCE_OPEN)
		source.open = network.open = 20;
	else if (region == WORLD_NETWORK_OPEN)
		network.open = 60;
	else if (region == WORLD_SOURCE_RATE)
		source.arrival_ns = later;
	else if (region == WORLD_NETWORK_RATE)
		network.arrival_ns = later;
	for (uint32_t i = 0; i < count; i++) {
		struct prefix prefix = world_prefix(region, is4, i);
		struct prefix around = address_network(&prefix.address, 120, 48);

		put_meter(gate, MAP_SOURCES, &prefix, &source);
		put_meter(gate, MAP_NETWORKS, &around, &network);
	}
}

static void put_country_meters(struct gate *gate)
{
	struct meter spent = { .arrival_ns = clock_boot_ns() + DAY_NS };

	for (uint32_t i = 3 * COUNTRY_COUNT; i < 4 * COUNTRY_COUNT; i++)
		if (bpf_map_update_elem(gate->maps[MAP_COUNTRY_METERS], &i, &spent, BPF_ANY))
			cost_die("country_meters", strerror(errno));
}

struct gate *cost_gate(const char *pins, const struct cost_sizes *sizes, struct cost_filled *filled)
{
	uint32_t meters = sizes->sources + sizes->sources / 10 + 8 * sizes->set + 16;
	struct gate_load_options options = { .pins = pins,
					     .ban_size = sizes->bans + sizes->bans / 10 + 16,
					     .source_size = meters,
					     .network_size = meters };
	struct fault fault;
	struct gate *gate;
	enum gate_start start;

	if (gate_load(&options, &gate, &start, &fault))
		cost_die("gate", fault.text);
	publish_policy(gate);
	publish_table(gate, sizes, filled);
	put_bans(gate, sizes->bans, filled);
	put_meters(gate, WORLD_KNOWN, true, sizes->sources);
	put_meters(gate, WORLD_KNOWN, false, sizes->sources / 10);
	for (int region = WORLD_SOURCE_OPEN; region <= WORLD_NETWORK_RATE; region++) {
		put_meters(gate, (enum world_region)region, true, sizes->set);
		put_meters(gate, (enum world_region)region, false, sizes->set);
	}
	put_country_meters(gate);
	return gate;
}
