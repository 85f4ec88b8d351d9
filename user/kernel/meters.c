// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads and sweeps the maps "sources" and "networks". Not here: the connections that they count. */
#include "kernel/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/time.h"
#include "kernel/bloom_fill.h"
#include "kernel/rebuild.h"
#include "limits_ask.h"
#include "net/address.h"

#define BATCH 4096

struct gate_usage gate_meter_usage(const struct gate *gate, enum gate_meters table)
{
	const struct usage *counts = gate->usage;

	if (table == METERS_SOURCES)
		return (struct gate_usage){ .used = counts->source_used,
					    .size = gate->source_size,
					    .overflows = counts->source_overflows };
	return (struct gate_usage){ .used = counts->network_used,
				    .size = gate->network_size,
				    .overflows = counts->network_overflows };
}

bool gate_meters_full(const struct gate *gate)
{
	return __atomic_load_n(&gate->usage->sources_full, __ATOMIC_RELAXED);
}

int gate_meter_get(struct gate *gate, enum meter_kind kind, const struct meter_key *key,
		   struct meter *meter)
{
	enum gate_map map = kind == METER_SOURCE    ? MAP_SOURCES
			    : kind == METER_NETWORK ? MAP_NETWORKS
						    : MAP_COUNTRY_METERS;
	const void *at = kind == METER_COUNTRY ? (const void *)&key->service : key;

	return bpf_map_lookup_elem(gate->maps[map], at, meter) ? -errno : 0;
}

static enum gate_map map_of(enum gate_meters table)
{
	return table == METERS_SOURCES ? MAP_SOURCES : MAP_NETWORKS;
}

int gate_meter_each(struct gate *gate, enum gate_meters table,
		    int (*each)(const struct meter_key *key, const struct meter *meter,
				void *context),
		    void *context, struct fault *fault)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	_cleanup_free_ struct meter_key *keys = NULL;
	_cleanup_free_ struct meter *meters = NULL;
	__u32 room = BATCH, in = 0, out = 0, count;
	bool first = true;
	int err = 0, result;

	while (!err) {
		if (!keys) {
			keys = calloc(room, sizeof(*keys));
			meters = calloc(room, sizeof(*meters));
		}
		if (!keys || !meters)
			return fault_set(fault, -ENOMEM, "out of memory");
		count = room;
		err = bpf_map_lookup_batch(gate->maps[map_of(table)], first ? NULL : &in, &out,
					   keys, meters, &count, &options);
		if (err && errno == ENOSPC) { /* a bucket is larger than the room */
			room *= 2;
			cleanup_free(&keys);
			cleanup_free(&meters);
			keys = NULL;
			meters = NULL;
			err = 0;
			continue;
		}
		if (err && errno != ENOENT)
			return fault_set(fault, -errno, "cannot read the %s: %s",
					 gate_map_name(map_of(table)), strerror(errno));
		for (__u32 i = 0; i < count; i++) {
			result = each(&keys[i], &meters[i], context);
			if (result)
				return result;
		}
		in = out;
		first = false;
	}
	return 0;
}

/* Reads the policy in force into `*policy`, for free(). Without one no packet is judged, and it is
 * all zero: every network is at a limit. */
static int policy_now(struct gate *gate, struct policy **policy, struct fault *fault)
{
	int err;

	*policy = calloc(1, sizeof(**policy));
	err = *policy ? gate_policy_get(gate, *policy, fault)
		      : fault_set(fault, -ENOMEM, "out of memory");
	return err == -ENOENT ? 0 : err;
}

/* Marks the source's network: the gate looks for a source only if its network's bit is set. */
static void mark_network_of(struct bloom *bloom, const struct meter_key *source,
			    const struct policy *policy)
{
	uint32_t length = prefix_is4(&source->prefix) ? policy->network_length4
						      : policy->network_length6;
	struct meter_key network = {
		.prefix = { .address = address_mask(&source->prefix.address, length),
			    .length = length },
		.service = source->service,
	};

	bloom_add_network(bloom, &network, NETWORK_THERE);
}

struct meter_sweep {
	enum gate_meters table;
	struct bloom *bloom; /* of the networks */
	const struct policy *policy;
	uint64_t now_ns, idle_ns;
	struct meter_key *idle;
	size_t count, room;
	void (*see)(const struct meter_key *key, const struct meter *meter, void *context);
	void *context; /* of `see`, which is NULL after the first round */
};

static void keep(const struct meter_sweep *sweep, const struct meter_key *key,
		 const struct meter *meter)
{
	if (sweep->table == METERS_SOURCES)
		mark_network_of(sweep->bloom, key, sweep->policy);
	else
		bloom_add_network(sweep->bloom, key,
				  network_at_limit(sweep->policy, meter, sweep->now_ns)
					  ? NETWORK_THERE | NETWORK_AT_LIMIT
					  : NETWORK_THERE);
}

static int keep_one(const struct meter_key *key, const struct meter *meter, void *context)
{
	keep(context, key, meter);
	return 0;
}

/*
 * Begins to mark networks at a limit: until marks_end() no mark is believed. Whoever clears the
 * bits begins once they are cleared. Of several who mark at once only the one that began last is
 * believed: the others' marks may have been cleared, or be by the limits of another policy.
 */
static uint64_t marks_begin(struct gate *gate)
{
	uint64_t turn = 1ULL << 63 | clock_boot_ns();

	__atomic_store_n(&gate->usage->limits_stamp, turn, __ATOMIC_SEQ_CST);
	return turn;
}

static void marks_end(struct gate *gate, uint64_t turn, const struct policy *policy)
{
	__atomic_compare_exchange_n(&gate->usage->limits_stamp, &turn, policy->strictest.stamp,
				    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

void networks_mark(struct gate *gate, const struct policy *policy)
{
	struct meter_sweep all = { .table = METERS_NETWORKS,
				   .bloom = &gate->network_bloom,
				   .policy = policy,
				   .now_ns = clock_boot_ns() };
	uint64_t turn = marks_begin(gate);

	if (!gate_meter_each(gate, METERS_NETWORKS, keep_one, &all, NULL))
		marks_end(gate, turn, policy);
}

int networks_rebuild(struct gate *gate, struct fault *fault)
{
	struct meter_sweep all = { .table = METERS_SOURCES,
				   .bloom = &gate->network_bloom,
				   .now_ns = clock_boot_ns() };
	_cleanup_free_ struct policy *policy = NULL;
	uint64_t turn;
	int err;

	if (bloom_is_valid(&gate->network_bloom))
		return 0;
	bloom_empty(&gate->network_bloom);
	/* The counter of an older contract, which still works now, sets no bits. So the filter is
	 * left invalid: the next sweep or start fills it with what that counter adds. */
	if (gate->older)
		return 0;
	turn = marks_begin(gate);
	err = policy_now(gate, &policy, fault);
	all.policy = policy;
	if (!err)
		err = gate_meter_each(gate, METERS_SOURCES, keep_one, &all, fault);
	all.table = METERS_NETWORKS;
	if (!err)
		err = gate_meter_each(gate, METERS_NETWORKS, keep_one, &all, fault);
	if (err)
		return err;
	bloom_believe(&gate->network_bloom);
	marks_end(gate, turn, policy);
	return 0;
}

static bool is_idle(const struct meter *meter, const struct meter_sweep *sweep)
{
	return !meter->open && meter->last_ns < sweep->now_ns &&
	       sweep->now_ns - meter->last_ns > sweep->idle_ns && meter->arrival_ns < sweep->now_ns;
}

static int sweep_one(const struct meter_key *key, const struct meter *meter, void *context)
{
	struct meter_sweep *sweep = context;

	if (sweep->see)
		sweep->see(key, meter, sweep->context);
	if (!is_idle(meter, sweep)) {
		keep(sweep, key, meter);
		return 0;
	}
	if (sweep->count == sweep->room) {
		size_t room = sweep->room ? sweep->room * 2 : 1024;
		struct meter_key *more = realloc(sweep->idle, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		sweep->idle = more;
		sweep->room = room;
	}
	sweep->idle[sweep->count++] = *key;
	return 0;
}

/* Removes an idle entry. True: it is gone. An entry that came back to life meanwhile is put back as
 * it was; if it was made anew instead, the new one gets the old one's open count. */
static bool remove_idle(struct gate *gate, const struct meter_key *key,
			const struct meter_sweep *sweep)
{
	int fd = gate->maps[map_of(sweep->table)];
	struct rebuild_args add = {
		.what = REBUILD_ADD,
		.kind = sweep->table == METERS_SOURCES ? METER_SOURCE : METER_NETWORK,
		.key = *key,
	};
	struct meter meter;

	if (bpf_map_lookup_and_delete_elem(fd, key, &meter))
		return false;
	if (is_idle(&meter, sweep))
		return true;
	keep(sweep, key, &meter);
	if (!bpf_map_update_elem(fd, key, &meter, BPF_NOEXIST))
		return false;
	add.to = meter.open;
	if (meter.open)
		rebuild(gate, &add);
	return true;
}

static int sweep_table(struct gate *gate, struct meter_sweep *sweep, struct fault *fault)
{
	struct usage *usage = gate->usage;
	size_t gone = 0;
	int err;

	sweep->count = 0;
	err = gate_meter_each(gate, sweep->table, sweep_one, sweep, fault);
	if (err == -ENOMEM)
		fault_set(fault, err, "out of memory");
	for (size_t i = 0; i < sweep->count && !err; i++)
		gone += remove_idle(gate, &sweep->idle[i], sweep);
	__atomic_fetch_sub(sweep->table == METERS_SOURCES ? &usage->source_used
							  : &usage->network_used,
			   gone, __ATOMIC_RELAXED);
	return err;
}

/* Whether the table is crowded: at most three quarters are kept for sources that may come again, so
 * that strangers have room, too. */
static bool is_crowded(uint64_t used, uint32_t size)
{
	return used > size - size / 4;
}

int gate_meter_sweep(struct gate *gate, uint64_t now_boot_ns, uint64_t idle_ns,
		     void (*see)(const struct meter_key *key, const struct meter *meter,
				 void *context),
		     void *context, struct fault *fault)
{
	struct meter_sweep sweep = { .bloom = &gate->network_bloom,
				     .now_ns = now_boot_ns,
				     .idle_ns = idle_ns,
				     .see = see,
				     .context = context };
	_cleanup_free_ struct policy *policy = NULL;
	const struct usage *usage = gate->usage;
	int err = policy_now(gate, &policy, fault);
	uint64_t turn;

	sweep.policy = policy;
	for (bool again = true; !err && again; sweep.idle_ns /= 8) {
		bloom_empty(&gate->network_bloom);
		turn = marks_begin(gate);
		/* Sources come first, so that none outlasts its network's bit. */
		sweep.table = METERS_SOURCES;
		err = sweep_table(gate, &sweep, fault);
		sweep.see = NULL;
		sweep.table = METERS_NETWORKS;
		if (!err)
			err = sweep_table(gate, &sweep, fault);
		if (!err) {
			bloom_believe(&gate->network_bloom);
			marks_end(gate, turn, policy);
		}
		again = sweep.idle_ns && (is_crowded(usage->source_used, gate->source_size) ||
					  is_crowded(usage->network_used, gate->network_size));
	}
	free(sweep.idle);
	if (!err && usage->source_used < gate->source_size)
		__atomic_store_n(&gate->usage->sources_full, 0, __ATOMIC_RELAXED);
	return err;
}
