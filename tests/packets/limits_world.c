// SPDX-License-Identifier: GPL-2.0-or-later
/* See limits_world.h. */
#include "limits_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "kernel/bloom_fill.h"

const struct family families[2] = {
	{ "eth ip4 tcp:110:S", "eth ip4 tcp:993:S", "eth ip4 tcp:143:S", "198.18.5.1", "198.18.5.2",
	  "198.18.9.9", "198.18.9.9/32", "198.18.9.0/24" },
	{ "eth ip6 tcp:110:S", "eth ip6 tcp:993:S", "eth ip6 tcp:143:S", "2001:db8:6:5::1",
	  "2001:db8:6:5::2", "2001:db8:6:9::9", "2001:db8:6:9::/64", "2001:db8:6::/48" },
};

struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	if (prefix_parse(text, strlen(text), &prefix))
		abort();
	return prefix;
}

struct policy *limited_policy(enum gate_mode mode)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		abort();
	policy->mode = mode;
	policy->service_count = LIMITS_SERVICE_DENY;
	policy->source_length6 = 64;
	policy->network_length6 = 48;
	policy->network_length4 = 96 + 24;
	policy->classes[CLASS_LIMITED] = (struct limits){
		.source_connections = 5,
		.network_connections = 10,
		.source_interval_ns = NS_PER_S,
		.network_interval_ns = NS_PER_S,
		.country_interval_ns = NS_PER_S,
		.source_burst = 1,
		.network_burst = 1,
		.country_burst = 1,
	};
	policy->port_service[LIMITS_PORT] = LIMITS_SERVICE;
	policy->port_service[LIMITS_OTHER_PORT] = LIMITS_OTHER;
	policy->port_service[LIMITS_DENY_PORT] = LIMITS_SERVICE_DENY;
	memset(policy->country_class[LIMITS_SERVICE], CLASS_LIMITED, COUNTRY_COUNT);
	memset(policy->country_class[LIMITS_OTHER], CLASS_LIMITED, COUNTRY_COUNT);
	memset(policy->country_class[LIMITS_SERVICE_DENY], CLASS_DENY, COUNTRY_COUNT);
	return policy;
}

void publish(struct gate *gate, enum gate_mode mode)
{
	_cleanup_free_ struct policy *policy = limited_policy(mode);

	if (gate_policy_publish(gate, policy, NULL))
		abort();
}

void put_meter(struct gate *gate, enum gate_map map, const char *prefix, unsigned service,
	       uint32_t open, bool spent)
{
	struct meter_key key = { .prefix = prefix_of(prefix), .service = service };
	struct meter meter = { .open = open, .arrival_ns = spent ? clock_boot_ns() + LATER_NS : 0 };

	if (bpf_map_update_elem(gate->maps[map], &key, &meter, BPF_ANY))
		abort();
	if (map == MAP_NETWORKS)
		bloom_add_network(&gate->network_bloom, &key,
				  meter.open || meter.arrival_ns ? NETWORK_THERE | NETWORK_AT_LIMIT
								 : NETWORK_THERE);
}

struct meter get_meter(struct gate *gate, enum gate_map map, const char *prefix)
{
	struct meter_key key = { .prefix = prefix_of(prefix), .service = LIMITS_SERVICE };
	struct meter meter;

	if (bpf_map_lookup_elem(gate->maps[map], &key, &meter))
		abort();
	return meter;
}

void fill_meters(struct gate *gate, const struct family *family, enum reason first)
{
	uint32_t country = LIMITS_SERVICE * COUNTRY_COUNT + (uint32_t)country_from_text("AQ", 2);
	bool none = first == REASON_NONE;
	struct meter of_country = {
		.arrival_ns = none ? 0 : clock_boot_ns() + LATER_NS,
	};

	put_meter(gate, MAP_SOURCES, family->source, LIMITS_SERVICE,
		  !none && first <= REASON_SOURCE_CONNECTIONS ? 5 : 4,
		  !none && first <= REASON_SOURCE_RATE);
	put_meter(gate, MAP_NETWORKS, family->network, LIMITS_SERVICE,
		  !none && first <= REASON_NETWORK_CONNECTIONS ? 10 : 9,
		  !none && first <= REASON_NETWORK_RATE);
	if (bpf_map_update_elem(gate->maps[MAP_COUNTRY_METERS], &country, &of_country, BPF_ANY))
		abort();
}

uint64_t attempts(const struct gate_counts *counts, unsigned service, enum reason reason,
		  enum gate_mode mode)
{
	return counts->reasons[service][reason][mode].attempts;
}

bool check_reason(struct gate *gate, limits_send *send, unsigned programs, const char *words,
		  const char *source, unsigned service, enum reason reason, enum gate_mode mode)
{
	_cleanup_free_ struct gate_counts *before = malloc(sizeof(*before));
	_cleanup_free_ struct gate_counts *after = malloc(sizeof(*after));
	struct address address = prefix_of(source).address;
	struct fault fault;
	bool good;

	if (gate_counts_read(gate, before, &fault))
		abort();
	good = send(gate, words, &address, &address, reason && mode == GATE_ENFORCE);
	if (gate_counts_read(gate, after, &fault))
		abort();
	for (unsigned i = REASON_NONE + 1; i < REASON_COUNT; i++) {
		uint64_t moved =
			attempts(after, service, i, mode) - attempts(before, service, i, mode);

		if (moved == (i == reason ? programs : 0))
			continue;
		printf("# %s from %s: %llu attempts counted as %s\n", words, source,
		       (unsigned long long)moved, reason_name(i));
		good = false;
	}
	return good;
}

int run_settle(struct gate *gate, const struct rebuild_args *arguments)
{
	struct rebuild_args copy = *arguments;
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &copy, .ctx_size_in = sizeof(copy));

	if (bpf_prog_test_run_opts(gate_program_fd(gate, PROGRAM_REBUILD), &options))
		abort();
	return (int)options.retval;
}
