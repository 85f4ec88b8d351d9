// SPDX-License-Identifier: GPL-2.0-or-later
/* See limits.h. */
#include "limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "limits_world.h"

/* In the manual's order. */
static const struct {
	enum reason reason;
	const char *claim;
} order[] = {
	{ REASON_BANNED, "banned comes before listed" },
	{ REASON_LISTED, "listed comes before country" },
	{ REASON_COUNTRY, "country comes before source-connections" },
	{ REASON_SOURCE_CONNECTIONS, "source-connections comes before network-connections" },
	{ REASON_NETWORK_CONNECTIONS, "network-connections comes before source-rate" },
	{ REASON_SOURCE_RATE, "source-rate comes before network-rate" },
	{ REASON_NETWORK_RATE, "network-rate comes before country-rate" },
	{ REASON_COUNTRY_RATE, "country-rate comes last" },
	{ REASON_NONE, "a source within every limit passes" },
};

static bool check_first(struct gate *gate, limits_send *send, unsigned programs,
			const struct family *family, enum reason first, enum gate_mode mode)
{
	const char *source = first == REASON_BANNED   ? family->banned
			     : first == REASON_LISTED ? family->listed
						      : family->plain;
	bool deny = first && first <= REASON_COUNTRY;

	fill_meters(gate, family, first);
	return check_reason(gate, send, programs, deny ? family->deny_words : family->words, source,
			    deny ? LIMITS_SERVICE_DENY : LIMITS_SERVICE, first, mode);
}

static void test_order(struct gate *gate, limits_send *send, unsigned programs,
		       void (*report)(bool good, const char *claim))
{
	bool monitored = true;

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		bool good = true;

		publish(gate, GATE_ENFORCE);
		for (size_t f = 0; f < 2; f++)
			good &= check_first(gate, send, programs, &families[f], order[i].reason,
					    GATE_ENFORCE);
		report(good, order[i].claim);
		publish(gate, GATE_MONITOR);
		for (size_t f = 0; f < 2; f++)
			monitored &= check_first(gate, send, programs, &families[f],
						 order[i].reason, GATE_MONITOR);
	}
	report(monitored, "monitor mode counts under the same reason, and passes");
}

/* What the meter of `first` counted of one packet through every program. */
static bool counted(struct gate *gate, enum gate_map map, const char *prefix, uint64_t sent,
		    uint64_t dropped)
{
	struct meter meter = get_meter(gate, map, prefix);

	return meter.attempts == sent && meter.dropped == dropped && !meter.last_ns &&
	       !meter.handshakes;
}

static void test_own_counts(struct gate *gate, limits_send *send, unsigned programs,
			    void (*report)(bool good, const char *claim))
{
	bool source = true, network = true, other = true;

	publish(gate, GATE_ENFORCE);
	for (size_t f = 0; f < 2; f++) {
		const struct family *family = &families[f];

		check_first(gate, send, programs, family, REASON_NONE, GATE_ENFORCE);
		source &= counted(gate, MAP_SOURCES, family->source, programs, 0);
		network &= counted(gate, MAP_NETWORKS, family->network, programs, 0);
		check_first(gate, send, programs, family, REASON_SOURCE_RATE, GATE_ENFORCE);
		source &= counted(gate, MAP_SOURCES, family->source, programs, programs);
		network &= counted(gate, MAP_NETWORKS, family->network, programs, programs);
		fill_meters(gate, family, REASON_SOURCE_CONNECTIONS);
		/* Without it the gate would not look for the source. */
		put_meter(gate, MAP_NETWORKS, family->network, LIMITS_OTHER, 0, false);
		other &= check_reason(gate, send, programs, family->other_words, family->plain,
				      LIMITS_OTHER, REASON_NONE, GATE_ENFORCE);
	}
	report(source,
	       "a source's attempts and drops are counted with it, and do not keep it alive");
	report(network,
	       "a network's attempts and drops are counted with it, and do not keep it alive");
	report(other, "a source over one service's limits is not over another's");
}

static struct connection connection_of(const struct family *family)
{
	return (struct connection){
		.remote = prefix_of(family->plain).address,
		.service = LIMITS_SERVICE,
		.country = (__u16)country_from_text("AQ", 2),
		.source_length = (__u8)prefix_of(family->source).length,
		.network_length = (__u8)prefix_of(family->network).length,
		.counted = 1 << METER_SOURCE | 1 << METER_NETWORK,
	};
}

static uint32_t open_now(struct gate *gate, const struct family *family)
{
	return get_meter(gate, MAP_SOURCES, family->source).open;
}

static void put_connection(struct gate *gate, uint64_t cookie, const struct connection *connection)
{
	if (bpf_map_update_elem(gate->maps[MAP_CONNECTIONS], &cookie, connection, BPF_ANY))
		abort();
}

static void test_ends(struct gate *gate, void (*report)(bool good, const char *claim))
{
	bool once = true, seen = true, keys = true, elsewhere = true;

	publish(gate, GATE_ENFORCE);
	for (size_t f = 0; f < 2; f++) {
		const struct family *family = &families[f];
		struct connection connection = connection_of(family);
		struct rebuild_args end = { .what = REBUILD_END, .cookie = 0x5eed + f, .seen = 1 };

		put_meter(gate, MAP_SOURCES, family->source, LIMITS_SERVICE, 2, false);
		put_meter(gate, MAP_NETWORKS, family->network, LIMITS_SERVICE, 2, false);
		put_connection(gate, end.cookie, &connection);
		once &= run_settle(gate, &end) == 1 && open_now(gate, family) == 1 &&
			!run_settle(gate, &end) && open_now(gate, family) == 1 &&
			get_meter(gate, MAP_NETWORKS, family->network).open == 1;
		connection.seen = 1;
		put_connection(gate, end.cookie, &connection);
		seen &= !run_settle(gate, &end) && open_now(gate, family) == 1;
		connection.seen = 0;
		connection.elsewhere = 1;
		put_connection(gate, end.cookie, &connection);
		elsewhere &= !run_settle(gate, &end) && open_now(gate, family) == 1;
		connection.elsewhere = 0;
		/* Counted by another length: the meter of this one has nothing to do with it. */
		connection.source_length = family == &families[0] ? 96 + 30 : 56;
		put_connection(gate, end.cookie, &connection);
		keys &= run_settle(gate, &end) == 1 && open_now(gate, family) == 1 &&
			!get_meter(gate, MAP_NETWORKS, family->network).open;
	}
	report(once, "an end lowers the open counts, and only once");
	report(seen, "a connection whose socket is there has not ended");
	report(elsewhere, "nor has one of another network namespace, whose sockets are not seen");
	report(keys, "an end lowers the counts of the lengths that it was counted by");
}

static void test_refund(struct gate *gate, void (*report)(bool good, const char *claim))
{
	const struct family *family = &families[0];
	struct rebuild_args refund = { .what = REBUILD_REFUND,
				       .connection = connection_of(family),
				       .charged_ns = { NS_PER_S, NS_PER_S, 0 } };
	struct rebuild_args open = { .what = REBUILD_OPEN,
				     .kind = METER_SOURCE,
				     .key = { .prefix = prefix_of(family->source),
					      .service = LIMITS_SERVICE },
				     .from = 5,
				     .to = 3 };
	uint64_t before;
	bool good;

	put_meter(gate, MAP_SOURCES, family->source, LIMITS_SERVICE, 4, true);
	put_meter(gate, MAP_NETWORKS, family->network, LIMITS_SERVICE, 4, false);
	before = get_meter(gate, MAP_SOURCES, family->source).arrival_ns;
	report(run_settle(gate, &refund) == 1 &&
		       get_meter(gate, MAP_SOURCES, family->source).arrival_ns ==
			       before - NS_PER_S &&
		       !get_meter(gate, MAP_NETWORKS, family->network).arrival_ns,
	       "what was closed gives its tokens back, unless they have come back");
	good = !run_settle(gate, &open) && open_now(gate, family) == 4;
	open.from = 4;
	report(good && run_settle(gate, &open) == 1 && open_now(gate, family) == 3,
	       "an open count is corrected unless it has changed");
}

/* A source without an entry, for want of room, is held by its network's. */
static void test_strangers(struct gate *gate, limits_send *send, unsigned programs,
			   void (*report)(bool good, const char *claim))
{
	const struct family *family = &families[1];
	struct meter_key key = { .prefix = prefix_of(family->source), .service = LIMITS_SERVICE };
	_cleanup_free_ struct policy *policy = calloc(1, sizeof(*policy));
	bool good;

	publish(gate, GATE_ENFORCE);
	if (!policy || gate_policy_get(gate, policy, NULL))
		abort();
	policy->classes[CLASS_LIMITED].network_connections = 0;
	if (gate_policy_publish(gate, policy, NULL))
		abort();
	fill_meters(gate, family, REASON_NONE);
	bpf_map_delete_elem(gate->maps[MAP_SOURCES], &key);
	good = check_reason(gate, send, programs, family->words, family->plain, LIMITS_SERVICE,
			    REASON_NONE, GATE_ENFORCE);
	gate->usage->sources_full = 1;
	report(good && check_reason(gate, send, programs, family->words, family->plain,
				    LIMITS_SERVICE, REASON_SOURCE_CONNECTIONS, GATE_ENFORCE),
	       "with a full table of sources a stranger is held by his network");
	gate->usage->sources_full = 0;
}

void test_limits(struct gate *gate, limits_send *send, unsigned programs,
		 void (*report)(bool good, const char *claim))
{
	for (size_t f = 0; f < 2; f++) {
		struct prefix prefix = prefix_of(families[f].banned);
		uint64_t end_ns = clock_boot_ns() + LATER_NS;
		struct ban ban = { .expires_ns = { end_ns, end_ns } };
		struct fault fault;

		if (gate_ban_put(gate, &prefix, &ban, &fault))
			abort();
	}
	test_order(gate, send, programs, report);
	test_own_counts(gate, send, programs, report);
	test_ends(gate, report);
	test_refund(gate, report);
	test_strangers(gate, send, programs, report);
}
